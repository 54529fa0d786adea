"""The wheel alone: records and weights are in it, and its command works from an empty folder."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from cifarcam.data.synthetic import synthetic_cifar10
from cifarcam.records.folders import RECORDED
from cifarcam.records.runs import load_run

TOP = Path(__file__).parents[2]
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
    records = {path.relative_to(TOP).as_posix() for path in RECORDED.rglob("*") if path.is_file()}
    assert records <= set(names)
    assert all(name.startswith(("cifarcam/", "cifarcam-")) for name in names)


@pytest.fixture(scope="module")
def command(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., list[str]]:
    """Runs the command of the installed wheel in a folder without the repository; gives the lines it prints."""
    site = tmp_path_factory.mktemp("site")
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", site, wheel], check=True)
    environment = os.environ | {"PYTHONPATH": str(site), "PYTHONSAFEPATH": "1"}
    code = "import cifarcam, sys; print(cifarcam.__file__); from cifarcam.cli import main; sys.exit(main())"

    def run(*words: str, folder: Path) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-c", code, *words], cwd=folder, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        where, *lines = done.stdout.splitlines()
        assert where.startswith(str(site))
        return lines

    return run


@pytest.mark.slow
def test_the_installed_wheel_explains_a_picture(command: Callable[..., list[str]], tmp_path: Path) -> None:
    Image.fromarray(synthetic_cifar10("test").images[0]).save(tmp_path / "picture.png")
    lines = command("explain", "picture.png", folder=tmp_path)
    assert lines[-1].endswith(": picture-explained.png") and (tmp_path / "picture-explained.png").exists()


@pytest.mark.slow
@pytest.mark.needs_cifar10
def test_the_installed_wheel_evaluates_the_recorded_run(command: Callable[..., list[str]], tmp_path: Path) -> None:
    lines = command("evaluate", RUN, folder=tmp_path)
    results = load_run(RUN).provenance["results"]
    for row, result in (("accuracy (%)", "test_accuracy"), ("with flip averaging (%)", "tta_accuracy")):
        recorded, now = next(line.split()[-2:] for line in lines if line.strip().startswith(row))
        assert float(recorded) == pytest.approx(100 * results[result], abs=0.01)
        assert float(now) == pytest.approx(float(recorded), abs=0.02)
