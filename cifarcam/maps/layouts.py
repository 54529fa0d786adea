"""Where a layer's output has its channels and its places: convolutional networks, Swin and vision transformers."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from cifarcam.errors import CifarcamError

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
    layout: str | None, name: str, layer: nn.Module, output: object, x: Tensor, grid: tuple | None
) -> Layout:
    """The layout of a layer's output.

    Args:
        layout: one of ``NAMES``, or ``None`` to tell it from the output's shape.
        name: of the layer, for the error message.
        layer: the layer.
        output: what it gave for the images.
        x: the images, (N, 3, H, W).
        grid: rows and columns of patches, where the network cuts the image into such.

    Raises:
        CifarcamError: for an output without places, for one that does not have the layout, and for one of which its
            shape does not tell.
    """
    shape = tuple(getattr(output, "shape", ()))
    if layout is not None and layout not in NAMES:
        raise CifarcamError(f"The layout is {layout!r}; expected one of {', '.join(NAMES)}, or None.")
    if layout == "tokens" and len(shape) == 3:
        return Layout(2, _tokens(name, shape, grid))
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


def patch_grid(model: nn.Module, x: Tensor) -> tuple[int, int] | None:
    """Rows and columns of the patches that a network cuts images into by its first convolution, if it does."""
    for part in model.modules():
        if isinstance(part, nn.Conv2d):
            kernel, stride = part.kernel_size, part.stride
            return (x.shape[2] // stride[0], x.shape[3] // stride[1]) if kernel == stride and min(stride) > 1 else None
    return None


def _told_by_shape(name: str, layer: nn.Module, shape: tuple, x: Tensor) -> str:
    if len(shape) != 4:
        return "channels_first"
    first, last = (_as_wide(shape[2:], x), _as_wide(shape[1:3], x))
    if first == last:
        first = any(isinstance(part, CHANNELS_FIRST) for part in layer.modules())
        last = not first and any(isinstance(part, (nn.LayerNorm, nn.Linear)) for part in layer.modules())
    if first:
        return "channels_first"
    raise CifarcamError(
        f"The output of {name} is {shape}, which {'looks like' if last else 'may be or not be'} (N, h, w, channels). "
        "Give layout='channels_last' if it is, layout='channels_first' if it is (N, channels, h, w)."
    )


def _as_wide(height_width: tuple, x: Tensor) -> bool:
    """Whether rows and columns are as the image's sides, to less than one place."""
    (rows, columns), (height, width) = height_width, x.shape[2:]
    return abs(rows * width - columns * height) < max(height, width)


def _tokens(name: str, shape: tuple, grid: tuple | None) -> Callable[[Tensor], Tensor]:
    """From (N, tokens, channels) to places, without the tokens of no place, which come first."""
    rows, columns = grid or 2 * (int(shape[1] ** 0.5),)
    prefix = shape[1] - rows * columns
    if not 0 <= prefix <= MOST_PREFIX_TOKENS or rows * columns < 2:
        raise CifarcamError(
            f"The output of {name} has {shape[1]} tokens; expected those of {rows}×{columns} patches, and at most "
            f"{MOST_PREFIX_TOKENS} more in front of them."
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
