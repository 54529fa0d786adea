"""What stands in several files says the same: the locks pin alike, one version is cited and described."""

from __future__ import annotations

import re
import tomllib
from itertools import chain
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from cifarcam import __version__
from tools.book.stamp import COLAB_LACKS

TOP = Path(__file__).parents[2]
CPU_INDEX = "--extra-index-url https://download.pytorch.org/whl/cpu"


def pins(name: str) -> dict[str, str]:
    """The locked versions by package, without the markers behind them."""
    found = re.findall(r"^([\w.-]+)==([^\s;]+)", (TOP / name).read_text(encoding="utf-8"), re.MULTILINE)
    return {canonicalize_name(package): version for package, version in found}


def wanted() -> list[Requirement]:
    """All that ``pyproject.toml`` asks for, with its extras."""
    project = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [*map(Requirement, [*project["dependencies"], *chain(*project["optional-dependencies"].values())])]


def test_the_lock_without_cuda_is_the_lock_without_cuda() -> None:
    everything, without = pins("requirements.txt"), pins("requirements-cpu.txt")
    cuda = set(everything) - set(without)
    assert without.items() <= everything.items() and len(cuda) > 10
    assert all(name.startswith(("cuda", "nvidia", "triton")) for name in cuda)
    assert (TOP / "requirements-cpu.txt").read_text(encoding="utf-8").startswith(CPU_INDEX)


def test_the_lock_has_all_that_is_asked_for_at_versions_that_are_allowed() -> None:
    locked = pins("requirements.txt")
    for requirement in wanted():
        assert requirement.specifier.contains(locked[canonicalize_name(requirement.name)]), requirement


def test_the_lowest_versions_are_those_that_the_package_allows() -> None:
    project = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    allowed = [str(requirement).replace(">=", "==") for requirement in map(Requirement, project["dependencies"])]
    lowest = (TOP / "tests" / "package" / "versions" / "lowest.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lowest if not line.startswith("#")] == allowed


def test_the_newest_versions_have_all_that_is_asked_for() -> None:
    newest, project = (
        pins("tests/package/versions/newest.txt"),
        tomllib.loads((TOP / "pyproject.toml").read_text())["project"],
    )
    for requirement in map(Requirement, [*project["dependencies"], *project["optional-dependencies"]["checks"]]):
        assert requirement.specifier.contains(newest[canonicalize_name(requirement.name)]), requirement


def test_what_colab_ships_is_locked_at_its_version() -> None:
    locked, shipped = pins("requirements.txt"), pins("tests/book/colab/shipped.txt")
    both = locked.keys() & shipped.keys()
    assert len(both) > 40 and {name: locked[name] for name in both} == {name: shipped[name] for name in both}


def test_all_that_the_package_needs_is_shipped_or_installed_by_the_setup_cell() -> None:
    project = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = {canonicalize_name(Requirement(line).name) for line in project["dependencies"]}
    assert needed <= set(pins("tests/book/colab/shipped.txt")) | set(COLAB_LACKS)


def test_the_sites_lock_makes_the_same_site() -> None:
    everything, site = pins("requirements.txt"), pins("book/requirements.txt")
    assert site["jupyter-book"] == everything["jupyter-book"]
    assert "torch" not in site


def test_the_version_is_the_same_where_it_is_cited_and_where_its_changes_stand() -> None:
    cited = yaml.safe_load((TOP / "CITATION.cff").read_text(encoding="utf-8"))
    assert cited["version"] == __version__
    assert re.search(
        rf"^## {re.escape(__version__)}\b", (TOP / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE
    )
