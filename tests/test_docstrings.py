"""The Sphinx extension that reads the package's docstrings, without Sphinx."""

from __future__ import annotations

import importlib.util
from types import ModuleType, SimpleNamespace

import pytest

from tools.chapters import ROOT


@pytest.fixture(scope="module")
def docstrings() -> ModuleType:
    path = ROOT / "book" / "_extensions" / "docstrings.py"
    spec = importlib.util.spec_from_file_location("docstrings", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_sentences_about_result_and_errors_become_fields(docstrings: ModuleType) -> None:
    before = """What it does.

Args:
    images: uint8.
Returns: float32, (N, 3), and the
rest of the sentence.
Raises ``CifarcamError``, listing the names, for
    no images.

More.""".splitlines()
    after = """What it does.

Args:
    images: uint8.

:returns: float32, (N, 3), and the
    rest of the sentence.
:raises CifarcamError: listing the names, for
    no images.

More.""".splitlines()
    assert docstrings.with_fields(before) == after


def test_a_sentence_that_only_mentions_an_error_stays(docstrings: ModuleType) -> None:
    lines = ["The recipe. Raises ``CifarcamError`` for any other.", "", "It returns: nothing."]
    assert docstrings.with_fields(lines) == lines


def test_papers_are_linked(docstrings: ModuleType) -> None:
    assert docstrings.with_links("(He 2016, arXiv 1512.03385)") == (
        "(He 2016, `arXiv 1512.03385 <https://arxiv.org/abs/1512.03385>`__)"
    )
    assert docstrings.with_links("(doi 10.1214/aos/1176344552).") == (
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
    docstrings: ModuleType, obj: SimpleNamespace, face: list[str] | None, skipped: bool | None
) -> None:
    app = SimpleNamespace(env=SimpleNamespace(autoapi_all_objects={"pack": SimpleNamespace(all=face)}))
    assert docstrings.skip(app, "module", "name", obj, False, None) is skipped
