"""The quizzes on the built site: without JavaScript, by keyboard, on paper."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tools.book.chapters import chapter_paths, read

pytestmark = pytest.mark.browser

QUESTIONS = {path.stem: sum(cell.id.startswith("quiz-") for cell in read(path).cells) for path in chapter_paths()}


@pytest.fixture(scope="module", params=QUESTIONS)
def chapter(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def page(chapter: str, browser: Browser, address: str) -> Iterator[Page]:
    """A chapter, opened once for all of its tests, without JavaScript."""
    page = browser.new_page(java_script_enabled=False, viewport={"width": 360, "height": 640})
    page.goto(f"{address}book/{chapter}.html")
    yield page
    page.close()


def test_a_quiz_is_rendered_inside_and_outside_of_its_answers(chapter: str, page: Page) -> None:
    assert page.locator("#quiz details > p > strong").count() == QUESTIONS[chapter]
    assert page.locator("#quiz details li strong").count() >= 2 * QUESTIONS[chapter]
    assert "**" not in page.locator("#quiz").inner_html()


def test_an_answer_is_folded_until_a_key_unfolds_it_and_then_folds_it_again(chapter: str, page: Page) -> None:
    summaries, answers = page.locator("#quiz summary"), page.locator("#quiz details > p")
    expect(summaries).to_have_count(QUESTIONS[chapter])
    expect(answers).to_have_count(QUESTIONS[chapter])
    for number in range(QUESTIONS[chapter]):
        expect(answers.nth(number)).to_be_hidden()
        summaries.nth(number).press("Enter")
        expect(answers.nth(number)).to_be_visible()
        summaries.nth(number).press("Enter")
        expect(answers.nth(number)).to_be_hidden()


def test_paper_shows_every_answer_that_is_folded(page: Page) -> None:
    expect(page.locator("#quiz details[open]")).to_have_count(0)
    page.emulate_media(media="print")
    for answer in page.locator("#quiz details > p").all():
        expect(answer).to_be_visible()
    page.emulate_media(media="screen")
