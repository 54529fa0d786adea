"""Every number of a training run in one frozen dataclass, and the recipes the book trains.

``STEP_LR`` and ``ONE_CYCLE`` follow two published student write-ups, ``BEST`` is the book's own.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

from cifarcam.data.constants import SIDE
from cifarcam.errors import CifarcamError

CHOICES = {
    "optimizer": ("sgd", "adamw"),
    "weight_decay_on": ("weights", "all"),
    "schedule": ("constant", "step", "one_cycle"),
    "augmentation": ("albumentations", "batched"),
    "flip": ("none", "random", "alternating"),
    "padding_mode": ("reflect", "constant"),
}


@dataclass(frozen=True)
class Recipe:
    """A training run, completely: two runs of one recipe on one machine's CPU give the same weights.

    Attributes:
        name: what the run is called in logs and records.
        seed: seeds the weights, the order of the images and their augmentation.
        width: channels of the network's stem, see ``ResNet18``.
        epochs: passes over the training images.
        batch_size: images a step.
        train_images: how many training images to use, ``None`` for all of them.
        optimizer: ``"sgd"`` or ``"adamw"``.
        lr: learning rate; the peak of a one-cycle schedule, the start of the others.
        momentum: of SGD; the first beta of AdamW.
        nesterov: Nesterov's momentum (SGD only).
        weight_decay: L2 penalty (SGD) or decoupled decay (AdamW) of the parameters that ``weight_decay_on`` names.
        weight_decay_on: ``"weights"`` leaves out biases and BatchNorm, ``"all"`` takes everything in.
        l1: factor of the sum of absolute weights in the loss.
        dropout: probability of dropping a pooled feature.
        label_smoothing: of the training loss, 0 to 1; the test loss is plain cross-entropy.
        schedule: ``"constant"``, ``"step"`` (PyTorch's StepLR) or ``"one_cycle"`` (OneCycleLR, linear).
        step_epochs, gamma: StepLR multiplies the rate by ``gamma`` every ``step_epochs`` epochs.
        warmup: share of all steps in which a one-cycle schedule rises to its peak.
        start_divisor: a one-cycle schedule starts at ``lr / start_divisor``.
        end_divisor: and ends at ``lr / end_divisor``.
        augmentation: ``"albumentations"`` (image by image on the CPU) or ``"batched"`` (on the training device).
        flip: horizontal flips: ``"none"``, ``"random"``, or ``"alternating"`` (every other epoch; batched only).
        crop_padding: pixels of padding on each side before a random crop of the image's size.
        padding_mode: what the padding holds: ``"reflect"`` or ``"constant"`` (the mean colour).
        cutout: side of the square that is cut out, in pixels.
        first_side, full_side_from: progressive resizing (batched only). The first epoch trains on images reduced to
            ``first_side`` pixels a side, a multiple of 4; the side grows in steps of 4 and is 32 from epoch
            ``full_side_from`` on.
        shift, scale, rotate: largest random shift (share of the side), change of size (share) and rotation (degrees);
            albumentations only.
        ema_decay: decay of the moving average of the weights, a step; 0 for none.
        workers: processes that augment (albumentations only).
        precision: ``"float32"``, ``"bfloat16"`` or ``"float16"`` (autocast, the latter with gradient scaling), or
            ``"auto"`` for what is fastest on the hardware.

    Raises ``CifarcamError`` for a value that makes no sense, naming the field.
    """

    name: str
    seed: int = 0
    width: int = 64
    epochs: int = 20
    batch_size: int = 256
    train_images: int | None = None
    optimizer: str = "sgd"
    lr: float = 0.1
    momentum: float = 0.9
    nesterov: bool = False
    weight_decay: float = 0.0
    weight_decay_on: str = "weights"
    l1: float = 0.0
    dropout: float = 0.0
    label_smoothing: float = 0.0
    schedule: str = "constant"
    step_epochs: int = 10
    gamma: float = 0.1
    warmup: float = 0.2
    start_divisor: float = 100.0
    end_divisor: float = 10_000.0
    augmentation: str = "batched"
    flip: str = "random"
    crop_padding: int = 4
    padding_mode: str = "reflect"
    cutout: int = 0
    first_side: int = 32
    full_side_from: int = 1
    shift: float = 0.0
    scale: float = 0.0
    rotate: float = 0.0
    ema_decay: float = 0.0
    workers: int = 2
    precision: str = "auto"

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            _check_type(field.name, getattr(self, field.name), str(field.type))
            if field.type in PLAIN:  # NumPy's numbers and texts would be code in a checkpoint, which is not executed
                object.__setattr__(self, field.name, PLAIN[field.type](getattr(self, field.name)))
        for name, allowed in (*CHOICES.items(), ("precision", ("auto", "float32", "bfloat16", "float16"))):
            value = getattr(self, name)
            if value not in allowed:
                raise _invalid(name, value, f"one of {', '.join(allowed)}")
        for name, (low, high) in RANGES.items():
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise _invalid(name, value, f"a number from {low:g} to {high:g}")
        if self.nesterov and (self.optimizer != "sgd" or self.momentum == 0):
            raise _invalid("nesterov", True, "False unless the optimizer is sgd with momentum")
        if self.augmentation == "albumentations" and self.flip == "alternating":
            raise _invalid("flip", self.flip, "random or none with albumentations")
        if self.augmentation == "batched" and (self.shift or self.scale or self.rotate):
            raise _invalid("shift, scale or rotate", (self.shift, self.scale, self.rotate), "0 with batched")
        if self.augmentation != "batched" and self.first_side != SIDE:
            raise _invalid("first_side", self.first_side, f"{SIDE} unless the augmentation is batched")
        if self.first_side % 4:
            raise _invalid("first_side", self.first_side, "a multiple of 4")
        if self.full_side_from == 1 and self.first_side != SIDE:
            raise _invalid("full_side_from", 1, f"2 or more where first_side is not {SIDE}")

    def replace(self, **changes: object) -> Recipe:
        """A copy with some fields changed. Raises ``CifarcamError`` for a field that does not exist."""
        unknown = sorted(set(changes) - {field.name for field in dataclasses.fields(self)})
        if unknown:
            raise CifarcamError(f"A recipe has no field {', '.join(unknown)}; see Recipe for those it has.")
        return dataclasses.replace(self, **changes)

    def command_line(self) -> str:
        """The recipe as a command takes it: its name, and an option for each field that is not the named recipe's."""
        named = RECIPES.get(self.name, self)
        changed = [
            field.name for field in dataclasses.fields(self) if getattr(self, field.name) != getattr(named, field.name)
        ]
        return " ".join([self.name, *(f"--{name} {getattr(self, name)}" for name in changed)])

    def quick(self) -> Recipe:
        """The same recipe, narrow and short, to watch it live: seconds on two cores instead of hours.

        What is counted in epochs (``step_epochs``, ``full_side_from``) shrinks with their number.
        """
        epochs = 4
        return self.replace(
            name=f"{self.name}_quick",
            width=16,
            epochs=epochs,
            train_images=2_000,
            batch_size=min(self.batch_size, 64),
            step_epochs=math.ceil(self.step_epochs * epochs / self.epochs),
            full_side_from=1 + math.ceil((self.full_side_from - 1) * epochs / self.epochs),
            workers=0,
            precision="float32",
        )

    def side(self, epoch: int) -> int:
        """Height and width of the training images in epoch 0, 1, …, in pixels (progressive resizing)."""
        if epoch + 1 >= self.full_side_from:
            return SIDE
        grown = self.first_side + (SIDE - self.first_side) * epoch / (self.full_side_from - 1)
        return int(grown) // 4 * 4

    def steps(self, images: int) -> int:
        """Optimizer steps of the whole run over ``images`` training images."""
        return self.epochs * math.ceil(min(images, self.train_images or images) / self.batch_size)


RANGES = {
    "seed": (0, 10**9),
    "width": (1, 1024),
    "epochs": (1, 10_000),
    "batch_size": (2, 1_000_000),
    "train_images": (2, 10**9),
    "lr": (1e-12, 1e6),
    "momentum": (0, 0.9999),
    "weight_decay": (0, 10),
    "l1": (0, 10),
    "dropout": (0, 0.99),
    "label_smoothing": (0, 0.99),
    "step_epochs": (1, 10_000),
    "gamma": (1e-6, 1),
    "warmup": (0.001, 0.999),
    "start_divisor": (1, 1e12),
    "end_divisor": (1, 1e12),
    "crop_padding": (0, 1024),
    "cutout": (0, 1024),
    "first_side": (16, 32),
    "full_side_from": (1, 10_000),
    "shift": (0, 1),
    "scale": (0, 0.9),
    "rotate": (0, 180),
    "ema_decay": (0, 0.99999),
    "workers": (0, 64),
}


PLAIN = {"float": float, "str": str}


def _check_type(name: str, value: object, declared: str) -> None:
    if declared == "str":
        ok, expected = isinstance(value, str) and bool(value), "text"
    elif declared == "bool":
        ok, expected = isinstance(value, bool), "True or False"
    elif declared == "float":
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        ok, expected = number and math.isfinite(value), "a finite number"
    else:
        whole = isinstance(value, int) and not isinstance(value, bool)
        ok, expected = whole or (value is None and "None" in declared), "a whole number"
    if not ok:
        raise _invalid(name, value, expected)


def _invalid(name: str, value: object, expected: str) -> CifarcamError:
    return CifarcamError(f"The recipe's {name} is {value!r}; expected {expected}.")


STEP_LR = Recipe(
    name="step_lr",
    batch_size=64,
    lr=0.01,
    schedule="step",
    step_epochs=15,
    gamma=0.1,
    augmentation="albumentations",
    crop_padding=4,
    padding_mode="constant",
    cutout=16,
    shift=0.0625,
    scale=0.1,
    rotate=15.0,
)
"""The recipe of the StepLR write-up, with what it does not tell filled in."""
ONE_CYCLE = Recipe(
    name="one_cycle",
    batch_size=512,
    lr=0.0479,
    schedule="one_cycle",
    warmup=0.25,
    start_divisor=100.0,
    end_divisor=10_000.0,
    augmentation="albumentations",
    crop_padding=4,
    padding_mode="constant",
    cutout=16,
)
"""The recipe of the OneCycle write-up, with what it does not tell filled in."""
BEST = Recipe(
    name="best",
    batch_size=256,
    lr=0.2,
    nesterov=True,
    weight_decay=5e-4,
    label_smoothing=0.1,
    schedule="one_cycle",
    warmup=0.2,
    augmentation="batched",
    flip="alternating",
    crop_padding=4,
    padding_mode="reflect",
    cutout=8,
    first_side=20,
    full_side_from=15,
)
"""The book's own recipe."""
RECIPES = {recipe.name: recipe for recipe in (STEP_LR, ONE_CYCLE, BEST)}
"""The three recipes by their names."""


def find_recipe(name: str) -> Recipe:
    """The named recipe. Raises ``CifarcamError``, listing the names, for any other."""
    if name not in RECIPES:
        raise CifarcamError(f"There is no recipe {name!r}; the recipes are {', '.join(RECIPES)}.")
    return RECIPES[name]
