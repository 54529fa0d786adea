"""The marks in a Markdown page between which generated text stands: ``<!-- name --> … <!-- /name -->``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import zip_longest

from cifarcam.errors import CifarcamError

MARK = re.compile(r"<!-- ((?!fmt: ).+?) -->")


def filled(text: str, page: str, writers: Mapping[str, Callable[[], str]]) -> str:
    """A page with new text between its marks.

    Args:
        text: the page as it is; every comment in it is a mark, but for those that the formatter reads.
        page: its name, for errors.
        writers: what gives the text between the marks of each name, called only for those that the page has.

    Raises:
        CifarcamError: for a mark that no writer has, or that does not end.
    """
    parts = MARK.split(text)  # what stands before, a mark, what stands between, the mark that ends it, what comes next
    marks = parts[1::2]
    for name, end in zip_longest(marks[::2], marks[1::2]):
        if name not in writers:
            raise CifarcamError(f"{page}: nothing writes what belongs at <!-- {name} -->.")
        if end != f"/{name}":
            raise CifarcamError(f"{page}: <!-- {name} --> has no <!-- /{name} --> after it.")
    parts[2::4] = [f"\n{writers[name]().strip()}\n" for name in marks[::2]]
    parts[1::2] = [f"<!-- {mark} -->" for mark in marks]
    return "".join(parts)
