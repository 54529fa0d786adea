"""Images as a network takes them, and back."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import torch
from torch import Tensor

from cifarcam.data.constants import MEAN, STD
from cifarcam.errors import CifarcamError


def as_tensor(values: np.ndarray | Tensor | Sequence) -> Tensor:
    """``torch.as_tensor``, also of a mirrored view, whose strides torch does not take."""
    return torch.as_tensor(np.ascontiguousarray(values) if isinstance(values, np.ndarray) else values)


def normalize(images: np.ndarray | Tensor, device: torch.device | str = "cpu") -> Tensor:
    """Images as the network takes them: ``(pixel / 255 - MEAN) / STD`` in each channel.

    Args:
        images: uint8, (N, H, W, 3) or (H, W, 3).
    Returns: float32, (N, 3, H, W), on ``device``, in channels-last memory order.
    Raises ``CifarcamError`` for another type or shape.
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
        mean, std = (torch.tensor(value, device=device) * 255 for value in (MEAN, STD))
    return mean, std


def denormalize(x: Tensor) -> np.ndarray:
    """The inverse of ``normalize``: float (N, 3, H, W) to images for display, float32 (N, H, W, 3) in 0 to 1."""
    pixels = x.detach().cpu().float().permute(0, 2, 3, 1) * torch.tensor(STD) + torch.tensor(MEAN)
    return pixels.clamp(0, 1).numpy()
