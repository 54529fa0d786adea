"""Optimizers and learning-rate schedules, as a recipe names them."""

from __future__ import annotations

import numpy as np
from torch import nn
from torch.optim import SGD, AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler, OneCycleLR, StepLR

from cifarcam.errors import CifarcamError
from cifarcam.training.recipes import Recipe


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
