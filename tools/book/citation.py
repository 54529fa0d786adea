"""How to cite the book, from ``CITATION.cff``, for the site's page. ``tools.book.stamp`` writes it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

ADDRESSES = re.compile(r'^( *(?:repository-code|url): )"[^"]*"', re.MULTILINE)


def citation(root: Path) -> dict[str, Any]:
    """What ``CITATION.cff`` prefers to be cited."""
    return yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf-8"))["preferred-citation"]


def with_address(cff: str, url: str) -> str:
    """The text of ``CITATION.cff`` with the repository's address."""
    return ADDRESSES.sub(rf'\g<1>"{url}"', cff)


def bibtex(root: Path, url: str) -> str:
    """The entry for a bibliography, in a fenced block."""
    book = citation(root)
    authors = " and ".join(f"{{{author['name']}}}" for author in book["authors"])
    fields = {
        "title": f"{{{book['title']}}}",
        "author": authors,
        "year": str(book["year"]),
        "version": str(book["version"]),
        "url": url,
    }
    lines = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items())
    return f"```bibtex\n@book{{cifarcam,\n{lines}}}\n```"


def attribution(root: Path, url: str) -> str:
    """The line that CC BY asks for, as a quotation."""
    book = citation(root)
    authors = ", ".join(author["name"] for author in book["authors"])
    return f'> "{book["title"]}" by {authors}, <{url}>, CC BY 4.0. Changed: say what, or leave this out.'
