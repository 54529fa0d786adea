"""Sphinx extension for captions such as "Figure 7.1.", so that they can be referred to.

In a chapter they are plain Markdown, which Colab shows too. In the site each caption
has an address, and "Figure 7.1" anywhere else leads there.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from typing import Any

from sphinx.application import Sphinx

CAPTION = re.compile(r"<p>(<strong>Figure (\d+)\.(\d+)\.</strong>)")
MENTION = re.compile(r"\bFigure (\d+)\.(\d+)\b")
# Text in these leads elsewhere, or is not text.
WHOLE = re.compile(r"<(a|code|pre|svg|script|title|strong)\b.*?</\1>|<[^>]+>", re.DOTALL)


def with_addresses(body: str, page: str, chapters: Mapping[int, str]) -> str:
    """A page's HTML with an id on every caption, and links from where it is mentioned.

    Args:
        body: the page's HTML.
        page: its name, such as ``book/07-grad-cam``.
        chapters: the names of the chapters' pages by their numbers.
    """

    def linked(text: str) -> str:
        def link(found: re.Match) -> str:
            if int(found[1]) not in chapters:
                return found[0]
            chapter = chapters[int(found[1])]
            place = posixpath.relpath(f"{chapter}.html", posixpath.dirname(page) or ".")
            address = f"figure-{found[1]}-{found[2]}"
            href = f"#{address}" if chapter == page else f"{place}#{address}"
            return f'<a class="reference internal" href="{href}">{found[0]}</a>'

        return MENTION.sub(link, text)

    body = CAPTION.sub(r'<p class="figure-caption" id="figure-\2-\3">\1', body)
    parts, end = [], 0
    for kept in WHOLE.finditer(body):
        parts += [linked(body[end : kept.start()]), kept[0]]
        end = kept.end()
    return "".join([*parts, linked(body[end:])])


def number(app: Sphinx, page: str, _t: str, context: dict[str, Any], _d: Any) -> None:
    if "body" in context:
        chapters = {
            int(found[1]): name for name in app.env.found_docs if (found := re.fullmatch(r"book/(\d\d)-[\w-]+", name))
        }
        context["body"] = with_addresses(context["body"], page, chapters)


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", number)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
