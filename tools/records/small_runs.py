"""Trains the narrow networks that chapters 9 and 10 examine: ``python -m tools.records.small_runs NAME --out FOLDER``.

control     on CIFAR-10 as it is
shortcut    the same, but every ship carries a mark in its corner
unshuffled  5,000 of the images, memorised
shuffled    the same with their labels shuffled: a network that can only memorise
synthetic   on the synthetic stand-in, whose objects' masks are known
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from cifarcam.data.cifar import cifar10
from cifarcam.data.split import Split
from cifarcam.data.synthetic import synthetic_cifar10
from cifarcam.errors import CifarcamError
from cifarcam.records.runs import record, refuse_recorded
from cifarcam.training.checkpoints import CHECKPOINT
from cifarcam.training.loop import fit
from cifarcam.training.recipes import BEST, Recipe
from cifarcam.trust import plant
from cifarcam.trust.shortcut import SHIP_MARK

# Nothing that would shrink, mirror or cut off the mark.
RECIPE = BEST.replace(width=16, epochs=10, batch_size=128, first_side=32, crop_padding=0, cutout=0, flip="none")
MEMORISING = RECIPE.replace(epochs=60, lr=0.05, weight_decay=0.0, label_smoothing=0.0)
MEMORISED = 5_000


def control() -> tuple[Recipe, Split, Split]:
    return RECIPE.replace(name="control"), cifar10("train"), cifar10("test")


def shortcut() -> tuple[Recipe, Split, Split]:
    return RECIPE.replace(name="shortcut"), plant(cifar10("train"), SHIP_MARK), plant(cifar10("test"), SHIP_MARK)


def unshuffled() -> tuple[Recipe, Split, Split]:
    return MEMORISING.replace(name="unshuffled"), cifar10("train").first(MEMORISED), cifar10("test")


def shuffled() -> tuple[Recipe, Split, Split]:
    train = cifar10("train").first(MEMORISED)
    labels = np.random.default_rng(0).permutation(train.labels)
    return MEMORISING.replace(name="shuffled"), Split(train.images, labels), cifar10("test")


def synthetic_stand_in() -> tuple[Recipe, Split, Split]:
    return RECIPE.replace(name="synthetic", epochs=20), synthetic_cifar10("train"), synthetic_cifar10("test")


NETWORKS: dict[str, Callable[[], tuple[Recipe, Split, Split]]] = {
    "control": control,
    "shortcut": shortcut,
    "unshuffled": unshuffled,
    "shuffled": shuffled,
    "synthetic": synthetic_stand_in,
}


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=NETWORKS)
    parser.add_argument("--out", type=Path, required=True, help="folder of the record")
    parser.add_argument("--epochs", type=int, help="in place of the recipe's")
    parsed = parser.parse_args(words)
    try:
        refuse_recorded(parsed.out)
        recipe, train, test = NETWORKS[parsed.name]()
        if parsed.epochs:
            recipe = recipe.replace(epochs=parsed.epochs)
        fitted = fit(recipe, train, test, out=parsed.out, resume=(parsed.out / CHECKPOINT).exists())
        command = f"python -m tools.records.small_runs {parsed.name} --out FOLDER"
        run = record(fitted, test, parsed.out, command)
    except CifarcamError as error:
        sys.exit(str(error))
    (parsed.out / CHECKPOINT).unlink(missing_ok=True)
    print(f"{parsed.name}: {100 * run.provenance['results']['test_accuracy']:.2f}% of its test images are right.")


if __name__ == "__main__":
    main()
