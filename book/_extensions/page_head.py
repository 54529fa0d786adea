"""What the head of a page has beside what the theme puts there.

A description, the page's first paragraph, for search engines and for links that
are shared, and the picture that a phone shows for the page among its apps.
"""

from __future__ import annotations

import html
import textwrap
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

LENGTH = 200  # characters of a description; search engines show fewer
BEFORE_OPENGRAPH = 400  # handlers run in the order of such numbers; its own is 500


def first_paragraph(doctree: nodes.document) -> str:
    """The first paragraph of the page's own text; empty if there is none.

    A picture, a link, and when a chapter was last executed are not.
    """
    for paragraph in doctree.findall(nodes.paragraph):
        links = "".join(map(text_of, paragraph.findall(nodes.reference)))
        text = text_of(paragraph).strip()
        if text not in ("", links) and not text.startswith("Open in Colab"):
            return " ".join(text_of(paragraph).split())
    return ""


def text_of(node: nodes.Node) -> str:
    """The text that is read on the page; what stands for a picture and raw HTML are not in it."""
    return "".join(str(text) for text in node.findall(nodes.Text) if not isinstance(text.parent, nodes.raw))


def describe(_app: Sphinx, _pagename: str, _template: str, context: dict[str, Any], doctree: Any) -> None:
    tags = []
    if doctree and first_paragraph(doctree):
        text = textwrap.shorten(first_paragraph(doctree), LENGTH, placeholder=" …")
        text = html.escape(text)
        context["meta"] = {**(context.get("meta") or {}), "og:description": text}
        tags.append(f'<meta name="description" content="{text}" />')
    icon = context["pathto"]("_static/apple-touch-icon.png", resource=True)
    tags.append(f'<link rel="apple-touch-icon" href="{icon}" />')
    context["metatags"] = "\n".join([context.get("metatags", ""), *tags, ""])


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", describe, priority=BEFORE_OPENGRAPH)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
