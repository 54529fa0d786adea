"""The parts of a chapter that several test files look at: its headings, its exercises, its solutions."""

from __future__ import annotations

import re

import pytest
from nbformat import NotebookNode

from tools.book.chapters import chapter_paths, notebook_paths

END = ["What we learned", "Next", "Solutions (spoilers)"]
# Between the second and the third: the steps, then the exercises.
TEMPLATES = [
    ["What you will be able to do", "What you need", "Quiz", "Questions to take away", *END],
    ["What you will see", "What you need", "Quiz", *END],  # of chapters that have no standfirst yet
]

every_chapter = pytest.mark.parametrize("path", chapter_paths(), ids=lambda path: path.stem)
every_notebook = pytest.mark.parametrize("path", notebook_paths(), ids=lambda path: path.stem)


def markdown(notebook: NotebookNode) -> str:
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def headings(notebook: NotebookNode) -> list[str]:
    without_code = re.sub(r"^```.*?^```", "", markdown(notebook), flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"^##+ +(.+?) *$", without_code, re.MULTILINE)


def exercises(notebook: NotebookNode) -> dict[int, list[NotebookNode]]:
    """The code cells under each heading "Exercise N"; the last of them checks the answer. An open one has none."""
    found, under = {}, None
    for cell in notebook.cells:
        if cell.cell_type == "code" and under is not None:
            found[under].append(cell)
        for heading in re.findall(r"^##+ +(.+)$", cell.source, re.MULTILINE) if cell.cell_type == "markdown" else []:
            exercise = re.match(r"Exercise (\d+)", heading)
            under = int(exercise[1]) if exercise else None
            found |= {under: []} if exercise else {}
    return {number: cells for number, cells in found.items() if cells}


def solutions(notebook: NotebookNode) -> list[NotebookNode]:
    """The code cells under the last heading."""
    start = [index for index, cell in enumerate(notebook.cells) if f"## {END[-1]}" in cell.source]
    return [cell for cell in notebook.cells[start[-1] :] if cell.cell_type == "code"] if start else []
