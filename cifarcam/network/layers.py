"""Parts of a network found by their names, and networks without their wrappers."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from cifarcam.errors import CifarcamError
from cifarcam.network.resnet import ResNet18
from cifarcam.network.restore import modes_restored

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


def in_usual_order(model: nn.Module, x: Tensor) -> Tensor:
    """Images in the order in memory that a network expects: channels first for any but our own ``ResNet18``."""
    return x if isinstance(unwrapped(model), ResNet18) else x.contiguous()


def check_network(model: object, lazy: bool = False) -> None:
    """Checks that something is a network whose modes can be set.

    Args:
        model: the network.
        lazy: whether it may have layers that take their size from the first image.

    Raises:
        CifarcamError: for anything else, for what ``torch.export`` gives, and for lazy layers where they may not be.
    """
    if not isinstance(model, nn.Module):
        raise CifarcamError(f"The model is a {type(model).__name__}; expected a network, a torch.nn.Module.")
    try:
        with modes_restored(model):
            model.eval()
    except NotImplementedError as error:  # PyTorch's own, from the modes of what it exported
        raise CifarcamError("An exported network has no modes; give the network that it was exported from.") from error
    if not lazy and any(is_lazy(tensor) for tensor in chain(model.parameters(), model.buffers())):
        raise CifarcamError("The network has lazy layers that know no size yet; call predict(model, images) first.")


def find_layers(model: nn.Module, layers: Layers) -> dict[str, nn.Module]:
    """The layers of a network by name.

    Args:
        model: the network.
        layers: one layer or several, each a name or a module; a mapping chooses the names they go by.

    Raises:
        CifarcamError: for no layers, for an unknown name, for a module of another network, and for a
            network that was scripted or traced.

    Examples:
        >>> from cifarcam.network import ResNet18, find_layers
        >>> net = ResNet18(width=9)
        >>> list(find_layers(net, ["layer4", net.layer1[0]]))
        ['layer4', 'layer1.0']
    """
    if isinstance(model, torch.jit.ScriptModule):
        raise CifarcamError("A scripted network shows no layer's output; give the network that it was made from.")
    modules = dict(model.named_modules(remove_duplicate=False))
    if not isinstance(layers, Mapping):
        several = layers if isinstance(layers, (list, tuple, set, frozenset)) else [layers]
        names = {id(module): name for name, module in reversed(modules.items())}
        layers = {layer if isinstance(layer, str) else names.get(id(layer), ""): layer for layer in several}
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
