"""Whether the chapters have passed in Colab's environment as it is now: ``python -m tools.colab``.

What decides is the lock, the setup cell and what Colab ships; ``tests/colab/passed.txt`` holds their checksum from when
every chapter last passed. ``python -m tools.colab --passed`` writes it, after ``make check-colab``.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

from cifarcam.files import written_whole
from tools.chapters import ROOT, chapter_paths, code_cells, read

LOCK, SHIPPED = Path("requirements.txt"), Path("tests", "colab", "shipped.txt")
PASSED = Path("tests", "colab", "passed.txt")


def checksum(root: Path = ROOT) -> str:
    """SHA-256 of the lock, what Colab ships and the chapters' setup cells."""
    setups = {cell.source for path in chapter_paths(root) for cell in code_cells(read(path)) if cell.id == "setup"}
    texts = [(root / path).read_text(encoding="utf-8") for path in (LOCK, SHIPPED)]
    return hashlib.sha256("\0".join([*texts, *sorted(setups)]).encode()).hexdigest()


def passed(root: Path = ROOT) -> bool:
    """Whether every chapter has passed with what decides as it is now."""
    path = root / PASSED
    return path.is_file() and path.read_text(encoding="utf-8").strip() == checksum(root)


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Whether every chapter has passed in Colab's environment as it is.")
    parser.add_argument("--passed", action="store_true", help="write down that they have")
    if parser.parse_args(words).passed:
        with written_whole(ROOT / PASSED) as temporary:
            temporary.write_text(checksum() + "\n", encoding="utf-8")
    print("passed" if passed() else "to be run: the lock, the setup cell or what Colab ships has changed")


if __name__ == "__main__":
    main()
