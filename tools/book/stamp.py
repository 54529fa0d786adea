"""Writes into chapters and pages all that is generated: addresses, cells, quizzes, exercises, tables.

    python -m tools.book.stamp            writes
    python -m tools.book.stamp --check    writes nothing; exits 1 and names the files that are out of step
    python -m tools.book.stamp --repository https://github.com/OWNER/NAME    for a fork: changes the address first

Chapters get a line with the link to Colab and what their metadata says of their last execution (``execution-note``), a
first code cell (``setup``) that installs the package in Colab, the metadata that Colab reads, the Markdown of their
quizzes, and what the package knows of their exercises.
Markdown pages get what their marks ask for, as ``python -m tools.book.tables`` gives it to them; ``CITATION.cff`` gets
the address.
"""

from __future__ import annotations

import argparse
import copy
import re
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from cifarcam.errors import CifarcamError
from cifarcam.files import atomic_write
from tools.book import citation, execution_note, quizzes, tables
from tools.book.address import Repository, repository, retarget
from tools.book.chapters import ROOT, chapter_paths, read, write
from tools.book.text import refuse_newer_text, write_text

# Of all that the package needs, Colab ships everything but these. They are installed without their dependencies,
# so that Colab's own torch and numpy stay as they are.
COLAB_LACKS = ("grad-cam", "torch-lr-finder", "ttach")
METADATA = {
    "accelerator": "GPU",
    "colab": {"gpuType": "T4", "provenance": []},
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
}
SETUP = """\
# In Colab this installs the package and what Colab lacks. Elsewhere it does nothing.
import importlib.util
import sys

if "google.colab" in sys.modules and importlib.util.find_spec("cifarcam") is None:
    %pip install -q --no-deps git+{url}@{branch}
    %pip install -q --no-deps {libraries}"""


def setup_source(root: Path, home: Repository) -> str:
    """The source of the setup cell, with the versions that ``requirements.txt`` locks."""
    lock = (root / "requirements.txt").read_text(encoding="utf-8")
    locked = dict(re.findall(r"^([\w.-]+)==(\S+)", lock, re.MULTILINE))
    libraries = " ".join(f"{name}=={locked[name]}" for name in COLAB_LACKS)
    return SETUP.format(url=home.url, branch=home.branch, libraries=libraries)


def stamped(notebook: NotebookNode, link: str, setup: str) -> NotebookNode:
    """A copy of a chapter with link, note, setup cell and metadata; its outputs and other cells as they were."""
    notebook = copy.deepcopy(notebook)
    old = {cell.id: cell for cell in notebook.cells}
    setup_cell = old.get("setup") or new_code_cell(id="setup")
    setup_cell.source = setup
    setup_cell.metadata["tags"] = ["remove-cell"]
    title_cell, *others = _title_apart([cell for cell in notebook.cells if cell.id != "setup"])
    notebook.cells = [title_cell, setup_cell, *others]
    notebook.metadata.update(nbformat.from_dict(METADATA))
    execution_note.refresh(notebook, link)
    quizzes.refresh(notebook)
    _describe_exercises(notebook)
    return notebook


def _describe_exercises(notebook: NotebookNode) -> None:
    """Writes into the metadata of an exercise what the package's check of that name knows of it."""
    from cifarcam.exercises import EXERCISES  # here, because it brings PyTorch, which most pages need not

    for cell in notebook.cells:
        name = cell.metadata.get("exercise", {}).get("name")
        if name is None:
            continue
        if name not in EXERCISES:
            raise CifarcamError(f"there is no exercise {name!r}; expected one of {', '.join(EXERCISES)}.")
        known = EXERCISES[name]
        about = {"name": name, "kind": known.kind, "answer": known.answer, "hint": known.hint}
        cell.metadata["exercise"] = nbformat.from_dict(about | {"tolerance": known.tolerance})


def _title_apart(cells: list[NotebookNode]) -> list[NotebookNode]:
    """The cells, with what stands below the title in the first of them moved to a cell of its own."""
    if not cells or not cells[0].source.startswith("# "):
        raise CifarcamError("expected the first cell to be Markdown that begins with '# ' and the title.")
    heading, _, below = cells[0].source.partition("\n")
    if not below.strip():
        return cells
    cells[0].source = heading
    return [cells[0], new_markdown_cell(below.strip(), id=f"{cells[0].id}-below"), *cells[1:]]


def out_of_step(root: Path = ROOT) -> dict[Path, NotebookNode | str]:
    """The files that are out of step with what is generated, with what they should hold."""
    home = repository(root)
    setup = setup_source(root, home)
    wanted: dict[Path, NotebookNode | str] = {}
    for path in chapter_paths(root):
        notebook = read(path)
        try:
            new = stamped(notebook, home.colab(path), setup)
        except CifarcamError as error:
            raise CifarcamError(f"{path.name}: {error}") from error
        if new != notebook:
            wanted[path] = new
    wanted |= tables.out_of_step(root)
    cff = root / "CITATION.cff"
    if cff.is_file() and citation.with_address(text := cff.read_text(encoding="utf-8"), home.url) != text:
        wanted[cff] = citation.with_address(text, home.url)
    return wanted


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Write the repository's address wherever the book needs it.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where something is out of step")
    parser.add_argument("--repository", help="the address of a fork, to be written into _config.yml first")
    parsed = parser.parse_args(arguments)
    check = parsed.check
    try:
        if parsed.repository:
            retarget(parsed.repository)
        wanted = out_of_step()
        for path, content in wanted.items():
            print(f"{path.relative_to(ROOT)}: {'out of step' if check else 'stamped'}")
            if not check:
                _write(content, path)
    except CifarcamError as error:
        sys.exit(str(error))
    if check and wanted:
        sys.exit("Run `python -m tools.book.stamp`.")


def _write(content: NotebookNode | str, path: Path) -> None:
    if isinstance(content, str):
        with atomic_write(path) as temporary:
            temporary.write_text(content, encoding="utf-8")
    else:
        refuse_newer_text(path)
        write(content, path)
        write_text(path)


if __name__ == "__main__":
    main()
