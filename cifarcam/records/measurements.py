"""Recorded measurements that take too long to repeat in a chapter, each with the command that makes it."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd

from cifarcam.errors import CifarcamError
from cifarcam.files import write_json
from cifarcam.records.folders import MEASUREMENTS
from cifarcam.training.lr_finder import RangeTest
from cifarcam.training.recipes import Recipe

RANGE_TEST = MEASUREMENTS / "range_test.json"
METHOD_COSTS = MEASUREMENTS / "method_costs.json"
STEP_PROFILE = MEASUREMENTS / "step_profile.json"
SCALING = MEASUREMENTS / "scaling.json"


def published_one_cycle() -> pd.DataFrame:
    """The log of a published student write-up: ResNet-18, OneCycle, batch 512, 20 epochs, 90.89 % at the end.

    Its test losses are not given here: they were divided by the number of images twice over.

    Returns:
        A row for each epoch, with the columns ``epoch`` from 1; ``lr`` at the start of the epoch; ``train_accuracy``
        and ``test_accuracy`` (0 to 1); ``train_loss`` of the epoch's last batch (nats).

    Examples:
        >>> from cifarcam.records import published_one_cycle
        >>> log = published_one_cycle()
        >>> len(log), round(float(log["test_accuracy"].iloc[-1]), 4)
        (20, 0.9089)
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
    """Test accuracies on CIFAR-10 that others report.

    Returns:
        A row for each result, with the columns ``source``; ``network``; ``epochs``; ``test_accuracy``, the text as
        published, in percent; ``url``, empty for the two student write-ups.

    Examples:
        >>> from cifarcam.records import published_results
        >>> published_results().columns.tolist()
        ['source', 'network', 'epochs', 'test_accuracy', 'url']
    """
    return pd.read_csv(MEASUREMENTS / "published_results.csv", dtype={"test_accuracy": str}, keep_default_na=False)


def recorded_benchmarks() -> list[dict]:
    """The timings that ship with the package, as ``benchmarks/`` writes them.

    Returns:
        A dict for each, with ``claim``, with the unit of the rates; ``rates`` by name; ``ours``, the one that is
        compared with all others; ``ratios``, how many times as fast it is as each of them; ``command``;
        ``hardware``; ``versions``; ``date``.

    Examples:
        >>> from cifarcam.records import recorded_benchmarks
        >>> {"claim", "rates", "ratios", "command"} <= set(recorded_benchmarks()[0])
        True
    """
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(MEASUREMENTS.glob("benchmark_*.json"))]


def recorded_step_profile() -> tuple[pd.DataFrame, dict]:
    """Where the time of a training step goes, as ``benchmarks.step_profile`` measured it.

    Returns:
        A row for each part, the longest first, with ``seconds``, and the least that ``arithmetic_floor`` and
        ``memory_floor`` allow it (s), NaN where neither was reckoned. Beside it the ``batch_size``, the ``precision``
        and the provenance.

    Examples:
        >>> from cifarcam.records import recorded_step_profile
        >>> parts, about = recorded_step_profile()
        >>> parts.columns.tolist()
        ['seconds', 'arithmetic_floor', 'memory_floor']
    """
    measured = json.loads(STEP_PROFILE.read_text(encoding="utf-8"))
    return pd.DataFrame(measured.pop("parts")).set_index("part"), measured


def recorded_scaling() -> dict:
    """Training by one process and by two, as ``benchmarks.scaling`` measured it, and what that lets one calculate.

    Returns:
        The ``rates`` of one and of two processes of one thread each (images a second); ``all_reduce``, its ``seconds``
        by ``megabytes``; the ``model`` fitted to that, with what it says of two processes;
        ``calculated_efficiency`` by the number of GPUs, which is not measured, and what it is ``calculated_for``; the
        provenance.

    Examples:
        >>> from cifarcam.records import recorded_scaling
        >>> list(recorded_scaling()["rates"])
        ['one process', 'two processes']
    """
    return json.loads(SCALING.read_text(encoding="utf-8"))


