"""The quizzes of the chapters: data in a cell's metadata, and the Markdown that Colab shows of it.

The metadata of a cell ``quiz-1``, ``quiz-2`` and so on holds under ``quiz`` the ``question`` and its ``options``, each
with ``text``, ``why`` it is right or wrong, and ``right``. ``tools.book.stamp`` writes the cell's Markdown from it.
"""

from __future__ import annotations

import re
from typing import Any

from nbformat import NotebookNode

KEY = "quiz"
LETTERS = "ABCD"
CELL = re.compile(r"quiz-(\d+)")


def refresh(notebook: NotebookNode) -> None:
    """Writes the Markdown of every question from its metadata."""
    for cell in notebook.cells:
        number = CELL.fullmatch(cell.id)
        if number and KEY in cell.metadata:
            cell.source = markdown(int(number[1]), cell.metadata[KEY])


def markdown(number: int, quiz: dict[str, Any]) -> str:
    """A question with its options, and below them, folded, which is right and why."""
    options = dict(zip(LETTERS, quiz["options"], strict=True))
    (answer,) = (letter for letter, option in options.items() if option["right"])
    return "\n".join(
        [
            f"**Question {number}.** {quiz['question']}",
            "",
            *(f"- **{letter}.** {option['text']}" for letter, option in options.items()),
            "",
            "<details>",
            f"<summary>Answer to question {number}</summary>",
            "",  # without this line the Markdown below would stay as it is
            f"**{answer}.** {options[answer]['why']}",
            "",
            *(f"- **{letter}.** {option['why']}" for letter, option in options.items() if letter != answer),
            "",
            "</details>",
        ]
    )
