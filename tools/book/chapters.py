"""The chapters of the book as files and notebooks."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from cifarcam.errors import CifarcamError
from cifarcam.files import atomic_write

ROOT = Path(__file__).resolve().parents[2]


def chapter_paths(root: Path = ROOT, chosen: list[str] | None = None) -> list[Path]:
    """The chapters ``book/NN-name.ipynb``, then the appendices ``book/A1-name.ipynb`` and so on, in order.

    With ``chosen``, numbers such as ``07`` or names such as ``grad-cam``, only those.

    Raises ``CifarcamError`` for a number or a name that no chapter has.
    """
    paths = sorted((root / "book").glob("[0-9A-Z][0-9]-*.ipynb"))
    by_name = {path.name[:2]: path for path in paths} | {path.stem[3:]: path for path in paths}
    for name in chosen or []:
        if name.zfill(2) not in by_name:
            stems = ", ".join(path.stem for path in paths) or "none"
            raise CifarcamError(f"There is no chapter {name!r}; the chapters are: {stems}.")
    return [by_name[name.zfill(2)] for name in chosen] if chosen else paths


def read(path: Path) -> NotebookNode:
    """A notebook, with an id on every cell. Raises ``CifarcamError`` where the file is none."""
    try:
        notebook = nbformat.read(path, as_version=4)
    except (OSError, ValueError, nbformat.ValidationError) as error:
        raise CifarcamError(f"{path} is no notebook: {error}. Restore it from git.") from error
    return nbformat.v4.upgrade(notebook, from_minor=notebook.nbformat_minor)


def write(notebook: NotebookNode, path: Path) -> None:
    """Writes a valid notebook, whole or not at all."""
    nbformat.validate(notebook)
    with atomic_write(path) as temporary:
        nbformat.write(notebook, temporary)


def title(notebook: NotebookNode) -> str:
    """The text of the first heading. Raises ``CifarcamError`` where there is none."""
    for cell in notebook.cells:
        heading = cell.cell_type == "markdown" and re.search(r"^# +(.+?) *$", cell.source, re.MULTILINE)
        if heading:
            return heading[1]
    raise CifarcamError("The notebook has no title; begin its first Markdown cell with '# ' and the title.")


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def tags(cell: NotebookNode) -> list[str]:
    return cell.metadata.get("tags", [])


def output_text(cell: NotebookNode) -> str:
    """All that a code cell prints or displays as text; HTML without its tags."""
    parts = []
    for output in cell.outputs:
        shown = output.get("data", {})
        parts += [output.get("text", ""), shown.get("text/plain", ""), shown.get("text/markdown", "")]
        parts.append(re.sub(r"<style.*?</style>|<[^>]*>", " ", shown.get("text/html", ""), flags=re.DOTALL))
    return "\n".join(part for part in parts if part)
