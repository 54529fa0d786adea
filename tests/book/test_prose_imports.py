"""The code that prose shows imports names that the package has."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from tools.book.chapters import ROOT, chapter_paths, read

PAGES = [*chapter_paths(), *sorted((ROOT / "book").glob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
IMPORT = re.compile(r"^\s*from (cifarcam[\w.]*) import ([\w, ]+)$", re.MULTILINE)


def prose(path: Path) -> str:
    if path.suffix == ".md":
        return path.read_text(encoding="utf-8")
    return "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_what_prose_imports_exists(path: Path) -> None:
    for module, names in IMPORT.findall(prose(path)):
        for name in names.split(", "):
            assert hasattr(importlib.import_module(module), name) or importlib.import_module(f"{module}.{name}")


def test_imports_are_found_in_prose() -> None:
    assert sum(len(IMPORT.findall(prose(path))) for path in PAGES) >= 4
