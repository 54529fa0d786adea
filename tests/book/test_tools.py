"""The tools that execute, stamp and validate chapters, on a small book made here."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from cifarcam.data.fetch.download import ARRAYS, FOLDER
from cifarcam.errors import CifarcamError
from tools.book import address, execute, stamp, validate
from tools.book.chapters import chapter_paths, code_cells, notebook_paths, output_text, read, title
from tools.book.prose import unsupported, unsupported_numbers
from tools.book.text import text_of, text_path


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A repository of one chapter, a readme and an address."""
    (tmp_path / "book").mkdir()
    (tmp_path / "_config.yml").write_text(
        "title: x\nrepository:\n  url: https://github.com/some/where\n  branch: dev # theirs\n"
    )
    (tmp_path / "requirements.txt").write_text("grad-cam==1.0\ntorch==2.0\ntorch-lr-finder==0.2\nttach==0.3\n")
    (tmp_path / "README.md").write_text("Before\n<!-- colab --> old <!-- /colab -->\n<!-- clone --><!-- /clone -->\n")
    cells = [
        new_markdown_cell("# 1. Data\n\n## What you will see\n\nA sum.", id="first"),
        new_code_cell("print(20 + 22)", id="sum", outputs=[new_output("stream", name="stdout", text="42\n")]),
    ]
    nbformat.write(new_notebook(cells=cells), tmp_path / "book" / "01-data.ipynb")
    return tmp_path


@pytest.fixture
def chapter(book: Path) -> Path:
    return book / "book" / "01-data.ipynb"


def rewrite(path: Path, *sources: str) -> None:
    nbformat.write(new_notebook(cells=[new_code_cell(source) for source in sources]), path)


def stamp_all(root: Path) -> None:
    for path, content in stamp.out_of_step(root).items():
        stamp._write(content, path)


# Numbers in prose


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("It reaches 93.26 %.", "accuracy 93.26"),
        ("It reaches 93.3 %.", "0.93261"),
        ("It has 11,173,962 parameters.", "Total params: 11173962"),
        ("It has 11.2 million parameters.", "11,173,962"),
        ("The loss is 0.2.", "loss=0.2477"),
        ("It took 41.5 s.", "41.49s an epoch"),
        ("9089 are right.", "Accuracy: 9089/10000 (90.89%)"),
        ("A difference of 2e-7.", "1.9e-07"),
    ],
)
def test_a_printed_number_supports_the_same_number_rounded(text: str, printed: str) -> None:
    assert unsupported(text, printed) == []


@pytest.mark.parametrize(
    ("text", "printed", "named"),
    [
        ("It reaches 93.26 %.", "93.21", "93.26 %"),
        ("It has 11,173,963 parameters.", "11173962", "11,173,963"),
        ("It has 12 million parameters.", "11173962", "12 million"),
        ("It reaches 93 %.", "0.91", "93 %"),
        ("It took 234 s.", "1234 s", "234"),
        ("It took 480 s.", "<Figure size 640x480 with 1 Axes>", "480"),
        ("The loss is 0.25.", "0.2", "0.25"),
        ("About 2,017 images.", "", "2,017"),
    ],
)
def test_a_number_that_no_output_holds_is_named(text: str, printed: str, named: str) -> None:
    assert unsupported(text, printed) == [named]


@pytest.mark.parametrize(
    "text",
    [
        "Ten classes of 32 by 32 pixels, 4×4 at layer4.",
        "CIFAR-100 and ResNet-18, torch 2.11.0",
        "`lr = 0.0479` and ``a `0.5` b``",
        "```\n0.123\n```",
        "$\\alpha = 0.25$ and $$\n\\sum 0.75\n$$",
        "[here](https://example.org/4.25) or https://example.org/0.75",
        "He et al. (2016), Smith 2017, Zhou et al. 2016, Jordan (2024), in June 2026, arXiv 1512.04150",
        "50,000 training images with values from 0 to 255",
    ],
)
def test_what_is_no_result_needs_no_output(text: str) -> None:
    assert unsupported(text, "") == []


