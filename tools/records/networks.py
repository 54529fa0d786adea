"""ResNets and their plain counterparts, deeper ones and ones without BatchNorm, for ``tools.records.ablations``."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cifarcam.network.resnet import BasicBlock, ResNet18

BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}
"""Basic blocks in each stage, by the number of layers (He et al. 2016, table 1)."""


class PlainBlock(BasicBlock):
    """A basic block without its shortcut: ``relu(bn2(conv2(relu(bn1(conv1(x))))))``."""

    def __init__(self, in_channels: int, channels: int, stride: int) -> None:
        super().__init__(in_channels, channels, stride)
        self.shortcut = None

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))


def network(width: int, seed: int, layers: int = 18, residual: bool = True, batchnorm: bool = True) -> ResNet18:
    """A network with the stem, the head and the channels of ``ResNet18``.

    Args:
        width: channels of the stem.
        seed: of the weights.
        layers: 18 or 34.
        residual: with shortcuts, or plain.
        batchnorm: with BatchNorm, or with biases of the convolutions in its place.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = ResNet18(width)
        for i, blocks in enumerate(BLOCKS[layers]):
            into, channels = width * 2 ** max(0, i - 1), width * 2**i
            block = BasicBlock if residual else PlainBlock
            stage = [block(into, channels, min(i, 1) + 1), *(block(channels, channels, 1) for _ in range(blocks - 1))]
            setattr(model, f"layer{i + 1}", nn.Sequential(*stage))
        if not batchnorm:
            _without_batchnorm(model)
    return model


def _without_batchnorm(model: nn.Module) -> None:
    for name, child in list(model.named_children()):
        if isinstance(child, nn.BatchNorm2d):
            setattr(model, name, nn.Identity())
        elif isinstance(child, nn.Conv2d):
            child.bias = nn.Parameter(torch.zeros(child.out_channels))
            nn.init.kaiming_normal_(child.weight, nonlinearity="relu")  # else signals fade from layer to layer
        else:
            _without_batchnorm(child)
