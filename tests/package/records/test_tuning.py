"""The comparison of candidates for a recipe: on held-out training images, resumable, the best one chosen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from cifarcam.data.split import Split
from cifarcam.errors import CifarcamError
from cifarcam.training.recipes import RECIPES, STEP_LR
from tools.records import tuning

RECIPE = STEP_LR.replace(width=16, epochs=2, batch_size=32, workers=0)
CHANGES = [{"step_epochs": 1, "gamma": 0.1}, {"step_epochs": 2}]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[str]]:
    asked = []

    def cifar10(split: str) -> Split:
        asked.append(split)
        random = np.random.default_rng(0)
        return Split(random.integers(0, 256, (80, 32, 32, 3), dtype=np.uint8), random.integers(0, 10, 80))

    monkeypatch.setattr(tuning, "cifar10", cifar10)
    monkeypatch.setattr(tuning, "HELD_OUT", 20)
    monkeypatch.setattr(tuning, "CHECKPOINTS", tmp_path / "checkpoints")
    tuning.splits.cache_clear()
    yield asked
    tuning.splits.cache_clear()


def test_the_candidate_with_the_best_validation_accuracy_over_the_seeds_is_chosen(
    tmp_path: Path, asked: list[str]
) -> None:
    written = tuning.tune(RECIPE, CHANGES, 2, [0, 1], 1, "command", tmp_path / "tuning.json")
    assert json.loads((tmp_path / "tuning.json").read_text()) == written
    assert asked == ["train"]  # never the test images
    assert (written["trained_on"], written["held_out"], written["seeds"]) == (60, 20, [0, 1])
    rows = written["candidates"]
    assert [(row["step_epochs"], row["gamma"]) for row in rows] == [(1, 0.1), (2, STEP_LR.gamma)]
    for row in rows:
        low, high = row["interval"]
        assert len(row["accuracies"]) == 2 and low <= np.mean(row["accuracies"]) <= high
        assert row["validation_accuracy"] == pytest.approx(np.mean(row["accuracies"]), abs=1e-6)
    best = max(rows, key=lambda row: row["validation_accuracy"])
    assert written["chosen"] == {"step_epochs": best["step_epochs"], "gamma": best["gamma"]}


def test_what_was_trained_is_not_trained_again(tmp_path: Path, asked: list[str]) -> None:
    first, again = (
        tuning.tune(RECIPE, CHANGES[:1], 2, [0], 1, "command", tmp_path / f"{name}.json") for name in ("first", "again")
    )
    assert first["candidates"] == again["candidates"]  # the minutes too


def test_an_existing_file_is_kept(tmp_path: Path, asked: list[str]) -> None:
    (tmp_path / "tuning.json").write_text("kept")
    with pytest.raises(CifarcamError, match="exists already"):
        tuning.tune(RECIPE, CHANGES, 2, [0], 1, "command", tmp_path / "tuning.json")
    assert (tmp_path / "tuning.json").read_text() == "kept" and not asked


@pytest.mark.parametrize("name", tuning.CANDIDATES)
def test_each_candidate_is_a_recipe_of_its_own(name: str) -> None:
    candidates = [RECIPES[name].replace(**change) for change in tuning.CANDIDATES[name]]
    assert len(set(candidates)) == len(candidates)


def test_the_record_names_the_command_that_makes_it(
    tmp_path: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {}
    monkeypatch.setattr(
        tuning,
        "tune",
        lambda *all_: (
            given.update(zip(("recipe", "changes", "epochs", "seeds", "jobs", "command"), all_, strict=False))
            or {"chosen": {}}
        ),
    )
    tuning.main(["step_lr", "--width", "16", "--seeds", "0", "1", "--only", "2", "--out", str(tmp_path / "x.json")])
    assert given["command"] == "python -m tools.records.tuning step_lr --width 16 --seeds 0 1 --only 2 --out FILE"
    assert given["recipe"] == STEP_LR.replace(width=16) and given["changes"] == [{"step_epochs": 7, "gamma": 0.3}]
