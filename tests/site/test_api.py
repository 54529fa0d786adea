"""The built pages of the API hold every public function and class of the modules they name."""

from __future__ import annotations

import ast
import itertools
import zlib
from pathlib import Path

import pytest

from tools.book.reference import documented_modules

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def inventory(site: Path) -> set[str]:
    """The names that Sphinx's inventory of the site lists for Python."""
    lines = (site / "objects.inv").read_bytes().split(b"\n", 4)[4]
    entries = zlib.decompress(lines).decode().splitlines()
    return {entry.split()[0] for entry in entries if entry.split()[1].startswith("py:")}


@pytest.mark.parametrize("module", documented_modules())
def test_every_public_name_of_a_module_stands_on_its_page(module: str, inventory: set[str]) -> None:
    expected = names(module)
    assert expected
    assert expected - inventory == set()


def test_what_a_module_merely_imports_does_not_stand_on_its_page(inventory: set[str]) -> None:
    assert {name for name in inventory if name.endswith(".CifarcamError")} == {"cifarcam.errors.CifarcamError"}
    assert not any(name.startswith("cifarcam.data.synthetic.Canvas") for name in inventory)


def names(module: str) -> set[str]:
    """A module's public functions and classes and their methods with a docstring; of a package what it lists."""
    path = ROOT.joinpath(*module.split("."))
    tree = ast.parse((path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).read_text(encoding="utf-8"))
    found = set(listed(tree)) | set(described_constants(tree))
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            found.add(node.name)
            members = node.body if isinstance(node, ast.ClassDef) else []
            found |= {f"{node.name}.{member.name}" for member in members if is_public_method(member)}
    return {f"{module}.{name}" for name in found}


def described_constants(tree: ast.Module) -> list[str]:
    """The names that a text stands below."""
    pairs = itertools.pairwise(tree.body)
    described = (node for node, below in pairs if isinstance(below, ast.Expr) and isinstance(node, ast.Assign))
    return [node.targets[0].id for node in described if isinstance(node.targets[0], ast.Name)]


def listed(tree: ast.Module) -> list[str]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            return ast.literal_eval(node.value)
    return []


def is_public_method(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and bool(ast.get_docstring(node))
