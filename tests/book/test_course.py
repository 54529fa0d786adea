"""The teacher's page: goals, minutes and plans are those of the chapters."""

from __future__ import annotations

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools.book import course
from tools.book.chapters import chapter_paths, read


def chapter(words: int, cells: int = 0, exercises: int = 0):
    prose = "# 1. Data\n\n## What you will see\n\n" + "word " * words
    notebook = new_notebook(cells=[new_markdown_cell(prose)])
    notebook.cells += [new_code_cell("print(1)") for _ in range(cells)]
    for number in range(1, exercises + 1):
        notebook.cells += [new_markdown_cell(f"## Exercise {number}: x"), new_code_cell("answer = None")]
        notebook.cells.append(new_code_cell("check(answer, bool, hint='x')"))
    return notebook


@pytest.mark.parametrize(
    ("words", "cells", "exercises", "expected"),
    [(143, 0, 0, 5), (744, 0, 0, 5), (745, 0, 0, 10), (143, 9, 0, 10), (143, 10, 0, 15), (140, 0, 2, 25)],
)
def test_minutes_follow_the_rule_that_the_page_states(words: int, cells: int, exercises: int, expected: int) -> None:
    assert course.minutes(chapter(words, cells, exercises)) == expected


def test_solutions_and_hidden_cells_cost_no_minutes() -> None:
    notebook = chapter(100)
    before = course.minutes(notebook)
    notebook.cells.append(new_code_cell("x", metadata={"tags": ["remove-cell"]}))
    notebook.cells.append(new_markdown_cell("## Solutions (spoilers)\n\n" + "word " * 5000))
    notebook.cells.append(new_code_cell("answer = 1", metadata={"tags": ["hide-cell"]}))
    assert course.minutes(notebook) == before


def test_goals_are_the_items_of_the_list_that_begins_a_chapter() -> None:
    first = "# 1. x\n\n## What you will see\n\nA.\n\nAfter this chapter you can:\n\n- do\n  this;\n- and that."
    notebook = new_notebook(cells=[new_markdown_cell(first), new_markdown_cell("## What you need\n\nPython.")])
    assert course.goals(notebook) == ["do this;", "and that."]
    assert course.section(notebook, "What you need") == "Python."


@pytest.mark.parametrize("path", chapter_paths(), ids=lambda path: path.stem)
def test_every_chapter_says_what_it_teaches_and_what_it_needs(path) -> None:
    notebook = read(path)
    assert len(course.goals(notebook)) >= 3
    assert course.section(notebook, "What you need")


def test_the_page_states_the_numbers_of_the_rule() -> None:
    page = course.PAGE.read_text(encoding="utf-8")
    assert f"{course.WORDS_A_MINUTE} words\na minute" in page or f"{course.WORDS_A_MINUTE} words a minute" in page
    assert (course.MINUTES_A_CELL, course.MINUTES_AN_EXERCISE) == (1, 10)
    assert "one minute for each cell" in page and "ten for each exercise" in page


@pytest.mark.parametrize("plan", course.WHOLE)
@pytest.mark.parametrize("more", [[], ["12", "13"]], ids=["as it is", "with two chapters more"])
def test_a_plan_of_the_whole_course_holds_every_chapter_once_in_its_order(plan: str, more: list[str]) -> None:
    numbers = sorted({*(path.name[:2] for path in chapter_paths()), *more})
    planned = [number for _, taken in course.sessions(plan, numbers) for number in taken]
    assert planned == numbers


def test_a_chapter_that_no_session_names_follows_the_one_before_it() -> None:
    friday = dict(course.sessions("week", ["08", "09", "10", "11", "12"]))["Friday"]
    assert friday == ["09", "10", "11", "12"]
    assert all("12" not in taken for _, taken in course.sessions("two", ["01", "09", "12"]))
