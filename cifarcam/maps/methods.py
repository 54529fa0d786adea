"""Methods of class activation maps: how each weighs the channels of a stage.

A class activation map is a weighted sum of a stage's channels; a method is what gives the weights. pytorch-grad-cam
gives those that need a formula of gradients. Two methods weigh every place of a channel by itself, one knows no weights
but a principal component, and two try out what a channel does, with a pass through the network for each.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from pytorch_grad_cam import GradCAM, GradCAMPlusPlus, XGradCAM
from pytorch_grad_cam.base_cam import BaseCAM
from torch import Tensor, nn

from cifarcam.errors import CifarcamError
from cifarcam.maps.layouts import Layout, without_channels
from cifarcam.maps.scored import Scored
from cifarcam.network.hooks import forward_hooks

MASKED, ABLATED = 16, 32  # images a pass of Score-CAM and Ablation-CAM, as in the library
ABLATION = 1e7  # what Ablation-CAM takes off the smallest value, in the library, for a ReLU to make it 0
AUGMENTATIONS = tuple((mirrored, contrast) for mirrored in (False, True) for contrast in (0.9, 1.0, 1.1))
"""The augmentations that ``aug_smooth`` averages over: whether an image is mirrored, and the factor of its contrast."""
Weights = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""A function from activations and gradients, float32 (N, channels, h, w) each, to channel weights, (N, channels)."""


class Trial(NamedTuple):
    """The arguments of a method that tries out what each channel does.

    Attributes:
        scored: the model, in eval mode.
        layer: the stage.
        layout: of what it gives.
        x: one normalised image, (1, 3, H, W).
        target: the number of the class to explain.
        activations: float32, what the layer gives for the image.
    """

    scored: Scored
    layer: nn.Module
    layout: Layout
    x: Tensor
    target: int
    activations: Tensor

    def channels_first(self) -> Tensor:
        """The activations as (1, channels, h, w)."""
        return self.layout.places(self.activations)


class Method(NamedTuple):
    """A method of class activation maps: one of two ways to weigh the channels, or none.

    Attributes:
        weights: from activations and gradients, float32 (N, channels, h, w) each, to weights of the channels,
            (N, channels), or of each of their positions, (N, channels, h, w).
        trial_weights: from a ``Trial`` to the weights of the channels, (channels,); slow, a pass for each channel.
        class_blind: whether the map is the same whatever class is asked for.
        first_component: whether the map is the weighted channels' first principal component in place of their sum.
    """

    weights: Weights | None = None
    trial_weights: Callable[[Trial], Tensor] | None = None
    class_blind: bool = False
    first_component: bool = False


def _of_library(kind: type[BaseCAM]) -> Method:
    def weights(activations: np.ndarray, gradients: np.ndarray) -> np.ndarray:
        # These three look at nothing but activations and gradients.
        return kind.get_cam_weights(None, None, None, None, activations, gradients)

    return Method(weights)


@torch.no_grad()
def score_cam_weights(trial: Trial) -> Tensor:
    """Score-CAM's weights: the softmax over channels of the class's logits for the image masked by each channel.

    A mask is the channel enlarged to the image and scaled to 0 to 1.
    """
    side = trial.x.shape[-2:]
    masks = F.interpolate(trial.channels_first(), side, mode="bilinear", align_corners=True)[0]
    low, high = masks.amin((1, 2), keepdim=True), masks.amax((1, 2), keepdim=True)
    masks = (masks - low) / (high - low + 1e-8)
    logits = [trial.scored(trial.x * part[:, None])[:, trial.target] for part in masks.split(MASKED)]
    return torch.cat(logits).softmax(0)


@torch.no_grad()
def ablation_cam_weights(trial: Trial) -> Tensor:
    """Ablation-CAM's weights: the share of the class's logit that is lost without each channel.

    The library divides the loss by the logit, so a negative one turns its map into what speaks against the class; here
    the loss is divided by the logit's size.
    """
    logit = trial.scored(trial.x)[0, trial.target]
    left = []
    for channels in torch.arange(trial.activations.shape[trial.layout.channels], device=trial.x.device).split(ABLATED):
        with forward_hooks({trial.layer: partial(_without, trial.layout, channels)}):
            left.append(trial.scored(trial.x.repeat(len(channels), 1, 1, 1))[:, trial.target])
    return (logit - torch.cat(left)) / logit.abs()