def recorded_method_costs() -> tuple[pd.DataFrame, dict]:
    """The cost of the five-stage maps of one image by each method, as ``benchmarks.method_costs`` measured it.

    Returns:
        A row for each method, with the images that pass ``forward`` and ``backward``, and the time as a multiple of
        Grad-CAM's, ``times_grad_cam``. Beside it the provenance, and ``grad_cam_in_batches``, how many ``images`` took
        Grad-CAM how many ``minutes``.

    Examples:
        >>> from cifarcam.records import recorded_method_costs
        >>> costs, _ = recorded_method_costs()
        >>> costs.loc["Grad-CAM", ["forward", "backward"]].astype(int).to_dict()
        {'forward': 2, 'backward': 1}
    """
    measured = json.loads(METHOD_COSTS.read_text(encoding="utf-8"))
    return pd.DataFrame(measured.pop("methods")).T.astype({"forward": int, "backward": int}), measured


def recorded_tuning(recipe: str) -> tuple[pd.DataFrame, dict]:
    """The choice among candidates for a recipe on held-out training images, as ``tools.records.tuning`` measured it.

    Args:
        recipe: ``"step_lr"``, ``"tuned"``, or ``"tuned_confirmed"`` for two candidates of ``tuned`` at full width.

    Returns:
        A row for each candidate, with the fields that candidates change, and ``validation_accuracy`` (0 to 1) after the
        last epoch. But for ``step_lr`` that is a mean over seeds, with its ``interval`` over images, each seed's
        ``accuracies``, ``losses`` (nats), ``train_accuracies`` and ``minutes``. Beside it the ``chosen`` fields, the
        ``recipe``, how many images it was ``trained_on`` and how many were ``held_out``, and the provenance.

    Raises:
        CifarcamError: for a recipe of which no choice is recorded.

    Examples:
        >>> from cifarcam.records import recorded_tuning
        >>> candidates, _ = recorded_tuning("step_lr")
        >>> candidates.columns.tolist()
        ['step_epochs', 'gamma', 'validation_accuracy', 'validation_loss']
    """
    path = MEASUREMENTS / f"{recipe}_tuning.json"
    if not path.is_file():
        known = ", ".join(sorted(each.stem.removesuffix("_tuning") for each in MEASUREMENTS.glob("*_tuning.json")))
        raise CifarcamError(f"There is no recorded choice for {recipe!r}; there are those of {known}.")
    measured = json.loads(path.read_text(encoding="utf-8"))
    return pd.DataFrame(measured.pop("candidates")), measured


def recorded_range_test() -> tuple[RangeTest, dict]:
    """The learning-rate range test that ships with the package, and its provenance (recipe, hardware, versions, date).

    Examples:
        >>> from cifarcam.records import recorded_range_test
        >>> curve, about = recorded_range_test()
        >>> len(curve.lr) == len(curve.loss), list(curve.suggestions())
        (True, ['steepest', 'minimum/10', 'valley'])
    """
    saved = json.loads(RANGE_TEST.read_text(encoding="utf-8"))
    curve = RangeTest(np.array(saved["lr"]), np.array(saved["loss"]), saved["diverged"])
    return curve, saved["provenance"]


def write_range_test(curve: RangeTest, recipe: Recipe, about: dict, path: Path) -> None:
    """Writes a range test as JSON, with its recipe and its provenance.

    Args:
        curve: the range test.
        recipe: what was trained.
        about: the provenance, and what else is to be said of the test.
        path: of the file.
    """
    about = about | {"recipe": dataclasses.asdict(recipe)}
    content = {
        "lr": [float(f"{value:.6g}") for value in curve.lr],
        "loss": [float(f"{value:.6g}") for value in curve.loss],
        "diverged": curve.diverged,
        "provenance": about,
    }
    write_json(path, content)
