"""A chapter's outputs are those of its code cells and of the records that it reads, and it says when they were made."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from chapter_parts import every_chapter, every_notebook
from nbformat import NotebookNode, from_dict
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools.book import execute, stamp
from tools.book.chapters import code_cells, output_text, read, short_name, write
from tools.book.execution import KEY, LIBRARIES, executed, why_stale, write_down, write_down_gpu_time
from tools.book.execution_note import CELL, LINK, duration, execution_note, refresh
from tools.book.prose import unsupported_numbers


@every_notebook
def test_a_chapter_shows_what_its_code_and_its_records_say(path: Path) -> None:
    stale = f"{path.name} is stale: run make execute CHAPTER={short_name(path)}"
    assert why_stale(read(path)) == [], stale


@every_chapter
def test_a_chapter_says_when_and_on_what_it_was_executed(path: Path) -> None:
    notebook = read(path)
    shown = [cell.source for cell in notebook.cells if cell.id == CELL]
    link = LINK.search(shown[0])
    assert link and shown == [execution_note(notebook, link[1])], f"run make execute CHAPTER={path.name[:2]}"
    assert "executed on" in shown[0]


# The mechanism, on a book of one small chapter


def small_book(folder: Path) -> Path:
    """Two records below ``folder``, and a chapter that reads one of them."""
    for name in ("one", "two"):
        (folder / "records" / name).mkdir(parents=True)
        (folder / "records" / name / "history.csv").write_text("epoch\n1\n")
    path = folder / "01-small.ipynb"
    cells = [
        new_markdown_cell("# 1. Small", id="title"),
        new_code_cell("1", id="setup"),
        new_code_cell("print(open('records/one/history.csv').read())", id="reads"),
        new_code_cell("print(sorted(name for name in globals() if not name.startswith('_')))", id="names"),
    ]
    write(new_notebook(cells=cells), path)
    return path


@pytest.fixture
def chapter(tmp_path: Path) -> Path:
    return small_book(tmp_path)


@pytest.fixture
def records(chapter: Path) -> Path:
    return chapter.parent / "records"


@pytest.fixture(scope="module")
def executed_once(tmp_path_factory: pytest.TempPathFactory) -> NotebookNode:
    path = small_book(tmp_path_factory.mktemp("book"))
    return execute.execute(path, records=path.parent / "records")


@pytest.fixture
def fresh(executed_once: NotebookNode) -> NotebookNode:
    return copy.deepcopy(executed_once)


def test_executing_writes_down_date_time_and_versions(fresh: NotebookNode, records: Path) -> None:
    about = executed(fresh)
    assert about.date == date.today().isoformat()
    assert 0 < about.seconds < 120 and " cores" in about.hardware
    assert set(about.versions) == {"python", *LIBRARIES}
    assert why_stale(fresh, records) == []


def test_executing_leaves_nothing_else_in_the_chapter(fresh: NotebookNode) -> None:
    assert [cell.execution_count for cell in code_cells(fresh)] == [1, 2, 3]
    assert output_text(code_cells(fresh)[2]) == "['In', 'Out', 'exit', 'get_ipython', 'quit']\n"
    assert [cell.id for cell in fresh.cells] == ["title", "setup", "reads", "names"]


def test_a_changed_code_cell_makes_a_chapter_stale(fresh: NotebookNode, records: Path) -> None:
    fresh.cells[-1].source += "  # changed"
    assert why_stale(fresh, records) == ["its code cells changed"]


def test_cells_in_another_order_make_a_chapter_stale(fresh: NotebookNode, records: Path) -> None:
    fresh.cells[2:] = fresh.cells[:1:-1]
    assert why_stale(fresh, records) == ["its code cells changed"]


def test_prose_and_the_stamped_setup_cell_do_not(fresh: NotebookNode, records: Path) -> None:
    fresh.cells[0].source += " and larger"
    fresh.cells[1].source = "2"
    assert why_stale(fresh, records) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda records: (records / "two/history.csv").write_text("epoch\n2\n"),
        lambda records: (records / "two/history.csv").unlink(),
        lambda records: (records / "two/history.csv").rename(records / "two/other.csv"),
        lambda records: (records / "new.json").write_text("{}"),
    ],
    ids=["changed", "gone", "renamed", "new"],
)
def test_another_folder_of_records_makes_a_chapter_stale(
    change: Callable[[Path], object], fresh: NotebookNode, records: Path
) -> None:
    change(records)
    assert why_stale(fresh, records) == ["the records changed"]


def test_a_chapter_that_says_nothing_is_stale(chapter: Path, records: Path) -> None:
    assert why_stale(read(chapter), records) == ["it does not say when it was executed"]


# What readers are told


@pytest.fixture
def told(chapter: Path) -> NotebookNode:
    """A chapter with a note of its own."""
    notebook = read(chapter)
    about = {
        "code": "c0de",
        "date": "2026-11-05",
        "hardware": "Epic, 2 of 4 cores",
        "records": {},
        "seconds": 100.4,
        "versions": {"python": "3.12.1", "torch": "2.11.0+cpu"},
    }
    notebook.metadata[KEY] = from_dict(about)
    return notebook


def test_the_note_stands_under_the_title(told: NotebookNode) -> None:
    refresh(told, "there")
    assert [cell.id for cell in told.cells] == ["title", "execution-note", "setup", "reads", "names"]
    assert told.cells[1].source == (
        "<small>[Open in Colab](there) · executed on 5 November 2026 with Python 3.12.1 and PyTorch 2.11.0 · "
        "2 minutes on Epic, 2 of 4 cores · not timed on a GPU yet</small>"
    )
    assert unsupported_numbers(told) == []


def test_the_note_is_written_anew_and_keeps_its_link(told: NotebookNode) -> None:
    refresh(told, "there")
    executed(told).seconds = 1.2
    refresh(told)
    assert [cell.id for cell in told.cells].count("execution-note") == 1
    assert "[Open in Colab](there)" in told.cells[1].source and "· 1 second on" in told.cells[1].source
    del told.metadata[KEY]
    refresh(told)
    assert told.cells[1].source == "<small>[Open in Colab](there)</small>"


def test_the_note_stands_below_the_picture_where_there_is_one(told: NotebookNode) -> None:
    told.cells.insert(1, new_markdown_cell("A question.", id="standfirst"))
    told.cells.insert(2, new_markdown_cell("**Figure 1.1.** A picture.", id="picture-caption"))
    refresh(told, "there")
    ids = [cell.id for cell in told.cells]
    assert ids == ["title", "standfirst", "picture-caption", "execution-note", "setup", "reads", "names"]


def test_stamping_leaves_the_note_in_its_place_and_mends_it(told: NotebookNode) -> None:
    refresh(told, "there")
    told.cells[1].source = "Executed never."
    stamped = stamp.stamped(told, "link", "setup")
    assert [cell.id for cell in stamped.cells] == ["title", "execution-note", "setup", "reads", "names"]
    assert stamped.cells[1].source == execution_note(told, "link")


def test_a_time_on_a_gpu_is_told_beside_that_on_the_cpu(told: NotebookNode) -> None:
    timed = copy.deepcopy(told)
    executed(timed)["gpu"] = from_dict({"code": "c0de", "hardware": "Tesla T4", "seconds": 7.9, "date": "2026-11-06"})
    write_down_gpu_time(told, timed)
    assert execution_note(told, "").endswith("2 minutes on Epic, 2 of 4 cores · 8 seconds on Tesla T4</small>")


def test_what_was_executed_on_a_gpu_is_told_once(told: NotebookNode) -> None:
    executed(told)["gpu"] = from_dict({"hardware": "Epic, 2 of 4 cores", "seconds": 100.4})
    assert execution_note(told, "").endswith("2 minutes on Epic, 2 of 4 cores</small>")


@pytest.mark.parametrize("changed", [False, True])
def test_a_time_on_a_gpu_is_kept_while_the_code_stays(fresh: NotebookNode, records: Path, changed: bool) -> None:
    executed(fresh)["gpu"] = from_dict({"code": executed(fresh).code, "hardware": "Tesla T4", "seconds": 7.9})
    if changed:
        fresh.cells[-1].source += "  # changed"
    write_down(fresh, 3.0, records)
    assert ("gpu" in executed(fresh)) is not changed


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "1 second"), (1.6, "2 seconds"), (89.4, "89 seconds"), (90, "2 minutes"), (290, "5 minutes")],
)
def test_durations_are_rounded_as_a_reader_would_say_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_only_a_gpu_can_add_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CIFARCAM_DATA", raising=False)
    monkeypatch.setattr(execute, "training_device", lambda: __import__("torch").device("cpu"))
    with pytest.raises(SystemExit, match="PyTorch finds none here"):
        execute.main(["--only-time"])
