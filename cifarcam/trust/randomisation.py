"""Cascading randomisation of weights: does a map depend on what the network has learned?"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import nn

from cifarcam.data.normalization import normalize
from cifarcam.errors import CifarcamError
from cifarcam.network.resnet import ResNet18

CASCADE = ("linear", "layer4", "layer3", "layer2", "layer1", "layer0")
"""The parts of a network in the order in which they become random."""


def randomised_in_cascade(model: ResNet18, calibration: np.ndarray, seed: int = 1) -> Iterator[tuple[str, ResNet18]]:
    """Copies of a network with its last part randomised, then its last two, and so on to all six.

    The cascading randomisation of Adebayo et al. 2018 (arXiv 1810.03292). Weights are drawn as for a new network. The
    statistics of BatchNorm in the random parts are those of the calibration images, so that activations keep their
    scale; the parts before are as they were trained.

    Args:
        model: left as it is.
        calibration: uint8, (N, H, W, 3), some hundred images.
        seed: of the weights. With the seed that the network was trained with they would be those that it began with,
            and not independent of what it has become.

    Yields:
        The part that was made random last, one of ``CASCADE``, and a network of its own in eval mode.

    Raises:
        CifarcamError: for a model whose parts are not those of a ``ResNet18``.

    Examples:
        >>> from cifarcam.data import synthetic_cifar10
        >>> from cifarcam.network import ResNet18
        >>> from cifarcam.trust import randomised_in_cascade
        >>> images = synthetic_cifar10("test").images[:8]
        >>> [part for part, network in randomised_in_cascade(ResNet18(width=9), images)]
        ['linear', 'layer4', 'layer3', 'layer2', 'layer1', 'layer0']
    """
    if not isinstance(model, ResNet18):
        raise CifarcamError(
            f"The model is a {type(model).__name__}; the cascade knows the parts of a ResNet18 only. "
            "Make those of another model random one by one yourself."
        )
    model = copy.deepcopy(model)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        fresh = ResNet18(model.conv1.out_channels, model.linear.out_features)
    fresh = fresh.to(next(model.parameters()).device)
    random_parts: list[str] = []
    for name in CASCADE:
        for part in ("conv1", "bn1") if name == "layer0" else (name,):
            model.get_submodule(part).load_state_dict(fresh.get_submodule(part).state_dict())
            random_parts.append(part)
        yield name, _calibrated(copy.deepcopy(model), random_parts, calibration)


def _calibrated(model: ResNet18, parts: Sequence[str], images: np.ndarray) -> ResNet18:
    """The network with the statistics of BatchNorm in these parts taken from the images."""
    model.eval()
    for part in parts:
        for module in model.get_submodule(part).modules():
            if isinstance(module, nn.BatchNorm2d):
                module.reset_running_stats()
                module.momentum = None  # the plain mean over batches
                module.train()
    with torch.no_grad():
        model(normalize(images, next(model.parameters()).device))
    return model.eval()
