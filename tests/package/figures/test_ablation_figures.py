"""Figures of experiments draw the mean over seeds and how far the seeds reach."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cifarcam import figures


@pytest.fixture
def runs() -> pd.DataFrame:
    rows = [
        {"lr": lr, "plain": plain, "seed": seed, "validation_accuracy": 0.5 + lr + seed / 10, "history": {
            "validation_accuracy": [0.1 + seed / 10, 0.2 + seed / 10], "train_loss": [2.0, 1.0 + lr]}}
        for lr in (0.1, 0.2) for plain in (True, False) for seed in (0, 1, 2)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_learning_curves_have_a_line_and_a_band_for_each_arm(runs: pd.DataFrame) -> None:
    arms = {"slow": {"lr": 0.1, "plain": True}, "fast": {"lr": 0.2, "plain": True}}
    labels = {"train_loss": "loss (nats)", "validation_accuracy": "accuracy (%)"}
    figure = figures.learning_curves(runs, arms, labels)
    loss, accuracy = figure.axes
    assert [line.get_label() for line in loss.lines] == ["slow", "fast"]
    np.testing.assert_allclose(loss.lines[1].get_ydata(), [2.0, 1.2])
    np.testing.assert_allclose(accuracy.lines[0].get_ydata(), [20, 30])
    band = accuracy.collections[0].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == pytest.approx((10, 40))
    assert [ax.get_ylabel() for ax in figure.axes] == list(labels.values())


def test_a_sweep_has_a_dot_for_each_value_and_a_line_for_each_part(runs: pd.DataFrame) -> None:
    figure = figures.sweep(
        runs, "lr", {"validation_accuracy": "accuracy (%)"}, "learning rate", log=True, split="plain"
    )
    (ax,) = figure.axes
    assert [container.get_label() for container in ax.containers] == ["True", "False"]
    line, caps, _ = ax.containers[0]
    np.testing.assert_allclose(line.get_xdata(orig=False), [0.1, 0.2])
    np.testing.assert_allclose(line.get_ydata(orig=False), [70, 80])
    np.testing.assert_allclose(caps[0].get_ydata(orig=False), [60, 70])
    assert (ax.get_xscale(), ax.get_xlabel()) == ("log", "learning rate")


def test_a_value_whose_run_diverged_has_no_dot(runs: pd.DataFrame) -> None:
    runs.loc[0, "validation_accuracy"] = np.nan
    figure = figures.sweep(runs, "lr", {"validation_accuracy": "accuracy (%)"}, "learning rate")
    assert np.isnan(figure.axes[0].containers[0][0].get_ydata(orig=False)[0])
