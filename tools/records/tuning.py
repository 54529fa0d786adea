"""Chooses what the StepLR write-up did not publish, its step and factor: ``python -m tools.records.tuning --out FILE``.

Each candidate trains on 45,000 of the training images and is judged on the other 5,000, at its last epoch. The test
images are not looked at. What is cut off goes on from its checkpoints in ``runs/tune``.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from cifarcam.data.cifar import cifar10
from cifarcam.errors import CifarcamError
from cifarcam.files import write_json
from cifarcam.hardware import training_device
from cifarcam.provenance import provenance
from cifarcam.training.checkpoints import CHECKPOINT
from cifarcam.training.loop import fit
from cifarcam.training.recipes import STEP_LR, Recipe

CANDIDATES = [(10, 0.1), (15, 0.1), (7, 0.3)]  # StepLR's step in epochs, and its factor
HELD_OUT = 5_000
CHECKPOINTS = Path("runs/tune")


def tune(recipe: Recipe, out: Path) -> dict:
    """Trains every candidate of a recipe and writes their validation results as JSON."""
    if out.exists():
        raise CifarcamError(f"{out} exists already; choose another file with --out.")
    kept, held_out = cifar10("train").train_val_split(HELD_OUT)
    results = []
    for step_epochs, gamma in CANDIDATES:
        candidate = recipe.replace(step_epochs=step_epochs, gamma=gamma)
        folder = CHECKPOINTS / f"width-{recipe.width}-epochs-{recipe.epochs}-step-{step_epochs}-gamma-{gamma}"
        fitted = fit(candidate, kept, held_out, out=folder, resume=(folder / CHECKPOINT).exists())
        last = fitted.history[-1]
        results.append(
            {
                "step_epochs": step_epochs,
                "gamma": gamma,
                "validation_accuracy": last["test_accuracy"],
                "validation_loss": round(last["test_loss"], 6),
            }
        )
        print(json.dumps(results[-1]))
    best = max(results, key=lambda result: result["validation_accuracy"])
    content = {
        "chosen": {name: best[name] for name in ("step_epochs", "gamma")},
        "candidates": results,
        "recipe": recipe.command_line(),
        "trained_on": len(kept.labels),
        "held_out": len(held_out.labels),
        "precision": fitted.precision,
    }
    content |= provenance(
        f"python -m tools.records.tuning --width {recipe.width} --epochs {recipe.epochs}", training_device()
    )
    write_json(out, content)
    return content


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--width", type=int, default=STEP_LR.width, help="a narrower network chooses sooner")
    parser.add_argument("--epochs", type=int, default=STEP_LR.epochs)
    parser.add_argument("--out", type=Path, required=True)
    parsed = parser.parse_args(arguments)
    try:
        print(tune(STEP_LR.replace(width=parsed.width, epochs=parsed.epochs), parsed.out)["chosen"])
    except CifarcamError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
