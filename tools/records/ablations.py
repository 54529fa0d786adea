"""Experiments behind what chapters claim: one thing changed at a time, ``python -m tools.records.ablations NAME``.

degradation    18 and 34 layers, plain and residual: training and validation accuracy
batchnorm      with BatchNorm and without, at three learning rates
augmentation   none, flips, crops, cutout, all
schedule       constant, StepLR and OneCycle, at three learning rates
peak_rate      OneCycle at eight peak rates, beside a range test
momentum       none, 0.5, 0.9, 0.99, and Nesterov's
weight_decay   five strengths
label_smoothing   three strengths: accuracy, loss and calibration
batch_size     32 to 2,048, at the same rate and at a rate in proportion
luck           ten seeds of one recipe
ingredients    ``tuned`` with one of its ingredients left out, in turn

Narrow networks train on 15,000 of the training images, for the ingredients on 45,000, and are judged on 5,000 others,
with three seeds. The test images are not looked at. What is cut off goes on from ``runs/ablations``.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cifarcam.data.split import Split
from cifarcam.errors import CifarcamError, NotFinite
from cifarcam.files import write_json
from cifarcam.hardware import training_device
from cifarcam.network.predictions import Predictions, predict
from cifarcam.provenance import provenance
from cifarcam.records.folders import ABLATIONS
from cifarcam.training.batches import Batches
from cifarcam.training.loop import Fitted, fit
from cifarcam.training.lr_finder import range_test
from cifarcam.training.optimizers import make_optimizer
from cifarcam.training.recipes import BEST, TUNED, Recipe
from tools.records.jobs import default_jobs, results
from tools.records.networks import network
from tools.records.tuning import HELD_OUT, splits

BASE = BEST.replace(name="ablation", width=16, epochs=7, batch_size=128, train_images=15_000, first_side=32)
SEEDS = (0, 1, 2)
RATES = (0.02, 0.1, 0.5)
NETWORK = ("layers", "residual", "batchnorm")
"""What an arm changes of the network; all else it changes is a field of the recipe, but for its name, ``without``."""
CHECKPOINTS = Path("runs/ablations")


@dataclass(frozen=True)
class Experiment:
    """Arms that differ in one thing, or in one thing and the learning rate.

    Attributes:
        question: that it answers.
        arms: for each what it changes, of the recipe or of the network.
        seeds: each arm is trained with.
        recipe: what all arms share.
    """

    question: str
    arms: tuple[dict, ...]
    seeds: tuple[int, ...] = SEEDS
    recipe: Recipe = BASE


def _each(field: str, *values: object) -> tuple[dict, ...]:
    return tuple({field: value} for value in values)


NO_AUGMENTATION = {"flip": "none", "crop_padding": 0, "cutout": 0}
EXPERIMENTS = {
    "degradation": Experiment(
        "Does a deeper network fit better, with shortcuts and without?",
        tuple({"layers": layers, "residual": residual} for layers in (18, 34) for residual in (False, True)),
    ),
    "batchnorm": Experiment(
        "What does BatchNorm gain, each way at the best of three rates?",
        tuple({"batchnorm": on, "lr": lr} for on in (True, False) for lr in (0.01, 0.05, 0.2)),
    ),
    "augmentation": Experiment(
        "What does each augmentation cost in training and gain in validation?",
        (
            NO_AUGMENTATION,
            NO_AUGMENTATION | {"flip": "alternating"},
            NO_AUGMENTATION | {"crop_padding": 4},
            NO_AUGMENTATION | {"cutout": 8},
            {"flip": "alternating", "crop_padding": 4, "cutout": 8},
        ),
    ),
    "schedule": Experiment(
        "Which schedule does best, each at the best of three rates?",
        tuple(
            {"schedule": name, "lr": lr, "step_epochs": 5, "gamma": 0.1}
            for name in ("constant", "step", "one_cycle")
            for lr in RATES
        ),
    ),
    "peak_rate": Experiment(
        "Which peak rate is best, and would the range test have found it?",
        _each("lr", 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0),
    ),
    "momentum": Experiment(
        "What does momentum gain at one rate of progress, lr / (1 - momentum)?",
        (
            *({"nesterov": False, "momentum": m, "lr": round(2 * (1 - m), 6)} for m in (0.0, 0.5, 0.9, 0.99)),
            {"nesterov": True, "momentum": 0.9, "lr": 0.2},
        ),
    ),
    "weight_decay": Experiment("How much weight decay?", _each("weight_decay", 0.0, 5e-5, 5e-4, 2e-3, 5e-3)),
    "label_smoothing": Experiment(
        "What does label smoothing do to accuracy, loss and calibration?", _each("label_smoothing", 0.0, 0.1, 0.2, 0.4)
    ),
    "batch_size": Experiment(
        "How far does the linear rule hold: batch and rate doubled together?",
        tuple(
            {"batch_size": size, "lr": lr}
            for size in (32, 128, 512, 2048)
            for lr in dict.fromkeys((0.2, round(0.2 * size / 128, 6)))
        ),
    ),
    "luck": Experiment(
        "How far apart are runs that differ in their seed alone?", _each("lr", BASE.lr), tuple(range(10))
    ),
    "ingredients": Experiment(
        "What does `tuned` lose without one of its ingredients?",
        (
            {"without": "nothing"},
            {"without": "Muon", "optimizer": "sgd", "lr": 0.2, "batch_size": 256, "bias_lr_factor": 8.0},
            {"without": "whitened stem", "whitened_stem": False},
            {"without": "higher rate of biases", "bias_lr_factor": 1.0},
            {"without": "label smoothing", "label_smoothing": 0.0},
            {"without": "alternating flips", "flip": "random"},
            {"without": "cutout", "cutout": 0},
            {"without": "small images first", "first_side": 32},
        ),
        recipe=TUNED.shortened(BASE.epochs).replace(width=BASE.width),
    ),
}


def arms(name: str) -> Iterator[tuple[dict, Recipe]]:
    """What each run of an experiment changes, and its recipe, seed by seed."""
    experiment = EXPERIMENTS[name]
    for change in experiment.arms:
        for seed in experiment.seeds:
            fields = {field: value for field, value in change.items() if field not in (*NETWORK, "without")}
            yield change, experiment.recipe.replace(**fields, seed=seed)


def trained(change: dict, recipe: Recipe, kept: Split, held_out: Split, **options: object) -> Fitted:
    """One run of an experiment; ``options`` are those of ``fit``."""
    model = network(recipe.width, recipe.seed, **{name: change[name] for name in NETWORK if name in change})
    return fit(recipe, kept, held_out, model=model, **options)


def run(change: dict, recipe: Recipe) -> dict:
    """What the record says of one run: its changes, its curves, and what the last epoch's network gets right."""
    row, (kept, held_out) = change | {"seed": recipe.seed}, splits()
    try:
        with contextlib.redirect_stdout(None):
            fitted = trained(change, recipe, kept, held_out)
        on_seen, on_held_out = (
            Predictions(predict(fitted.model, split.images), split.labels) for split in (kept.first(HELD_OUT), held_out)
        )
    except NotFinite as error:
        return row | {"diverged": str(error)}
    history = {name: [round(epoch[name], 6) for epoch in fitted.history] for name in fitted.history[0]}
    history["validation_loss"], history["validation_accuracy"] = history.pop("test_loss"), history.pop("test_accuracy")
    return row | {
        "train_accuracy": on_seen.accuracy,  # of images as they are, by the network that is validated
        "train_loss": round(on_seen.loss, 6),
        "validation_accuracy": on_held_out.accuracy,
        "validation_loss": round(on_held_out.loss, 6),
        "calibration_error": round(on_held_out.calibration_error(), 6),
        "minutes": round(sum(history.pop("seconds")) / 60, 2),
        "history": history,
    }


