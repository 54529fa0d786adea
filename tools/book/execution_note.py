"""The small line of a chapter that leads to Colab and says when, with what and on what it was executed, and how long.

It is written from the metadata (see ``tools.book.execution``), so it holds no number of its own.
"""

from __future__ import annotations

import re
from datetime import date

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from tools.book.execution import executed

CELL = "execution-note"  # the id of the cell
ABOVE = ("picture-caption", "standfirst")  # it stands below the first of these cells, else below the title
LINK = re.compile(r"\[Open in Colab\]\(([^)]*)\)")


def refresh(notebook: NotebookNode, link: str | None = None) -> None:
    """Puts the note in its place, with the link that is given, else the one that it had; none where there is none."""
    old = {cell.id: cell for cell in notebook.cells}
    link = link or colab_link(notebook)
    if link is None:  # a page that no reader opens in Colab
        return
    cell = old.get(CELL) or new_markdown_cell(id=CELL)
    cell.source = execution_note(notebook, link)
    notebook.cells = [other for other in notebook.cells if other.id != CELL]
    above = next((name for name in ABOVE if name in old), notebook.cells[0].id)
    notebook.cells.insert(1 + [other.id for other in notebook.cells].index(above), cell)


def colab_link(notebook: NotebookNode) -> str | None:
    """The link to Colab that a notebook's note has."""
    found = next((LINK.search(cell.source) for cell in notebook.cells if cell.id == CELL), None)
    return found[1] if found else None


def execution_note(notebook: NotebookNode, link: str) -> str:
    """One small line: the link to Colab, and when, with what, on what and how long the chapter was executed."""
    parts, about = [f"[Open in Colab]({link})"], executed(notebook)
    if "date" in about:
        python, torch = about.versions["python"], about.versions["torch"].partition("+")[0]
        day, gpu = date.fromisoformat(about.date), about.get("gpu")
        parts += [f"executed on {day.day} {day:%B %Y} with Python {python} and PyTorch {torch}"]
        parts += [f"{duration(about.seconds)} on {about.hardware}"]
        if gpu is None:
            parts.append("not timed on a GPU yet")
        elif gpu.hardware != about.hardware:
            parts.append(f"{duration(gpu.seconds)} on {gpu.hardware}")
    return f"<small>{' · '.join(parts)}</small>"


def duration(seconds: float) -> str:
    """Seconds up to a minute and a half, then minutes, as a reader would say it."""
    if seconds >= 90:
        return f"{seconds / 60:.0f} minutes"
    whole = max(1, round(seconds))
    return "1 second" if whole == 1 else f"{whole} seconds"
