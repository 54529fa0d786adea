"""Parameters, multiplications, feature-map sizes and receptive fields of a ResNet-18, stage by stage."""

from __future__ import annotations

import pandas as pd
import torch
from torch import Tensor, nn

from cifarcam.network.hooks import forward_hooks
from cifarcam.network.resnet import STAGES, ResNet18
from cifarcam.network.restore import restored


def stage_table(model: ResNet18, side: int = 32) -> pd.DataFrame:
    """Sizes and costs of each stage, and of the ``linear`` layer, for one image of ``side`` by ``side`` pixels.

    Args:
        model: the network.
        side: of the image, in pixels.

    Returns:
        A row for each stage, with the columns ``channels``; ``side`` of the feature map, in pixels; ``parameters``;
        ``multiplications`` of the convolutions and the linear layer; ``receptive_field``, the side in input pixels of
        the square that one value of the feature map depends on (it may reach beyond the image).

    Examples:
        >>> from cifarcam.network import ResNet18, stage_table
        >>> table = stage_table(ResNet18())
        >>> int(table["parameters"].sum())
        11173962
        >>> table["side"].to_dict()
        {'layer0': 32, 'layer1': 32, 'layer2': 16, 'layer3': 8, 'layer4': 4, 'linear': 1}
    """
    parts = {
        "layer0": [model.conv1, model.bn1],
        **{name: [getattr(model, name)] for name in STAGES[1:]},
        "linear": [model.linear],
    }
    shapes, multiplications = _trace(model, side)
    fields = receptive_fields(model)
    rows = []
    for name, modules in parts.items():
        last = modules[-1]
        inside = [module for part in modules for module in part.modules()]
        shape = shapes[last]
        rows.append(
            {
                "stage": name,
                "channels": shape[1],
                "side": shape[2] if len(shape) == 4 else 1,
                "parameters": sum(p.numel() for part in modules for p in part.parameters()),
                "multiplications": sum(multiplications.get(module, 0) for module in inside),
                "receptive_field": fields.get(name),
            }
        )
    return pd.DataFrame(rows).set_index("stage").astype({"receptive_field": "Int64"})


def receptive_fields(model: ResNet18) -> dict[str, int]:
    """The side of the receptive field of layer0 to layer4, in input pixels.

    A convolution of kernel k widens the field by (k − 1) times the product of all strides before it.

    Args:
        model: the network.

    Returns:
        The sides by the names of the stages.

    Examples:
        >>> from cifarcam.network import ResNet18, receptive_fields
        >>> receptive_fields(ResNet18(width=9))
        {'layer0': 3, 'layer1': 11, 'layer2': 25, 'layer3': 53, 'layer4': 109}
    """
    field, jump = _widened(model.conv1, field=1, jump=1)
    fields = {"layer0": field}
    for name in STAGES[1:]:
        for block in getattr(model, name):
            for conv in (block.conv1, block.conv2):
                field, jump = _widened(conv, field, jump)
        fields[name] = field
    return fields


def _widened(conv: nn.Conv2d, field: int, jump: int) -> tuple[int, int]:
    return field + (conv.kernel_size[0] - 1) * jump, jump * conv.stride[0]


def _trace(model: ResNet18, side: int) -> tuple[dict[nn.Module, torch.Size], dict[nn.Module, int]]:
    shapes, multiplications = {}, {}

    def note(module: nn.Module, inputs: tuple[Tensor], output: Tensor) -> None:
        shapes[module] = output.shape
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            # every weight is used once at each position of the output
            positions = output[0, 0].numel() if output.ndim == 4 else 1
            multiplications[module] = module.weight.numel() * positions

    with restored(model), torch.no_grad(), forward_hooks(dict.fromkeys(model.modules(), note)):
        model(torch.zeros(1, 3, side, side, device=next(model.parameters()).device))
    return shapes, multiplications