def test_prose_is_held_against_all_text_outputs_of_the_chapter() -> None:
    table = new_output("display_data", data={"text/html": "<style>.a9 {top: 0.77}</style><td>0.51</td>"})
    notebook = new_notebook(cells=[new_markdown_cell("0.51 and 0.77"), new_code_cell("table", outputs=[table])])
    assert unsupported_numbers(notebook) == ["0.77"]


# Executing


def test_executing_fills_in_outputs_and_leaves_no_trace_of_time_or_machine_in_a_cell(chapter: Path) -> None:
    rewrite(chapter, "import os\nprint(1)", "print(2)\nprint(os.path.basename(os.getcwd()))")
    notebook = execute.execute(chapter)
    assert [cell.execution_count for cell in code_cells(notebook)] == [1, 2]
    assert [output_text(cell) for cell in code_cells(notebook)] == ["1\n", "2\nbook\n"]
    assert all("execution" not in cell.metadata for cell in code_cells(notebook))
    assert "version" not in notebook.metadata.language_info


@pytest.mark.parametrize(
    ("second_cell", "message"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("import sys; print('careful', file=sys.stderr)", "writes to stderr:\ncareful"),
    ],
)
def test_a_chapter_that_fails_or_warns_is_named_with_its_cell(chapter: Path, second_cell: str, message: str) -> None:
    rewrite(chapter, "x = 1", second_cell)
    with pytest.raises(CifarcamError, match=r"01-data\.ipynb, cell 1 ") as caught:
        execute.execute(chapter)
    assert message in str(caught.value)


