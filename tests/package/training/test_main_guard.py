"""Scripts that start processes while they are imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import multiprocessing
from cifarcam.data import synthetic_cifar10
from cifarcam.training import Batches, Recipe
multiprocessing.set_start_method("spawn", force=True)
recipe = Recipe("mine", augmentation="albumentations", workers=1, batch_size=4)
"""
BATCHES = 'print(len(list(Batches(synthetic_cifar10("test").first(8), recipe).epoch(0))))\n'


def run(script: Path, text: str) -> subprocess.CompletedProcess:
    script.write_text(text)
    return subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=120)


def test_a_script_without_a_main_guard_is_told_so_at_once(tmp_path: Path) -> None:
    done = run(tmp_path / "script.py", SCRIPT + BATCHES)
    assert done.returncode == 1 and "script.py starts processes in line 7, outside `if __name__" in done.stderr
    assert done.stderr.count("Traceback") == 1  # no process was started that would say so too


@pytest.mark.slow
def test_a_script_with_one_has_its_batches(tmp_path: Path) -> None:
    done = run(tmp_path / "script.py", SCRIPT + f'if __name__ == "__main__":\n    {BATCHES}')
    assert (done.returncode, done.stdout) == (0, "2\n"), done.stderr
