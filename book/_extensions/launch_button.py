"""A Sphinx extension that leaves the button to Colab to the notebooks made for it.

The theme puts one on every notebook. Chapters have the metadata that Colab reads, and a
cell that installs the package there; other executed pages have neither.
"""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", drop_button, priority=900)  # after the theme
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def drop_button(app: Sphinx, page: str, _template: str, context: dict[str, Any], _doctree: Any) -> None:
    """Takes the button out of what is about to become a page."""
    if "colab" not in app.env.metadata.get(page, {}):
        buttons = context.get("header_buttons", [])
        context["header_buttons"] = [button for button in buttons if button.get("label") != "launch-buttons"]
