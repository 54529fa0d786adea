"""Trains the narrow networks that chapter 9 examines: ``python -m tools.train_small NAME --out FOLDER``.

control     on CIFAR-10 as it is
shortcut    the same, but every ship carries a mark in its corner
unshuffled  5,000 of the images, learned by heart
shuffled    the same with their labels shuffled: a network that can only learn by heart
drawn       on the drawn stand-in, whose objects' masks are known
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from cifarcam.checkpoints import CHECKPOINT
from cifarcam.data import cifar10
from cifarcam.drawn import drawn
from cifarcam.errors import CifarcamError
from cifarcam.recipes import BEST, Recipe
from cifarcam.runs import record, refuse_recorded
from cifarcam.split import Split
from cifarcam.training import fit
from cifarcam.trust import plant
from cifarcam.trust.shortcut import SHIP_MARK

# Nothing that would shrink, mirror or cut off the mark.
RECIPE = BEST.replace(width=16, epochs=10, batch=128, first_side=32, crop_padding=0, cutout=0, flip="none")
BY_HEART = RECIPE.replace(epochs=60, lr=0.05, weight_decay=0.0, label_smoothing=0.0)
LEARNED_BY_HEART = 5_000


def control() -> tuple[Recipe, Split, Split]:
    return RECIPE.replace(name="control"), cifar10("train"), cifar10("test")


def shortcut() -> tuple[Recipe, Split, Split]:
    return RECIPE.replace(name="shortcut"), plant(cifar10("train"), SHIP_MARK), plant(cifar10("test"), SHIP_MARK)


def unshuffled() -> tuple[Recipe, Split, Split]:
    return BY_HEART.replace(name="unshuffled"), cifar10("train").first(LEARNED_BY_HEART), cifar10("test")


def shuffled() -> tuple[Recipe, Split, Split]:
    train = cifar10("train").first(LEARNED_BY_HEART)
    labels = np.random.default_rng(0).permutation(train.labels)
    return BY_HEART.replace(name="shuffled"), Split(train.images, labels), cifar10("test")


def drawn_stand_in() -> tuple[Recipe, Split, Split]:
    return RECIPE.replace(name="drawn", epochs=20), drawn("train"), drawn("test")


NETWORKS: dict[str, Callable[[], tuple[Recipe, Split, Split]]] = {
    "control": control,
    "shortcut": shortcut,
    "unshuffled": unshuffled,
    "shuffled": shuffled,
    "drawn": drawn_stand_in,
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
        run = record(fitted, test, parsed.out)
    except CifarcamError as error:
        sys.exit(str(error))
    (parsed.out / CHECKPOINT).unlink(missing_ok=True)
    print(f"{parsed.name}: {100 * run.provenance['results']['test_accuracy']:.2f}% of its test images are right.")


if __name__ == "__main__":
    main()
