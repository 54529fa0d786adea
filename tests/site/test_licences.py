"""What others made and the built site brings along is named on the page of licences."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.book.chapters import ROOT

pytestmark = pytest.mark.browser

# Who made what lies in _static, by the beginning of its name; the rest is the book's own.
SHIPPED = {
    "Sphinx": (
        "basic.css doctools.js documentation_options.js file.png graphviz.css language_data.js minus.png plus.png"
        " pygments.css searchtools.js sphinx_highlight.js"
    ),
    "MyST-NB": "mystnb.",
    "sphinx-copybutton": "copy-button.svg copybutton",
    "clipboard.js": "clipboard.min.js",
    "Tabler": "check-solid.svg",
    "sphinx-design": "design-tabs.js sphinx-design.min.css",
    "sphinx-togglebutton": "togglebutton.",
    "sphinx-thebe": "play-solid.svg sphinx-thebe.",
    "sphinx-book-theme": "images locales sbt-webpack-macros.html scripts styles",
    "pydata-sphinx-theme": "webpack-macros.html",
    "Font Awesome": "vendor",
}


def test_everything_from_others_in_the_built_site_is_named(site: Path) -> None:
    page = (ROOT / "book" / "licence.md").read_text(encoding="utf-8")
    own = {path.name for path in (ROOT / "book" / "_static").iterdir()}
    others = [path.name for path in (site / "_static").iterdir() if path.name not in own]
    known = tuple(" ".join(SHIPPED.values()).split())
    assert [name for name in others if not name.startswith(known)] == []
    assert [name for name in SHIPPED if name not in page] == []
