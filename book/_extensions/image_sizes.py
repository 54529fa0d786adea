"""Gives every picture of a page its size, so that nothing moves when it arrives."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

import imagesize
from sphinx.application import Sphinx

IMAGE = re.compile(r"<img\b[^>]*>")
SOURCE = re.compile(r'\bsrc="([^"]+)"')
TEXTS = re.compile(r'\b(src|alt)="[^"]*"')
SIZED = re.compile(r"\b(width|height)\b\s*[=:]")


def with_sizes(body: str, folder: str, files: dict[str, Path]) -> str:
    """A page's HTML with ``width`` and ``height`` on each picture that has neither.

    Args:
        body: the page's HTML.
        folder: the page's folder in the site.
        files: by its place in the site, where each picture lies now.
    """

    def sized(found: re.Match) -> str:
        tag, source = found[0], SOURCE.search(found[0])
        place = posixpath.normpath(posixpath.join(folder, source[1] if source else ""))
        if place not in files or SIZED.search(TEXTS.sub("", tag)):
            return tag
        width, height = imagesize.get(files[place])
        if width < 1:
            return tag
        return tag.replace("<img", f'<img width="{width}" height="{height}"', 1)

    return IMAGE.sub(sized, body)


def add_sizes(app: Sphinx, pagename: str, _template: str, context: dict[str, Any], _doctree: Any) -> None:
    if "body" in context:
        folder, images = posixpath.dirname(pagename), app.builder.images
        files = {f"{app.builder.imagedir}/{name}": Path(app.srcdir, path) for path, name in images.items()}
        context["body"] = with_sizes(context["body"], folder, files)


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", add_sizes)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
