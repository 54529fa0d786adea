"""Parts of a network found by their names, and networks without their wrappers."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from torch import nn

from cifarcam.errors import CifarcamError

Layers: TypeAlias = "str | nn.Module | Sequence[str | nn.Module] | Mapping[str, str | nn.Module]"
"""A layer of a network, or several: by name, such as ``"features.5"``, or the module itself."""


def unwrapped(model: nn.Module) -> nn.Module:
    """The network inside ``torch.compile``, DataParallel or DistributedDataParallel; any other as it is."""
    while True:
        if isinstance(model, (nn.DataParallel, nn.parallel.DistributedDataParallel)):
            model = model.module
        elif "_orig_mod" in model._modules:
            model = model._orig_mod
        else:
            return model


def find_layers(model: nn.Module, layers: Layers) -> dict[str, nn.Module]:
    """The layers of a network by name.

    Args:
        model: the network.
        layers: one layer or several, each a name or a module; a mapping chooses the names they go by.

    Raises:
        CifarcamError: for no layers, for a name that the network has not, and for a module of another network.

    Examples:
        >>> from cifarcam.network import ResNet18, find_layers
        >>> net = ResNet18(width=9)
        >>> list(find_layers(net, ["layer4", net.layer1[0]]))
        ['layer4', 'layer1.0']
    """
    modules = dict(model.named_modules())
    if not isinstance(layers, Mapping):
        several = layers if isinstance(layers, (list, tuple)) else [layers]
        names = {module: name for name, module in modules.items()}
        layers = {layer if isinstance(layer, str) else names.get(layer, ""): layer for layer in several}
    if not layers:
        raise CifarcamError("No layers were given; expected one or more of the network, by name or as modules.")
    return {str(name): _module(modules, layer) for name, layer in layers.items()}


def _module(modules: Mapping[str, nn.Module], layer: object) -> nn.Module:
    if isinstance(layer, nn.Module):
        if not any(layer is module for module in modules.values()):
            raise CifarcamError(f"The layer given, a {type(layer).__name__}, is no part of this network.")
        return layer
    if not isinstance(layer, str) or layer not in modules:
        close = difflib.get_close_matches(str(layer), [name for name in modules if name], 3, 0)
        raise CifarcamError(
            f"The network has no layer {layer!r}; the nearest names are {', '.join(close) or '(none)'}."
        )
    return modules[layer]
