"""Normalisation of images for the network, and its inverse."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import torch
from torch import Tensor

from cifarcam.data.constants import MEAN, STD
from cifarcam.errors import CifarcamError


def as_tensor(values: np.ndarray | Tensor | Sequence) -> Tensor:
    """``torch.as_tensor`` that also takes NumPy views with negative strides, such as mirrored images."""
    return torch.as_tensor(np.ascontiguousarray(values) if isinstance(values, np.ndarray) else values)


def normalize(images: np.ndarray | Tensor, device: torch.device | str = "cpu") -> Tensor:
    """Images normalised for the network: ``(pixel / 255 - MEAN) / STD`` in each channel.

    Args:
        images: uint8, (N, H, W, 3) or (H, W, 3).
        device: where the result is to be.

    Returns:
        float32, (N, 3, H, W), on ``device``, in channels-last memory order.

    Raises:
        CifarcamError: for another type or shape.

    Examples:
        >>> import numpy as np
        >>> from cifarcam.data import normalize
        >>> x = normalize(np.zeros((2, 32, 32, 3), np.uint8))
        >>> x.shape, x.dtype
        (torch.Size([2, 3, 32, 32]), torch.float32)
    """
    images = as_tensor(images)
    if images.ndim == 3:
        images = images[None]
    if images.dtype != torch.uint8 or images.ndim != 4 or images.shape[-1] != 3:
        raise CifarcamError(
            f"Images are {images.dtype} of shape {tuple(images.shape)}; expected uint8, 0 to 255, of shape "
            "(N, H, W, 3)."
        )
    mean, std = _mean_and_std(torch.device(device))
    return ((images.to(device) - mean) / std).permute(0, 3, 1, 2)


@cache  # a transfer for each batch would make a GPU wait
def _mean_and_std(device: torch.device) -> tuple[Tensor, Tensor]:
    with torch.inference_mode(False):  # what is made in inference mode cannot be used in training
        mean, std = (torch.tensor(value, dtype=torch.float32, device=device) * 255 for value in (MEAN, STD))
    return mean, std


def denormalize(x: Tensor) -> np.ndarray:
    """The inverse of ``normalize``: network input as images for display.

    Args:
        x: normalised images, float, (N, 3, H, W).

    Returns:
        float32, (N, H, W, 3), clipped to 0 to 1.

    Examples:
        >>> import numpy as np
        >>> from cifarcam.data import denormalize, normalize
        >>> white = np.full((1, 32, 32, 3), 255, np.uint8)
        >>> pixels = denormalize(normalize(white))
        >>> pixels.shape, round(float(pixels.min()), 3)
        ((1, 32, 32, 3), 1.0)
    """
    pixels = x.detach().cpu().float().permute(0, 2, 3, 1) * torch.tensor(STD, dtype=torch.float32) + torch.tensor(
        MEAN, dtype=torch.float32
    )
    return pixels.clamp(0, 1).numpy()
