"""The reference pages hold what the package and the chapters hold: modules, papers, terms, citation, licences."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pytest
import yaml
from nbformat.v4 import new_code_cell, new_notebook

from cifarcam import __version__
from tools.book import citation, reference
from tools.book.chapters import ROOT, chapter_paths, output_text, read, write

WINGS = ("data", "network", "training", "records", "maps", "trust")
GLOSSARY = (ROOT / "book" / "glossary.md").read_text(encoding="utf-8")
NOT_IN_A_CHAPTER = "api/trust.md"


def terms() -> dict[str, str]:
    """The definitions of the glossary by their terms."""
    listed = GLOSSARY.partition("```{glossary}\n")[2].rpartition("```")[0]
    entries = [entry.partition("\n") for entry in listed.strip().split("\n\n")]
    return {term: " ".join(definition.split()) for term, _, definition in entries}


def said(chapter: Path) -> str:
    """All that a chapter says and prints, in lower case."""
    cells = read(chapter).cells
    return "\n".join(cell.source + (output_text(cell) if cell.cell_type == "code" else "") for cell in cells).lower()


def public(tree: ast.Module) -> list[ast.FunctionDef | ast.ClassDef]:
    definitions = (node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef))
    return [node for node in definitions if not node.name.startswith("_")]


# The API


@pytest.mark.parametrize("wing", WINGS)
def test_every_name_that_a_wing_exports_stands_on_a_page_of_the_api(wing: str) -> None:
    documented = reference.documented_modules()
    assert len(documented) == len(set(documented))
    face = importlib.import_module(f"cifarcam.{wing}")
    homes = {name: getattr(getattr(face, name), "__module__", "a constant") for name in face.__all__}
    assert {name for name, home in homes.items() if home != "a constant" and home not in documented} == set()


def test_every_module_that_a_chapter_imports_stands_on_a_page_of_the_api() -> None:
    imported = set().union(*map(reference.imports, chapter_paths()))
    assert "cifarcam.figures" in imported
    assert imported - set(reference.imported_modules()) == set()


@pytest.mark.parametrize("module", reference.documented_modules())
def test_every_public_function_and_class_of_the_api_has_a_docstring(module: str) -> None:
    path = ROOT.joinpath(*module.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    undocumented = [
        node.name for node in public(ast.parse(path.read_text(encoding="utf-8"))) if not ast.get_docstring(node)
    ]
    assert undocumented == []


def test_each_page_says_which_chapters_use_its_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    imported = {"01-one": "", "02-two": "cifarcam.errors", "04-four": "cifarcam.maps", "11-own": "cifarcam.maps"}
    for name, module in imported.items():
        source = f"from {module} import x" if module else "x = 1"
        write(new_notebook(cells=[new_code_cell(source)]), tmp_path / f"{name}.ipynb")
    monkeypatch.setattr(reference, "chapter_paths", lambda: sorted(tmp_path.glob("*.ipynb")))
    assert reference.used_in("cifarcam.errors") == "Used in chapter [2](../02-two.ipynb).\n"
    assert reference.used_in("cifarcam.maps") == "Used in chapters [4](../04-four.ipynb) and [11](../11-own.ipynb).\n"
    assert reference.used_in("cifarcam.hardware") == "No chapter imports it.\n"


# The bibliography


def test_every_arxiv_number_and_doi_that_is_named_stands_in_the_bibliography() -> None:
    listed = {paper.get("eprint") for paper in reference.papers().values()}
    listed |= {paper.get("doi", "").lower() for paper in reference.papers().values()}
    named = {where: set(reference.identifiers(text)) for where, text in reference.sources().items()}
    assert sum(map(len, named.values())) > 40
    unknown = {where: sorted(found - listed) for where, found in named.items() if found - listed}
    assert unknown == {}, "add these papers to book/references.bib, then run python -m tools.book.tables"


def test_every_paper_has_a_doi_and_is_used_somewhere() -> None:
    used = set().union(*(reference.named_papers(text) for text in reference.sources().values()))
    for key, paper in reference.papers().items():
        assert key in used, f"{key} is named nowhere"
        assert paper["author"] and paper["title"] and re.fullmatch(r"(19|20)\d\d", paper["year"]), key
        if paper["kind"] == "techreport":
            assert paper["url"].startswith("https://"), key
        else:
            assert re.fullmatch(r"10\.\d{4,}/\S+", paper["doi"]), key
        if "10.48550" in paper.get("doi", ""):
            assert paper["doi"] == f"10.48550/arXiv.{paper['eprint']}", key


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("(He et al. 2016, arXiv 1512.03385)", ["1512.03385"]),
        ("[arXiv 1512.03385](https://arxiv.org/abs/1512.03385)", ["1512.03385"]),
        ("doi 10.1109/TIP.2021.3089943.", ["10.1109/tip.2021.3089943"]),
        ("([paper](https://doi.org/10.1214/aos/1176344552))", ["10.1214/aos/1176344552"]),
        ("a rate of 1512.03385, 10.5 % of 2", []),
    ],
)
def test_identifiers_are_found_however_they_are_written(text: str, found: list[str]) -> None:
    assert reference.identifiers(text) == found


# The glossary


def test_the_glossary_is_sorted_and_says_each_term_in_one_to_three_sentences() -> None:
    found = terms()
    assert len(found) >= 45
    assert list(found) == sorted(found, key=str.lower)
    for term, definition in found.items():
        prose = re.sub(r" \[[^\]]*\]\([^)]*\)\.$", "", definition)
        assert 1 <= len(re.findall(r"(?<!al)[.?](?= [A-Z{]|$)", prose)) <= 3, term


def test_each_term_is_linked_to_a_chapter_that_speaks_of_it() -> None:
    chapters = {path.name: said(path) for path in chapter_paths()}
    for term, definition in terms().items():
        (link,) = re.findall(r"\]\(([^)]*)\)\.$", definition)
        if link == NOT_IN_A_CHAPTER:
            speaking = [name for name, text in chapters.items() if re.search(rf"\b{re.escape(term.lower())}\b", text)]
            assert speaking == [], f"link {term!r} to the chapter that introduces it"
        else:
            stems = [word[: max(4, len(word) - 5)] for word in re.findall(r"\w+", term.lower())]
            assert all(stem in chapters[link] for stem in stems), f"{link} does not speak of {term!r}"


# Citation and licences


def test_the_page_on_citing_says_what_the_citation_file_says() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    book = cited["preferred-citation"]
    assert (book["title"], book["authors"]) == (cited["title"], cited["authors"])
    assert book["version"] == cited["version"] == __version__
    assert book["year"] == cited["date-released"].year
    assert (cited["license"], book["license"]) == ("MIT", "CC-BY-4.0")
    page = (ROOT / "book" / "cite.md").read_text(encoding="utf-8")
    assert citation.bibtex(ROOT, cited["repository-code"]) in page
    assert citation.attribution(ROOT, book["url"]) in page


def test_a_fork_is_cited_by_its_own_address() -> None:
    cff = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    moved = yaml.safe_load(citation.with_address(cff, "https://github.com/me/fork"))
    assert moved["repository-code"] == moved["preferred-citation"]["url"] == "https://github.com/me/fork"
    assert moved["preferred-citation"]["license"] == "CC-BY-4.0"


def test_both_licences_are_named_wherever_a_reader_looks() -> None:
    for name in ("README.md", "LICENSE-text.md", "CONTRIBUTING.md", "book/licence.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "MIT" in text and "CC BY 4.0" in text, name
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith("MIT License")


def test_whatever_is_vendored_has_its_licence_and_is_named_on_the_page() -> None:
    page = (ROOT / "book" / "licence.md").read_text(encoding="utf-8").lower()
    folders = [path for path in (ROOT / "book" / "_vendor").iterdir() if path.is_dir()]
    assert folders
    for folder in folders:
        assert (folder / "LICENSE").is_file() and folder.name in page, folder.name
