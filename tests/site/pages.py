"""The pages of the site, as ``_toc.yml`` lists them, and the looks in which they are tried."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import product
from pathlib import Path
from typing import Self

import yaml

from tools.book import chapters
from tools.book.screenshots import SCHEMES, WIDTHS

ROOT = Path(__file__).resolve().parents[2]
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
CONTENTS = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))


def listed(entry: dict | list) -> Iterator[str]:
    """The files that a part of the contents list names, at any depth."""
    if isinstance(entry, list):
        for one in entry:
            yield from listed(one)
    else:
        yield from filter(None, [entry.get("root"), entry.get("file")])
        for below in ("parts", "chapters", "sections", "subtrees", "entries"):
            yield from listed(entry.get(below, []))


LISTED = list(listed(CONTENTS))
PAGES = [f"{name}.html" for name in LISTED]
NOTEBOOKS = [name for name in LISTED if (ROOT / f"{name}.ipynb").exists()]
CHAPTERS = [name for name in NOTEBOOKS if name.removeprefix("book/") not in chapters.PAGES]

LOOKS = list(product(SCHEMES, WIDTHS.values()))
LOOK_NAMES = ["-".join(names) for names in product(SCHEMES, WIDTHS)]
LIGHT_WIDE, DARK_NARROW = ("light", WIDTHS["wide"]), ("dark", WIDTHS["narrow"])


class BuiltPage(HTMLParser):
    """What a test reads out of the HTML of a page, without a browser."""

    @classmethod
    def of(cls, path: Path) -> Self:
        page = cls()
        page.feed(path.read_text(encoding="utf-8"))
        return page
