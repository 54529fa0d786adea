"""A chapter and its text hold the same, and an edit of the text reaches the notebook without touching the rest."""

from __future__ import annotations

import copy
import os
from pathlib import Path

import nbformat
import pytest
from chapter_parts import every_notebook
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from cifarcam.errors import CifarcamError
from tools.book import stamp, text
from tools.book.chapters import ROOT, notebook_paths, read, short_name
from tools.book.execution import KEY
from tools.book.execution_note import CELL, refresh

MAGIC = "if True:\n    %pip install -q nothing\n!true\nx = 1"
ABOUT = {"date": "2026-11-05", "seconds": 1, "hardware": "Epic", "versions": {"python": "3.12.1", "torch": "2.11.0"}}


@every_notebook
def test_a_chapter_and_its_text_are_in_step(path: Path) -> None:
    assert text.out_of_step(names=[short_name(path)]) == [], "run python -m tools.book.text, with --update after a text"


@every_notebook
def test_a_text_gives_back_the_notebook_to_the_letter(path: Path) -> None:
    notebook = read(path)
    assert text.updated(notebook, text.text_of(notebook)) == notebook


def test_no_text_names_a_date_a_version_or_a_machine() -> None:
    header = text.text_of(read(notebook_paths()[0])).partition("# %%")[0]
    assert "kernelspec:" in header
    assert not any(f"{name}:" in header for name in (KEY, "date", "jupytext_version", "language_info"))


# On a book of one small chapter


@pytest.fixture
def notebook() -> NotebookNode:
    """A chapter of every kind of cell, executed."""
    outputs = [new_output("stream", name="stdout", text="42\n")]
    figure = {"mystnb": {"image": {"alt": 'A "figure", described.'}}, "tags": ["hide-input"], "exercise": {"number": 1}}
    cells = [
        new_markdown_cell("# 1. Small", id="title"),
        new_code_cell(MAGIC, id="setup", metadata={"tags": ["remove-cell"]}),
        new_markdown_cell("A sum,\nand $\\alpha$.", id="prose", metadata={"tags": ["kept"]}),
        new_code_cell("print(20 + 22)", id="sum", outputs=outputs, execution_count=2, metadata=figure),
        new_code_cell("answer = None", id="answer-1", execution_count=3),
        new_code_cell("answer = None", id="answer-2", execution_count=4),
        new_markdown_cell("The end.", id="end"),
    ]
    made = new_notebook(cells=cells, metadata={"kernelspec": stamp.METADATA["kernelspec"], KEY: ABOUT})
    refresh(made, "there")
    return made


@pytest.fixture
def chapter(notebook: NotebookNode, tmp_path: Path) -> Path:
    path = tmp_path / "book" / "01-small.ipynb"
    path.parent.mkdir()
    nbformat.write(notebook, path)
    text.write_text(path)
    return path


def edit(chapter: Path, old: str, new: str) -> None:
    """Changes the text of a chapter later than its notebook."""
    path = text.text_path(chapter)
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    os.utime(path, (later := chapter.stat().st_mtime + 10, later))


def test_cells_magics_and_metadata_come_back(notebook: NotebookNode) -> None:
    written = text.text_of(notebook)
    assert "# %pip install" in written and "\nA sum,\n" in written and "executed on" not in written
    assert text.updated(notebook, written) == notebook


def test_prose_with_the_marks_that_end_it_comes_back(notebook: NotebookNode) -> None:
    notebook.cells[3].source += '\n```python\n"""A docstring."""\n```'
    written = text.text_of(notebook)
    assert "\n# A sum,\n" in written
    assert text.updated(notebook, written) == notebook


def test_an_edit_of_prose_changes_only_that_source(notebook: NotebookNode, chapter: Path) -> None:
    edit(chapter, "A sum,", "The sum,")
    text.update(chapter)
    expected = copy.deepcopy(notebook)
    expected.cells[3].source = expected.cells[3].source.replace("A sum,", "The sum,")
    assert read(chapter) == expected
    assert text.out_of_step(chapter.parents[1]) == []


def test_an_edit_of_code_keeps_the_id_and_drops_the_outputs_of_that_cell(notebook: NotebookNode, chapter: Path) -> None:
    edit(chapter, "20 + 22", "20 + 23")
    text.update(chapter)
    expected = copy.deepcopy(notebook)
    expected.cells[4] |= {"source": "print(20 + 23)", "outputs": [], "execution_count": None}
    assert read(chapter) == expected


def test_cells_can_be_added_moved_tagged_and_taken_out(notebook: NotebookNode, chapter: Path) -> None:
    edit(chapter, '# %% [markdown]\n"""\nThe end.', '# %% tags=["new"]\nprint(1)\n\n# %% [markdown]\n"""\nThe end.')
    edit(chapter, "# %%\nanswer = None\n\n", "")
    edit(chapter, 'tags=["kept"]', 'tags=["other"]')
    text.update(chapter)
    cells = read(chapter).cells
    assert [cell.id for cell in cells[:6]] == ["title", CELL, "setup", "prose", "sum", "answer-1"]
    assert cells[3].metadata == {"tags": ["other"]} and cells[4] == notebook.cells[4]
    assert (cells[6].source, cells[6].metadata, cells[6].outputs) == ("print(1)", {"tags": ["new"]}, [])
    assert cells[7] == notebook.cells[7]


def test_executing_again_changes_no_text(notebook: NotebookNode) -> None:
    before = text.text_of(notebook)
    notebook.metadata[KEY].date = "2026-12-05"
    notebook.cells[4].outputs[0].text = "43\n"
    refresh(notebook)
    assert text.text_of(notebook) == before


def test_what_is_out_of_step_is_named_and_the_check_writes_nothing(
    chapter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = chapter.parents[1]
    stray = chapter.parent / "text" / "02-gone.py"
    text.text_path(chapter).rename(stray)
    assert text.out_of_step(root) == [chapter, stray]
    monkeypatch.setattr(text, "out_of_step", lambda names: [ROOT / "book" / chapter.name])
    with pytest.raises(SystemExit, match=r"out of step:\nbook/01-small\.ipynb\n"):
        text.main(["--check"])
    assert not text.text_path(chapter).exists()


def test_there_is_nothing_to_carry_back_from_a_missing_text(chapter: Path) -> None:
    text.text_path(chapter).unlink()
    with pytest.raises(CifarcamError, match=r"01-small\.ipynb has no text"):
        text.update(chapter)


def test_a_text_that_somebody_has_just_changed_is_not_written_over(chapter: Path) -> None:
    text.refuse_newer_text(chapter)
    edit(chapter, "A sum,", "The sum,")
    with pytest.raises(CifarcamError, match="--update 01"):
        text.refuse_newer_text(chapter)
    os.utime(chapter, (later := chapter.stat().st_mtime + 20, later))
    text.refuse_newer_text(chapter)  # then the notebook was changed after it
