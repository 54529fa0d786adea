"""The wheel alone: records and weights are in it, and its command works from an empty folder."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from cifarcam.runs import RECORDED, load_run

TOP = Path(__file__).parents[1]
RUN = "best"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, TOP], check=True)
    (built,) = folder.glob("cifarcam-*.whl")
    return built


@pytest.mark.slow
def test_the_wheel_holds_every_record_and_nothing_of_the_book(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    records = {path.relative_to(TOP).as_posix() for path in RECORDED.parent.rglob("*") if path.is_file()}
    assert records <= set(names)
    assert all(name.startswith(("cifarcam/", "cifarcam-")) for name in names)


@pytest.mark.slow
@pytest.mark.needs_cifar10
def test_the_installed_wheel_evaluates_the_recorded_run(wheel: Path, tmp_path: Path) -> None:
    site, elsewhere = tmp_path / "site", tmp_path / "elsewhere"
    elsewhere.mkdir()
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", site, wheel], check=True)
    environment = os.environ | {"PYTHONPATH": str(site), "PYTHONSAFEPATH": "1"}
    code = "import cifarcam, sys; print(cifarcam.__file__); from cifarcam.cli import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", code, "evaluate", RUN], cwd=elsewhere, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith(str(site))
    recorded, now = next(line.split()[-2:] for line in lines if "accuracy (%)" in line)
    assert float(recorded) == pytest.approx(100 * load_run(RUN).provenance["results"]["test_accuracy"], abs=0.01)
    assert float(now) == pytest.approx(float(recorded), abs=0.02)
