"""Runs with one thing wrong, and their curves beside a sound one's: ``python -m tools.records.sick_runs``.

All train the narrow network of ``tools.records.ablations`` on 15,000 of the training images and are judged on 5,000
others; the test images are not looked at. What is cut off goes on from ``runs/ablations/sick``.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from cifarcam.data.constants import MEAN, STD
from cifarcam.data.split import Split
from cifarcam.errors import CifarcamError, NotFinite
from cifarcam.files import write_json
from cifarcam.hardware import onednn_workaround, training_device
from cifarcam.network.predictions import Predictions, predict
from cifarcam.provenance import provenance
from cifarcam.records.folders import MEASUREMENTS
from cifarcam.training.batches import Batches, batched, flips, generator_for, pad, random_places
from cifarcam.training.loop import train_step
from cifarcam.training.progress import EpochLog
from cifarcam.training.recipes import Recipe
from cifarcam.training.state import TrainingState
from tools.records.ablations import BASE, CHECKPOINTS
from tools.records.jobs import default_jobs, results
from tools.records.networks import network
from tools.records.tuning import HELD_OUT, splits

COPIES = 100
OUT = MEASUREMENTS / "sick_runs.json"


class NotNormalised(nn.Module):
    """A network that gets pixels from 0 to 255, as who forgets to normalise gives them."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> Tensor:
        mean, std = (torch.tensor(values, device=x.device)[:, None, None] for values in (MEAN, STD))
        return self.net(255 * (x * std + mean))


class AlwaysTraining(NotNormalised):
    """A network that nobody puts into eval mode: BatchNorm takes its statistics from the batch it is asked about."""

    def train(self, mode: bool = True) -> AlwaysTraining:
        return super().train(True)

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)


class InClassOrder(Batches):
    """Batches of which each holds one class or two, as a data set sorted by class gives them unshuffled."""

    def epoch(self, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        yield from self._by_batch(torch.as_tensor(self.train.labels).argsort(stable=True), epoch)


@dataclasses.dataclass
class Sickness:
    """What is wrong with a run; left out is what is right.

    Attributes:
        changes: of the recipe.
        train, held_out: what becomes of the splits.
        model: what becomes of the network.
        batches: what gives the batches.
    """

    changes: dict = dataclasses.field(default_factory=dict)
    train: Callable[[Split, Split], Split] = lambda train, held_out: train
    held_out: Callable[[Split], Split] = lambda held_out: held_out
    model: Callable[[nn.Module], nn.Module] = lambda net: net
    batches: type[Batches] = Batches


def shuffled_labels(train: Split, held_out: Split) -> Split:
    return Split(train.images, np.random.default_rng(0).permutation(train.labels))


def with_copies_of_a_held_out_image(train: Split, held_out: Split) -> Split:
    """The first held-out image in place of a hundred training images."""
    images, labels = train.images.copy(), train.labels.copy()
    images[:COPIES], labels[:COPIES] = held_out.images[0], held_out.labels[0]
    return Split(images, labels)


def augmented(held_out: Split) -> Split:
    """The held-out images, cropped, mirrored and cut as in training, as uint8."""
    count, generator = len(held_out.labels), generator_for(0, 0, "augment")
    x = batched(pad(held_out.images, BASE), flips(count, BASE, 0), random_places(count, BASE, generator), BASE)
    mean, std = (torch.tensor(values)[:, None, None] for values in (MEAN, STD))
    images = (255 * (x * std + mean)).round().clamp(0, 255).byte().permute(0, 2, 3, 1).contiguous().numpy()
    return Split(images, held_out.labels)


def labels_one_off(held_out: Split) -> Split:
    """Held-out images whose classes are counted from 1 where those of training are from 0."""
    return Split(held_out.images, (held_out.labels + 1) % 10)


RUNS = {
    "sound": Sickness(),
    "learning rate 100 times too high": Sickness(changes={"lr": 100 * BASE.lr}),
    "learning rate 1,000 times too low": Sickness(changes={"lr": BASE.lr / 1_000}),
    "inputs not normalised": Sickness(model=NotNormalised),
    "training labels shuffled": Sickness(train=shuffled_labels),
    "BatchNorm left in training mode": Sickness(model=AlwaysTraining),
    "held-out images augmented": Sickness(held_out=augmented),
    "a held-out image among the training images": Sickness(train=with_copies_of_a_held_out_image),
    "images in class order": Sickness(batches=InClassOrder),
    "held-out labels one off": Sickness(held_out=labels_one_off),
}
"""By what is wrong."""


def history(recipe: Recipe, sickness: Sickness, train: Split, held_out: Split) -> dict:
    """The curves of a run, a value an epoch, and the probability of the first held-out image's class at its end."""
    model = sickness.model(network(recipe.width, recipe.seed))
    run = TrainingState(recipe, train, training_device(), model=model)
    batches, rows = sickness.batches(train, recipe, run.device), []
    with onednn_workaround(run.model):
        for epoch in range(recipe.epochs):
            run.model.train()
            log = EpochLog(run, len(batches), epoch)
            for x, y in log.with_bar(batches.epoch(epoch)):
                log.add(train_step(run, x, y), y)
            found = Predictions(predict(run.model, held_out.images), held_out.labels)
            row = log.row()
            row = {name: row[name] for name in ("train_loss", "train_accuracy")}
            rows.append(row | {"validation_loss": found.loss, "validation_accuracy": found.accuracy})
    curves = {name: [round(row[name], 6) for row in rows] for name in rows[0]}
    first = found.probabilities[0, int(held_out.labels[0])].item()
    return {"history": curves, "probability_of_first_held_out": round(first, 6)}


def one_run(name: str, base: Recipe) -> dict:
    """What the record says of the run in which this is wrong."""
    sickness, (kept, held_out) = RUNS[name], splits()
    recipe = base.replace(**sickness.changes)
    train = sickness.train(kept.first(recipe.train_images), held_out)
    try:
        with contextlib.redirect_stdout(None):
            return {"run": name, **history(recipe, sickness, train, sickness.held_out(held_out))}
    except NotFinite as error:
        return {"run": name, "diverged": str(error)}


def record(out: Path, jobs: int) -> None:
    """Makes the record; a run that is done already is not trained again.

    Raises:
        CifarcamError: where there is one.
    """
    if out.exists():
        raise CifarcamError(f"{out} exists already; move it away, or choose another file with --out.")
    rows = results(one_run, {CHECKPOINTS / "sick" / f"{name}.json": (name, BASE) for name in RUNS}, jobs, "sick runs")
    content = {"question": "What does each mistake look like in the curves?", "recipe": BASE.command_line()}
    content |= {"rows": rows}
    content |= {"trained_on": BASE.train_images, "held_out": HELD_OUT}
    write_json(out, content | provenance("python -m tools.records.sick_runs", training_device(), ("numpy",)))


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=OUT, help="file of the record, that of the package if left out")
    parser.add_argument("--jobs", type=int, default=default_jobs(), help="runs at once; %(default)s if left out")
    parsed = parser.parse_args(arguments)
    try:
        record(parsed.out, parsed.jobs)
    except CifarcamError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
