"""The Sphinx extension behind the pages of the API and the bibliography, without Sphinx."""

from __future__ import annotations

import importlib.util
from types import ModuleType, SimpleNamespace

import pytest

from tools.book.chapters import ROOT


@pytest.fixture(scope="module")
def extension() -> ModuleType:
    path = ROOT / "book" / "_extensions" / "reference_pages.py"
    spec = importlib.util.spec_from_file_location("reference_pages", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_papers_are_linked(extension: ModuleType) -> None:
    assert extension.with_links("(He 2016, arXiv 1512.03385)") == (
        "(He 2016, `arXiv 1512.03385 <https://arxiv.org/abs/1512.03385>`__)"
    )
    assert extension.with_links("(doi 10.1214/aos/1176344552).") == (
        "(`doi 10.1214/aos/1176344552 <https://doi.org/10.1214/aos/1176344552>`__)."
    )


def member(docstring: str = "", kind: str = "function", imported: bool = False) -> SimpleNamespace:
    return SimpleNamespace(id="pack.name", type=kind, docstring=docstring, imported=imported)


@pytest.mark.parametrize(
    ("obj", "face", "skipped"),
    [
        (member("Says."), None, None),
        (member(""), None, None),  # a function without a docstring is for the tests to refuse
        (member("", "data"), None, True),
        (member("Says.", "data"), None, None),
        (member("Says.", imported=True), None, True),
        (member("Says.", imported=True), ["name"], False),
        (member("Says.", imported=True), ["other"], True),
    ],
)
def test_the_pages_show_what_is_said_and_what_a_package_lists_as_its_face(
    extension: ModuleType, obj: SimpleNamespace, face: list[str] | None, skipped: bool | None
) -> None:
    app = SimpleNamespace(env=SimpleNamespace(autoapi_all_objects={"pack": SimpleNamespace(all=face)}))
    assert extension.skip(app, "module", "name", obj, False, None) is skipped


def test_a_value_keeps_the_colon_in_its_docstring(extension: ModuleType) -> None:
    lines = ["Logits of the test split: float32."]
    extension.process(None, "property", "name", None, None, lines)
    assert lines == ["", "Logits of the test split: float32."]


def test_long_signatures_and_papers_get_the_roles_they_should_have(extension: ModuleType) -> None:
    signature = "(\n\n<dl>\n<dd><em>a</em>,</dd>\n<dd><em>b</em>,</dd>\n</dl>\n\n)"
    expected = (
        '(\n\n<span class="sig-lines"><span class="sig-line"><em>a</em>,</span>\n'
        '<span class="sig-line"><em>b</em>,</span>\n</span>\n\n)'
    )
    assert extension.accessible(signature) == expected
    assert extension.accessible('<div role="doc-biblioentry">') == '<div role="listitem">'
    glossary = "<dl>\n<dt>a</dt>\n<dd>b</dd>\n</dl>"
    assert extension.accessible(glossary) == glossary
