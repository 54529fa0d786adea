"""Whether every chapter has passed in Colab's environment as it is: what decides, and what does not."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest

from tools.book import colab
from tools.book.chapters import ROOT, chapter_paths, code_cells, read


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """What decides, of this book, after every chapter has passed."""
    for path in (colab.LOCK, colab.SHIPPED, chapter_paths()[0].relative_to(ROOT)):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, tmp_path / path)
    (tmp_path / colab.PASSED).write_text(colab.checksum(tmp_path) + "\n")
    return tmp_path


def rewrite_cell(root: Path, name: str, added: str = "print(1)") -> None:
    (path,) = chapter_paths(root)
    notebook = read(path)
    cell = next(cell for cell in code_cells(notebook) if (cell.id == "setup") == (name == "setup"))
    cell.source += f"\n{added}"
    nbformat.write(notebook, path)


def test_nothing_has_changed_since_and_another_cell_does_not_matter(root: Path) -> None:
    assert colab.passed(root)
    rewrite_cell(root, "another")
    assert colab.passed(root)


def test_what_is_imported_anew_has_to_pass(root: Path) -> None:
    rewrite_cell(root, "another", "import skimage.io")
    assert not colab.passed(root)


def test_a_new_chapter_has_to_pass(root: Path) -> None:
    (path,) = chapter_paths(root)
    shutil.copy(path, path.with_name("99-new.ipynb"))
    assert not colab.passed(root)


@pytest.mark.parametrize("path", [colab.LOCK, colab.SHIPPED])
def test_another_version_has_to_pass(root: Path, path: Path) -> None:
    (root / path).write_text((root / path).read_text().replace("numpy==2.1.3", "numpy==2.1.4"))
    assert not colab.passed(root)


def test_another_setup_cell_has_to_pass(root: Path) -> None:
    rewrite_cell(root, "setup")
    assert not colab.passed(root)


def test_what_never_passed_has_to(root: Path) -> None:
    (root / colab.PASSED).unlink()
    assert not colab.passed(root)
