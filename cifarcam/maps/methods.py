"""The methods of pytorch-grad-cam, made to keep the stages apart and their magnitudes.

The library averages the maps of several layers into one and scales each to 0 to 1. Here every layer keeps its map, and
the largest value that it had before it was scaled.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, redirect_stdout
from types import ModuleType, SimpleNamespace

import numpy as np
import torch
from pytorch_grad_cam import (
    EigenCAM,
    GradCAM,
    GradCAMPlusPlus,
    HiResCAM,
    LayerCAM,
    XGradCAM,
    ablation_cam,
    base_cam,
    eigen_cam,
    hirescam,
    layer_cam,
    score_cam,
)
from pytorch_grad_cam.base_cam import BaseCAM
from pytorch_grad_cam.utils.image import scale_cam_image
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import Tensor, nn
from tqdm import tqdm

from cifarcam.errors import CifarcamError

METHODS: dict[str, type[BaseCAM]] = {
    "Grad-CAM": GradCAM,  # Selvaraju et al. 2017, arXiv 1610.02391
    "Grad-CAM++": GradCAMPlusPlus,  # Chattopadhay et al. 2018, arXiv 1710.11063
    "XGrad-CAM": XGradCAM,  # Fu et al. 2020, arXiv 2008.02312
    "HiResCAM": HiResCAM,  # Draelos and Carin 2020, arXiv 2011.08891
    "LayerCAM": LayerCAM,  # Jiang et al. 2021, doi 10.1109/TIP.2021.3089943
    "Eigen-CAM": EigenCAM,  # Muhammad and Yeasin 2020, arXiv 2008.00299
    "Score-CAM": score_cam.ScoreCAM,  # Wang et al. 2020, arXiv 1910.01279
    "Ablation-CAM": ablation_cam.AblationCAM,  # Desai and Ramaswamy 2020, doi 10.1109/WACV45572.2020.9093360
}
"""The library's classes by the names that this package gives the methods."""
CLASS_BLIND = ("Eigen-CAM",)
"""Methods that give the same map whatever class is asked for."""
SLOW = ("Score-CAM", "Ablation-CAM")
"""Methods that take a forward pass for each channel, stage and image."""
AUGMENTED = 6
"""Passes that smoothing by augmentation takes."""
Weights = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""From activations and gradients, float32 (N, channels, h, w) each, to the channels' weights, (N, channels)."""


def find_method(method: str | Weights) -> type[BaseCAM]:
    """The library's class of that name, or one that weighs the channels by a function of one's own.

    Raises ``CifarcamError``, listing the names, for any other name.
    """
    if isinstance(method, type):
        raise CifarcamError(f"{method.__name__} is a class; give the method's name, one of {', '.join(METHODS)}.")
    if callable(method):
        return type("OwnMethod", (BaseCAM,), {"get_cam_weights": _weighed_by(method)})
    if method not in METHODS:
        raise CifarcamError(f"There is no method {method!r}; the methods are {', '.join(METHODS)}.")
    return METHODS[method]


def name_of(method: str | Weights) -> str:
    """A method's name, or that of the function."""
    return method if isinstance(method, str) else getattr(method, "__name__", "own method")


def _weighed_by(weights: Weights) -> Callable[..., np.ndarray]:
    def get_cam_weights(self, input_tensor, target_layers, targets, activations, grads) -> np.ndarray:
        found = np.asarray(weights(activations, grads), np.float32)
        if found.shape != activations.shape[:2]:
            raise CifarcamError(
                f"The method gives weights of shape {found.shape} for activations of shape {activations.shape}; "
                f"expected {activations.shape[:2]}, a number for each image and channel."
            )
        return found

    return get_cam_weights


