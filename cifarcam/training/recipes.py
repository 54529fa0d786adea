"""The hyperparameters of a training run in one frozen dataclass, and the recipes the book trains.

``STEP_LR`` and ``ONE_CYCLE`` follow two published student write-ups, ``BEST`` is the book's own.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

from cifarcam.data.constants import SIDE
from cifarcam.errors import CifarcamError
from cifarcam.training.fields import choice, flag, integer, invalid, number, text, validated

RENAMED = {"batch": "batch_size", "averaging": "ema_decay"}  # for those who know the field by its old name


@dataclass(frozen=True)
class Recipe:
    """All hyperparameters of a training run: two runs of one recipe on one machine's CPU give the same weights.

    Each field says in its metadata what it means and which values it takes.

    Raises:
        CifarcamError: for a value that makes no sense, naming the field, and for a field that does not exist.

    Examples:
        >>> from cifarcam.training import Recipe
        >>> Recipe("mine", epochs=5).replace(lr=0.05).command_line()
        'mine --epochs 5 --lr 0.05'
    """

    name: str = text("what the run is called in logs and records")
    seed: int = integer("seeds the weights, the order of the images and their augmentation", 0, 10**9, 0)
    width: int = integer("channels of the network's stem", 1, 1024, 64)
    epochs: int = integer("passes over the training images", 1, 10_000, 20)
    batch_size: int = integer("images a step", 2, 1_000_000, 256)
    train_images: int | None = integer("how many training images to use; all of them by default", 2, 10**9)
    optimizer: str = choice("what takes the steps; muon is SGD but for filters", "sgd", "adamw", "muon")
    lr: float = number("learning rate: the peak of a one-cycle schedule, the start of the others", 1e-12, 1e6, 0.1)
    momentum: float = number("momentum of SGD; the first beta of AdamW", 0, 0.9999, 0.9)
    nesterov: bool = flag("Nesterov's momentum (SGD, and what Muon leaves to it)")
    muon_lr: float = number(
        "learning rate of the filters behind the stem, a peak or a start as lr is (muon only)", 1e-12, 1e6, 0.1
    )
    muon_momentum: float = number("momentum of those filters (muon only)", 0.0001, 0.9999, 0.6)
    bias_lr_factor: float = number("learning rate of BatchNorm's biases, in multiples of lr", 1e-3, 1e3, 1.0)
    weight_decay: float = number(
        "L2 penalty (SGD) or decoupled decay (AdamW) of what weight_decay_on names; Muon's filters have none", 0, 10
    )
    weight_decay_on: str = choice("weights spares biases and BatchNorm, all spares nothing", "weights", "all")
    l1: float = number("factor of the sum of absolute weights in the loss", 0, 10)
    dropout: float = number("probability of dropping a pooled feature", 0, 0.99)
    label_smoothing: float = number("of the training loss; the test loss is plain cross-entropy", 0, 0.99)
    schedule: str = choice(
        "PyTorch's StepLR for step, a linear OneCycleLR for one_cycle", "constant", "step", "one_cycle"
    )
    step_epochs: int = integer("epochs between two steps of StepLR", 1, 10_000, 10)
    gamma: float = number("what StepLR multiplies the rate by at each step", 1e-6, 1, 0.1)
    warmup: float = number("share of all steps in which a one-cycle schedule rises to its peak", 0.001, 0.999, 0.2)
    start_divisor: float = number("a one-cycle schedule starts at lr over this", 1, 1e12, 100.0)
    end_divisor: float = number("a one-cycle schedule ends at lr over this", 1, 1e12, 10_000.0)
    whitened_stem: bool = flag("the first convolution begins as a whitening of the images' patches")
    augmentation: str = choice(
        "batched works on the training device, albumentations image by image on the CPU", "batched", "albumentations"
    )
    flip: str = choice(
        "horizontal flips; alternating is every other epoch (batched only)", "random", "none", "alternating"
    )
    crop_padding: int = integer("pixels of padding on each side before a random crop of the image's size", 0, 1024, 4)
    padding_mode: str = choice("what the padding holds; constant is the mean colour", "reflect", "constant")
    cutout: int = integer("side of the square that is cut out, in pixels", 0, 1024, 0)
    first_side: int = integer(
        "side of the images in the first epoch, in pixels, a multiple of 4; it grows in steps of 4 (batched only)",
        16,
        SIDE,
        SIDE,
    )
    full_side_from: int = integer("the epoch from which on images have their full side", 1, 10_000, 1)
    shift: float = number("largest random shift, as a share of the side (albumentations only)", 0, 1)
    scale: float = number("largest random change of size, as a share (albumentations only)", 0, 0.9)
    rotate: float = number("largest random rotation, in degrees (albumentations only)", 0, 180)
    ema_decay: float = number("decay of the moving average of the weights, a step; 0 for none", 0, 0.99999)
    sync_batchnorm: bool = flag("BatchNorm's statistics from the batches of all processes together (GPUs only)")
    workers: int = integer("processes that augment (albumentations only)", 0, 64, 2)
    precision: str = choice(
        "number format; auto is what is fastest on the hardware", "auto", "float32", "bfloat16", "float16"
    )

    def __new__(cls, *values: object, **fields: object) -> Recipe:
        unknown = sorted(set(fields) - {field.name for field in dataclasses.fields(cls)})
        if unknown:
            now = "".join(f" {old} is called {RENAMED[old]} now." for old in unknown if old in RENAMED)
            raise CifarcamError(f"A recipe has no field {', '.join(unknown)}; see Recipe for those it has.{now}")
        return super().__new__(cls)

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            object.__setattr__(self, field.name, validated(field, getattr(self, field.name)))
        if self.nesterov and (self.optimizer == "adamw" or self.momentum == 0):
            raise invalid("nesterov", True, "False unless the optimizer is sgd or muon, with momentum")
        if self.augmentation == "albumentations" and self.flip == "alternating":
            raise invalid("flip", self.flip, "random or none with albumentations")
        if self.augmentation == "batched" and (self.shift or self.scale or self.rotate):
            raise invalid("shift, scale or rotate", (self.shift, self.scale, self.rotate), "0 with batched")
        if self.augmentation != "batched" and self.first_side != SIDE:
            raise invalid("first_side", self.first_side, f"{SIDE} unless the augmentation is batched")
        if self.first_side % 4:
            raise invalid("first_side", self.first_side, "a multiple of 4")
        if self.full_side_from == 1 and self.first_side != SIDE:
            raise invalid("full_side_from", 1, f"2 or more where first_side is not {SIDE}")

    def replace(self, **changes: object) -> Recipe:
        """A copy with some fields changed.

        Raises:
            CifarcamError: for a value that makes no sense, and for a field that does not exist.
        """
        return dataclasses.replace(self, **changes)

    def command_line(self) -> str:
        """The recipe as arguments of ``cifarcam train``: its name, and an option for each changed field."""
        named = RECIPES.get(self.name, self.__class__(self.name))
        words = [self.name]
        for field in dataclasses.fields(self):
            value, option = getattr(self, field.name), field.name.replace("_", "-")
            if value != getattr(named, field.name):
                is_flag = isinstance(value, bool)
                words.append(f"--{'' if value or not is_flag else 'no-'}{option}{'' if is_flag else f' {value}'}")
        return " ".join(words)

    def shortened(self, epochs: int) -> Recipe:
        """The recipe in fewer epochs, or more: what is counted in epochs shrinks or grows with their number.

        Examples:
            >>> from cifarcam.training import BEST
            >>> BEST.full_side_from, BEST.shortened(5).full_side_from
            (15, 5)
        """
        return self.replace(
            epochs=epochs,
            step_epochs=math.ceil(self.step_epochs * epochs / self.epochs),
            full_side_from=1 + math.ceil((self.full_side_from - 1) * epochs / self.epochs),
        )

    def quick(self) -> Recipe:
        """A narrow and short version of the recipe, to watch it live: seconds on two cores instead of hours."""
        return self.shortened(4).replace(
            name=f"{self.name}_quick",
            width=16,
            train_images=2_000,
            batch_size=min(self.batch_size, 64),
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
"""The recipe of the StepLR write-up; settings that it does not give are the book's choice."""
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
"""The recipe of the OneCycle write-up; settings that it does not give are the book's choice."""
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
TUNED = BEST.replace(
    name="tuned",
    batch_size=500,
    optimizer="muon",
    lr=0.1,
    muon_lr=0.12,
    muon_momentum=0.6,
    bias_lr_factor=16.0,
    label_smoothing=0.2,
    whitened_stem=True,
    full_side_from=8,
)
"""The book's own recipe; its optimizer, the filters' rate, cutout and when images have their full size were chosen on
validation images, by ``python -m tools.records.tuning tuned``."""
RECIPES = {
    recipe.name: recipe
    for recipe in (
        STEP_LR,
        ONE_CYCLE,
        BEST,
        TUNED,
    )
}
"""The recipes that ``cifarcam train`` knows, by their names."""


def find_recipe(name: str) -> Recipe:
    """The recipe of that name, one of ``RECIPES``.

    Raises:
        CifarcamError: listing the names, for any other.

    Examples:
        >>> from cifarcam.training import find_recipe
        >>> find_recipe("best").epochs
        20
    """
    if name not in RECIPES:
        raise CifarcamError(f"There is no recipe {name!r}; the recipes are {', '.join(RECIPES)}.")
    return RECIPES[name]
