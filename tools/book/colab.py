"""Whether every chapter has passed in Colab's environment as it is now.

``python -m tools.book.colab`` prints a checksum of what decides: the lock, what Colab ships, the setup cell, the
chapters' names, and the modules that chapters and package import. ``tests/book/colab/passed.txt`` holds the one with
which all chapters last passed; ``make check-colab`` writes it by ``python -m tools.book.colab --passed CHECKSUM``,
computed before it began.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import re
from pathlib import Path

from cifarcam.files import atomic_write
from tools.book.chapters import ROOT, chapter_paths, code_cells, read

LOCK, SHIPPED = Path("requirements.txt"), Path("tests", "book", "colab", "shipped.txt")
PASSED = Path("tests", "book", "colab", "passed.txt")


def checksum(root: Path = ROOT) -> str:
    """SHA-256 of what decides, as the module says."""
    chapters = {path: code_cells(read(path)) for path in chapter_paths(root)}
    sources = [
        re.sub(r"^( *)%.*", r"\1pass", cell.source, flags=re.MULTILINE) for cells in chapters.values() for cell in cells
    ]
    sources += [path.read_text(encoding="utf-8") for path in sorted((root / "cifarcam").rglob("*.py"))]
    decides = [(root / path).read_text(encoding="utf-8") for path in (LOCK, SHIPPED)]
    decides += sorted({cell.source for cells in chapters.values() for cell in cells if cell.id == "setup"})
    decides += [path.name for path in chapters]
    decides += sorted(set().union(*map(imported, sources)))
    return hashlib.sha256("\0".join(decides).encode()).hexdigest()


def imported(source: str) -> set[str]:
    """The packages that a module or a cell imports, without their submodules."""
    found: set[str] = set()
    for part in ast.walk(ast.parse(source)):
        if isinstance(part, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in part.names}
        elif isinstance(part, ast.ImportFrom) and part.module:
            found.add(part.module.partition(".")[0])
    return found


def passed(root: Path = ROOT) -> bool:
    """Whether every chapter has passed with what decides as it is now."""
    path = root / PASSED
    return path.is_file() and path.read_text(encoding="utf-8").strip() == checksum(root)


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="What decides whether the chapters run in Colab, as a checksum.")
    parser.add_argument("--passed", metavar="CHECKSUM", help="write down that every chapter has passed with it")
    parsed = parser.parse_args(words)
    if parsed.passed is None:
        print(checksum())
        return
    with atomic_write(ROOT / PASSED) as temporary:
        temporary.write_text(parsed.passed + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
