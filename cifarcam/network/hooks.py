"""How often a model runs, counted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from torch import Tensor, nn


@dataclass
class Passes:
    """Images that went through a model: ``forward`` to its logits, ``backward`` from them."""

    forward: int = 0
    backward: int = 0


@contextmanager
def pass_counter(model: nn.Module) -> Iterator[Passes]:
    """Counts the images that pass through the model inside the block; the model keeps no hook."""
    passes = Passes()

    def count_backward(gradient: Tensor) -> None:
        passes.backward += len(gradient)

    def count_forward(module: nn.Module, inputs: tuple, logits: Tensor) -> None:
        passes.forward += len(logits)
        if logits.requires_grad:
            logits.register_hook(count_backward)

    handle = model.register_forward_hook(count_forward)
    try:
        yield passes
    finally:
        handle.remove()
