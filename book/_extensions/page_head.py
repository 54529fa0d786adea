"""What the head of a page has and has not beside what the theme puts there.

It has a description, the page's first paragraph, for search engines and for links that
are shared, and the picture that a phone shows for the page among its apps. It has not
the theme's script of icons: that weighs more than all the rest of a page, and the icons
come as fonts as well.
"""

from __future__ import annotations

import html
import re
import textwrap
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

ICON_SCRIPT = re.compile(
    r"\n?[^\n]*<script [^>]*_static/scripts/fontawesome\.js[^>]*></script>"
)
LENGTH = 200  # characters of a description; search engines show fewer
BEFORE_OPENGRAPH = 400  # handlers run in the order of such numbers; its own is 500


def first_paragraph(doctree: nodes.document) -> str:
    """The first paragraph that is more than a picture or a link; empty if none is."""
    for paragraph in doctree.findall(nodes.paragraph):
        links = "".join(map(text_of, paragraph.findall(nodes.reference)))
        if text_of(paragraph).strip() not in ("", links):
            return " ".join(text_of(paragraph).split())
    return ""


def text_of(node: nodes.Node) -> str:
    """The text that is read on the page; what stands for a picture is not in it."""
    return "".join(map(str, node.findall(nodes.Text)))


def describe(
    _app: Sphinx, _pagename: str, _template: str, context: dict[str, Any], doctree: Any
) -> None:
    tags = []
    if doctree and first_paragraph(doctree):
        text = textwrap.shorten(first_paragraph(doctree), LENGTH, placeholder=" …")
        text = html.escape(text)
        context["meta"] = {**(context.get("meta") or {}), "og:description": text}
        tags.append(f'<meta name="description" content="{text}" />')
    icon = context["pathto"]("_static/apple-touch-icon.png", resource=True)
    tags.append(f'<link rel="apple-touch-icon" href="{icon}" />')
    context["metatags"] = "\n".join([context.get("metatags", ""), *tags, ""])


def drop_icon_script(app: Sphinx, exception: Exception | None) -> None:
    if exception is None and app.builder.format == "html":
        for page in Path(app.outdir).rglob("*.html"):
            text = page.read_text(encoding="utf-8")
            if ICON_SCRIPT.search(text):
                page.write_text(ICON_SCRIPT.sub("", text), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", describe, priority=BEFORE_OPENGRAPH)
    app.connect("build-finished", drop_icon_script)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