def experiment(name: str, out: Path, jobs: int) -> None:
    """Makes the record of an experiment; a run that is done already is not trained again.

    Raises:
        CifarcamError: where there is one.
    """
    if out.exists():
        raise CifarcamError(f"{out} exists already; move it away, or choose another file with --out.")
    files = {}
    for change, recipe in arms(name):
        words = [f"{field}={value}" for field, value in change.items()]
        files[CHECKPOINTS / name / (",".join([*words, f"seed={recipe.seed}"]) + ".json")] = change, recipe
    rows = results(run, files, jobs, name)
    made, kept = EXPERIMENTS[name], splits()[0]
    changed = [field for field in made.arms[0] if all(field in change for change in made.arms)]
    content = {"question": made.question, "recipe": made.recipe.command_line(), "changed": changed, "rows": rows}
    content |= {"trained_on": made.recipe.train_images or len(kept.labels), "held_out": HELD_OUT}
    if name == "peak_rate":
        content["range_test"] = _range_test(kept)
    command = f"python -m tools.records.ablations {name}"
    write_json(out, content | provenance(command, training_device(), ("numpy",)))


def _range_test(kept: Split) -> dict:
    model = network(BASE.width, 0)
    curve = range_test(model, make_optimizer(model, BASE), Batches(kept, BASE), steps=200)
    return {"lr": curve.lr.tolist(), "loss": curve.loss.tolist(), "suggestions": curve.suggestions()}


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=EXPERIMENTS)
    parser.add_argument("--out", type=Path, help="file of the record, that of the package if left out")
    parser.add_argument("--jobs", type=int, default=default_jobs(), help="runs at once; %(default)s if left out")
    parsed = parser.parse_args(arguments)
    try:
        experiment(parsed.name, parsed.out or ABLATIONS / f"{parsed.name}.json", parsed.jobs)
    except CifarcamError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
