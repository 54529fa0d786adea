"""The training loop: log, progress bar, checkpoints, exact resuming.

All randomness is keyed by the recipe's seed and the number of the epoch, so a run that was stopped and resumed
ends with the very same weights as one that was not.
"""

from __future__ import annotations

import dataclasses
import io
import math
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.amp import GradScaler
from torch.optim import SGD, AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler, OneCycleLR, StepLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from cifarcam.augment import Batches, check_split, generator_for
from cifarcam.data import Split
from cifarcam.errors import CifarcamError
from cifarcam.files import written_whole
from cifarcam.hardware import autocast, describe, fastest_precision, training_device
from cifarcam.predictions import Predictions, predict
from cifarcam.recipes import Recipe
from cifarcam.resnet import ResNet18

CHECKPOINT = "checkpoint.pt"
SECONDS_BETWEEN_READINGS = 0.5  # of loss and accuracy: each makes a GPU wait
FIRST_SCALE = 1024.0  # PyTorch's own 65,536 overflows float16 in the first steps, which are then skipped
MUST_STAY_THE_SAME = ("data_checksum", "precision", "compiled")  # besides the recipe, for a run to be resumed


@dataclass
class Fitted:
    """A trained network and how it came to be.

    Attributes:
        recipe: what was trained.
        model: the network, in eval mode, on the device it was trained on; the averaged one where the recipe averages.
        history: a dict an epoch: ``epoch``, ``lr`` (at its start), ``train_loss`` (mean cross-entropy of the augmented
            batches), ``train_accuracy``, ``test_loss``, ``test_accuracy`` (shares, 0 to 1), ``seconds`` of training.
        hardware, precision: what it ran on, and in which number format.
        compiled: whether ``torch.compile`` was used.
        data_checksum: of the training split, see ``Split.checksum``.
    """

    recipe: Recipe
    model: nn.Module
    history: list[dict]
    hardware: str
    precision: str
    compiled: bool
    data_checksum: str


def fit(
    recipe: Recipe,
    train: Split,
    test: Split,
    *,
    out: str | Path | None = None,
    resume: bool = False,
    stop_after: int | None = None,
    device: torch.device | str | None = None,
    compiled: bool = False,
) -> Fitted:
    """Trains a ``ResNet18`` by a recipe and tests it after each epoch; the test results choose nothing.

    Args:
        recipe: every number of the run.
        train, test: the two splits.
        out: folder for ``checkpoint.pt``, written whole after each epoch; ``None`` to keep none.
        resume: go on from the checkpoint in ``out``; without it an existing checkpoint is an error.
        stop_after: leave off after this epoch, counted from 1, to be resumed another time.
        device: where to train; the first GPU by default, else the CPU.
        compiled: train with ``torch.compile``: a minute more at the start, faster steps after it. For a GPU.
    Prints two lines an epoch, with a progress bar in between.
    Raises ``CifarcamError`` for splits of another form, a loss that is not finite, an existing or foreign checkpoint,
    an unwritable folder.
    """
    if stop_after is not None and stop_after < 1:
        raise CifarcamError(f"stop_after is {stop_after}; expected the number of an epoch, from 1, or None.")
    check_split("test", test)
    device = torch.device(device or training_device())
    batches = Batches(train, recipe, device)
    run = _Run(recipe, train, device, compiled)
    checkpoint = None if out is None else Path(out) / CHECKPOINT
    if resume:
        _load(run, checkpoint)
    elif checkpoint is not None:
        _claim(checkpoint)
    run.hardware = list(dict.fromkeys([*run.hardware, describe(device)]))
    with torch.backends.cudnn.flags(enabled=True, deterministic=True):
        for epoch in range(len(run.history), min(recipe.epochs, stop_after or recipe.epochs)):
            run.history.append(_train_epoch(run, batches, epoch) | _test_epoch(run, test))
            if checkpoint is not None:
                _save(run, checkpoint)
    hardware = ", then ".join(run.hardware)
    model = run.evaluated.eval()
    return Fitted(recipe, model, run.history, hardware, run.precision, compiled, run.data_checksum)


def make_optimizer(model: nn.Module, recipe: Recipe) -> Optimizer:
    """The recipe's optimizer; weight decay acts on everything or on weights of two dimensions and more."""
    decayed, free = [], []
    for parameter in model.parameters():
        everything = recipe.weight_decay_on == "all"
        (decayed if everything or parameter.ndim > 1 else free).append(parameter)
    groups = [{"params": decayed, "weight_decay": recipe.weight_decay}, {"params": free, "weight_decay": 0.0}]
    groups = [group for group in groups if group["params"]]
    if recipe.optimizer == "adamw":
        return AdamW(groups, lr=recipe.lr, betas=(recipe.momentum, 0.999))
    return SGD(groups, lr=recipe.lr, momentum=recipe.momentum, nesterov=recipe.nesterov)


