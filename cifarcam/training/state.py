"""The state of a training run: model, optimizer, schedule, gradient scaler, averaged weights and history."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from torch import nn
from torch.amp import GradScaler
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from cifarcam.data.split import Split
from cifarcam.hardware import FIRST_SCALE, fastest_precision
from cifarcam.network.resnet import ResNet18
from cifarcam.network.scores import Output
from cifarcam.network.whitening import whiten
from cifarcam.training.distributed import parallel, processes, synchronised
from cifarcam.training.optimizers import make_optimizer, make_schedule
from cifarcam.training.recipes import Recipe

MUST_STAY_THE_SAME = ("data_checksum", "compiled")  # besides the recipe, for a run to be resumed


def initial_network(recipe: Recipe, train: Split) -> ResNet18:
    """The network that a recipe begins with, on the CPU; PyTorch's random state is left as it is.

    Args:
        recipe: its ``seed``, ``width``, ``dropout``, ``whitened_stem`` and ``train_images``.
        train: the training split, for whose images the stem is whitened.
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(recipe.seed)  # the CPU's alone
        network = ResNet18(recipe.width, dropout=recipe.dropout)
    if recipe.whitened_stem:
        whiten(network.conv1, train.first(recipe.train_images).images)
    return network


@dataclass
class TrainingState:
    """Everything that changes during training, which is what a checkpoint holds.

    Args:
        recipe: every number of the run.
        train: the training split.
        device: where to train.
        compiled: train with ``torch.compile``.
        model: a network of your own, which ``whitened_stem`` leaves as it is; without it ``initial_network``.
        output: where the logits are in what the model returns.
        history: a dict for each epoch that is done, see ``Fitted``.
        hardware, commits: what the run has run on, and the commits of the package it has run from.

    Attributes:
        trained: the model as it is called in training: itself, or compiled, or averaging its gradients over processes.
        ema: the moving average of its weights; ``None`` where ``ema_decay`` is 0.
        optimizer, schedule: as the recipe names them; the schedule counts batches.
        precision, scaler: the number format, and the gradient scaler that float16 needs.
        data_checksum: of the training split.
    """

    recipe: Recipe
    train: Split
    device: torch.device
    compiled: bool = False
    model: nn.Module | None = None
    output: Output = None
    history: list[dict] = field(default_factory=list)
    hardware: list[str] = field(default_factory=list)
    commits: list[str | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        recipe = self.recipe
        count = len(self.train.first(recipe.train_images).labels)
        self.data_checksum = self.train.checksum()
        self.compute_in(fastest_precision(self.device) if recipe.precision == "auto" else recipe.precision)
        if self.model is None:
            self.model = initial_network(recipe, self.train)
        if isinstance(self.model, ResNet18):  # other networks may count on the usual order, by view for one
            self.model = self.model.to(memory_format=torch.channels_last)
        self.model = self.model.to(self.device, torch.float32)
        if recipe.sync_batchnorm and processes() > 1:
            self.model = synchronised(self.model, self.device)
        self.trained = parallel(self.model, self.device)
        if self.compiled:
            # dynamic=False: else the kernels of an epoch depend on the sizes before it, and resuming is not exact.
            self.trained = torch.compile(self.trained, dynamic=False)
        self.optimizer = make_optimizer(self.model, recipe)
        self.schedule = make_schedule(self.optimizer, recipe, math.ceil(count / recipe.batch_size))
        self.ema = None
        if recipe.ema_decay:
            average = get_ema_multi_avg_fn(recipe.ema_decay)
            self.ema = AveragedModel(self.model, multi_avg_fn=average, use_buffers=True)

    def compute_in(self, precision: str) -> None:
        """Sets the precision, one of ``PRECISIONS``, with a new gradient scaler."""
        self.precision = precision
        # float16 has too few exponents for small gradients; the scaler does nothing in the other precisions.
        self.scaler = GradScaler(self.device.type, FIRST_SCALE, enabled=precision == "float16")

    @property
    def evaluated(self) -> nn.Module:
        """The network that is tested: the moving average of the weights where ``ema_decay`` is above 0."""
        return self.model if self.ema is None else self.ema.module

    def parts(self) -> dict:
        """The parts that have a state dict, by their names in the checkpoint."""
        named = {"model": self.model, "optimizer": self.optimizer, "schedule": self.schedule}
        if self.ema is not None:
            named["ema"] = self.ema
        if self.scaler.is_enabled():
            named["scaler"] = self.scaler
        return named
