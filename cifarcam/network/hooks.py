"""Context managers that register forward hooks on modules and remove them at the end of their block."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

Hook = Callable[[nn.Module, tuple, object], object]


@contextmanager
def forward_hooks(hooks: Mapping[nn.Module, Hook]) -> Iterator[None]:
    """Calls a hook after each forward pass of a module inside the block.

    What a hook returns, if not ``None``, replaces the module's output.

    Args:
        hooks: ``hook(module, inputs, output)`` by module. They are removed at the end of the block.

    Examples:
        >>> import torch
        >>> from torch import nn
        >>> from cifarcam.network.hooks import forward_hooks
        >>> relu = nn.ReLU()
        >>> with forward_hooks({relu: lambda module, inputs, output: print(tuple(output.shape))}):
        ...     _ = relu(torch.zeros(2, 3))
        (2, 3)
    """
    with ExitStack() as stack:
        for module, hook in hooks.items():
            stack.callback(module.register_forward_hook(hook).remove)
        yield


@contextmanager
def kept_outputs(layers: Mapping[str, nn.Module], with_gradients: bool = False) -> Iterator[dict[str, list]]:
    """Keeps the outputs of layers while they run inside the block.

    What follows a layer gets a copy of its output, so that what is kept stays as it was where the network goes on to
    change it in place.

    Args:
        layers: modules by name.
        with_gradients: what is kept requires gradients, also where the network itself runs the layer without any.

    Yields:
        By the layers' names, a list with one output for each time that the layer runs.

    Examples:
        >>> import torch
        >>> from torch import nn
        >>> from cifarcam.network.hooks import kept_outputs
        >>> relu = nn.ReLU()
        >>> with kept_outputs({"activation": relu}) as outputs:
        ...     _ = relu(torch.tensor([-1.0, 2.0]))
        >>> outputs
        {'activation': [tensor([0., 2.])]}
    """
    outputs: dict[str, list] = {name: [] for name in layers}
    with ExitStack() as stack:
        for name, layer in layers.items():  # one module may stand under two names

            def keep(module: nn.Module, inputs: tuple, output: object, name: str = name) -> object:
                if not isinstance(output, Tensor):
                    outputs[name].append(output)
                    return None
                if not output.is_floating_point():
                    outputs[name].append(output)
                    return None
                if output._is_view() or any(output is given for given in inputs):
                    output = output.clone()  # else what happens to the input would count as the layer's
                if with_gradients and not output.requires_grad:
                    output = output.detach().requires_grad_()
                outputs[name].append(output)
                with torch.set_grad_enabled(with_gradients or torch.is_grad_enabled()):
                    return output.clone()

            stack.enter_context(forward_hooks({layer: keep}))
        yield outputs


@dataclass
class Passes:
    """Numbers of images that passed through a model.

    Attributes:
        forward: images that went forward to the logits.
        backward: images whose gradients went back from the logits.
    """

    forward: int = 0
    backward: int = 0


@contextmanager
def pass_counter(model: nn.Module) -> Iterator[Passes]:
    """Counts the images that pass through the model inside the block.

    Args:
        model: any module.

    Yields:
        The counts, which go on while the block runs.

    Examples:
        >>> import torch
        >>> from torch import nn
        >>> from cifarcam.network import pass_counter
        >>> model = nn.Flatten()
        >>> with pass_counter(model) as passes:
        ...     _ = model(torch.zeros(5, 3, 32, 32))
        >>> passes
        Passes(forward=5, backward=0)
    """
    passes = Passes()

    def count_backward(gradient: Tensor) -> None:
        passes.backward += len(gradient)

    def count_forward(module: nn.Module, inputs: tuple, logits: Tensor) -> None:
        passes.forward += len(logits)
        if logits.requires_grad:
            logits.register_hook(count_backward)

    with forward_hooks({model: count_forward}):
        yield passes
