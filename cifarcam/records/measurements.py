"""Measurements that are too slow to make live: read from the package, written with the command that makes them."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd

from cifarcam.files import write_json
from cifarcam.records.folders import MEASUREMENTS
from cifarcam.training.lr_finder import RangeTest
from cifarcam.training.recipes import Recipe

RANGE_TEST = MEASUREMENTS / "range_test.json"
METHOD_COSTS = MEASUREMENTS / "method_costs.json"
STEP_LR_TUNING = MEASUREMENTS / "step_lr_tuning.json"


def published_one_cycle() -> pd.DataFrame:
    """The log of a published student write-up: ResNet-18, OneCycle, batch 512, 20 epochs, 90.89 % at the end.

    Columns: ``epoch`` from 1; ``lr`` at the start of the epoch; ``train_accuracy`` and ``test_accuracy`` (0 to 1);
    ``train_loss`` of the epoch's last batch (nats). Its test losses are not given here: they were divided by the
    number of images twice over.
    """
    log = pd.read_csv(MEASUREMENTS / "published_one_cycle.csv")
    return pd.DataFrame(
        {
            "epoch": log["epoch"] + 1,
            "lr": log["lr"],
            "train_accuracy": log["train_acc_pct"] / 100,
            "test_accuracy": log["test_acc_pct"] / 100,
            "train_loss": log["train_loss_last_batch"],
        }
    )


def published_results() -> pd.DataFrame:
    """What others report on CIFAR-10's test set.

    Columns: ``source``; ``network``; ``epochs``; ``test_accuracy``, the text as published, in percent; ``url``, empty
    for the two student write-ups.
    """
    return pd.read_csv(MEASUREMENTS / "published_results.csv", dtype={"test_accuracy": str}, keep_default_na=False)


def recorded_benchmarks() -> list[dict]:
    """The timings that ship with the package, as ``benchmarks/`` writes them.

    Keys of each: ``claim``, with the unit of the rates; ``rates`` by name; ``ours`` and ``other``, the two that are
    compared; ``ratio``; ``command``; ``hardware``; ``torch``; ``date``.
    """
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(MEASUREMENTS.glob("benchmark_*.json"))]


def recorded_method_costs() -> tuple[pd.DataFrame, dict]:
    """What the five-stage maps of one image cost, as ``benchmarks.method_costs`` measured it, and where and when.

    A row for each method: the images that pass ``forward`` and ``backward``, and the time as a multiple of Grad-CAM's,
    ``times_grad_cam``. Beside what ``provenance`` gives, ``grad_cam_in_batches``: how many ``images`` took
    Grad-CAM how many ``minutes``.
    """
    measured = json.loads(METHOD_COSTS.read_text(encoding="utf-8"))
    return pd.DataFrame(measured.pop("methods")).T.astype({"forward": int, "backward": int}), measured


def recorded_step_lr_tuning() -> tuple[pd.DataFrame, dict]:
    """How ``STEP_LR``'s step and factor were chosen on held-out images, as ``tools.records.tuning`` measured it.

    A row for each candidate: ``step_epochs``, ``gamma``, ``validation_accuracy`` (0 to 1) and ``validation_loss``
    (nats) after the last epoch. Beside it the ``chosen`` one, the ``recipe``, how many images it was ``trained_on``
    and how many were ``held_out``, the ``precision``, and what ``provenance`` gives.
    """
    measured = json.loads(STEP_LR_TUNING.read_text(encoding="utf-8"))
    return pd.DataFrame(measured.pop("candidates")), measured


def recorded_range_test() -> tuple[RangeTest, dict]:
    """The range test that ships with the package, and where it comes from (recipe, hardware, versions, date)."""
    saved = json.loads(RANGE_TEST.read_text(encoding="utf-8"))
    curve = RangeTest(np.array(saved["lr"]), np.array(saved["loss"]), saved["diverged"])
    return curve, saved["provenance"]


def write_range_test(curve: RangeTest, recipe: Recipe, about: dict, path: Path) -> None:
    """Writes a range test as JSON, with its recipe and what ``provenance`` and others say ``about`` it."""
    about = about | {"recipe": dataclasses.asdict(recipe)}
    content = {
        "lr": [float(f"{value:.6g}") for value in curve.lr],
        "loss": [float(f"{value:.6g}") for value in curve.loss],
        "diverged": curve.diverged,
        "provenance": about,
    }
    write_json(path, content)
