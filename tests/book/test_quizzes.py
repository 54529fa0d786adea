"""The quiz of each chapter: in a form that Colab renders too, explained, its answers spread over the letters."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from chapter_parts import every_chapter
from nbformat import NotebookNode

from cifarcam.errors import CifarcamError
from tools.book.chapters import chapter_paths, read
from tools.book.quizzes import as_data

LETTERS = "ABCD"
WORDS_OF_AN_EXPLANATION = 8


@dataclass(frozen=True)
class Question:
    """One question. ``explained`` says of each letter why it is the answer, or why it is not."""

    number: int
    options: dict[str, str]
    answer: str
    explained: dict[str, str]

    @classmethod
    def of(cls, cell: NotebookNode) -> Question:
        options = dict(zip(LETTERS, cell.metadata.quiz.options, strict=False))
        (answer,) = (letter for letter, option in options.items() if option.right)
        texts, reasons = ({letter: option[key] for letter, option in options.items()} for key in ("text", "why"))
        return cls(int(cell.id.removeprefix("quiz-")), texts, answer, reasons)


@cache
def quiz(path: Path) -> list[Question]:
    """The questions of a chapter, each a cell of its own below the heading."""
    return [Question.of(cell) for cell in read(path).cells if re.fullmatch(r"quiz-\d+", cell.id)]


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
def test_the_data_of_a_question_say_what_its_markdown_says(path: Path) -> None:
    for cell in read(path).cells:
        if re.fullmatch(r"quiz-\d+", cell.id):
            assert cell.metadata.quiz == as_data(cell.source), "run python -m tools.book.stamp"


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
    assert as_data(GOOD) == {
        "question": "How many classes has CIFAR-10?",
        "options": [
            {"text": "Nine.", "right": False, "why": "One is missing."},
            {"text": "Ten, as the first cell says.", "right": True, "why": "They are listed."},
        ],
    }


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
    with pytest.raises(CifarcamError):
        as_data(GOOD.replace(part, instead))
