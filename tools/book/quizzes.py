"""The quizzes of the chapters as data, for whoever shows them in another way than the notebook does.

A question is a Markdown cell ``quiz-1``, ``quiz-2`` and so on, in a form that Colab shows too. ``tools.book.stamp``
reads it and writes it into the cell's metadata under ``quiz``: the ``question`` and its ``options``, each with
``text``, whether it is ``right``, and ``why``.
"""

from __future__ import annotations

import re
from typing import Any

from nbformat import NotebookNode, from_dict

from cifarcam.errors import CifarcamError

KEY = "quiz"
CELL = re.compile(r"quiz-(\d+)")
QUESTION = re.compile(
    r"""
    \*\*Question\ (?P<number>\d+)\.\*\*\ (?P<question>.+?\?)\n
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


def refresh(notebook: NotebookNode) -> None:
    """Writes every question into the metadata of its cell.

    Raises:
        CifarcamError: for a question that is not in the form of one.
    """
    for cell in notebook.cells:
        if CELL.fullmatch(cell.id):
            cell.metadata[KEY] = from_dict(as_data(cell.source))


def as_data(source: str) -> dict[str, Any]:
    """A question's text, its options in their order, which of them is right, and why each is or is not.

    Raises:
        CifarcamError: for a text that is not in the form of a question.
    """
    found = QUESTION.fullmatch(source)
    if not found:
        raise CifarcamError(f"This is no question as in the other chapters' quizzes:\n{source}")
    options = _lettered(found["options"])
    explained = _lettered(found["why_not"]) | {found["answer"]: _one_line(found["why"])}
    if sorted(explained) != list(options):
        raise CifarcamError(f"Question {found['number']} explains {', '.join(explained)}; expected each option once.")
    return {
        "question": _one_line(found["question"]),
        "options": [
            {"text": text, "right": letter == found["answer"], "why": explained[letter]}
            for letter, text in options.items()
        ],
    }


def _lettered(markdown: str) -> dict[str, str]:
    """The items of a list by their letters."""
    items = re.split(r"^- ", markdown, flags=re.MULTILINE)[1:]
    pairs = [re.fullmatch(r"\*\*([A-D])\.\*\* (.+)\n", item, re.DOTALL) for item in items]
    if not all(pairs) or len({pair[1] for pair in pairs}) < len(items):
        raise CifarcamError(f"Expected items that begin with **A.**, **B.** and so on, not:\n{markdown}")
    return {pair[1]: _one_line(pair[2]) for pair in pairs}


def _one_line(text: str) -> str:
    return " ".join(text.split())
