"""Limits of time: those of the machine, never less than asked for, and said where one is passed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import nbformat
import pytest
import torch
from nbformat.v4 import new_code_cell, new_notebook

from tools import limits
from tools.book import validate


@pytest.mark.parametrize(("times", "expected"), [(0.1, 300), (1, 300), (7, 2100)])
def test_a_slow_machine_gets_longer_and_a_fast_one_no_less(
    times: float, expected: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "known_work", lambda: times * limits.REFERENCE)
    assert limits.limit(300) == pytest.approx(expected)


def test_the_known_work_is_done_once_and_leaves_the_random_state_alone() -> None:
    limits.known_work.cache_clear()
    random_state = torch.get_rng_state()
    assert limits.known_work() == limits.known_work() > 0
    assert torch.equal(random_state, torch.get_rng_state())


def test_a_cell_that_runs_out_of_time_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chapter = tmp_path / "01-data.ipynb"
    sources = ["import time; time.sleep(60)", "1 / 0"]
    nbformat.write(new_notebook(cells=[new_code_cell(source) for source in sources]), chapter)
    monkeypatch.setattr(validate, "ROOT", tmp_path)
    monkeypatch.setattr(validate, "limit", lambda seconds: 2)
    done = subprocess.run(validate.command([chapter], strict=True), cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1 and "Timeout of 2 seconds exceeded" in done.stdout
    assert "1 failed, 1 xfailed" in done.stdout  # what follows does not fail with it