def make_schedule(optimizer: Optimizer, recipe: Recipe, steps_per_epoch: int) -> LRScheduler:
    """The recipe's learning-rate schedule, to be stepped after every batch.

    Raises ``CifarcamError`` for a one-cycle warm-up of exactly one step, which OneCycleLR cannot do.
    """
    if recipe.schedule == "step":
        return StepLR(optimizer, recipe.step_epochs * steps_per_epoch, recipe.gamma)
    if recipe.schedule == "one_cycle":
        total_steps = recipe.epochs * steps_per_epoch
        if recipe.warmup * total_steps == 1:  # OneCycleLR would divide by the zero steps between start and peak
            raise CifarcamError(
                f"The recipe's warmup is {recipe.warmup} of {total_steps} steps, exactly one step; "
                "train more epochs or in smaller batches."
            )
        return OneCycleLR(
            optimizer,
            recipe.lr,
            total_steps=total_steps,
            pct_start=recipe.warmup,
            anneal_strategy="linear",
            cycle_momentum=False,
            div_factor=recipe.start_divisor,
            final_div_factor=recipe.end_divisor / recipe.start_divisor,
        )
    return LambdaLR(optimizer, lambda step: 1.0)


def learning_rates(recipe: Recipe, images: int) -> np.ndarray:
    """The learning rate of every step of a run over ``images`` training images: float64, (steps,)."""
    optimizer = make_optimizer(nn.Linear(1, 1), recipe)
    total = recipe.steps(images)
    schedule = make_schedule(optimizer, recipe, total // recipe.epochs)
    rates = []
    for _ in range(total):
        rates.append(schedule.get_last_lr()[0])
        optimizer.step()
        if len(rates) < total:  # OneCycleLR counts its steps and takes none too many
            schedule.step()
    return np.array(rates)


@dataclass
class _Run:
    """All that changes during training, which is all that a checkpoint holds."""

    recipe: Recipe
    train: Split
    device: torch.device
    compiled: bool = False
    history: list[dict] = field(default_factory=list)
    hardware: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        recipe = self.recipe
        count = len(self.train.first(recipe.train_images).labels)
        self.data_checksum = self.train.checksum()
        self.precision = fastest_precision(self.device) if recipe.precision == "auto" else recipe.precision
        with torch.random.fork_rng(devices=[self.device] if self.device.type == "cuda" else []):
            torch.manual_seed(recipe.seed)
            model = ResNet18(recipe.width, dropout=recipe.dropout)
        self.model = model.to(self.device, memory_format=torch.channels_last)
        self.forward = torch.compile(self.model) if self.compiled else self.model
        self.optimizer = make_optimizer(self.model, recipe)
        self.schedule = make_schedule(self.optimizer, recipe, math.ceil(count / recipe.batch))
        # float16 has too few exponents for small gradients; the scaler does nothing in the other precisions.
        self.scaler = GradScaler(self.device.type, FIRST_SCALE, enabled=self.precision == "float16")
        self.averaged = None
        if recipe.averaging:
            average = get_ema_multi_avg_fn(recipe.averaging)
            self.averaged = AveragedModel(self.model, multi_avg_fn=average, use_buffers=True)

    @property
    def evaluated(self) -> nn.Module:
        return self.model if self.averaged is None else self.averaged.module

    def parts(self) -> dict:
        named = {"model": self.model, "optimizer": self.optimizer, "schedule": self.schedule}
        if self.averaged is not None:
            named["averaged"] = self.averaged
        if self.scaler.is_enabled():
            named["scaler"] = self.scaler
        return named


def _train_epoch(run: _Run, batches: Batches, epoch: int) -> dict:
    recipe, lr = run.recipe, run.optimizer.param_groups[0]["lr"]
    print(f"Epoch {epoch + 1}/{recipe.epochs}, learning rate {lr:.6f}{_time_left(run)}", flush=True)
    started = time.perf_counter()
    loss_sum = torch.zeros((), device=run.device)
    correct = torch.zeros((), dtype=torch.long, device=run.device)
    seen, told = 0, started
    run.model.train()
    with torch.random.fork_rng(devices=[run.device] if run.device.type == "cuda" else []):
        torch.manual_seed(generator_for(recipe.seed, epoch, "dropout").initial_seed())
        bar = tqdm(batches.epoch(epoch), total=len(batches), unit="batch")
        for number, (x, y) in enumerate(bar):
            logits = _step(run, x, y)
            loss_sum += F.cross_entropy(logits, y, reduction="sum")
            correct += (logits.argmax(1) == y).sum()
            seen += len(y)
            if time.perf_counter() - told > SECONDS_BETWEEN_READINGS or number == len(batches) - 1:
                told = time.perf_counter()
                _check_finite(loss_sum, epoch)
                loss, accuracy = loss_sum.item() / seen, 100 * correct.item() / seen
                bar.set_postfix_str(f"loss={loss:.4f} batch={number} accuracy={accuracy:.2f}%")
    return {
        "epoch": epoch + 1,
        "lr": lr,
        "train_loss": loss_sum.item() / seen,
        "train_accuracy": correct.item() / seen,
        "seconds": round(time.perf_counter() - started, 2),
    }


def _time_left(run: _Run) -> str:
    """How long the rest will take: an image of half the side takes a quarter of the time."""
    if not run.history:
        return ""
    areas = [run.recipe.side(epoch) ** 2 for epoch in range(run.recipe.epochs)]
    done = len(run.history)
    seconds = run.history[-1]["seconds"] / areas[done - 1] * sum(areas[done:])
    return f", about {seconds / 60:.0f} minutes left" if seconds >= 90 else f", about {seconds:.0f} seconds left"


def _step(run: _Run, x: Tensor, y: Tensor) -> Tensor:
    """One optimizer step; the batch's logits from before it, float32, without their graph."""
    recipe = run.recipe
    with torch.autocast(**autocast(run.device, run.precision)):
        logits = run.forward(x.contiguous(memory_format=torch.channels_last))
    logits = logits.float()
    loss = F.cross_entropy(logits, y, label_smoothing=recipe.label_smoothing)
    if recipe.l1:
        loss = loss + recipe.l1 * sum(p.abs().sum() for p in run.model.parameters() if p.ndim > 1)
    run.optimizer.zero_grad(set_to_none=True)
    run.scaler.scale(loss).backward()
    run.scaler.step(run.optimizer)
    run.scaler.update()
    run.schedule.step()
    if run.averaged is not None:
        run.averaged.update_parameters(run.model)
    return logits.detach()


def _test_epoch(run: _Run, test: Split) -> dict:
    results = Predictions(predict(run.evaluated, test.images, precision=run.precision), test.labels)
    right, total = int(results.correct.sum()), len(results.labels)
    print(f"Test set: mean loss {results.loss:.4f}, Accuracy: {right}/{total} ({100 * right / total:.2f}%)", flush=True)
    return {"test_loss": results.loss, "test_accuracy": results.accuracy}


def _check_finite(loss: Tensor, epoch: int) -> None:
    if not loss.isfinite():
        raise CifarcamError(
            f"The training loss is {loss.item()} in epoch {epoch + 1}; lower the learning rate. "
            "The checkpoint of the epoch before, if there is one, is intact."
        )


def _save(run: _Run, checkpoint: Path) -> None:
    state = {name: part.state_dict() for name, part in run.parts().items()}
    about = {"recipe": dataclasses.asdict(run.recipe), "history": run.history, "hardware": run.hardware}
    same = {name: getattr(run, name) for name in MUST_STAY_THE_SAME}
    buffer = io.BytesIO()  # torch.save itself reports a full disk as a RuntimeError of its zip writer
    torch.save(state | about | same, buffer)
    with written_whole(checkpoint) as temporary:
        temporary.write_bytes(buffer.getbuffer())


def _claim(checkpoint: Path) -> None:
    if checkpoint.exists():
        raise CifarcamError(f"{checkpoint} exists already; resume that run, or choose another folder.")
    with written_whole(checkpoint.parent / ".writable"):  # an unwritable folder is found out now, not in an hour
        pass
    (checkpoint.parent / ".writable").unlink()


def _load(run: _Run, checkpoint: Path | None) -> None:
    if checkpoint is None or not checkpoint.exists():
        raise CifarcamError(f"There is nothing to resume: {checkpoint or 'out'} is no checkpoint; leave resume out.")
    try:
        saved = torch.load(checkpoint, map_location=run.device, weights_only=True)
    except Exception as error:  # torch raises many types here, none of them documented
        raise _damaged(checkpoint) from error
    _check_same_run(run, saved, checkpoint)
    try:
        for name, part in run.parts().items():
            part.load_state_dict(saved[name])
        run.history, run.hardware = saved["history"], saved.get("hardware", [])
    except (KeyError, ValueError, RuntimeError) as error:
        raise _damaged(checkpoint) from error


def _damaged(checkpoint: Path) -> CifarcamError:
    return CifarcamError(f"{checkpoint} is damaged or no checkpoint of this program; delete it to start anew.")


def _check_same_run(run: _Run, saved: dict, checkpoint: Path) -> None:
    if not isinstance(saved, dict) or "recipe" not in saved:
        raise _damaged(checkpoint)
    for name, value in dataclasses.asdict(run.recipe).items():
        if saved["recipe"].get(name) != value:
            raise CifarcamError(
                f"{checkpoint} is of another recipe: its {name} is {saved['recipe'].get(name)!r}, "
                f"this one's {value!r}. Use that recipe, or another folder."
            )
    for name in MUST_STAY_THE_SAME:
        if saved.get(name) != getattr(run, name):
            raise CifarcamError(
                f"{checkpoint} was made with {name} {saved.get(name)}, now it is {getattr(run, name)}; "
                "a run resumes exactly only on the same data and kind of hardware."
            )
