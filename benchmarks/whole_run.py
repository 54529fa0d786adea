"""Epochs a second of whole training runs on a GPU: the recipe ``best``, compiled, against the usual tutorial's loop.

All train the same network in batches of 128 on all training images; ours without progressive resizing, the plain loop
in float32, whose convolutions PyTorch rounds to TF32 on a GPU, and tuned in the fastest number format. Compiling is
done before the clock starts.
``python -m benchmarks.whole_run``
"""

from __future__ import annotations

import time
from functools import partial

import torch

from benchmarks.plain_loop import BATCH, PlainLoop
from benchmarks.side_by_side import about, arguments, in_turns, report
from cifarcam.data.cifar import cifar10
from cifarcam.data.split import Split
from cifarcam.hardware import fastest_precision, training_device
from cifarcam.training.loop import fit
from cifarcam.training.recipes import BEST, Recipe


def our_run(recipe: Recipe, train: Split, test: Split, device: torch.device, compiled: bool) -> float:
    """Epochs a second of a run; the clock counts training alone, as the history does."""
    history = fit(recipe, train, test, device=device, compiled=compiled).history
    return len(history) / sum(row["seconds"] for row in history)


def plain_run(train: Split, device: torch.device, width: int, epochs: int, workers: int, tuned: bool) -> float:
    """Epochs a second of the plain loop."""
    loop = PlainLoop(train, device, width, workers, tuned=tuned)
    started = time.perf_counter()
    for _ in range(epochs):
        sum(loop.steps())
    return epochs / (time.perf_counter() - started)


def main(words: list[str] | None = None) -> dict:
    parser = arguments(__doc__, rounds=1)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--plain-epochs", type=int, default=3, help="all of its epochs take the same time")
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--workers", type=int, default=8, help="of the plain loop's DataLoader")
    parser.add_argument("--compiled", type=int, choices=(0, 1), default=1, help="whether ours uses torch.compile")
    parsed = parser.parse_args(words)
    device, train, test = training_device(), cifar10("train"), cifar10("test")
    recipe = BEST.replace(width=parsed.width, epochs=parsed.epochs, batch_size=BATCH, first_side=32, full_side_from=1)
    ways = {
        "ours": lambda: our_run(recipe, train, test, device, bool(parsed.compiled)),
    }
    for name, tuned in (("plain loop", False), ("plain loop, tuned", True)):
        ways[name] = partial(plain_run, train, device, parsed.width, parsed.plain_epochs, parsed.workers, tuned)
    rates = in_turns(ways, parsed.rounds)
    seconds = parsed.epochs / rates["ours"]
    settings = about(__spec__.name, parsed, parser, device) | {
        "precision": fastest_precision(device),
        "compiled": bool(parsed.compiled),
        "batch_size": BATCH,
        "data_checksum": train.checksum(),
        "seconds": round(seconds, 2),
    }
    return report("epochs a second in training", rates, settings, parsed.out)


if __name__ == "__main__":
    main()
