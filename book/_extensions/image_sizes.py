"""Gives every picture of a page its width and height, so that nothing on the page moves when it arrives."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

import imagesize
from sphinx.application import Sphinx

IMAGE = re.compile(r"<img\b[^>]*>")
SOURCE = re.compile(r'\bsrc="([^"]+)"')
SIZED = re.compile(r"\b(width|height)\b\s*[=:]")


def with_sizes(body: str, folder: str, files: dict[str, Path]) -> str:
    """The HTML of a page with ``width`` and ``height`` on each picture that has neither.

    Args:
        body: the page's HTML.
        folder: the page's folder in the site.
        files: by its place in the site, where each picture lies now.
    """

    def sized(found: re.Match) -> str:
        tag = found[0]
        source = SOURCE.search(tag)
        file = files.get(posixpath.normpath(posixpath.join(folder, source[1]))) if source else None
        if file is None or SIZED.search(SOURCE.sub("", re.sub(r'\balt="[^"]*"', "", tag))):
            return tag
        width, height = imagesize.get(file)
        return tag if width < 1 else tag.replace("<img", f'<img width="{width}" height="{height}"', 1)

    return IMAGE.sub(sized, body)


def add_sizes(app: Sphinx, pagename: str, _template: str, context: dict[str, Any], _doctree: Any) -> None:
    if "body" in context:
        images = {f"{app.builder.imagedir}/{name}": Path(app.srcdir, path) for path, name in app.builder.images.items()}
        context["body"] = with_sizes(context["body"], posixpath.dirname(pagename), images)


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", add_sizes)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
