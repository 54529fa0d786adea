"""The benchmarks run and their ratios follow from what they timed; how fast things are is no matter for a test."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from known import as_if_trained

from benchmarks import (
    augmentation,
    method_costs,
    road,
    scaling,
    side_by_side,
    stage_maps,
    step_profile,
    training_step,
    whole_run,
)
from benchmarks.plain_loop import PlainLoop
from cifarcam.data.normalization import normalize
from cifarcam.data.split import Split
from cifarcam.errors import CifarcamError
from cifarcam.hardware import fastest_precision
from cifarcam.provenance import provenance
from cifarcam.records.checks import RECORDED_METHODS, RECORDED_SLOW
from cifarcam.records.measurements import recorded_method_costs
from cifarcam.training.optimizers import make_optimizer
from cifarcam.training.recipes import ONE_CYCLE, TUNED
from cifarcam.training.transforms import train_pipeline

RANDOM = np.random.default_rng(0)
WIDTH = 9  # the plain loops train it without minding narrower ones
TRAIN = Split(RANDOM.integers(0, 256, (300, 32, 32, 3), dtype=np.uint8), RANDOM.integers(0, 10, 300))


@pytest.fixture(autouse=True)
def small_data(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (augmentation, method_costs, road, scaling, stage_maps, step_profile, training_step, whole_run):
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
    measured = side_by_side.report("images a second", {"x": 300.0, "y": 120.0, "z": 400.0}, settings, str(out))
    assert (measured["ours"], measured["ratios"]) == ("x", {"y": 2.5, "z": 0.75})
    assert json.loads(out.read_text()) == measured
    printed = capsys.readouterr().out
    assert "x is 2.5 times as fast as y (images a second, a computer)" in printed and "x is 0.75 times" in printed


def test_the_plain_loop_trains_on_every_image_once_an_epoch() -> None:
    loop = PlainLoop(TRAIN, torch.device("cpu"), width=16, workers=0)
    before = loop.net.conv1.weight.clone()
    assert list(loop.steps()) == [128, 128, 44] and loop.precision == "float32"
    assert not torch.equal(before, loop.net.conv1.weight)


def test_the_tuned_loop_trains_in_the_fastest_precision_and_channels_last() -> None:
    loop = PlainLoop(TRAIN, torch.device("cpu"), width=16, workers=0, tuned=True)
    assert loop.precision == fastest_precision(torch.device("cpu")) and list(loop.steps()) == [128, 128, 44]
    assert loop.net.layer1[0].conv1.weight.is_contiguous(memory_format=torch.channels_last)


def test_no_rounds_are_an_error() -> None:
    with pytest.raises(CifarcamError, match="--rounds is 0"):
        side_by_side.in_turns({}, 0)


def test_training_step(tmp_path: Path) -> None:
    out = tmp_path / "record.json"
    measured = training_step.main(["--rounds", "1", "--steps", "1", "--width", "9", "--out", str(out)])
    assert measured["command"] == "python -m benchmarks.training_step --rounds 1 --steps 1 --width 9"
    assert list(measured["rates"]) == ["ours", "plain loop", "plain loop, tuned"] and out.exists()


def test_augmentation_runs_on_one_thread_and_gives_the_others_back() -> None:
    threads = torch.get_num_threads()
    measured = augmentation.main(["--rounds", "1", "--images", "300"])
    assert len(measured["ratios"]) == 2 and torch.get_num_threads() == threads


def test_albumentations_normalised_by_batch_is_albumentations(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(augmentation, "normalize", lambda images: seen.append(images))
    augmentation.normalised_by_batch(TRAIN, 20)()
    pipeline = train_pipeline(ONE_CYCLE, seed=ONE_CYCLE.seed)
    expected = torch.stack([pipeline(image=image)["image"] for image in TRAIN.images[:20]])
    torch.testing.assert_close(normalize(seen[0]).contiguous(), expected, rtol=1e-4, atol=1e-4)


def test_whole_run() -> None:
    words = ["--epochs", "2", "--plain-epochs", "1", "--width", "9", "--workers", "0", "--compiled", "0"]
    measured = whole_run.main(words)
    assert (
        len(measured["ratios"]) == 2
        and measured["seconds"] > 0
        and "--epochs 2" in measured["command"]
        and not measured["compiled"]
    )


@pytest.fixture
def small_run(monkeypatch: pytest.MonkeyPatch) -> None:
    run = SimpleNamespace(model=lambda: as_if_trained(WIDTH))
    for module in (method_costs, road, stage_maps):
        monkeypatch.setattr(module, "load_run", lambda name: run)


def test_stage_maps_are_compared_before_they_are_timed(small_run: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(stage_maps.main(["--rounds", "1", "--images", "4"])["ratios"]) == 3
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
    assert len(road.main(["--rounds", "1", "--images", "3"])["ratios"]) == 1
    monkeypatch.setattr(road, "by_the_library", lambda x, removed: x + 1)
    with pytest.raises(CifarcamError, match="The fillings differ by"):
        road.main(["--rounds", "1", "--images", "3"])


def test_a_ring_takes_twice_the_bytes_however_many_share_it() -> None:
    assert scaling.ring(100, 1, 0.5, 10) == 0
    assert scaling.ring(100, 2, 0, 10) == pytest.approx(10)
    assert scaling.ring(100, 1_000, 0, 10) == pytest.approx(20, rel=0.01)


def test_latency_and_bandwidth_are_found_again() -> None:
    seconds = [scaling.ring(size, 2, 0.01, 500) for size in scaling.SIZES]
    assert scaling.fitted(seconds) == pytest.approx((0.01, 500))
    efficiency = scaling.predicted(0.02, 44.7, 0.0, 10_000)
    assert efficiency[1] == 1 and list(efficiency.values()) == sorted(efficiency.values(), reverse=True)
    assert efficiency[2] == pytest.approx(0.02 / (0.02 + 0.00447), abs=1e-3)


@pytest.mark.slow
def test_scaling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIFARCAM_DATA", "synthetic")
    out = tmp_path / "record.json"
    words = ["--rounds", "1", "--width", "4", "--batch", "8", "--steps", "2", "--out", str(out)]
    measured = scaling.main(words)
    assert json.loads(out.read_text())["rates"] == measured["rates"]
    assert set(measured["rates"]) == {"one process", "two processes"} and min(measured["rates"].values()) > 0
    assert len(measured["all_reduce"]["seconds"]) == len(scaling.SIZES)


def test_a_profile_counts_every_part_once_and_names_its_floors(tmp_path: Path) -> None:
    out = tmp_path / "record.json"
    words = ["--rounds", "1", "--steps", "1", "--width", "9", "--batch", "20", "--out", str(out)]
    measured = step_profile.main(words)
    assert json.loads(out.read_text()) == measured
    parts = {part["part"]: part for part in measured["parts"]}
    stages = {f"convolutions, {name}" for name in ("layer0", "layer1", "layer2", "layer3", "layer4")}
    assert stages | {"BatchNorm", "optimizer", "augmentation", step_profile.REST} == set(parts)
    assert all(part["seconds"] > 0 for part in parts.values())
    assert parts["convolutions, layer1"]["arithmetic_floor"] > 0 and parts["BatchNorm"]["memory_floor"] > 0


def test_the_floor_by_arithmetic_counts_three_products_a_convolution_and_two_of_the_stem(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(step_profile, "machine_rates", lambda precision: (1.0, 1.0))
    model = as_if_trained(WIDTH)
    run = SimpleNamespace(model=model, optimizer=make_optimizer(model, TUNED))
    found = step_profile.floors(run, torch.zeros(2, 3, 32, 32), "float32")
    stem = 2 * 32 * 32 * WIDTH * 3 * 9  # multiplications: images, places, filters, and what each filter takes in
    assert found["convolutions, layer0"]["arithmetic"] == 2 * 2 * stem
    first = 2 * 32 * 32 * WIDTH * WIDTH * 9
    assert found["convolutions, layer1"]["arithmetic"] == 4 * 3 * 2 * first
    assert "arithmetic" not in found["BatchNorm"]
    one = torch.optim.SGD([{"params": [torch.zeros(2, 3, 1, 1)], "muon_momentum": 0.6}])
    assert step_profile.orthogonalisations(one) == 3 * (2 * 2 * 2 * 3 * 2 + 2 * 2 * 2 * 2)
