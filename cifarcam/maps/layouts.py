"""Where a layer's output has its channels and its places: convolutional networks, Swin and vision transformers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple, TypeAlias

import torch
from torch import Tensor, nn

from cifarcam.errors import CifarcamError
from cifarcam.network.hooks import forward_hooks

Grid: TypeAlias = tuple[int, int]
NAMES = ("channels_first", "channels_last", "tokens")
CHANNELS_FIRST = (nn.modules.conv._ConvNd, nn.modules.batchnorm._BatchNorm, nn.GroupNorm)
CHANNELS_FIRST += (nn.modules.pooling._MaxPoolNd, nn.modules.pooling._AvgPoolNd)
MOST_PREFIX_TOKENS = 16  # a class token and registers


class Layout(NamedTuple):
    """How the output of a layer is arranged.

    Attributes:
        channels: the axis of the channels.
        places: from an output, or its gradient, to (N, channels, h, w).
    """

    channels: int
    places: Callable[[Tensor], Tensor]


def find_layout(
    layout: str | Grid | None, name: str, layer: nn.Module, output: object, x: Tensor, grid: Grid | None
) -> Layout:
    """The layout of a layer's output.

    Args:
        layout: one of ``NAMES``, rows and columns of tokens, or ``None`` to tell it from the output's shape.
        name: of the layer, for the error message.
        layer: the layer.
        output: what it gave for the images.
        x: the images, (N, 3, H, W).
        grid: rows and columns of what the last convolution before the layer gave.

    Raises:
        CifarcamError: for an output without places, for one that does not have the layout, and for one of which its
            shape does not tell.
    """
    found = type(output).__name__
    if isinstance(output, Tensor):
        found = f"{output.dtype} tensor of shape {tuple(output.shape)}"
    if not isinstance(output, Tensor) or not output.is_floating_point() or len(output) != len(x):
        raise CifarcamError(
            f"The output of {name} is a {found} for {len(x)} image; expected one floating-point tensor, with a row for "
            "each image. Take another layer."
        )
    shape = tuple(output.shape)
    if isinstance(layout, tuple):
        layout, grid = "tokens", layout
    if layout is not None and layout not in NAMES:
        raise CifarcamError(f"The layout is {layout!r}; expected one of {', '.join(NAMES)}, (rows, columns), or None.")
    if layout == "tokens" and len(shape) == 3:
        return Layout(2, _tokens(name, shape, grid or _square(shape, x)))
    found = layout or _told_by_shape(name, layer, shape, x)
    if len(shape) == 4 and layout == "channels_last" and _as_wide(shape[2:], x) and not _as_wide(shape[1:3], x):
        raise CifarcamError(
            f"The output of {name} is {shape}, which looks like (N, channels, h, w); leave layout='channels_last' out."
        )
    height_width = shape[1:3] if found == "channels_last" else shape[2:]
    if len(shape) != 4 or found == "tokens" or height_width[0] * height_width[1] == 1:
        raise CifarcamError(
            f"A map needs an output of {'(N, tokens, channels)' if found == 'tokens' else '(N, channels, h, w)'} with "
            f"more than one place; that of {name} is {shape}. Take an earlier layer, or larger images"
            f"{'; for a vision transformer, layout=' + repr('tokens') if len(shape) == 3 else ''}."
        )
    return Layout(3, _last_to_first) if found == "channels_last" else Layout(1, _unchanged)


@contextmanager
def patch_grids(model: nn.Module, layers: Mapping[str, nn.Module]) -> Iterator[dict[str, Grid]]:
    """Rows and columns of what the last convolution gave before each layer ran inside the block, by layer."""
    grids: dict[str, Grid] = {}
    last: list[Grid] = []

    def note(module: nn.Module, inputs: tuple, output: object) -> None:
        if isinstance(module, nn.Conv2d):
            last.append(tuple(output.shape[2:]))
        for name, layer in layers.items():
            if layer is module and last:
                grids[name] = last[-1]

    convolutions = [part for part in model.modules() if isinstance(part, nn.Conv2d)]
    with forward_hooks(dict.fromkeys([*convolutions, *layers.values()], note)):
        yield grids


def _square(shape: tuple, x: Tensor) -> Grid | None:
    """The square grid of patches of a square image, alone or behind a class token."""
    side = math.isqrt(shape[1])
    return (side, side) if x.shape[2] == x.shape[3] and shape[1] - side**2 in (0, 1) else None


def _told_by_shape(name: str, layer: nn.Module, shape: tuple, x: Tensor) -> str:
    if len(shape) != 4:
        return "channels_first"
    first, last = _as_wide(shape[2:], x), _as_wide(shape[1:3], x)
    if first == last:
        parts = list(layer.modules())
        first = any(isinstance(part, CHANNELS_FIRST) for part in parts)
        last = any(isinstance(part, (nn.LayerNorm, nn.Linear)) for part in parts)
    if isinstance(layer, CHANNELS_FIRST) or (first and not last):
        return "channels_first"
    likeness = "looks like" if last and not first else "may be or not be"
    raise CifarcamError(
        f"The output of {name} is {shape}, which {likeness} (N, h, w, channels). "
        "Give layout='channels_last' if it is, layout='channels_first' if it is (N, channels, h, w)."
    )


def _as_wide(height_width: tuple, x: Tensor) -> bool:
    """Whether rows and columns are as the image's sides, to less than one place."""
    (rows, columns), (height, width) = height_width, x.shape[2:]
    return abs(rows * width - columns * height) < max(height, width)


def _tokens(name: str, shape: tuple, grid: Grid | None) -> Callable[[Tensor], Tensor]:
    """From (N, tokens, channels) to places, without the tokens of no place, which come first."""
    rows, columns = grid or (0, 0)
    prefix = shape[1] - rows * columns
    if not 0 <= prefix <= MOST_PREFIX_TOKENS or rows * columns < 2:
        known = f"{rows}×{columns} of patches, and at most {MOST_PREFIX_TOKENS} in front of them"
        raise CifarcamError(
            f"The output of {name} has {shape[1]} tokens; expected {known if grid else 'a square of them'}. Give the "
            "rows and columns of its patches, as in layout=(14, 14)."
        )
    return lambda output: output[:, prefix:].unflatten(1, (rows, columns)).permute(0, 3, 1, 2)


def _last_to_first(output: Tensor) -> Tensor:
    return output.permute(0, 3, 1, 2)


def _unchanged(output: Tensor) -> Tensor:
    return output


def without_channels(layout: Layout, output: Tensor, channels: Tensor, value: Tensor | float) -> Tensor:
    """A copy of an output in which one channel of each image has one value."""
    output = output.clone()
    output.movedim(layout.channels, 1)[torch.arange(len(channels), device=channels.device), channels] = value
    return output
