"""The search for StepLR's step and factor: on held-out training images, resumable, the best one chosen."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from cifarcam.data.split import Split
from cifarcam.errors import CifarcamError
from cifarcam.training.recipes import STEP_LR
from tools.records import tuning

RECIPE = STEP_LR.replace(width=16, epochs=2, batch_size=32, workers=0)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    random, splits = np.random.default_rng(0), []

    def cifar10(split: str) -> Split:
        splits.append(split)
        return Split(random.integers(0, 256, (80, 32, 32, 3), dtype=np.uint8), random.integers(0, 10, 80))

    monkeypatch.setattr(tuning, "cifar10", cifar10)
    monkeypatch.setattr(tuning, "HELD_OUT", 20)
    monkeypatch.setattr(tuning, "CANDIDATES", [(1, 0.1), (2, 0.5)])
    monkeypatch.setattr(tuning, "CHECKPOINTS", tmp_path / "checkpoints")
    return splits


def test_the_candidate_with_the_best_validation_accuracy_is_chosen(tmp_path: Path, asked: list[str]) -> None:
    written = tuning.tune(RECIPE, tmp_path / "tuning.json")
    assert json.loads((tmp_path / "tuning.json").read_text()) == written
    assert asked == ["train"]  # never the test images
    assert (written["trained_on"], written["held_out"]) == (60, 20)
    accuracies = [row["validation_accuracy"] for row in written["candidates"]]
    chosen = next(row for row in written["candidates"] if row["validation_accuracy"] == max(accuracies))
    assert written["chosen"] == {"step_epochs": chosen["step_epochs"], "gamma": chosen["gamma"]}


def test_an_existing_file_is_kept(tmp_path: Path, asked: list[str]) -> None:
    (tmp_path / "tuning.json").write_text("kept")
    with pytest.raises(CifarcamError, match="exists already"):
        tuning.tune(RECIPE, tmp_path / "tuning.json")
    assert (tmp_path / "tuning.json").read_text() == "kept" and not asked
