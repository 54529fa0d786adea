"""The learning-rate range test, by torch-lr-finder, and three rules that read a rate off its curve.

The test is Smith's (2017), "Cyclical learning rates for training neural networks" (arXiv 1506.01186), whose rate grew
in a straight line. Here it grows exponentially from step to step, and the loss tells which rates train and which break.
"""

from __future__ import annotations

import contextlib
import io
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from cifarcam.errors import CifarcamError
from cifarcam.hardware import FIRST_SCALE, PRECISIONS, autocast, onednn_workaround
from cifarcam.network.layers import check_network
from cifarcam.network.restore import device_of, in_float32, modes_restored
from cifarcam.network.scores import Output, class_scores
from cifarcam.notebook_warnings import widget_warnings_ignored
from cifarcam.training.batches import Batches

with widget_warnings_ignored():
    from torch_lr_finder import LRFinder, TrainDataLoaderIter

FEWEST_POINTS = 17
SKIP_START, SKIP_END = 10, 5  # points that the library leaves out of its plots: noise before, divergence behind


@dataclass(frozen=True)
class RangeTest:
    """The curve of a learning-rate range test.

    Attributes:
        lr: float64, (steps,), rising exponentially.
        loss: float64, (steps,), the training loss before each step, smoothed exponentially.
        diverged: whether the test stopped early because the loss had grown to several times its minimum.

    Examples:
        >>> import numpy as np
        >>> from cifarcam.training import RangeTest
        >>> lr = np.geomspace(1e-4, 10, 51)
        >>> curve = RangeTest(lr, (np.log10(lr) + 1) ** 2, diverged=False)
        >>> round(curve.minimum_tenth(), 4)
        0.01
    """

    lr: np.ndarray
    loss: np.ndarray
    diverged: bool

    def suggestions(self) -> dict[str, float]:
        """A rate by each of the three rules: ``steepest``, ``minimum/10`` and ``valley``.

        Raises:
            CifarcamError: for a curve of fewer than 17 points.
        """
        if len(self.lr) < FEWEST_POINTS:
            raise CifarcamError(
                f"The range test has {len(self.lr)} points; a suggestion needs {FEWEST_POINTS}. "
                "Lower start_lr or take more steps."
            )
        return {"steepest": self.steepest(), "minimum/10": self.minimum_tenth(), "valley": self.valley()}

    def steepest(self) -> float:
        """The rate at which the loss falls fastest over the logarithm of the rate.

        The first 10 and last 5 points are left out.
        """
        middle = slice(SKIP_START, len(self.lr) - SKIP_END)
        return float(self.lr[middle][np.gradient(self.loss[middle]).argmin()])

    def minimum_tenth(self) -> float:
        """A tenth of the rate with the smallest loss (the rule of fastai's early courses)."""
        return float(self.lr[self.loss.argmin()] / 10)

    def valley(self) -> float:
        """A rate in the longest descent of the loss (fastai's default since 2021).

        The longest strictly falling subsequence of the losses is found, skipping points that rise. Of the points up to
        its last, as many as the subsequence has members, the rate is taken in the middle: a third from the start, and
        half a third more, each rounded down as fastai does.
        """
        length = np.ones(len(self.loss), dtype=int)
        for i in range(1, len(self.loss)):
            higher = self.loss[:i] > self.loss[i]
            length[i] = 1 + length[:i][higher].max(initial=0)
        end = int(length.argmax())
        members = int(length[end])
        return float(self.lr[max(0, end - members + members // 3 + members // 6)])


def range_test(
    model: nn.Module,
    optimizer: Optimizer,
    batches: Batches | Iterable[tuple[Tensor, Tensor]],
    *,
    steps: int = 200,
    start_lr: float = 1e-4,
    end_lr: float = 10.0,
    precision: str = "float32",
    output: Output = None,
) -> RangeTest:
    """Trains for a few steps with a growing rate, and puts model and optimizer back exactly as they were.

    The loss is the cross-entropy that the recipe of ``batches`` trains with, its label smoothing included; with a
    loader of one's own it is plain.

    Args:
        model, optimizer: what is to be trained; the optimizer must have no schedule yet. Weights of another float type
            are float32 meanwhile.
        batches: where the training batches come from, from epoch 0 on; or a ``DataLoader`` of normalised images and
            classes, which is gone through as often as it takes.
        steps: how many steps the rate takes from ``start_lr`` to ``end_lr``; fewer when the loss diverges.
        start_lr, end_lr: the first and the last rate.
        precision: ``"float32"``, or ``"bfloat16"`` or ``"float16"`` for autocast.
        output: where the logits are in what the model returns, if it is no tensor: a key, an index, or a function.

    Returns:
        The loss at each rate.

    Raises:
        CifarcamError: for impossible settings, an optimizer that needs a closure, a model that gives no logits, or a
            loss that is not finite from the start.

    Examples:
        >>> from cifarcam.data import synthetic_cifar10
        >>> from cifarcam.network import ResNet18
        >>> from cifarcam.training import Batches, Recipe, make_optimizer, range_test
        >>> recipe, model = Recipe("tiny", batch_size=8), ResNet18(width=9)
        >>> batches = Batches(synthetic_cifar10("test").first(40), recipe)
        >>> curve = range_test(model, make_optimizer(model, recipe), batches, steps=5, end_lr=0.01)
        >>> [round(rate, 4) for rate in curve.lr.tolist()]
        [0.0001, 0.0003, 0.001, 0.0032, 0.01]
    """
    if precision not in PRECISIONS:
        raise CifarcamError(f"The precision is {precision!r}; expected one of {', '.join(PRECISIONS)}.")
    if not 0 < start_lr < end_lr or steps < 2:
        raise CifarcamError(
            f"A range test of {steps} steps from {start_lr} to {end_lr}; expected 2 steps or more and rising rates."
        )
    if any("initial_lr" in group for group in optimizer.param_groups):
        raise CifarcamError("The optimizer has a schedule already; make the schedule after the range test.")
    check_network(model)
    if isinstance(optimizer, torch.optim.LBFGS):
        raise CifarcamError("LBFGS computes the loss several times a step; a range test needs an optimizer like SGD.")
    own = batches if isinstance(batches, Batches) else None
    loss = nn.CrossEntropyLoss(label_smoothing=own.recipe.label_smoothing if own else 0.0)
    device = device_of(model)
    scaler = torch.amp.GradScaler(device.type, FIRST_SCALE, enabled=precision == "float16")
    finder = LRFinder(
        model,
        optimizer,
        lambda returned, labels: loss(class_scores(returned, len(labels), output), labels),
        device,
        amp_backend="torch",
        amp_config=autocast(device, precision),
        grad_scaler=scaler,
    )
    forked = torch.random.fork_rng(devices=[device] if device.type == "cuda" else [])
    silent = contextlib.redirect_stdout(io.StringIO())  # it praises a plot method that is not ours
    with modes_restored(model), in_float32(model), onednn_workaround(model), forked, silent, _ratios_kept(optimizer):
        try:
            finder.range_test(
                TrainDataLoaderIter(_Endless(own) if own else batches),
                start_lr=start_lr,
                end_lr=end_lr,
                num_iter=steps,
                step_mode="exp",
            )
        finally:
            finder.reset()
            optimizer.zero_grad(set_to_none=True)
    return _curve(finder, steps)


@contextlib.contextmanager
def _ratios_kept(optimizer: Optimizer) -> Iterator[None]:
    """Inside the block each group steps by its own multiple of the first one's rate, which is the one that rises."""
    ratios = [group["lr"] / optimizer.param_groups[0]["lr"] for group in optimizer.param_groups]

    def times(power: int) -> None:
        for group, ratio in zip(optimizer.param_groups, ratios, strict=True):
            group["lr"] *= ratio**power

    hooks = [
        optimizer.register_step_pre_hook(lambda *_: times(1)),
        optimizer.register_step_post_hook(lambda *_: times(-1)),
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _curve(finder: LRFinder, steps: int) -> RangeTest:
    lr, loss = (np.asarray(finder.history[name], dtype=np.float64) for name in ("lr", "loss"))
    finite = int(np.isfinite(loss).argmin()) if not np.isfinite(loss).all() else len(loss)
    if finite == 0:
        raise CifarcamError("The loss is not finite from the first step on; look at the weights and the images.")
    return RangeTest(lr[:finite], loss[:finite], diverged=finite < steps)


class _Endless:
    """Epoch after epoch of batches, each time one asks for an iterator: the face of a DataLoader that shuffles."""

    def __init__(self, batches: Batches) -> None:
        self.batches, self.epochs = batches, itertools.count()

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        return self.batches.epoch(next(self.epochs))
