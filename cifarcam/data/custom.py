"""Other data sets as splits, and their normalisation as the first layer of a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor, nn
from torch.utils.data import Dataset
from tqdm import tqdm

from cifarcam.data.constants import MEAN, SIDE, STD
from cifarcam.data.pictures import in_rgb, upright
from cifarcam.data.split import Split
from cifarcam.errors import CifarcamError

PICTURE, LABEL = ("image", "img"), ("label", "fine_label")  # columns of Hugging Face's data sets


def as_split(dataset: Dataset, side: int = SIDE) -> Split:
    """A data set of pictures and labels as a split: torchvision's ``ImageFolder`` or ``CIFAR100``, or Hugging Face's.

    The middle square of each picture is resized (Lanczos, antialiased) where it has another size. Grey pictures are
    turned to colour, what is transparent is shown on white, and a picture from a camera is turned upright. Transparency
    and 16 bits get here only where ``ImageFolder`` has the loader ``PIL.Image.open``; its own makes them plain colour.

    Args:
        dataset: gives pairs of a Pillow image and a whole number from 0, or dicts with ``image`` and ``label``; it must
            have no transform of its own.
        side: of the images, in pixels.

    Returns:
        The images, uint8 (N, side, side, 3), and their labels, int64 (N,).

    Raises:
        CifarcamError: for no pictures, or a picture or label of another kind.

    Examples:
        >>> from PIL import Image
        >>> from cifarcam.data import as_split
        >>> pairs = [(Image.new("L", (60, 40)), 0), (Image.new("RGB", (32, 32)), 1)]
        >>> split = as_split(pairs)
        >>> split.images.shape, split.labels.tolist()
        ((2, 32, 32, 3), [0, 1])
    """
    if len(dataset) == 0 or side < 1:
        raise CifarcamError(f"{len(dataset)} pictures to be {side} pixels a side; expected one or more of both.")
    images = np.empty((len(dataset), side, side, 3), np.uint8)
    labels = np.empty(len(dataset), np.int64)
    for index in tqdm(range(len(dataset)), unit=" images"):
        picture, label = _item(dataset, index)
        if not isinstance(picture, Image.Image) or not isinstance(label, int | np.integer) or label < 0:
            raise CifarcamError(
                f"{_named(dataset, index)} is of type {type(picture).__name__}, its label {label!r}; expected a Pillow "
                "image and a whole number from 0. Make the data set without transforms."
            )
        coloured = in_rgb(upright(picture), _named(dataset, index))
        images[index] = ImageOps.fit(coloured, (side, side), Image.Resampling.LANCZOS)
        labels[index] = label
    return Split(images, labels)


def _item(dataset: Dataset, index: int) -> tuple[object, object]:
    try:
        item = dataset[index]
        if isinstance(item, Mapping):  # as Hugging Face's data sets have it
            item = (
                next(item[name] for name in PICTURE if name in item),
                next(item[name] for name in LABEL if name in item),
            )
        picture, label = item
        if isinstance(picture, Image.Image):
            picture.load()
    except (OSError, SyntaxError) as error:  # as Pillow raises them
        raise CifarcamError(
            f"{_named(dataset, index)} cannot be read: {error}. Save the picture anew, or leave it out."
        ) from error
    except (StopIteration, TypeError, ValueError) as error:
        raise CifarcamError(
            f"{_named(dataset, index)} is no pair of a picture and its label; expected that, or a dict with "
            f"{' or '.join(PICTURE)} and {' or '.join(LABEL)}."
        ) from error
    return picture, label


def _named(dataset: Dataset, index: int) -> str:
    """The file that an item is in, where the data set tells, as torchvision's ``ImageFolder`` does."""
    samples = getattr(dataset, "samples", ())
    return str(samples[index][0]) if index < len(samples) else f"Item {index}"


def channel_statistics(images: np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel over all pixels of all images, in units of the range 0 to 1.

    Args:
        images: uint8, (N, H, W, 3).

    Returns:
        Mean and standard deviation, three numbers each.

    Examples:
        >>> import numpy as np
        >>> from cifarcam.data import channel_statistics
        >>> black_and_white = np.stack([np.zeros((32, 32, 3)), np.full((32, 32, 3), 255)])
        >>> channel_statistics(black_and_white.astype(np.uint8))
        ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    """
    counts = np.zeros((3, 256), np.int64)
    for image in images:  # all at once, bincount would need eight bytes for each
        for channel in range(3):
            counts[channel] += np.bincount(image[..., channel].ravel(), minlength=256)
    shares, values = counts / counts.sum(1, keepdims=True), np.arange(256) / 255
    mean = shares @ values
    std = np.sqrt(shares @ values**2 - mean**2)
    return tuple(mean.tolist()), tuple(std.tolist())


class Renormalize(nn.Module):
    """A first layer for a network trained on other data: undoes CIFAR-10's normalisation and applies another.

    All functions of the package normalise images by CIFAR-10's mean and standard deviation. Behind this layer a network
    gets ``(pixel / 255 - mean) / std``, and so it does wherever it is used: in training, predictions and maps.

    Args:
        mean, std: three numbers each, in units of the range 0 to 1, as from ``channel_statistics``.

    Raises:
        CifarcamError: for other than three finite numbers, or a std that is not positive.

    Examples:
        >>> import numpy as np
        >>> from cifarcam.data import Renormalize, normalize
        >>> white = np.full((1, 32, 32, 3), 255, np.uint8)
        >>> x = Renormalize(mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))(normalize(white))
        >>> [round(value, 3) for value in x[0, :, 0, 0].tolist()]
        [2.0, 2.0, 2.0]
    """

    def __init__(self, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        if len(mean) != 3 or len(std) != 3 or not np.isfinite([*mean, *std]).all() or min(std) <= 0:
            raise CifarcamError(f"Mean {mean} and std {std}; expected three numbers each, and a positive std.")
        statistics = (torch.tensor(value, dtype=torch.float32).view(3, 1, 1) for value in (MEAN, STD, mean, std))
        old_mean, old_std, mean, std = statistics
        self.register_buffer("scale", old_std / std)
        self.register_buffer("shift", (old_mean - mean) / std)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale + self.shift
