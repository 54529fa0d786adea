"""Every DOI of the book is found, and a wrong one is named."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import unquote

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from servers import nobody, served

from tools.book import check_dois

KNOWN, WITHOUT_VALUE = "10.1000/known(1)", "10.1000/without-value"


def registry(request: BaseHTTPRequestHandler) -> None:
    """Answers as doi.org does: 200 and code 1 for what it knows, 404 and code 100 for what it does not."""
    code = {KNOWN: 1, WITHOUT_VALUE: 200}.get(unquote(request.path.rsplit("handles/")[1]), 100)
    request.send_response(404 if code == 100 else 200)
    request.end_headers()
    request.wfile.write(json.dumps({"responseCode": code}).encode())


def test_dois_are_found_in_pages_chapters_and_bibliographies(tmp_path: Path) -> None:
    book = tmp_path / "book"
    book.mkdir()
    (book / "a.md").write_text(
        "See [it](https://doi.org/10.1000/a.1), doi:10.1000/b_2. And (https://doi.org/10.1000/c(3)).\nNot 10.5/7."
    )
    (book / "b.bib").write_text("@article{x,\n  doi = {10.1000/D-4},\n  year = 2016\n}\n")
    cells = [new_markdown_cell("<https://doi.org/10.1000/a.1>"), new_code_cell("'https://doi.org/10.1000/code'")]
    nbformat.write(new_notebook(cells=cells), book / "c.ipynb")
    assert check_dois.dois(tmp_path) == {
        "10.1000/a.1": ["a.md", "c.ipynb"],
        "10.1000/b_2": ["a.md"],
        "10.1000/c(3)": ["a.md"],
        "10.1000/D-4": ["b.bib"],
    }


def test_the_book_names_dois() -> None:
    assert check_dois.dois()


def test_a_doi_that_the_registry_does_not_know_is_named() -> None:
    with served(registry) as address:
        wrong = check_dois.unknown([KNOWN, "10.1000/wrong", WITHOUT_VALUE], f"{address}/handles/")
    assert wrong == [
        "10.1000/wrong: unknown to the registry",
        f"{WITHOUT_VALUE}: the registry answered with code 200",
    ]


def test_a_registry_that_does_not_answer_is_no_proof() -> None:
    (line,) = check_dois.unknown([KNOWN], f"{nobody()}/handles/")
    assert "could not be asked" in line
