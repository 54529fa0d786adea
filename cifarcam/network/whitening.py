"""A first convolution that begins as a whitening of the training images' patches."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from cifarcam.data.normalization import normalize

IMAGES = 5_000
"""How many training images the patches are taken from."""
EPSILON = 5e-4
"""Added to the variances, so that directions without any are not blown up."""


@torch.no_grad()
def whiten(convolution: nn.Conv2d, images: np.ndarray) -> None:
    """Sets filters to the eigenvectors of the images' patches, over the square root of their variances, in pairs of ±.

    The outputs of such filters are uncorrelated and of variance 1, so that the layers behind learn sooner. Nothing is
    frozen. Page (2018), "How to train your ResNet 8: bag of tricks"; Jordan (2024, arXiv 2404.00498) takes both signs,
    because a ReLU follows. Filters beyond those pairs are left as they are.

    Args:
        convolution: changed in place: float32, (out, 3, k, k). It gets 3·k² pairs, or as many as half its filters.
        images: uint8, (N, H, W, 3); the first 5,000 are looked at.

    Examples:
        >>> import torch
        >>> from cifarcam.data import synthetic_cifar10
        >>> from cifarcam.network import ResNet18, whiten
        >>> stem = ResNet18().conv1
        >>> whiten(stem, synthetic_cifar10("test").images)
        >>> torch.equal(stem.weight[:27], -stem.weight[27:54])
        True
    """
    filters = convolution.weight
    size, moments, count = filters.shape[-1], torch.zeros((), dtype=torch.float64), 0
    for start in range(0, len(images[:IMAGES]), 500):
        patches = F.unfold(normalize(images[:IMAGES][start : start + 500]).double(), size).transpose(1, 2).flatten(0, 1)
        moments, count = moments + patches.T @ patches, count + len(patches)
    variances, vectors = torch.linalg.eigh(moments / count)
    pairs = min(len(variances), len(filters) // 2)
    scaled = (vectors / (variances + EPSILON).sqrt()).T.flip(0)[:pairs]  # the largest variance first
    scaled = scaled * scaled.sum(1, keepdim=True).sign()  # an eigenvector's sign is arbitrary
    white = scaled.view(pairs, *filters.shape[1:]).to(filters)
    filters[: 2 * pairs] = torch.cat([white, -white])