def _without(layout: Layout, channels: Tensor, module: nn.Module, inputs: tuple, output: Tensor) -> Tensor:
    """The output without one channel of each image."""
    lowest = output.min()
    return without_channels(layout, output, channels, 0 if lowest == 0 else lowest - ABLATION)


METHODS = {
    "Grad-CAM": _of_library(GradCAM),  # Selvaraju et al. 2017, arXiv 1610.02391
    "Grad-CAM++": _of_library(GradCAMPlusPlus),  # Chattopadhay et al. 2018, arXiv 1710.11063
    "XGrad-CAM": _of_library(XGradCAM),  # Fu et al. 2020, arXiv 2008.02312
    "HiResCAM": Method(lambda activations, gradients: gradients),  # Draelos and Carin 2020, arXiv 2011.08891
    # Jiang et al. 2021, doi 10.1109/TIP.2021.3089943
    "LayerCAM": Method(lambda activations, gradients: np.maximum(gradients, 0)),
    # Muhammad and Yeasin 2020, arXiv 2008.00299
    "Eigen-CAM": Method(class_blind=True, first_component=True),
    "Score-CAM": Method(trial_weights=score_cam_weights),  # Wang et al. 2020, arXiv 1910.01279
    # Desai and Ramaswamy 2020, doi 10.1109/WACV45572.2020.9093360
    "Ablation-CAM": Method(trial_weights=ablation_cam_weights),
}
"""Every method that can be computed, by its name."""
CLASS_BLIND = tuple(name for name, method in METHODS.items() if method.class_blind)
"""Methods that give the same map whatever class is asked for."""
SLOW = tuple(name for name, method in METHODS.items() if method.trial_weights)
"""Methods that take a forward pass for each channel, stage and image."""


def find_method(method: str | Weights) -> Method:
    """The method of that name, or one that weighs the channels by a function of one's own.

    Raises:
        CifarcamError: listing the names, for any other name.
    """
    if isinstance(method, type):
        raise CifarcamError(f"{method.__name__} is a class; give the method's name, one of {', '.join(METHODS)}.")
    if callable(method):
        return Method(method)
    if method not in METHODS:
        raise CifarcamError(f"There is no method {method!r}; the methods are {', '.join(METHODS)}.")
    return METHODS[method]


def name_of(method: str | Weights) -> str:
    """A method's name, or that of the function."""
    if isinstance(method, str):
        return method
    name = getattr(method, "__name__", "<lambda>")
    return "own function" if name == "<lambda>" else name


def first_component(activations: np.ndarray) -> np.ndarray:
    """The positions' scores on the first principal component of the channels: (N, channels, h, w) to (N, h, w).

    With A the float64 matrix of an image's positions by channels and v its first right singular vector, the scores are
    A v. A is not centred, as in Eigen-CAM's paper; the library centres it, and which end of what is left then counts as
    positive is an accident. The sign of v, which a decomposition leaves open, is turned so that the scores sum to a
    positive number.
    """
    channels = torch.from_numpy(activations).flatten(2).double()
    positions = channels.mT
    if channels.shape[1] <= channels.shape[2]:  # the smaller of the two products has the same first component
        direction = torch.linalg.eigh(channels @ positions).eigenvectors[..., -1:]
    else:
        direction = channels @ torch.linalg.eigh(positions @ channels).eigenvectors[..., -1:]
        length = direction.norm(dim=1, keepdim=True)
        direction = direction / length.where(length > 0, 1)
    scores = (positions @ direction)[..., 0]
    scores = scores.where(scores.sum(1, keepdim=True) >= 0, -scores)
    return scores.float().reshape(-1, *activations.shape[2:]).numpy()
