"""Asks the DOI registry for every DOI that the book names: ``python -m tools.book.check_dois``. Needs the network.

Following a DOI ends at a publisher, and publishers refuse robots; the registry itself answers whether it is known.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import urlopen

from tools.book.chapters import ROOT, read

REGISTRY = "https://doi.org/api/handles/"
SECONDS = 30
NAMED = re.compile(r"""(?:doi\.org/|\bdoi\s*=\s*[{"]|\bdoi:\s*)(10\.\d{4,9}/[^\s"'<>{}|\\^`\]]+)""", re.IGNORECASE)


def dois(root: Path = ROOT) -> dict[str, list[str]]:
    """The DOIs in the pages, chapters and bibliographies of the book, each with the files that name it."""
    found: dict[str, list[str]] = {}
    for path in sorted((root / "book").iterdir()):
        for doi in sorted({_without_closing(doi) for text in _texts(path) for doi in NAMED.findall(text)}):
            found.setdefault(doi, []).append(path.name)
    return found


def unknown(names: Iterable[str], registry: str = REGISTRY) -> list[str]:
    """Those of the DOIs that the registry does not know, or could not be asked for, each with what it answered."""
    answers = {doi: _answer(doi, registry) for doi in names}
    return [f"{doi}: {answer}" for doi, answer in answers.items() if answer]


def main() -> None:
    named = dois()
    wrong = unknown(named)
    print(f"{len(named)} DOIs, {len(wrong)} of them not found")
    if wrong:
        sys.exit("\n".join(f"{line} (in {', '.join(named[line.partition(': ')[0]])})" for line in wrong))


def _texts(path: Path) -> list[str]:
    if path.suffix == ".ipynb":
        return [cell.source for cell in read(path).cells if cell.cell_type == "markdown"]
    return [path.read_text(encoding="utf-8")] if path.suffix in (".md", ".bib") else []


def _without_closing(doi: str) -> str:
    """Without the punctuation that follows a DOI in a sentence, and the bracket that closes a Markdown link."""
    while doi[-1] in ".,;:*_" or (doi[-1] == ")" and doi.count(")") > doi.count("(")):
        doi = doi[:-1]
    return doi


def _answer(doi: str, registry: str) -> str:
    """What is wrong; empty where the registry knows the DOI."""
    try:
        with urlopen(registry + quote(doi), timeout=SECONDS) as response:
            code = json.load(response)["responseCode"]
    except HTTPError as error:
        return "unknown to the registry" if error.code == 404 else f"the registry answered {error.code}"
    except (OSError, ValueError, KeyError) as error:
        return f"the registry could not be asked: {error}"
    return "" if code == 1 else f"the registry answered with code {code}"


if __name__ == "__main__":
    main()
