"""The benchmarks run and their ratios follow from what they timed; how fast things are is no matter for a test."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from known import as_if_trained

from benchmarks import augmentation, method_costs, road, side_by_side, stage_maps, training_step, whole_run
from benchmarks.plain_loop import PlainLoop
from cifarcam.data.split import Split
from cifarcam.errors import CifarcamError
from cifarcam.provenance import provenance
from cifarcam.records.checks import RECORDED_METHODS, RECORDED_SLOW
from cifarcam.records.measurements import recorded_method_costs

RANDOM = np.random.default_rng(0)
WIDTH = 9  # the plain loops train it without minding narrower ones
TRAIN = Split(RANDOM.integers(0, 256, (300, 32, 32, 3), dtype=np.uint8), RANDOM.integers(0, 10, 300))


@pytest.fixture(autouse=True)
def small_data(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (augmentation, method_costs, road, stage_maps, training_step, whole_run):
        monkeypatch.setattr(module, "cifar10", lambda split: TRAIN)


def test_ways_take_turns_and_the_first_turn_is_for_warming_up() -> None:
    calls = []

    def way(name: str, rates: list[float]):
        def timed() -> float:
            calls.append(name)
            return rates.pop(0)

        return timed

    medians = side_by_side.in_turns({"a": way("a", [99.0, 1.0, 5.0, 2.0]), "b": way("b", [99.0, 3.0, 3.0, 4.0])}, 3)
    assert calls == ["a", "b"] * 4 and medians == {"a": 2.0, "b": 3.0}


def test_the_report_gives_the_ratio_and_keeps_a_record(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    out = tmp_path / "record.json"
    settings = {"hardware": "a computer"}
    measured = side_by_side.report("images a second", {"x": 300.0, "y": 120.0}, settings, str(out))
    assert (measured["ours"], measured["other"], measured["ratio"]) == ("x", "y", 2.5) and json.loads(
        out.read_text()
    ) == measured
    assert "x is 2.5 times as fast as y (images a second, a computer)" in capsys.readouterr().out


def test_the_plain_loop_trains_on_every_image_once_an_epoch() -> None:
    loop = PlainLoop(TRAIN, torch.device("cpu"), width=16, workers=0)
    before = loop.net.conv1.weight.clone()
    assert list(loop.steps()) == [128, 128, 44]
    assert not torch.equal(before, loop.net.conv1.weight)


def test_no_rounds_are_an_error() -> None:
    with pytest.raises(CifarcamError, match="--rounds is 0"):
        side_by_side.in_turns({}, 0)


def test_training_step(tmp_path: Path) -> None:
    out = tmp_path / "record.json"
    measured = training_step.main(["--rounds", "1", "--steps", "1", "--width", "9", "--out", str(out)])
    assert measured["command"] == "python -m benchmarks.training_step --rounds 1 --steps 1 --width 9"
    assert measured["rates"]["ours"] > 0 and measured["rates"]["plain loop"] > 0 and out.exists()


def test_augmentation_runs_on_one_thread_and_gives_the_others_back() -> None:
    threads = torch.get_num_threads()
    measured = augmentation.main(["--rounds", "1", "--images", "300"])
    assert measured["ratio"] > 0 and torch.get_num_threads() == threads


def test_whole_run() -> None:
    words = ["--epochs", "2", "--plain-epochs", "1", "--width", "9", "--workers", "0", "--compiled", "0"]
    measured = whole_run.main(words)
    assert measured["seconds"] > 0 and "--epochs 2" in measured["command"] and not measured["compiled"]


@pytest.fixture
def small_run(monkeypatch: pytest.MonkeyPatch) -> None:
    run = SimpleNamespace(model=lambda: as_if_trained(WIDTH))
    for module in (method_costs, road, stage_maps):
        monkeypatch.setattr(module, "load_run", lambda name: run)


def test_stage_maps_are_compared_before_they_are_timed(small_run: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert stage_maps.main(["--rounds", "1", "--images", "4"])["ratio"] > 0
    net, test = as_if_trained(WIDTH), TRAIN.first(4)
    maps, calls = stage_maps.library_loop(net, test.images, test.labels, stage_maps.KeepingMaxima)
    larger = [SimpleNamespace(raw_maxima=call.raw_maxima + 0.1) for call in calls]
    for wrong in ((maps + 0.1, calls), (maps, larger)):
        monkeypatch.setattr(stage_maps, "library_loop", lambda *given, wrong=wrong: wrong)
        with pytest.raises(CifarcamError, match="The maps differ by"):
            stage_maps.main(["--rounds", "1", "--images", "4"])


def test_method_costs_are_those_of_the_record_but_for_the_time(small_run: None, tmp_path: Path) -> None:
    out = tmp_path / "costs.json"
    measured = method_costs.main(["--rounds", "1", "--images", "1", "--many", "5", "--out", str(out)])
    assert json.loads(out.read_text()) == measured and list(measured["methods"]) == list(RECORDED_METHODS)
    assert measured["methods"]["Grad-CAM"]["times_grad_cam"] == 1
    assert measured["grad_cam_in_batches"]["images"] == 5 and measured["grad_cam_in_batches"]["minutes"] > 0
    recorded, about = recorded_method_costs()
    assert about["grad_cam_in_batches"]["images"] == 10_000
    assert list(recorded.index) == list(RECORDED_METHODS) and set(provenance("", "")) <= set(about)
    channels = {width: 16 * width for width in (WIDTH, 64)}
    for name, counts in measured["methods"].items():
        more = channels[64] - channels[WIDTH] if name in RECORDED_SLOW else 0
        assert (recorded["forward"][name], recorded["backward"][name]) == (
            counts["forward"] + more,
            counts["backward"],
        )


def test_roads_imputation_is_compared_before_it_is_timed(small_run: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert road.main(["--rounds", "1", "--images", "3"])["ratio"] > 0
    monkeypatch.setattr(road, "by_the_library", lambda x, removed: x + 1)
    with pytest.raises(CifarcamError, match="The fillings differ by"):
        road.main(["--rounds", "1", "--images", "3"])
