"""ResNet-18 for images of 32×32 pixels and up.

The network of He et al. (2016), "Deep residual learning for image recognition" (arXiv 1512.03385), with the
stem that small images need: a 3×3 convolution of stride 1 and no max pooling. Parameter names and shapes are
those of the widely shared kuangliu/pytorch-cifar checkpoints, so that those load.

ReLU, dropout and pooling are functions, not modules, so that a summary lists only what has parameters. The
residual sum is not in place: a hook on ``bn2`` must see what ``bn2`` returned.
"""

from __future__ import annotations

import re
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cifarcam.errors import CifarcamError

STAGES = ("layer0", "layer1", "layer2", "layer3", "layer4")
"""The names of the five stages, in the order in which they run; layer0 is the stem."""
SMALLEST_SIDE = 16
PREFIXES = re.compile(r"^((module|_orig_mod)\.)+")  # of DataParallel and torch.compile
PROFILED = ("total_ops", "total_params")  # what the profiler thop adds


class BasicBlock(nn.Module):
    """Two 3×3 convolutions beside a shortcut: ``relu(bn2(conv2(relu(bn1(conv1(x))))) + shortcut(x))``."""

    def __init__(self, in_channels: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.shortcut = nn.Sequential()
        if stride != 1 or in_channels != channels:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_channels, channels, 1, stride, bias=False), nn.BatchNorm2d(channels)
            )

    def forward(self, x: Tensor) -> Tensor:
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        return F.relu(out + self.shortcut(x))


class ResNet18(nn.Module):
    """ResNet-18: a stem, four stages of two basic blocks, average pooling, one linear layer.

    Its input is float, (N, 3, H, W) with H and W at least 16 (32 and up are what it is made for), normalised with the
    data set's mean and std. Its output is the logits, (N, num_classes).

    Args:
        width: channels of the stem; the stages have 1, 2, 4 and 8 times as many. 64 is the published network.
        num_classes: length of the logits.
        dropout: probability of dropping a pooled feature in training, 0 to 1.

    Raises:
        CifarcamError: from the forward pass, for input of another type or shape.

    Examples:
        >>> import torch
        >>> from cifarcam.network import ResNet18
        >>> ResNet18(width=9)(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2, 10])
        >>> sum(parameter.numel() for parameter in ResNet18().parameters())
        11173962
    """

    def __init__(self, width: int = 64, num_classes: int = 10, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = dropout
        self.conv1 = nn.Conv2d(3, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.layer1 = _stage(width, width, stride=1)
        self.layer2 = _stage(width, 2 * width, stride=2)
        self.layer3 = _stage(2 * width, 4 * width, stride=2)
        self.layer4 = _stage(4 * width, 8 * width, stride=2)
        self.linear = nn.Linear(8 * width, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        _check_input(x)
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.layer4(self.layer3(self.layer2(self.layer1(out))))
        features = F.adaptive_avg_pool2d(out, 1).flatten(1)
        return self.linear(F.dropout(features, self.dropout, self.training))


def stages(model: nn.Module) -> dict[str, nn.Module]:
    """The five modules whose outputs the class activation maps read, by name.

    ``layer0`` is ``bn1`` (the stem before its ReLU), ``layer1`` to ``layer4`` are the stages.

    Args:
        model: a ``ResNet18``, or another model with modules of these names.

    Returns:
        The modules by name.

    Raises:
        CifarcamError: for a model without them.

    Examples:
        >>> from cifarcam.network import ResNet18, stages
        >>> list(stages(ResNet18(width=9)))
        ['layer0', 'layer1', 'layer2', 'layer3', 'layer4']
    """
    missing = [name for name in ("bn1", *STAGES[1:]) if not hasattr(model, name)]
    if missing:
        raise CifarcamError(
            f"{type(model).__name__} has no {', '.join(missing)}; expected a ResNet18 with bn1 and layer1 to layer4."
        )
    return {"layer0": model.bn1, **{name: getattr(model, name) for name in STAGES[1:]}}


def from_state_dict(weights: dict[str, Tensor], source: str) -> ResNet18:
    """A ResNet18, in eval mode, with the given weights; its width and classes are read off them.

    Args:
        weights: a state dict with this module's names; values of any float type, taken as float32.
        source: where the weights come from, for the error message.

    Raises:
        CifarcamError: where the names or shapes are another network's.
    """
    shapes = [getattr(weights.get(name), "shape", ()) for name in ("conv1.weight", "linear.weight")]
    if not all(shapes):
        raise CifarcamError(f"{source} holds no ResNet18: it lacks conv1.weight or linear.weight.")
    (width, *_), (num_classes, *_) = shapes
    with torch.device("meta"):  # compared before memory is taken for it
        expected = ResNet18(width, num_classes).state_dict()
    wrong = sorted(
        {name for name, value in expected.items() if getattr(weights.get(name), "shape", None) != value.shape}
        | (set(weights) - set(expected))
    )
    if wrong:
        raise CifarcamError(
            f"{source} holds the weights of another network than ResNet18: {len(wrong)} names or shapes differ, "
            f"{wrong[0]} for one."
        )
    model = ResNet18(width, num_classes)
    model.load_state_dict(weights)
    return model.eval()


def from_pytorch_cifar(path: str | Path) -> ResNet18:
    """A ResNet18, in eval mode, from a checkpoint file of kuangliu/pytorch-cifar.

    Such a file is ``{"net": state_dict, "acc": …, "epoch": …}``, each name with the prefix ``module.`` where it was
    saved from DataParallel, or ``_orig_mod.`` from ``torch.compile``; a bare state dict is taken too. What a profiler
    left in it is left out, and a line says so; counts of batches that are missing are 0. Nothing in the file is
    executed.

    Args:
        path: of the file.

    Raises:
        CifarcamError: for a missing file or one of another network.
    """
    path = Path(path)
    if not path.is_file():
        raise CifarcamError(f"There is no checkpoint file {path}; give the path of a file.")
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many types here, none of them documented
        raise CifarcamError(f"{path} is damaged, or no checkpoint that loads without executing code.") from error
    weights = saved.get("net", saved) if isinstance(saved, dict) else None
    if not isinstance(weights, dict):
        raise CifarcamError(f"{path} holds no state dict; expected one, or a dict with one under 'net'.")
    named = {PREFIXES.sub("", str(name)): value for name, value in weights.items()}
    left_out = [name for name in named if name.endswith(PROFILED)]
    if left_out:
        print(f"Of {path} {len(left_out)} entries are left out that are no weights, {left_out[0]} for one.")
    kept = {name: value for name, value in named.items() if name not in left_out}
    for name in [name for name in kept if name.endswith(".running_var")]:  # PyTorch before 0.4.1 had no counts
        kept.setdefault(f"{name.removesuffix('running_var')}num_batches_tracked", torch.tensor(0))
    return from_state_dict(kept, str(path))


def _stage(in_channels: int, channels: int, stride: int) -> nn.Sequential:
    return nn.Sequential(BasicBlock(in_channels, channels, stride), BasicBlock(channels, channels, 1))


def _check_input(x: Tensor) -> None:
    shape = tuple(x.shape)
    if x.ndim != 4 or shape[1] != 3 or min(shape[2:]) < SMALLEST_SIDE:
        raise CifarcamError(
            f"ResNet18 got a tensor of shape {shape}; expected (N, 3, H, W) with H and W at least {SMALLEST_SIDE}."
        )
    if not x.is_floating_point():
        raise CifarcamError(f"ResNet18 got {x.dtype}; expected floats, as cifarcam.data.normalize gives.")
