"""The chapters of the book, and its executed pages, as files and notebooks."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from cifarcam.errors import CifarcamError
from cifarcam.files import atomic_write

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("results",)  # executed like chapters, but no chapters: without number, exercises, and a link to Colab


def chapter_paths(root: Path = ROOT, chosen: list[str] | None = None) -> list[Path]:
    """The chapters ``book/NN-name.ipynb`` in order.

    Args:
        root: the folder of the repository.
        chosen: only these, by number or name, such as ``["07", "your-own"]``.

    Raises:
        CifarcamError: for a number or a name that no chapter has.
    """
    return _chosen(sorted((root / "book").glob("[0-9][0-9]-*.ipynb")), chosen)


def notebook_paths(root: Path = ROOT, chosen: list[str] | None = None) -> list[Path]:
    """All that is executed: the chapters, then the executed pages.

    Args:
        root: the folder of the repository.
        chosen: only these, such as ``["07", "your-own", "results"]``.

    Raises:
        CifarcamError: for a name that none of them has.
    """
    pages = (root / "book" / f"{page}.ipynb" for page in PAGES)
    return _chosen([*chapter_paths(root), *(path for path in pages if path.is_file())], chosen)


def short_name(path: Path) -> str:
    """What a command calls a notebook: the number of a chapter, the name of a page."""
    return path.stem if path.stem in PAGES else path.name[:2]


def _chosen(paths: list[Path], names: list[str] | None) -> list[Path]:
    by_name = {short_name(path): path for path in paths} | {
        path.stem[3:]: path for path in paths if path.stem not in PAGES
    }
    for name in names or []:
        if name.zfill(2) not in by_name:
            stems = ", ".join(path.stem for path in paths) or "none"
            raise CifarcamError(f"There is no chapter {name!r}; the chapters are: {stems}.")
    return [by_name[name.zfill(2)] for name in names] if names else paths


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