class Stages:
    """Mixed into a method of the library: gives maps and raw maxima of each of its layers, and the logits.

    Attributes:
        bar: goes on by one with each map.
    """

    bar: tqdm

    def all_stages(
        self, x: Tensor, targets: np.ndarray | None, aug_smooth: bool = False, eigen_smooth: bool = False
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Maps, (N, S, H, W), raw maxima, (N, S), target classes, (N,), and logits, (N, classes), of a batch.

        Args:
            x: normalised images, (N, 3, H, W), on the model's device.
            targets: class numbers, (N,), or ``None`` for the predicted ones.
            aug_smooth: the means over six passes, of the image and its mirror image, each as it is and with its
                contrast at 0.9 and 1.1.
            eigen_smooth: the first principal component of the weighted channels in place of their sum, uncentred and
                turned so that it sums to a positive number.
        """
        logits = None
        if aug_smooth:  # its passes are of other images than these
            with torch.no_grad():
                logits = self.model(x)
            targets = logits.argmax(1).cpu().numpy() if targets is None else targets
        self.raw_maxima: list[np.ndarray] = []
        explained = None if targets is None else [ClassifierOutputTarget(int(target)) for target in targets]
        # HiResCAM prints a word on smoothing for each stage.
        told = redirect_stdout(io.StringIO()) if isinstance(self, HiResCAM) else nullcontext()
        with told:
            maps = self(x, explained, aug_smooth=aug_smooth, eigen_smooth=eigen_smooth)
        logits = (self.outputs if logits is None else logits).detach().float().cpu().numpy()
        maps = scale_cam_image(maps) if aug_smooth else maps  # a mean of six maps reaches less than 1
        count, stages = len(x), len(self.target_layers)
        raw_maxima = np.stack(self.raw_maxima).reshape(-1, stages, count).mean(0)
        targets = logits.argmax(1) if targets is None else targets
        return maps.reshape(stages, count, *maps.shape[1:]).swapaxes(0, 1), raw_maxima.T, targets, logits

    def __exit__(self, *raised: object) -> None:
        self.activations_and_grads.release()  # the library's own would swallow an IndexError

    def compute_cam_per_layer(self, input_tensor: Tensor, targets: list, eigen_smooth: bool) -> list[np.ndarray]:
        self.outputs = self.outputs.detach()  # else the graph of this pass is kept through the next one
        if self.uses_gradients:
            return super().compute_cam_per_layer(input_tensor, targets, eigen_smooth)
        # A slow method runs the model again for each channel; what passes then must not be kept.
        watched = self.activations_and_grads
        for handle in watched.handles:
            handle.remove()
        try:
            without_bars = _replaced("tqdm", SimpleNamespace(tqdm=iter), ablation_cam, score_cam)
            with without_bars, _parts_put_back(self.model):
                return super().compute_cam_per_layer(input_tensor, targets, eigen_smooth)
        finally:
            self.activations_and_grads = type(watched)(self.model, self.target_layers, self.reshape_transform)

    def get_cam_weights(self, *args, **kwargs) -> np.ndarray:
        weights = _finite(super().get_cam_weights(*args, **kwargs))
        if isinstance(self, ablation_cam.AblationCAM):
            # It divides the loss by the logit, so a negative one would turn the map into what speaks against the class.
            targets = args[2]
            signs = [np.sign(target(output).item()) for target, output in zip(targets, self.outputs, strict=True)]
            weights = weights * np.array(signs, np.float32)[:, None]
        return weights

    def get_cam_image(self, input_tensor, target_layer, targets, activations, grads, eigen_smooth) -> np.ndarray:
        _finite(activations)
        with _replaced("get_2d_projection", _first_component, base_cam, eigen_cam, hirescam, layer_cam):
            raw = super().get_cam_image(input_tensor, target_layer, targets, activations, grads, eigen_smooth)
        self.raw_maxima.append(np.maximum(_finite(raw).max(axis=(1, 2)), 0))
        self.bar.update(len(raw))
        return raw

    def aggregate_multi_layers(self, cam_per_target_layer: list[np.ndarray]) -> np.ndarray:
        # One below the other, (S·N, H, W), because the smoothing by augmentation turns whole images over.
        return np.concatenate([scale_cam_image(cam[:, 0]) for cam in cam_per_target_layer])


def _finite(values: np.ndarray) -> np.ndarray:
    if not np.isfinite(values).all():
        raise CifarcamError("The maps of these images are NaN or infinite; they would mean nothing.")
    return values


def _first_component(activations: np.ndarray) -> np.ndarray:
    """The positions' scores on the first principal component of the channels: (N, channels, h, w) to (N, h, w).

    With A the float64 matrix of an image's positions by channels and v its first right singular vector, the scores are
    A v. A is not centred, as in Eigen-CAM's paper; the library centres it, and which end of what is left then counts as
    positive is an accident. The sign of v, which a decomposition leaves open, is turned so that the scores sum to a
    positive number.

    Raises ``CifarcamError`` for activations that are NaN or infinite.
    """
    _finite(activations)
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


@contextmanager
def _replaced(name: str, value: object, *modules: ModuleType) -> Iterator[None]:
    """A name of these modules of the library stands for something else inside the block."""
    before = [getattr(module, name) for module in modules]
    try:
        for module in modules:
            setattr(module, name, value)
        yield
    finally:
        for module, own in zip(modules, before, strict=True):
            setattr(module, name, own)


@contextmanager
def _parts_put_back(model: nn.Module) -> Iterator[None]:
    """Every part of the model is in its place after the block, with the hooks it had.

    Ablation-CAM hooks and replaces some, and where it fails half-way it leaves them so.
    """
    parts = [(module, dict(module._modules), set(module._forward_hooks)) for module in model.modules()]
    try:
        yield
    finally:
        for module, places, hooks in parts:
            module._modules.update(places)
            for added in set(module._forward_hooks) - hooks:
                del module._forward_hooks[added]
