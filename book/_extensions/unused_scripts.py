"""A Sphinx extension that takes out of a page the scripts and style sheets it does not use.

- MathJax (1.2 MB) is for pages with a formula. Sphinx gives it to the first page too,
  because the chapters below it have formulas.
- Thebe runs code in the browser, which no page does; it raises an error on each.
- Font Awesome's script (1.5 MB) draws again what the theme's font has drawn.
- Small files, our own among them, are for the pages with what they are about. Each is a request more.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

FONT_AWESOME = re.compile(r'<script defer src="[^"]*/fontawesome\.js[^"]*"></script>\n?')

USED_WITH = {
    "thebe": (),
    "graphviz": (),
    "design-tabs": ("sd-tab-set",),
    "explorer-still": ("explorer-still", "tag_explorer"),
    "load-explorer": ("explorer-still", "tag_explorer"),
    "reference.css": ("citation", "glossary", "sig-object"),
    "quiz.css": ('id="quiz"',),
}
"""By a script's or style sheet's name, what stands in the pages that use it."""


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", drop_unused, priority=900)  # after all others
    app.connect("build-finished", drop_font_awesome)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def drop_unused(
    _app: Sphinx,
    _page: str,
    _template: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Takes scripts and style sheets out of what is about to become a page."""
    body = context.get("body", "")
    unused = [name for name, marks in USED_WITH.items() if not any(mark in body for mark in marks)]
    unused += [] if has_maths(doctree) else ["mathjax"]
    for kind in ("script_files", "css_files"):
        context[kind] = [file for file in context[kind] if not any(name in described(file) for name in unused)]


def drop_font_awesome(app: Sphinx, failure: Exception | None) -> None:
    """The theme's templates name this script outright, so it goes from the file."""
    if failure is None and app.builder.format == "html":
        for page in Path(app.outdir).rglob("*.html"):
            text = page.read_text(encoding="utf-8")
            if FONT_AWESOME.search(text):
                page.write_text(FONT_AWESOME.sub("", text), encoding="utf-8")


def has_maths(doctree: nodes.document | None) -> bool:
    kinds = nodes.math | nodes.math_block
    return doctree is not None and any(doctree.findall(lambda node: isinstance(node, kinds)))


def described(file: Any) -> str:
    """All that a script or style sheet says of itself, in lower case."""
    name, attributes = getattr(file, "filename", file), getattr(file, "attributes", "")
    return f"{name} {attributes}".lower()
