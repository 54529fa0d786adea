"""Images a second in training on the CPU: our step against the usual tutorial's, and against the same one tuned.

The same network at full width, batches of 128, whole images of 32×32 pixels. Ours: batched augmentation, bfloat16 where
the CPU has it, channels-last memory; the tuned tutorial has the latter two. ``python -m benchmarks.training_step``
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import islice

import torch

from benchmarks.plain_loop import BATCH, PlainLoop
from benchmarks.side_by_side import about, arguments, in_turns, report
from cifarcam.data.cifar import cifar10
from cifarcam.data.split import Split
from cifarcam.hardware import fastest_precision
from cifarcam.training.batches import Batches
from cifarcam.training.loop import train_step
from cifarcam.training.recipes import BEST
from cifarcam.training.state import TrainingState


def our_steps(train: Split, width: int, device: torch.device) -> Iterator[int]:
    """Trains on and on, and yields the size of each batch."""
    recipe = BEST.replace(width=width, batch_size=BATCH, first_side=32, full_side_from=1, epochs=1_000)
    state = TrainingState(recipe, train, device)
    state.model.train()
    batches = Batches(train, recipe, device)
    for epoch in range(recipe.epochs):
        for x, y in batches.epoch(epoch):
            train_step(state, x, y)
            yield len(y)


def endless_steps(loop: PlainLoop) -> Iterator[int]:
    """Trains the plain loop epoch after epoch, and yields the size of each batch."""
    while True:
        yield from loop.steps()


def rate(steps: Iterator[int], count: int) -> Callable[[], float]:
    """A function that takes the next ``count`` steps and gives images a second."""

    def timed() -> float:
        next(steps)  # the workers of a DataLoader start with its first batch
        started = time.perf_counter()
        images = sum(islice(steps, count))
        return images / (time.perf_counter() - started)

    return timed


def main(words: list[str] | None = None) -> dict:
    parser = arguments(__doc__, rounds=7)
    parser.add_argument("--steps", type=int, default=15, help="optimizer steps in a turn")
    parser.add_argument("--width", type=int, default=64)
    parsed = parser.parse_args(words)
    device, train = torch.device("cpu"), cifar10("train")
    ways = {"ours": rate(our_steps(train, parsed.width, device), parsed.steps)}
    for name, tuned in (("plain loop", False), ("plain loop, tuned", True)):
        loop = PlainLoop(train, device, parsed.width, tuned=tuned)
        ways[name] = rate(endless_steps(loop), parsed.steps)
    rates = in_turns(ways, parsed.rounds)
    settings = about(__spec__.name, parsed, parser, device) | {
        "precision": fastest_precision(device),
        "batch_size": BATCH,
        "width": parsed.width,
    }
    return report("images a second in training", rates, settings, parsed.out)


if __name__ == "__main__":
    main()
