"""Looking into a network while it runs, with hooks that cannot be left behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from torch import Tensor, nn

Hook = Callable[[nn.Module, tuple, object], object]


@contextmanager
def forward_hooks(hooks: Mapping[nn.Module, Hook]) -> Iterator[None]:
    """Each module calls its hook after it has run; what a hook returns, if not ``None``, replaces the output.

    Args:
        hooks: ``hook(module, inputs, output)`` by module. They are removed at the end of the block.

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
def kept_outputs(layers: Mapping[str, nn.Module]) -> Iterator[dict[str, list]]:
    """The outputs of these layers, by their names, one for each time that a layer runs inside the block.

    >>> with kept_outputs({"activation": nn.ReLU()}) as outputs:
    ...     pass
    >>> outputs
    {'activation': []}
    """
    outputs: dict[str, list] = {name: [] for name in layers}
    with ExitStack() as stack:
        for name, layer in layers.items():  # one module may stand under two names

            def keep(module: nn.Module, inputs: tuple, output: object, name: str = name) -> None:
                outputs[name].append(output)

            stack.enter_context(forward_hooks({layer: keep}))
        yield outputs


@dataclass
class Passes:
    """Images that went through a model: ``forward`` to its logits, ``backward`` from them."""

    forward: int = 0
    backward: int = 0


@contextmanager
def pass_counter(model: nn.Module) -> Iterator[Passes]:
    """Counts the images that pass through the model inside the block.

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
