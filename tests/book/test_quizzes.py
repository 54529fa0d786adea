"""The quiz of each chapter: in a form that Colab renders too, explained, its answers spread over the letters."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from chapter_parts import every_chapter

from tools.book.chapters import chapter_paths, read
from tools.book.quizzes import markdown

LETTERS = "ABCD"
WORDS_OF_AN_EXPLANATION = 8
QUESTION = re.compile(
    r"""
    \*\*Question\ (?P<number>\d+)\.\*\*\ (?P<text>.+?\?)\n
    \n
    (?P<options>(?:-\ .+\n(?:\ \ .+\n)*)+)
    \n
    <details>\n
    <summary>Answer\ to\ question\ (?P=number)</summary>\n
    \n                                                    # without this line its Markdown would stay as it is
    \*\*(?P<answer>[A-D])\.\*\*\ (?P<why>[^\n]+(?:\n[^\n]+)*)\n
    \n
    (?P<why_not>(?:-\ .+\n(?:\ \ .+\n)*)+)
    \n
    </details>
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Question:
    """One question. ``explained`` says of each letter why it is the answer, or why it is not."""

    number: int
    options: dict[str, str]
    answer: str
    explained: dict[str, str]

    @classmethod
    def parsed(cls, source: str) -> Question:
        found = QUESTION.fullmatch(source)
        assert found, f"not in the form of a question:\n{source}"
        explained = {found["answer"]: found["why"]} | lettered(found["why_not"])
        return cls(int(found["number"]), lettered(found["options"]), found["answer"], explained)


def lettered(markdown: str) -> dict[str, str]:
    """The items of a list by their letters."""
    items = re.split(r"^- ", markdown, flags=re.MULTILINE)[1:]
    pairs = [re.fullmatch(r"\*\*([A-D])\.\*\* (.+)\n", item, re.DOTALL) for item in items]
    assert all(pairs), f"an item without its letter in:\n{markdown}"
    assert len({pair[1] for pair in pairs}) == len(items), f"a letter twice in:\n{markdown}"
    return {pair[1]: " ".join(pair[2].split()) for pair in pairs}


@cache
def quiz(path: Path) -> list[Question]:
    """The questions of a chapter, each a cell of its own below the heading."""
    return [Question.parsed(cell.source) for cell in read(path).cells if re.fullmatch(r"quiz-\d+", cell.id)]


@every_chapter
def test_a_quiz_lies_between_the_exercises_and_what_was_learned(path: Path) -> None:
    cells = read(path).cells
    assert [cell.id for cell in cells].count("quiz") == 1, "no cell `quiz` with the heading"
    start = [cell.id for cell in cells].index("quiz")
    questions = len(quiz(path))
    assert cells[start].source.startswith("## Quiz\n")
    assert [cell.id for cell in cells[start + 1 : start + 1 + questions]] == [f"quiz-{n + 1}" for n in range(questions)]
    exercise = next(cell for cell in reversed(cells[:start]) if cell.cell_type == "markdown")
    assert exercise.source.startswith("## Exercise ")
    assert cells[start + 1 + questions].source.startswith(("## Questions to take away", "## What we learned"))


@every_chapter
def test_a_quiz_has_three_to_five_questions_in_order(path: Path) -> None:
    numbers = [question.number for question in quiz(path)]
    assert numbers in [list(range(1, count + 1)) for count in (3, 4, 5)]


@every_chapter
def test_a_question_has_three_or_four_options_in_the_order_of_the_letters(path: Path) -> None:
    for question in quiz(path):
        assert "".join(question.options) in (LETTERS[:3], LETTERS[:4]), question.number
        assert len(set(question.options.values())) == len(question.options), question.number


@every_chapter
def test_one_option_is_the_answer_and_each_is_explained(path: Path) -> None:
    for question in quiz(path):
        assert sorted(question.explained) == list(question.options), question.number
        total = sum(len(text.split()) for text in question.explained.values())
        assert total >= WORDS_OF_AN_EXPLANATION * len(question.options), question.number
        assert len(question.explained[question.answer].split()) >= WORDS_OF_AN_EXPLANATION, question.number


def questions_of_the_book() -> list[Question]:
    return [question for path in chapter_paths() for question in quiz(path)]


def test_the_letter_does_not_give_the_answer_away() -> None:
    counts = Counter(question.answer for question in questions_of_the_book())
    assert sorted(counts) == list(LETTERS)
    assert max(counts.values()) <= counts.total() / 2


def test_the_length_does_not_give_the_answer_away() -> None:
    questions = questions_of_the_book()
    longest = [q for q in questions if len(q.options[q.answer]) == max(map(len, q.options.values()))]
    assert len(longest) <= len(questions) / 2


@every_chapter
def test_a_question_is_data_and_its_markdown_says_what_the_data_say(path: Path) -> None:
    cells = [cell for cell in read(path).cells if re.fullmatch(r"quiz-\d+", cell.id)]
    assert [cell.source for cell in cells] == [
        markdown(number, cell.metadata.quiz) for number, cell in enumerate(cells, start=1)
    ], "run python -m tools.book.stamp"


GOOD = """\
**Question 1.** How many classes has CIFAR-10?

- **A.** Nine.
- **B.** Ten, as the
  first cell says.

<details>
<summary>Answer to question 1</summary>

**B.** They are listed.

- **A.** One is missing.

</details>"""


def test_a_question_is_parsed() -> None:
    question = Question.parsed(GOOD)
    assert question.options == {"A": "Nine.", "B": "Ten, as the first cell says."}
    assert (question.answer, question.explained) == ("B", {"A": "One is missing.", "B": "They are listed."})


@pytest.mark.parametrize(
    ("part", "instead"),
    [
        ("</summary>\n\n", "</summary>\n"),  # Markdown would not be rendered
        ("Answer to question 1", "Answer to question 2"),
        ("**B.** They", "They"),
        ("- **B.** Ten", "- **A.** Ten"),
        ("\n\n</details>", ""),
    ],
)
def test_a_question_out_of_form_is_found(part: str, instead: str) -> None:
    assert part in GOOD
    with pytest.raises(AssertionError):
        Question.parsed(GOOD.replace(part, instead))
