"""Each chapter as text in ``book/text``, in jupytext's py:percent format, so that a change of prose can be read.

    python -m tools.book.text              writes the text of every chapter and page from its notebook
    python -m tools.book.text 07           of this one
    python -m tools.book.text --anew 07    also where the text was changed after the notebook
    python -m tools.book.text --check      changes nothing; exits 1 and names what is out of step
    python -m tools.book.text --update 07  carries what a person changed in the text back into the notebook

A text holds the cells with their metadata, and of the notebook's own metadata only the kernel. Outputs, cell ids, the
execution note and what the stamp derives of quizzes and exercises stay in the notebook, so that executing a chapter
changes no text. ``--update`` keeps the id of a cell that was changed in its place; a code cell keeps its outputs only
where its code stayed.
"""

from __future__ import annotations

import argparse
import copy
import sys
from pathlib import Path

import jupytext
from jupytext.combine import combine_inputs_with_outputs
from nbformat import NotebookNode, from_dict

from cifarcam.errors import CifarcamError
from cifarcam.files import atomic_write
from tools.book.chapters import ROOT, notebook_paths, read, short_name, write
from tools.book.execution_note import CELL as EXECUTION_NOTE
from tools.book.execution_note import colab_link, refresh

FORMAT = "py:percent"
QUOTES = '"""'
HEADER = {
    "cell_metadata_filter": "all,-quiz,-exercise",
    "notebook_metadata_filter": "kernelspec,jupytext,-jupytext.text_representation.jupytext_version",
}


def text_path(chapter: Path) -> Path:
    """Where the text of a chapter lies."""
    return chapter.parent / "text" / f"{chapter.stem}.py"


def text_of(notebook: NotebookNode) -> str:
    """A notebook as text."""
    shown = _without_note(notebook)
    kernel = {"kernelspec": notebook.metadata.kernelspec} if "kernelspec" in notebook.metadata else {}
    quoted = any(QUOTES in cell.source for cell in shown.cells if cell.cell_type != "code")
    markers = {} if quoted else {"cell_markers": QUOTES}  # else Markdown stands in comments
    shown.metadata = from_dict(kernel | {"jupytext": markers | HEADER})
    return jupytext.writes(shown, fmt=FORMAT)


def updated(notebook: NotebookNode, text: str) -> NotebookNode:
    """A copy of a notebook with the sources and the cells' metadata of a text, and all else as it was.

    Args:
        notebook: what gives outputs, ids and the notebook's own metadata.
        text: in py:percent; its cells are matched with the notebook's, the changed ones by their places.

    Returns:
        The notebook; a code cell whose code changed has no outputs.
    """
    before = _without_note(notebook)
    new = combine_inputs_with_outputs(jupytext.reads(text, fmt=FORMAT), before, fmt=FORMAT)
    new.metadata = before.metadata
    code = {cell.id: cell.source for cell in before.cells if cell.cell_type == "code"}
    for cell in new.cells:
        cell.metadata.pop("cell_marker", None)  # jupytext's own note of how the text writes Markdown
        if cell.cell_type == "code" and code.get(cell.id) != cell.source:
            cell.outputs, cell.execution_count = [], None
    refresh(new, colab_link(notebook))
    return new


def out_of_step(root: Path = ROOT, names: list[str] | None = None) -> list[Path]:
    """The chapters whose text is missing or another, and the texts that belong to no chapter."""
    chapters = notebook_paths(root, names)
    wrong = [path for path in chapters if _written(path) != text_of(read(path))]
    known = set(map(text_path, notebook_paths(root)))
    return wrong + [path for path in sorted((root / "book" / "text").glob("*.py")) if path not in known]


def write_text(chapter: Path) -> None:
    """Writes the text of a chapter from its notebook."""
    path = text_path(chapter)
    path.parent.mkdir(exist_ok=True)
    with atomic_write(path) as temporary:
        temporary.write_text(text_of(read(chapter)), encoding="utf-8")


def update(chapter: Path) -> None:
    """Carries what was changed in the text of a chapter into its notebook.

    Raises:
        CifarcamError: where the chapter has no text.
    """
    text = _written(chapter)
    if text is None:
        raise CifarcamError(f"{chapter.name} has no text; write it: python -m tools.book.text {short_name(chapter)}")
    write(updated(read(chapter), text), chapter)
    write_text(chapter)


def refuse_newer_text(chapter: Path) -> None:
    """Raises where writing the text of a chapter would lose what somebody has just changed there.

    Raises:
        CifarcamError: where the text is not that of the notebook, and is the newer of the two.
    """
    text, number = _written(chapter), short_name(chapter)
    if text is None or text_path(chapter).stat().st_mtime <= chapter.stat().st_mtime or text == text_of(read(chapter)):
        return
    raise CifarcamError(
        f"{text_path(chapter).name} was changed after {chapter.name}. Carry the change into the notebook: "
        f"python -m tools.book.text --update {number}; or write over it: python -m tools.book.text --anew {number}"
    )


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Keep the chapters' texts in step with their notebooks.")
    parser.add_argument("chapter", nargs="*", help="such as 07, grad-cam or results; all of them when left out")
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--check", action="store_true", help="write nothing; exit 1 where a text is out of step")
    way.add_argument("--anew", action="store_true", help="write over a text that was changed after its notebook")
    way.add_argument("--update", action="store_true", help="write the notebooks from their texts")
    chosen = parser.parse_args(arguments)
    try:
        wrong = out_of_step(names=chosen.chapter)
        if chosen.check and wrong:
            names = "\n".join(str(path.relative_to(ROOT)) for path in wrong)
            raise CifarcamError(f"out of step:\n{names}\nRun `python -m tools.book.text`, with --update after a text.")
        for path in wrong:
            _mend(path, chosen.update, chosen.anew)
    except CifarcamError as error:
        sys.exit(str(error))


def _mend(path: Path, by_text: bool, anew: bool) -> None:
    if path.suffix == ".py":
        raise CifarcamError(f"{path.relative_to(ROOT)} belongs to no chapter; remove it.")
    if not (by_text or anew):
        refuse_newer_text(path)
    (update if by_text else write_text)(path)
    print(f"{path.name if by_text else text_path(path).name}: written")


def _without_note(notebook: NotebookNode) -> NotebookNode:
    notebook = copy.deepcopy(notebook)
    notebook.cells = [cell for cell in notebook.cells if cell.id != EXECUTION_NOTE]
    return notebook


def _written(chapter: Path) -> str | None:
    path = text_path(chapter)
    return path.read_text(encoding="utf-8") if path.is_file() else None


if __name__ == "__main__":
    main()
