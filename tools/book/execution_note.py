"""The cell under a chapter's title that says when, with what and on what it was executed, and how long it took.

It is written from the metadata (see ``tools.book.execution``), so it holds no number of its own.
"""

from __future__ import annotations

from datetime import date

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from tools.book.execution import executed

CELL = "execution-note"  # the id of the cell


def refresh(notebook: NotebookNode) -> None:
    """Puts the note under the link to Colab, in place of the one that stood there; none where there is no link."""
    old = {cell.id: cell for cell in notebook.cells}
    notebook.cells = [cell for cell in notebook.cells if cell.id != CELL]
    text = execution_note(notebook)
    if text and "colab" in old:
        cell = old.get(CELL) or new_markdown_cell(id=CELL)
        cell.source = text
        notebook.cells.insert(1 + [other.id for other in notebook.cells].index("colab"), cell)


def execution_note(notebook: NotebookNode) -> str:
    """The text of the cell; empty for a chapter that does not say when it was executed."""
    about = executed(notebook)
    if "date" not in about:
        return ""
    python, torch = about.versions["python"], about.versions["torch"].partition("+")[0]
    day = date.fromisoformat(about.date)
    text = (
        f"Last executed on {day.day} {day:%B %Y} with Python {python} and PyTorch {torch},\n"
        f"in {duration(about.seconds)} on {about.hardware}. "
    )
    gpu = about.get("gpu")
    if gpu is None:
        return text + "Not timed on a GPU yet."
    return text.strip() if gpu.hardware == about.hardware else f"{text}On {gpu.hardware}: {duration(gpu.seconds)}."


def duration(seconds: float) -> str:
    """Seconds up to a minute and a half, then minutes, as a reader would say it."""
    if seconds >= 90:
        return f"{seconds / 60:.0f} minutes"
    whole = max(1, round(seconds))
    return "1 second" if whole == 1 else f"{whole} seconds"
