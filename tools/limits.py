"""Time limits that follow the machine: a known piece of work is timed first, and a slow or busy machine gets longer."""

from __future__ import annotations

import time
from functools import cache

import torch
from torch.nn.functional import cross_entropy

from cifarcam.network.resnet import ResNet18

REFERENCE = 1.0  # seconds of the known work on two cores of an Intel Xeon of 2023, with nothing beside it
IMAGES, STEPS = 64, 5


def limit(seconds: float) -> float:
    """The limit, in seconds, for what may take this many where the known work takes ``REFERENCE``; never less."""
    return seconds * max(1.0, known_work() / REFERENCE)


@cache
def known_work() -> float:
    """Seconds that a few training steps of a narrow network take on this machine, as busy as it is when first asked."""
    with torch.random.fork_rng(devices=[]):
        net, x = ResNet18(width=16), torch.zeros(IMAGES, 3, 32, 32)
        y = torch.arange(IMAGES) % 10
        start = time.perf_counter()
        for _ in range(STEPS):
            cross_entropy(net(x), y).backward()
        return time.perf_counter() - start
