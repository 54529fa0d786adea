"""What the site's reference pages say of the chapters: which of them use a module, and which name a paper.

``python -m tools.book.tables`` writes it into the pages.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

from tools.book.chapters import ROOT, chapter_paths, code_cells, notebook_paths, read, title

PAGES = tuple(sorted((ROOT / "book" / "api").glob("*.md")))
BIBLIOGRAPHY = ROOT / "book" / "bibliography.md"
PAPERS = ROOT / "book" / "references.bib"
IDENTIFIER = re.compile(r"\barxiv[ :./a-z]*(\d{4}\.\d{4,5})|\b(10\.\d{4,}/[\w.()/-]*\w)", re.IGNORECASE)


@cache
def documented_modules() -> list[str]:
    """The modules that the pages of the API document, in their order."""
    return [name for page in PAGES for name in re.findall(r"autoapimodule:: ([\w.]+)", _text(page))]


@cache
def imported_modules() -> list[str]:
    """The modules that the pages of the API tell a reader to import from."""
    return [name for page in PAGES for name in re.findall(r"<!-- used ([\w.]+) -->", _text(page))]


@cache
def imports(chapter: Path) -> frozenset[str]:
    """The modules of the package that a chapter's cells import."""
    found = set()
    for cell in code_cells(read(chapter)):
        source = re.sub(r"^\s*[%!].*$", "", cell.source, flags=re.MULTILINE)
        source = re.sub(r":\s*$(?=\n*\Z)", ": pass", source)  # a block that held nothing but magics
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ImportFrom) and node.module == "cifarcam":
                found.update(f"cifarcam.{name.name}" for name in node.names)
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("cifarcam."):
                found.add(str(node.module))
    return frozenset(found)


def used_in(module: str) -> str:
    """A line that links the chapters which import a module."""
    chapters = [f"[{number(path)}](../{path.name})" for path in chapter_paths() if module in imports(path)]
    if not chapters:
        return "No chapter imports it.\n"
    return f"Used in {'chapter' if len(chapters) == 1 else 'chapters'} {_joined(chapters)}.\n"


def number(chapter: Path) -> str:
    """A chapter's number as the book writes it, such as ``7``."""
    return chapter.name[:2].lstrip("0")


@cache
def papers() -> dict[str, dict[str, str]]:
    """The fields of each entry of ``references.bib``, by its key."""
    entries = re.findall(r"^@(\w+)\{(\w+),\n(.*?)^\}", _text(PAPERS), re.MULTILINE | re.DOTALL)
    return {
        key: {"kind": kind, **dict(re.findall(r"^  (\w+) = \{(.*)\},$", fields, re.MULTILINE))}
        for kind, key, fields in entries
    }


def identifiers(text: str) -> list[str]:
    """The arXiv numbers and DOIs in a text, in lower case, each once, in their order."""
    return list(dict.fromkeys((arxiv or doi).lower() for arxiv, doi in IDENTIFIER.findall(text)))


def named_papers(text: str) -> list[str]:
    """The keys of the papers that a text names by arXiv number, DOI or title, or cites by key."""
    flat = " ".join(text.split()).lower()
    found = identifiers(text)
    cited = {key.strip() for keys in re.findall(r"\{cite(?::\w+)?\}`([^`]+)`", text) for key in keys.split(",")}
    return [
        key
        for key, paper in papers().items()
        if key in cited
        or {paper.get("eprint"), paper.get("doi", "").lower()} & set(found)
        or re.sub(r"[{}]", "", paper["title"]).lower() in flat
    ]


@cache
def sources() -> dict[str, str]:
    """The text of all that may name a paper, by the Markdown that links it: notebooks, pages and modules."""
    texts = {}
    for path in notebook_paths():
        prose = "\n\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
        texts[f"[{title(read(path))}]({path.name})"] = prose
    for path in sorted((ROOT / "book").glob("*.md")):
        if path != BIBLIOGRAPHY:
            heading = re.search(r"^# (.+)$", _text(path), re.MULTILINE)
            texts[f"[{heading[1] if heading else path.stem}]({path.name})"] = _text(path)
    for path in sorted((ROOT / "cifarcam").rglob("*.py")):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        shown = [name for name in documented_modules() if f"{module}.".startswith(f"{name}.")]
        link = _module_link(max(shown, key=len)) if shown else f"`{module}`"
        texts[link] = texts.get(link, "") + _text(path)
    return texts


def _module_link(module: str) -> str:
    return f"{{py:mod}}`{module.removeprefix('cifarcam.')} <{module}>`"


def papers_table() -> str:
    """A row for each chapter, page or module that names papers."""
    rows = [(where, named_papers(text)) for where, text in sources().items()]
    lines = [f"| {where} | {{cite}}`{','.join(keys)}` |\n" for where, keys in rows if keys]
    return "".join(["| where | papers |\n", "| --- | --- |\n", *lines])


def _joined(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


TABLES: dict[str, Callable[[], str]] = {
    **{f"used {module}": partial(used_in, module) for module in imported_modules()},
    "papers": papers_table,
}
