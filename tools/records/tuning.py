"""Compares candidates for a recipe on validation images: ``python -m tools.records.tuning RECIPE --out FILE``.

step_lr    the step and factor that the StepLR write-up did not publish
tuned      SGD or Muon, the rate of Muon's filters, cutout, and when the images have their full size

Each candidate trains on 45,000 of the training images, once for each seed, and is judged on the other 5,000 at its last
epoch. The test images are not looked at. What is cut off goes on from its checkpoints in ``runs/tune``.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import sys
from pathlib import Path

import numpy as np

from cifarcam.data.cifar import cifar10
from cifarcam.data.split import Split
from cifarcam.errors import CifarcamError
from cifarcam.files import write_json
from cifarcam.hardware import training_device
from cifarcam.network.predictions import Predictions, predict
from cifarcam.provenance import provenance
from cifarcam.training.checkpoints import CHECKPOINT
from cifarcam.training.loop import fit
from cifarcam.training.recipes import Recipe, find_recipe
from cifarcam.trust import bootstrap_interval
from tools.records.jobs import default_jobs, results

CANDIDATES: dict[str, list[dict]] = {
    "step_lr": [{"step_epochs": 10, "gamma": 0.1}, {"step_epochs": 15, "gamma": 0.1}, {"step_epochs": 7, "gamma": 0.3}],
    "tuned": [
        {"full_side_from": 15} | changes
        for changes in (
            {},
            {"optimizer": "sgd", "lr": 0.2, "batch_size": 256, "bias_lr_factor": 8.0},
            {"muon_lr": 0.06},
            {"muon_lr": 0.24},
            {"cutout": 12},
            {"full_side_from": 8},
        )
    ],
}
"""By recipe, the fields that each candidate changes."""
HELD_OUT = 5_000
CHECKPOINTS = Path("runs/tune")


@functools.cache
def splits() -> tuple[Split, Split]:
    """The images to train on, and the held-out ones."""
    return cifar10("train").train_val_split(HELD_OUT)


def tune(
    recipe: Recipe, changes: list[dict], epochs: int, seeds: list[int], jobs: int, command: str, out: Path
) -> dict:
    """Trains every candidate with every seed and writes the validation results as JSON.

    Args:
        recipe: what all candidates share.
        changes: of each candidate, its own fields, those that count epochs for the whole recipe's.
        epochs: of each run.
        seeds: each candidate is trained with.
        jobs: runs at once.
        command: what the record says made it.
        out: the file.

    Returns:
        What was written: a row in ``candidates`` for each, and those fields of the best one as ``chosen``.
    """
    if out.exists():
        raise CifarcamError(f"{out} exists already; choose another file with --out.")
    fields = sorted({field for change in changes for field in change})
    files = {}
    for change in changes:
        for seed in seeds:
            candidate = recipe.replace(**change, seed=seed).shortened(epochs)
            files[_folder(candidate) / "result.json"] = (candidate,)
    runs = iter(results(trained, files, jobs, recipe.name))
    rows = []
    for change in changes:
        of_seeds = [next(runs) for _ in seeds]
        right = np.mean([run.pop("right") for run in of_seeds], axis=0)
        rows.append(
            {field: getattr(recipe.replace(**change), field) for field in fields}
            | {
                "validation_accuracy": round(right.mean(), 6),
                "interval": [float(end) for end in bootstrap_interval(right)],
            }
            | {name: [run[name] for run in of_seeds] for name in of_seeds[0]}
        )
    best = max(rows, key=lambda row: row["validation_accuracy"])
    content = {"chosen": {field: best[field] for field in fields}, "candidates": rows}
    content |= {"recipe": recipe.command_line(), "epochs": epochs, "seeds": seeds}
    content |= {"trained_on": len(splits()[0].labels), "held_out": HELD_OUT}
    content |= provenance(command, training_device(), ("numpy",))
    write_json(out, content)
    return content


def _folder(recipe: Recipe) -> Path:
    return CHECKPOINTS / recipe.command_line().replace(" --", ",").replace(" ", "=")


def trained(recipe: Recipe) -> dict:
    """One run: what the record says of it, and for each of the held-out images whether it is ``right``."""
    (kept, held_out), folder = splits(), _folder(recipe)
    with contextlib.redirect_stdout(None):
        fitted = fit(recipe, kept, held_out, out=folder, resume=(folder / CHECKPOINT).exists())
    predictions = Predictions(predict(fitted.model, held_out.images, precision=fitted.precision), held_out.labels)
    return {
        "accuracies": predictions.accuracy,
        "losses": round(predictions.loss, 6),
        "train_accuracies": fitted.history[-1]["train_accuracy"],
        "minutes": round(sum(row["seconds"] for row in fitted.history) / 60, 1),
        "precision": fitted.precision,
        "right": predictions.correct.int().tolist(),
    }


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", choices=CANDIDATES)
    parser.add_argument("--width", type=int, help="a narrower network chooses sooner")
    parser.add_argument("--epochs", type=int, help="in place of the recipe's")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--only", type=int, nargs="+", help="these candidates, counted from 0")
    parser.add_argument("--jobs", type=int, default=default_jobs(), help="runs at once; %(default)s if left out")
    parser.add_argument("--out", type=Path, required=True)
    parsed = parser.parse_args(arguments)
    recipe, changes = find_recipe(parsed.recipe), CANDIDATES[parsed.recipe]
    words = [f"--{name} {value}" for name in ("width", "epochs") if (value := getattr(parsed, name))]
    words += [f"--{name} {' '.join(map(str, value))}" for name in ("seeds", "only") if (value := getattr(parsed, name))]
    command = " ".join(["python -m tools.records.tuning", parsed.recipe, *words, "--out FILE"])
    try:
        recipe = recipe.replace(width=parsed.width or recipe.width)
        chosen = [changes[i] for i in parsed.only] if parsed.only else changes
        epochs = parsed.epochs or recipe.epochs
        print(tune(recipe, chosen, epochs, parsed.seeds, parsed.jobs, command, parsed.out)["chosen"])
    except CifarcamError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
