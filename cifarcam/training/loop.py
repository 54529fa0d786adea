"""The training loop, with a log, a progress bar, checkpoints and exact resuming.

All randomness is keyed by the recipe's seed and the number of the epoch, so a run that was stopped and resumed ends
with the very same weights as one that was not.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from cifarcam.data.constants import CLASSES
from cifarcam.data.normalization import normalize
from cifarcam.data.split import Split, check_split
from cifarcam.errors import CifarcamError
from cifarcam.hardware import autocast, describe, onednn_workaround, settings, training_device
from cifarcam.network.layers import unwrapped
from cifarcam.network.predictions import Predictions, predict
from cifarcam.network.resnet import ResNet18
from cifarcam.network.restore import ONE_THREAD
from cifarcam.network.scores import Output, class_scores
from cifarcam.provenance import current_commit
from cifarcam.training.batches import Batches, generator_for, resize
from cifarcam.training.checkpoints import (
    CHECKPOINT,
    WAIT,
    load_checkpoint,
    locked,
    refuse_existing,
    refuse_missing,
    save_checkpoint,
)
from cifarcam.training.distributed import (
    check_alike,
    one_voice,
    predict_together,
    process,
    processes,
    share,
    take_buffers_of_first,
)
from cifarcam.training.progress import EpochLog, report_evaluation
from cifarcam.training.recipes import Recipe
from cifarcam.training.state import TrainingState


@dataclass
class Fitted:
    """A trained network and how it was trained.

    Attributes:
        recipe: what was trained.
        model: the network, in eval mode, on the device it was trained on; the moving average of its weights where
            ``ema_decay`` is above 0.
        history: a dict an epoch: ``epoch``, ``lr`` (at its start), ``train_loss`` (mean cross-entropy of the augmented
            batches), ``train_accuracy``, ``test_loss``, ``test_accuracy`` (shares, 0 to 1), ``seconds`` of training.
        hardware, precision: what it ran on, and in which number format.
        commit: the package's, ``None`` where it runs from no checkout; a run that was resumed names all, as for
            ``hardware``, and ``unknown`` for what its checkpoint does not tell.
        compiled: whether ``torch.compile`` was used.
        data_checksum: of the training split, see ``Split.checksum``.

    Examples:
        >>> from cifarcam.network import ResNet18
        >>> from cifarcam.training import Fitted, Recipe
        >>> recipe, model = Recipe("tiny", width=9, epochs=1), ResNet18(width=9)
        >>> row = {"epoch": 1, "lr": 0.1, "test_accuracy": 0.25}
        >>> fitted = Fitted(recipe, model, [row], "a CPU", "float32", None, False, "")
        >>> fitted.history[-1]["test_accuracy"]
        0.25
    """

    recipe: Recipe
    model: nn.Module
    history: list[dict]
    hardware: str
    precision: str
    commit: str | None
    compiled: bool
    data_checksum: str


def fit(
    recipe: Recipe,
    train: Split,
    test: Split,
    *,
    model: nn.Module | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    stop_after: int | None = None,
    device: torch.device | str | None = None,
    compiled: bool = False,
    output: Output = None,
) -> Fitted:
    """Trains a network by a recipe and tests it after each epoch; the test results choose nothing.

    Two lines an epoch are printed, with a progress bar in between.

    Args:
        recipe: every number of the run.
        train, test: the two splits, images of one size.
        model: a network of your own, trained in place, its weights in float32; it takes normalised (N, 3, H, W) and
            gives logits, (N, classes), or (N, 1) for two classes (see ``class_scores``), and ``whitened_stem`` leaves
            it as it is. Without it a ``ResNet18`` of the recipe's width and dropout, for ten classes.
        out: folder for ``checkpoint.pt``, written whole after each epoch, and locked meanwhile; ``None`` to keep none.
        resume: go on from the checkpoint in ``out``; without it an existing checkpoint is an error. The weights are
            those of a run never stopped where PyTorch's own switches, such as that of TF32, are as before.
        stop_after: leave off after this epoch, counted from 1, to be resumed another time.
        device: where to train; the first GPU by default, else the CPU.
        compiled: train with ``torch.compile``: a minute more at the start, faster steps after it. For a GPU. What else
            the process has compiled is compiled again when it is next used.
        output: where the logits are in what the network returns, if it is no tensor: a key, an index, or a function. It
            may return something else in training than when it is tested; a function can tell.

    Returns:
        The trained network and its history.

    Raises:
        CifarcamError: for splits of another form, a network that gives no logits or cannot train on the last batch, a
            loss that is not finite, an existing or foreign checkpoint, a
            folder that cannot be written to or that another run trains in.

    Examples:
        >>> from cifarcam.data import synthetic_cifar10
        >>> from cifarcam.training import Recipe, fit
        >>> train, test = synthetic_cifar10("test").train_val_split(8)
        >>> recipe = Recipe("tiny", width=9, epochs=1, train_images=16, batch_size=8, precision="float32")
        >>> fitted = fit(recipe, train, test)
        Epoch 1/1, learning rate 0.100000
        Test set: mean loss ..., Accuracy: .../8 (...%)
        >>> len(fitted.history)
        1
    """
    if stop_after is not None and stop_after < 1:
        raise CifarcamError(f"stop_after is {stop_after}; expected the number of an epoch, from 1, or None.")
    device = torch.device(device or training_device())
    with one_voice():
        check_split("test", test, None)
        model = None if model is None else unwrapped(model)
        classes = len(CLASSES) if model is None else predict(model, test.images[:1], output=output).shape[1]
        check_split("test", test, classes)
        batches = Batches(train, recipe, device, classes)
        if test.images.shape[1] != batches.side:
            raise CifarcamError(
                f"The training images have {batches.side} pixels a side, the test images {test.images.shape[1]}; "
                "expected one size. Resize one of the two."
            )
        check_alike({"recipe": recipe.command_line(), "commit": current_commit(), "data": train.checksum()})
    checkpoint = None if out is None else Path(out) / CHECKPOINT
    if resume:
        with one_voice():
            refuse_missing(checkpoint)
    with nullcontext() if checkpoint is None or process() else locked(checkpoint, WAIT if resume else 0.0):
        with one_voice():
            run = TrainingState(recipe, train, device, compiled, model, output)
            _check_single_image(run, batches)
            if resume:
                load_checkpoint(run, checkpoint)
            elif checkpoint is not None and process() == 0:
                refuse_existing(checkpoint)
            check_alike({"checkpoint": _last_epoch(run.history), "precision": run.precision})
        _train(run, batches, test, min(recipe.epochs, stop_after or recipe.epochs), checkpoint)
    hardware = ", then ".join(run.hardware)
    commit = ", then ".join(each or "unknown" for each in run.commits) if any(run.commits) else None
    model = run.evaluated.eval()
    return Fitted(recipe, model, run.history, hardware, run.precision, commit, compiled, run.data_checksum)


def _check_single_image(run: TrainingState, batches: Batches) -> None:
    """Checks that the network trains on a batch of one image, where the last one of an epoch is that small."""
    normalised = any(isinstance(part, _BatchNorm) for part in run.model.modules())
    if not normalised or all(len(share(torch.empty(size))) > 1 for size in batches.sizes()):
        return
    x = resize(normalize(batches.train.images[:1], run.device), run.recipe.side(0)).contiguous()
    try:
        with torch.no_grad(), torch.random.fork_rng():
            copy.deepcopy(run.model).train()(x)
    except ValueError as error:
        raise CifarcamError(
            f"The last batch of an epoch has 1 image, of {len(batches.train.labels)}, and the network's BatchNorm "
            f"needs two: {error}. Choose another batch_size."
        ) from error


def _last_epoch(history: list[dict]) -> str:
    return f"epoch {len(history)}, a loss of {history[-1]['train_loss']}" if history else "none"


def _train(run: TrainingState, batches: Batches, test: Split, last: int, checkpoint: Path | None) -> None:
    """Trains up to and with epoch ``last``, counted from 1, and writes a checkpoint after each."""
    first = len(run.history)
    if first < last:
        times = f"{processes()} processes, each on " if processes() > 1 else ""
        run.hardware = list(dict.fromkeys([*run.hardware, times + describe(run.device)]))
        run.commits = list(dict.fromkeys([*run.commits, current_commit()]))
    for epoch in range(first, last):
        if run.compiled and (epoch == first or run.recipe.side(epoch) != run.recipe.side(epoch - 1)):
            # It stops compiling after eight sizes of images; anew at each, a resumed run compiles the same.
            torch.compiler.reset()
        run.model.train()
        log = EpochLog(run, len(batches), epoch)
        with _repeatable(run, epoch):
            for (x, y), weight in zip(log.with_bar(batches.epoch(epoch)), batches.weights(), strict=True):
                with ONE_THREAD:
                    logits = train_step(run, x, y, weight)
                log.add(logits, y)
        with one_voice():
            row = log.row()
        for network in (run.model, run.evaluated):
            take_buffers_of_first(network)
        predictions = Predictions(predict_together(run.evaluated, test.images, run.precision, run.output), test.labels)
        run.history.append(row | report_evaluation(predictions))
        if checkpoint is not None and process() == 0:
            save_checkpoint(run, checkpoint)


def train_step(run: TrainingState, x: Tensor, y: Tensor, weight: float = 1.0) -> Tensor:
    """One optimizer step on a batch.

    Args:
        run: whose network, optimizer and schedule take the step.
        x: normalised images, float32, (N, 3, S, S).
        y: their classes, int64, (N,).
        weight: of their mean loss, from ``Batches.weights``.

    Returns:
        The logits from before the step, float32, (N, classes), detached.
    """
    recipe = run.recipe
    with torch.autocast(**autocast(run.device, run.precision)):
        ours = isinstance(run.model, ResNet18)
        returned = run.trained(x.contiguous(memory_format=torch.channels_last if ours else torch.contiguous_format))
        logits = class_scores(returned, len(x), run.output)
    logits = logits.float()
    loss = weight * F.cross_entropy(logits, y, label_smoothing=recipe.label_smoothing)
    if recipe.l1:
        loss = loss + recipe.l1 * sum(p.abs().sum() for p in run.model.parameters() if p.ndim > 1)
    run.optimizer.zero_grad(set_to_none=True)
    run.scaler.scale(loss).backward()  # the scale is 1 but in float16
    with torch.autocast(**autocast(run.device, run.precision)):  # for the products of Muon; SGD has none
        run.scaler.step(run.optimizer)
    run.scaler.update()
    run.schedule.step()  # once a batch, also where a recipe counts in epochs
    if run.ema is not None:
        run.ema.update_parameters(run.model)
    return logits.detach()


@contextmanager
def _repeatable(run: TrainingState, epoch: int) -> Iterator[None]:
    """Inside the block dropout follows from seed and epoch, and convolutions give the same each time."""
    cudnn = torch.backends.cudnn
    deterministic = settings((cudnn, "deterministic", True), (cudnn, "benchmark", False))
    forked = torch.random.fork_rng(devices=[run.device] if run.device.type == "cuda" else [])
    with deterministic, forked, onednn_workaround(run.model):
        use = f"dropout {process()}" if process() else "dropout"
        torch.manual_seed(generator_for(run.recipe.seed, epoch, use).initial_seed())
        yield
