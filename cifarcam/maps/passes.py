"""The maps of every stage of a batch of images, from one pass forward and one backward."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from pytorch_grad_cam.utils.image import scale_cam_image
from torch import Tensor, nn
from tqdm import tqdm

from cifarcam.errors import CifarcamError
from cifarcam.maps.layouts import Layout
from cifarcam.maps.methods import AUGMENTATIONS, Method, Trial, first_component
from cifarcam.maps.scored import Scored
from cifarcam.network.hooks import kept_outputs


class BatchMaps(NamedTuple):
    """The maps of a batch.

    Attributes:
        maps: float32, (N, S, H, W), 0 to 1.
        raw_maxima: (N, S), the largest value of each map before it was scaled.
        targets: int64, (N,), the classes explained.
        logits: (N, classes).
    """

    maps: np.ndarray
    raw_maxima: np.ndarray
    targets: np.ndarray
    logits: np.ndarray


def maps_of_batch(
    scored: Scored,
    layers: Mapping[str, nn.Module],
    layouts: Mapping[str, Layout],
    x: Tensor,
    targets: np.ndarray | None,
    method: Method,
    eigen_smooth: bool,
    bar: tqdm,
) -> BatchMaps:
    """The maps of a batch at every layer.

    Args:
        scored: the model, in eval mode and float32, its parameters frozen.
        layers: modules of the model, by name.
        layouts: of their outputs.
        x: normalised images, (N, 3, H, W), on the model's device; one, where the method tries channels out.
        targets: class numbers, (N,), or ``None`` for the predicted ones.
        method: weighs the channels.
        eigen_smooth: the first principal component of the weighted channels in place of their sum.
        bar: goes on by one with each map.

    Raises:
        CifarcamError: for NaN or infinite values, and for a layer on which the logits do not depend.
    """
    needed = method.weights is not None
    with kept_outputs(layers, needed) as outputs, torch.set_grad_enabled(needed):
        logits = scored(x.requires_grad_())  # else nothing flows back through frozen parameters
    explained = logits.argmax(1) if targets is None else torch.as_tensor(targets, device=x.device)
    stages = [outputs[name][0] for name in layers]
    gradients: list = [None] * len(stages)
    if needed:
        gradients = _gradients(logits.gather(1, explained[:, None]).sum(), dict(zip(layers, stages, strict=True)))
    maps, raw_maxima = [], []
    for name, kept, gradient in zip(layers, stages, gradients, strict=True):
        trial = Trial(scored, layers[name], layouts[name], x.detach(), int(explained[0]), kept.detach())
        raw = _map_of_stage(trial, method, eigen_smooth, gradient)
        maps.append(_enlarged(raw, x.shape[2:]))
        raw_maxima.append(raw.max((1, 2)))
        bar.update(len(x))
    numbers = explained.cpu().numpy(), logits.detach().cpu().numpy()
    return BatchMaps(np.stack(maps, 1), np.stack(raw_maxima, 1), *numbers)


def augmented_maps_of_batch(
    scored: Scored,
    layers: Mapping[str, nn.Module],
    layouts: Mapping[str, Layout],
    x: Tensor,
    targets: np.ndarray | None,
    *how: object,
) -> BatchMaps:
    """The means of the maps of six augmented images.

    They are of the image and its mirror image, each as it is and with its contrast at 0.9 and 1.1, all for the class
    that ``targets`` names or that the image as it is is predicted to be.

    Args:
        scored: the model, in eval mode and float32, its parameters frozen.
        layers: modules of the model, by name.
        layouts: of their outputs.
        x: normalised images, (N, 3, H, W), on the model's device; one, where the method tries channels out.
        targets: class numbers, (N,), or ``None`` for the predicted ones.
        how: the further arguments of ``maps_of_batch``.

    Raises:
        CifarcamError: for NaN or infinite values, and for a layer on which the logits do not depend.
    """
    with torch.no_grad():
        logits = scored(x).cpu().numpy()
    explained = logits.argmax(1) if targets is None else np.asarray(targets)
    found = []
    for mirrored, contrast in AUGMENTATIONS:
        changed = maps_of_batch(scored, layers, layouts, contrast * (x.flip(3) if mirrored else x), explained, *how)
        found.append((changed.maps[..., ::-1] if mirrored else changed.maps, changed.raw_maxima))
    maps, raw_maxima = (np.mean(parts, axis=0) for parts in zip(*found, strict=True))
    scaled = [scale_cam_image(each) for each in maps]  # a mean of six maps reaches less than 1
    return BatchMaps(np.stack(scaled), raw_maxima, explained, logits)


def _gradients(score: Tensor, stages: dict[str, Tensor]) -> list[Tensor]:
    gradients: list = [None] * len(stages)
    if score.requires_grad:
        gradients = torch.autograd.grad(score, list(stages.values()), allow_unused=True)
    unused = [name for name, gradient in zip(stages, gradients, strict=True) if gradient is None]
    if unused:
        raise CifarcamError(
            f"The scores do not depend on {', '.join(unused)}; expected layers that they depend on, through operations "
            "that gradients pass."
        )
    return list(gradients)


def _map_of_stage(trial: Trial, method: Method, eigen_smooth: bool, gradient: Tensor | None) -> np.ndarray:
    """The positive part of the weighted sum of the channels, (N, h, w)."""
    weighted = _finite(trial.channels_first().cpu().numpy())
    if gradient is not None:
        placed = trial.layout.places(gradient)
        if gradient.any() and not placed.any():
            raise CifarcamError(
                "The scores depend on this layer's tokens of no place alone, such as a class token, so no patch has a "
                "gradient; take an earlier layer, such as the first normalisation of the last block."
            )
        weighted = _weighted(method.weights(weighted, placed.cpu().numpy()), weighted)
    elif method.trial_weights is not None:
        weighted = _weighted(method.trial_weights(trial)[None].cpu().numpy(), weighted)
    raw = first_component(weighted) if eigen_smooth or method.first_component else weighted.sum(1)
    return np.maximum(_finite(raw), 0)


def _weighted(weights: np.ndarray, activations: np.ndarray) -> np.ndarray:
    weights = _finite(np.asarray(weights, np.float32))
    if weights.shape not in (activations.shape[:2], activations.shape):
        raise CifarcamError(
            f"The method gives weights of shape {weights.shape} for activations of shape {activations.shape}; expected "
            f"{activations.shape[:2]}, a number for each image and channel, or one for each of their positions too."
        )
    return weights.reshape(*weights.shape, *[1] * (4 - weights.ndim)) * activations


def _enlarged(raw: np.ndarray, side: torch.Size) -> np.ndarray:
    """Scaled to 0 to 1, enlarged to height and width, and scaled again: interpolation does not reach the ends."""
    height, width = side
    return scale_cam_image(scale_cam_image(raw, (width, height)))


def _finite(values: np.ndarray) -> np.ndarray:
    if not np.isfinite(values).all():
        raise CifarcamError("The maps of these images are NaN or infinite; they would mean nothing.")
    return values
