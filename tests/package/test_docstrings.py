"""Docstrings of the package: their examples run as printed, and their sections are Google's."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import os
import re
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

import cifarcam

PACKAGE = Path(cifarcam.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
WINGS = ("data", "network", "training", "records", "maps", "trust", "figures")
FLAGS = doctest.ELLIPSIS | doctest.REPORT_UDIFF
EXAMPLE = "\nExamples:\n    >>> "
SECTION = re.compile(r"(Args|Attributes|Examples|Raises|Returns|Yields):")
NO_SECTION = re.compile(
    r"(Arguments|Args|Attributes|Examples?|Raises|Returns|Yields): *\S"  # a section on one line
    r"|(Raises|Returns|Yields) ``"
    r"|(Arguments|Example|Return|Yield|Raise): *$"
    r"|.* Raises ``\w+``"  # at the end of a line
)
LITERAL = re.compile(r"``.*?``")


def module_name(path: Path) -> str:
    """Its name from the package on."""
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


def docstrings(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """The docstrings of a module, its functions and its classes, each after its name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            docstring = ast.get_docstring(node)
            if docstring:
                yield getattr(node, "name", "module"), docstring


every_module = pytest.mark.parametrize("path", MODULES, ids=module_name)


@every_module
def test_the_examples_of_a_module_give_what_they_say(path: Path) -> None:
    for name, docstring in docstrings(ast.parse(path.read_text(encoding="utf-8"))):
        example = doctest.DocTestParser().get_doctest(docstring, {}, name, str(path), None)
        report: list[str] = []
        with patch.dict(os.environ):  # an example may set a variable
            doctest.DocTestRunner(optionflags=FLAGS).run(example, out=report.append)
        assert not report, "".join(report)


@pytest.mark.parametrize("wing", WINGS)
def test_every_function_and_class_that_a_wing_exports_has_an_example(wing: str) -> None:
    face = importlib.import_module(f"cifarcam.{wing}")
    exported = {name: getattr(face, name) for name in face.__all__}
    documented = {
        name: value for name, value in exported.items() if inspect.isfunction(value) or inspect.isclass(value)
    }
    assert documented
    assert [name for name, value in documented.items() if EXAMPLE not in str(inspect.getdoc(value))] == []


@every_module
def test_the_sections_of_a_docstring_are_googles(path: Path) -> None:
    wrong = []
    for name, docstring in docstrings(ast.parse(path.read_text(encoding="utf-8"))):
        lines = docstring.splitlines()
        wrong += [f"{name}: {line}" for line in lines if NO_SECTION.match(line)]
        for before, line, after in zip(["", *lines], lines, [*lines[1:], ""], strict=False):
            if SECTION.fullmatch(line) and (before or not after.startswith("    ")):
                wrong.append(f"{name}: {line}")
            takes_a_type = line in ("Returns:", "Yields:")  # what stands before a colon there
            if takes_a_type and ":" in LITERAL.sub("", after):
                wrong.append(f"{name}: {after}")
    assert wrong == []
