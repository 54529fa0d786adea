"""What stands in several files says the same: the locks pin alike, one version is cited and described."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from cifarcam import __version__

TOP = Path(__file__).parents[1]
CPU_INDEX = "--extra-index-url https://download.pytorch.org/whl/cpu"


def pins(name: str) -> dict[str, str]:
    """The locked versions by package, without the markers behind them."""
    return dict(re.findall(r"^([\w.-]+)==([^\s;]+)", (TOP / name).read_text(encoding="utf-8"), re.MULTILINE))


def test_the_lock_without_cuda_is_the_lock_without_cuda() -> None:
    everything, without = pins("requirements.txt"), pins("requirements-cpu.txt")
    cuda = set(everything) - set(without)
    assert without.items() <= everything.items() and len(cuda) > 10
    assert all(name.startswith(("cuda", "nvidia", "triton")) for name in cuda)
    assert (TOP / "requirements-cpu.txt").read_text(encoding="utf-8").startswith(CPU_INDEX)


def test_the_lock_pins_what_is_asked_for() -> None:
    asked, locked = pins("requirements.in"), pins("requirements.txt")
    assert asked.items() <= locked.items()
    named = re.findall(r"^([\w.-]+)", (TOP / "requirements.in").read_text(encoding="utf-8"), re.MULTILINE)
    assert {name.lower() for name in named} <= {name.lower() for name in locked}


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
