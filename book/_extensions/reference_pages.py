"""Sphinx extension for the pages of the API and the bibliography.

It links the papers that docstrings name, chooses the members to show, and mends
two of Sphinx's constructs that a screen reader stumbles over.
"""

from __future__ import annotations

import re
from typing import Any

VALUES = ("data", "attribute", "property")
ARXIV = re.compile(r"\barXiv (\d{4}\.\d{4,5})")
DOI = re.compile(r"\bdoi (10\.\d{4,}/[\w./-]*\w)")
PARAMETERS = re.compile(r"<dl>\n((?:<dd>.*</dd>\n)+)</dl>")


def with_links(line: str) -> str:
    """A line whose arXiv numbers and DOIs are links."""
    line = ARXIV.sub(r"`arXiv \1 <https://arxiv.org/abs/\1>`__", line)
    return DOI.sub(r"`doi \1 <https://doi.org/\1>`__", line)


def process(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]):
    """Changes the lines in place, as Sphinx wants it."""
    lines[:] = [with_links(line) for line in lines]
    if what in VALUES:  # else Napoleon takes what stands before a colon for a type
        lines.insert(0, "")


def skip(app: Any, what: str, name: str, obj: Any, skipped: bool, options: Any):
    """Leaves out members without a docstring, and what a module merely imports.

    What a package lists in ``__all__`` is its face, and stays.
    """
    if not getattr(obj, "docstring", "") and getattr(obj, "type", "") in (
        *VALUES,
        "method",
    ):
        return True
    if not getattr(obj, "imported", False):
        return None
    module = app.env.autoapi_all_objects.get(obj.id.rpartition(".")[0])
    return name not in (getattr(module, "all", None) or [])


def accessible(body: str) -> str:
    """A page whose long signatures and list of papers have the roles they should.

    Sphinx makes a list of definitions without terms of a long signature, and gives
    the entries of a bibliography a role that is no list's item.
    """
    body = PARAMETERS.sub(lambda found: lines_of_parameters(found[1]), body)
    return body.replace(' role="doc-biblioentry"', ' role="listitem"')


def lines_of_parameters(definitions: str) -> str:
    lines = definitions.replace("<dd>", '<span class="sig-line">')
    return f'<span class="sig-lines">{lines.replace("</dd>", "</span>")}</span>'


def mend(app: Any, page: str, template: str, context: dict[str, Any], doctree: Any):
    """Changes the page before it is written."""
    if "body" in context:
        context["body"] = accessible(context["body"])


def setup(app: Any) -> dict[str, bool]:
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-process-docstring", process, priority=400)  # before Napoleon
    app.connect("autodoc-skip-member", skip)
    app.connect("html-page-context", mend)
    return {"parallel_read_safe": True}
