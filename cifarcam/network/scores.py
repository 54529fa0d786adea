"""The scores of the classes in whatever a network returns."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TypeAlias

import torch
from torch import Tensor

from cifarcam.errors import CifarcamError

Output: TypeAlias = "str | int | Callable[[object], object] | None"
"""Where the scores are in what a network returns: a key or an attribute, an index, or a function that finds them."""


def part_of(returned: object, output: Output) -> object:
    """The part of what a network returns that ``output`` names; all of it for ``None``.

    Raises:
        CifarcamError: where there is no such part.
    """
    if output is None:
        return returned
    if callable(output):
        return output(returned)
    try:
        attribute = isinstance(output, str) and not isinstance(returned, Mapping)
        return getattr(returned, output) if attribute else returned[output]
    except (AttributeError, IndexError, KeyError, TypeError) as error:
        raise CifarcamError(
            f"The network returns {_described(returned)}, and output={output!r} is none of it."
        ) from error


def class_scores(returned: object, count: int, output: Output = None) -> Tensor:
    """The scores of the classes for each image, in what a network returns.

    A single score z is read as a binary classifier's: its two classes have the scores -z/2 and z/2, whose softmax is
    the sigmoid of z.

    Args:
        returned: by the network.
        count: of the images that it got.
        output: where the scores are in it.

    Returns:
        (N, classes), of the float type they had.

    Raises:
        CifarcamError: where it holds no such scores.

    Examples:
        >>> import torch
        >>> from cifarcam.network import class_scores
        >>> class_scores({"logits": torch.zeros(4, 10, 1, 1)}, count=4, output="logits").shape
        torch.Size([4, 10])
        >>> class_scores(torch.tensor([[3.0]]), count=1).tolist()
        [[-1.5, 1.5]]
    """
    found = part_of(returned, output)
    if not isinstance(found, Tensor):
        raise CifarcamError(
            f"The network returns {_described(found)}; expected the scores of the classes, a tensor of shape "
            f"(N, classes). Name the part that holds them, as in output={_example(found)}."
        )
    scores = found.flatten(1) if found.ndim == 4 and found.shape[2:] == (1, 1) else found
    if scores.ndim != 2 or len(scores) != count or scores.shape[1] == 0:
        raise CifarcamError(
            f"The network returns a tensor of shape {tuple(found.shape)} for {count} images; expected "
            f"({count}, classes). Give output= a function that makes such scores of it."
        )
    if not scores.is_floating_point():
        raise CifarcamError(f"The network returns {scores.dtype}; expected floating-point scores of the classes.")
    return torch.cat([-scores, scores], 1) / 2 if scores.shape[1] == 1 else scores


def _described(returned: object) -> str:
    kind = type(returned).__name__
    if isinstance(returned, Tensor):
        return f"a tensor of shape {tuple(returned.shape)}"
    if isinstance(returned, Mapping):
        return f"a {kind} with {', '.join(map(repr, returned)) or 'nothing in it'}"
    if dataclasses.is_dataclass(returned):
        return f"a {kind} with {', '.join(repr(field.name) for field in dataclasses.fields(returned))}"
    if isinstance(returned, (list, tuple)):
        return (
            f"a {kind} of {len(returned)} parts: {', '.join(getattr(returned, '_fields', map(_described, returned)))}"
        )
    return f"a {kind}"


def _example(returned: object) -> str:
    if isinstance(returned, Mapping) and returned:
        return repr("logits" if "logits" in returned else next(iter(returned)))
    if dataclasses.is_dataclass(returned):
        return repr(dataclasses.fields(returned)[0].name)
    return "0" if isinstance(returned, (list, tuple)) else "a function"
