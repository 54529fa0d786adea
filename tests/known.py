"""What several test files know: the checksums of CIFAR-10, how far rounding may go, and a pickle that does harm."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import torch

from cifarcam.network.resnet import ResNet18

TRAIN_CHECKSUM = "67e12c2a5906880a4fe5595fe6d768185ad7ca587f35d3a7ece3c3b8b85035d2"
EPSILON = float(np.finfo(np.float32).eps)
TEST_CHECKSUM = "e54a434ec35094516eacbaac0f2f9550358d985e9d1f71b47d41d333c15ba304"


class Hostile:
    """Creates a file when unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return Path.touch, (self.path,)


def as_if_trained(width: int) -> ResNet18:
    """A network in eval mode whose BatchNorm statistics differ from channel to channel, as after training."""
    torch.manual_seed(0)
    model = ResNet18(width)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.normal_(0, 0.2)
    return model.eval()


def exact_logits(model: torch.nn.Module, x: torch.Tensor) -> np.ndarray:
    """The logits in float64 of a network and normalised images in float32."""
    with torch.no_grad():
        return copy.deepcopy(model).double()(x.double()).numpy()


def assert_as_exact(found: np.ndarray, rounded: np.ndarray, exact: np.ndarray) -> None:
    """What was found in float32 is at most four times as far from the float64 result as another float32 computation.

    The bound is that computation's largest error on this machine; where it has none, a few units of the last place.
    """
    assert found.shape == rounded.shape == exact.shape
    errors = [np.abs(np.asarray(values, np.float64) - exact).max() for values in (found, rounded)]
    floor = EPSILON * np.abs(exact).max()
    assert errors[0] <= 4 * max(errors[1], floor), f"off by {errors[0]:.2g}, the other by {errors[1]:.2g}"
