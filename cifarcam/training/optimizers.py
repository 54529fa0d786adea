"""Optimizers and learning-rate schedules of a recipe."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm  # SyncBatchNorm is one too
from torch.optim import SGD, AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler, OneCycleLR, StepLR

from cifarcam.errors import CifarcamError
from cifarcam.training.muon import Muon
from cifarcam.training.recipes import Recipe


def make_optimizer(model: nn.Module, recipe: Recipe) -> Optimizer:
    """The recipe's optimizer; weight decay acts on everything or on weights of two dimensions and more.

    Args:
        model: whose parameters it changes.
        recipe: its fields from ``optimizer`` to ``weight_decay_on``.

    Returns:
        SGD, AdamW or Muon, with a group of parameters that decay, one of those that do not, one of BatchNorm's biases
        where they have a rate of their own, and one of the filters that Muon orthogonalises: those of all convolutions
        but the first.

    Examples:
        >>> from cifarcam.network import ResNet18
        >>> from cifarcam.training import BEST, make_optimizer
        >>> optimizer = make_optimizer(ResNet18(width=9), BEST)
        >>> type(optimizer).__name__, [group["weight_decay"] for group in optimizer.param_groups]
        ('SGD', [0.0005, 0.0])
    """
    groups = [group for group in _parameter_groups(model, recipe) if group["params"]]
    if recipe.optimizer == "adamw":
        return AdamW(groups, lr=recipe.lr, betas=(recipe.momentum, 0.999))
    kind = Muon if recipe.optimizer == "muon" else SGD
    return kind(groups, lr=recipe.lr, momentum=recipe.momentum, nesterov=recipe.nesterov)


def _parameter_groups(model: nn.Module, recipe: Recipe) -> list[dict]:
    stem, *convolutions = [module for module in model.modules() if isinstance(module, nn.Conv2d)] or [None]
    norms = [module for module in model.modules() if isinstance(module, _BatchNorm) and module.affine]
    filters = _each_once(module.weight for module in convolutions if stem.weight is not module.weight)
    filters = filters if recipe.optimizer == "muon" else []
    biases = _each_once(norm.bias for norm in norms) if recipe.bias_lr_factor != 1 else []
    of_their_own = {id(parameter) for parameter in (*filters, *biases)}
    others = [parameter for parameter in model.parameters() if id(parameter) not in of_their_own]
    everything = recipe.weight_decay_on == "all"
    decayed = [parameter for parameter in others if everything or parameter.ndim > 1]
    free = [parameter for parameter in others if not everything and parameter.ndim <= 1]
    return [
        {"params": decayed, "weight_decay": recipe.weight_decay},
        {"params": free, "weight_decay": 0.0},
        {
            "params": biases,
            "lr": recipe.lr * recipe.bias_lr_factor,
            "weight_decay": recipe.weight_decay if everything else 0.0,
        },
        {
            "params": filters,
            "lr": recipe.muon_lr,
            "muon_momentum": recipe.muon_momentum,
            "momentum": 0.0,  # SGD's own
            "nesterov": False,
            "weight_decay": 0.0,
        },
    ]


def _each_once(parameters: Iterable[nn.Parameter]) -> list[nn.Parameter]:
    """The parameters, those that layers share but once."""
    return list({id(parameter): parameter for parameter in parameters}.values())


def make_schedule(optimizer: Optimizer, recipe: Recipe, steps_per_epoch: int) -> LRScheduler:
    """The recipe's learning-rate schedule, to be stepped after every batch.

    Args:
        optimizer: as from ``make_optimizer``.
        recipe: its field ``schedule`` and those that belong to it.
        steps_per_epoch: how many batches an epoch has.

    Returns:
        PyTorch's StepLR or OneCycleLR, or a schedule that changes nothing.

    Raises:
        CifarcamError: for a one-cycle warm-up of exactly one step, which OneCycleLR cannot do.

    Examples:
        >>> from cifarcam.network import ResNet18
        >>> from cifarcam.training import BEST, make_optimizer, make_schedule
        >>> schedule = make_schedule(make_optimizer(ResNet18(width=9), BEST), BEST, steps_per_epoch=196)
        >>> type(schedule).__name__, [round(rate, 3) for rate in schedule.get_last_lr()]
        ('OneCycleLR', [0.002, 0.002])
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
            [group["lr"] for group in optimizer.param_groups],
            total_steps=total_steps,
            pct_start=recipe.warmup,
            anneal_strategy="linear",
            cycle_momentum=False,
            div_factor=recipe.start_divisor,
            final_div_factor=recipe.end_divisor / recipe.start_divisor,
        )
    return LambdaLR(optimizer, lambda step: 1.0)


def learning_rates(recipe: Recipe, images: int) -> np.ndarray:
    """The learning rate of every step of a run.

    Args:
        recipe: its epochs, batch size and schedule.
        images: how many training images there are.

    Returns:
        float64, (steps,).

    Examples:
        >>> from cifarcam.training import BEST, learning_rates
        >>> rates = learning_rates(BEST, images=50_000)
        >>> len(rates), round(float(rates.max()), 3)
        (3920, 0.2)
    """
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
