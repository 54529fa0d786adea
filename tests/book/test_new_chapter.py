"""A chapter is begun in every place that names chapters, or in none."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cifarcam.errors import CifarcamError
from tools.book.chapters import ROOT, chapter_paths, read, title
from tools.book.new_chapter import ANSWERS, CONTENTS, FIRST_PAGE, REPLACE, begin

PLACES = (CONTENTS, FIRST_PAGE, ANSWERS)
NAME = "a-chapter-that-the-book-lacks"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The chapters of this book, and the places that name them."""
    for path in (*PLACES, *(path.relative_to(ROOT) for path in chapter_paths())):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, tmp_path / path)
    return tmp_path


def files(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_it_follows_the_last_numbered_chapter_wherever_chapters_are_named(root: Path) -> None:
    numbered = [path.stem for path in chapter_paths(root) if path.name[0].isdigit()]
    written = begin(NAME, "The colours of a class", root)
    new = f"{len(numbered) + 1:02}-{NAME}"
    assert written == [root / "book" / f"{new}.ipynb", *(root / place for place in PLACES)]
    assert title(read(written[0])) == f"{len(numbered) + 1}. The colours of a class"
    contents, first_page, answers = ((root / place).read_text(encoding="utf-8") for place in PLACES)
    assert f"- file: book/{numbered[-1]}\n      - file: book/{new}\n" in contents
    links = [line.removeprefix(":link: ") for line in first_page.splitlines() if line.startswith(":link: ")]
    assert links == [path.stem for path in chapter_paths(root)] and REPLACE in first_page
    assert [f'("{new[:2]}", {exercise}): Answers(' in answers for exercise in (1, 2, 3)] == [True, True, False]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("My chapter", "expected lower-case words joined by hyphens"),
        ("12-colours", "expected lower-case words joined by hyphens"),
        ("", "expected lower-case words joined by hyphens"),
        ("grad-cam", "a chapter 'grad-cam' already"),
    ],
)
def test_a_name_that_will_not_do_changes_nothing(root: Path, name: str, message: str) -> None:
    before = files(root)
    with pytest.raises(CifarcamError, match=message):
        begin(name, "Title", root)
    assert files(root) == before


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_where_a_place_is_missing_nothing_is_changed(root: Path, place: Path) -> None:
    (root / place).write_text("nothing that a chapter could be added to\n", encoding="utf-8")
    before = files(root)
    with pytest.raises(CifarcamError, match=f"{place.name} has no place for a chapter"):
        begin(NAME, "Title", root)
    assert files(root) == before
