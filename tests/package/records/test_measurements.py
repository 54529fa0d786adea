"""The measurements that ship with the package."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import torch

from cifarcam.files import read_arrays
from cifarcam.hardware import describe
from cifarcam.provenance import provenance
from cifarcam.records.folders import MEASUREMENTS, RECORDED
from cifarcam.records.measurements import published_one_cycle, published_results, recorded_range_test, write_range_test
from cifarcam.training.lr_finder import RangeTest
from cifarcam.training.recipes import ONE_CYCLE

KEYS = provenance("", "").keys()


def every_provenance() -> dict[str, dict]:
    """What each record that ships with the package says of itself, by its name."""
    found = {path.parent.name: json.loads(path.read_text()) for path in RECORDED.rglob("provenance.json")}
    for path in MEASUREMENTS.iterdir():
        if path.suffix == ".json":
            content = json.loads(path.read_text())
            found[path.stem] = content.get("provenance", content)
        elif path.suffix == ".npz":
            about = read_arrays(path)[1]
            found |= {f"{path.stem} {name}": how for name, how in about.get("explainers", {path.stem: about}).items()}
    return found


@pytest.mark.parametrize("name", every_provenance())
def test_every_record_says_of_itself_what_every_other_says(name: str) -> None:
    about = every_provenance()[name]
    assert set(KEYS) <= set(about) and "torch" in about["versions"]
    assert about["command"].startswith(("cifarcam ", "python -m ")) and date.fromisoformat(about["date"])


def test_the_published_log_ends_where_its_write_up_says() -> None:
    log = published_one_cycle()
    assert list(log["epoch"]) == list(range(1, 21))
    assert log["test_accuracy"].iloc[-1] == pytest.approx(0.9089)
    assert log["lr"].max() == pytest.approx(0.0479, abs=1e-4) and log["train_accuracy"].between(0, 1).all()


def test_the_published_results_agree_with_the_published_log() -> None:
    results = published_results().set_index("source")
    log, told = published_one_cycle(), results.loc["OneCycle write-up"]
    assert told["test_accuracy"] == f"{100 * log['test_accuracy'].iloc[-1]:.2f}" and told["epochs"] == len(log)


def test_the_recorded_range_test_is_the_one_it_says_it_is() -> None:
    curve, about = recorded_range_test()
    assert about["recipe"]["batch_size"] == 512 and {"precision", *KEYS} <= set(about)
    assert (np.diff(curve.lr) > 0).all() and np.isfinite(curve.loss).all()
    assert curve.diverged or len(curve.lr) == 200
    assert curve.lr[-1] <= 10.0001 and set(curve.suggestions()) == {"steepest", "minimum/10", "valley"}


def test_a_written_range_test_holds_the_curve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    curve = RangeTest(np.geomspace(1e-4, 10, 20), np.linspace(2, 1, 20), diverged=False)
    write_range_test(curve, ONE_CYCLE, provenance("a command", torch.device("cpu")), tmp_path / "curve.json")
    monkeypatch.setattr("cifarcam.records.measurements.RANGE_TEST", tmp_path / "curve.json")
    read, about = recorded_range_test()
    np.testing.assert_allclose(read.lr, curve.lr, rtol=1e-5)
    np.testing.assert_allclose(read.loss, curve.loss, rtol=1e-5)
    assert about["hardware"] == describe(torch.device("cpu")) and about["recipe"]["name"] == "one_cycle"
    assert about["command"] == "a command"