def test_a_published_chapter_has_its_outputs_and_its_text(chapter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CIFARCAM_DATA", raising=False)
    monkeypatch.setattr(execute, "notebook_paths", lambda chosen: [chapter])
    rewrite(chapter, "print(6 * 7)")
    execute.main([])
    assert output_text(read(chapter).cells[0]) == "42\n"
    assert text_path(chapter).read_text().endswith("# %%\nprint(6 * 7)\n")


def test_too_slow_a_cell_is_named(chapter: Path) -> None:
    rewrite(chapter, "import time; time.sleep(60)")
    with pytest.raises(CifarcamError, match=r"01-data\.ipynb, cell 0 .*failed"):
        execute.execute(chapter, seconds_a_cell=1)


def test_chapters_are_not_published_from_the_stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIFARCAM_DATA", "synthetic")
    with pytest.raises(SystemExit, match="unset it"):
        execute.main([])


def test_an_unknown_chapter_is_named(book: Path) -> None:
    assert [[path.name for path in chapter_paths(book, [name])] for name in ("1", "data")] == [["01-data.ipynb"]] * 2
    with pytest.raises(CifarcamError, match="no chapter '12'; the chapters are: 01-data"):
        chapter_paths(book, ["12"])


def test_the_page_of_results_is_executed_and_is_no_chapter(book: Path, chapter: Path) -> None:
    rewrite(page := chapter.with_name("results.ipynb"), "1")
    assert notebook_paths(book) == [chapter, page] and chapter_paths(book) == [chapter]
    assert notebook_paths(book, ["results", "1"]) == [page, chapter]
    assert page not in stamp.out_of_step(book)


def test_a_damaged_chapter_is_named(chapter: Path) -> None:
    chapter.write_text('{"cells": ')
    with pytest.raises(CifarcamError, match=r"01-data\.ipynb is no notebook"):
        read(chapter)


# Stamping


def test_a_stamped_chapter_has_title_link_setup_and_then_what_it_had(book: Path, chapter: Path) -> None:
    stamp_all(book)
    notebook = read(chapter)
    assert [cell.id for cell in notebook.cells] == ["first", "execution-note", "setup", "first-below", "sum"]
    assert text_path(chapter).read_text() == text_of(notebook)
    assert title(notebook) == "1. Data" and notebook.cells[0].source == "# 1. Data"
    assert notebook.cells[1].source == (
        "<small>[Open in Colab]"
        "(https://colab.research.google.com/github/some/where/blob/dev/book/01-data.ipynb)</small>"
    )
    assert "git+https://github.com/some/where@dev\n" in notebook.cells[2].source
    assert "--no-deps grad-cam==1.0 torch-lr-finder==0.2 ttach==0.3" in notebook.cells[2].source
    assert notebook.cells[3].source == "## What you will see\n\nA sum."
    assert output_text(notebook.cells[4]) == "42\n"
    assert notebook.metadata.accelerator == "GPU"


def test_the_readme_links_every_chapter_and_says_what_to_clone(book: Path) -> None:
    stamp_all(book)
    readme = (book / "README.md").read_text()
    assert "| [1. Data](book/01-data.ipynb) | [open](https://colab.research.google.com/github/some/where/" in readme
    assert "git clone https://github.com/some/where\ncd where" in readme
    assert "old" not in readme and readme.startswith("Before\n")


def test_stamping_twice_changes_nothing(book: Path) -> None:
    stamp_all(book)
    assert stamp.out_of_step(book) == {}


def test_a_new_address_changes_every_place_and_no_output(book: Path, chapter: Path) -> None:
    stamp_all(book)
    executed = read(chapter)
    executed.cells[2].execution_count = 1
    nbformat.write(executed, chapter)
    (book / "_config.yml").write_text("repository: {url: https://github.com/other/place, branch: main}\n")
    assert [path.name for path in stamp.out_of_step(book)] == ["01-data.ipynb", "README.md"]
    stamp_all(book)
    assert "some/where" not in chapter.read_text() + (book / "README.md").read_text()
    assert read(chapter).cells[2].execution_count == 1


@pytest.mark.parametrize("url", ["https://github.com/some", "git@github.com:some/where", "https://github.com/a/b.git"])
def test_an_address_that_colab_cannot_open_is_refused(book: Path, url: str) -> None:
    (book / "_config.yml").write_text(f"repository: {{url: '{url}', branch: main}}\n")
    with pytest.raises(CifarcamError, match="expected 'https://github.com/OWNER/NAME'"):
        stamp.out_of_step(book)


def test_a_fork_is_retargeted_by_one_address(book: Path) -> None:
    stamp_all(book)
    address.retarget("https://github.com/me/fork", book)
    assert (book / "_config.yml").read_text() == (
        "title: x\nrepository:\n  url: https://github.com/me/fork\n  branch: dev # theirs\n"
    )
    stamp_all(book)
    for name in ("README.md", "book/01-data.ipynb"):
        text = (book / name).read_text()
        assert "some/where" not in text and "me/fork" in text


@pytest.mark.parametrize("url", ["me/fork", "https://github.com/me/fork/", "https://github.com/me/fork.git"])
def test_what_is_no_address_changes_nothing(url: str, book: Path) -> None:
    before = (book / "_config.yml").read_text()
    with pytest.raises(CifarcamError, match="--repository is .*no slash at the end"):
        address.retarget(url, book)
    assert (book / "_config.yml").read_text() == before


def test_the_setup_cell_does_nothing_outside_colab(book: Path, chapter: Path) -> None:
    stamp_all(book)
    assert [output_text(cell) for cell in code_cells(execute.execute(chapter))] == ["", "42\n"]


def test_a_chapter_without_a_title_cannot_be_stamped(book: Path, chapter: Path) -> None:
    rewrite(chapter, "1")
    with pytest.raises(CifarcamError, match="title"):
        stamp.out_of_step(book)


# Validating


@pytest.mark.parametrize("place", [FOLDER, ARRAYS])
def test_chapters_run_on_the_stand_in_only_where_the_data_cannot_be_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    def no_network(split: str) -> None:
        raise CifarcamError("no mirror answers")

    monkeypatch.delenv("CIFARCAM_DATA", raising=False)
    monkeypatch.setattr(validate, "cache_folder", lambda: tmp_path)
    monkeypatch.setattr(validate, "cifar10", lambda split: None)
    assert validate.why_stand_in() is None
    monkeypatch.setattr(validate, "cifar10", no_network)
    assert validate.why_stand_in() == "no mirror answers"
    (tmp_path / place).mkdir() if place == FOLDER else (tmp_path / place).touch()
    with pytest.raises(CifarcamError):  # files that are there and wrong are the user's to mend
        validate.why_stand_in()


def test_the_stand_in_compares_only_marked_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIFARCAM_DATA", "synthetic")
    assert validate.why_stand_in() == "CIFARCAM_DATA is 'synthetic'"
    assert "--nbval-lax" in validate.command([], strict=False)
    assert "--nbval" in validate.command([], strict=True)
