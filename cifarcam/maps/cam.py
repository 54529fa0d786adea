"""Class activation maps of all stages of a network, from one forward and one backward pass.

The weights of Grad-CAM, Grad-CAM++ and XGrad-CAM are pytorch-grad-cam's; passes, sums and ReLU are in
``cifarcam.maps.passes``, which keeps the stages apart, and their magnitudes. The model is left as it was. Grad-CAM is
Selvaraju et al. (2017), "Grad-CAM: visual explanations from deep networks via gradient-based localization"
(arXiv 1610.02391); the analytic map is Zhou et al. (2016), "Learning deep features for discriminative localization"
(arXiv 1512.04150).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from pytorch_grad_cam.utils.image import scale_cam_image
from torch import Tensor, nn
from tqdm import tqdm

from cifarcam.data.constants import CLASSES
from cifarcam.data.normalization import normalize
from cifarcam.errors import CifarcamError
from cifarcam.maps.layouts import Grid, Layout, find_layout, patch_grids
from cifarcam.maps.methods import AUGMENTATIONS, CLASS_BLIND, Weights, find_method, name_of
from cifarcam.maps.passes import augmented_maps_of_batch, maps_of_batch
from cifarcam.maps.scored import Scored
from cifarcam.maps.targets import check_logits, class_names, target_classes
from cifarcam.network.hooks import kept_outputs
from cifarcam.network.layers import Layers, check_network, find_layers, unwrapped
from cifarcam.network.resnet import STAGES, ResNet18, stages
from cifarcam.network.restore import device_of, restored
from cifarcam.network.scores import Output

BATCH = 50  # images a pass; bounds the memory that the activations take


@dataclass(frozen=True)
class StageMaps:
    """The maps of N images at S stages, the five of a ``ResNet18`` or others.

    Attributes:
        maps: float32, (N, S, H, W), each enlarged to the image and scaled so that its smallest value is 0 and its
            largest 1; all 0 for a blank map.
        raw_maxima: float32, (N, S): the largest value of each map before it was scaled; with ``aug_smooth`` the mean of
            that of the six. Each stage has a scale of its own; scaling hides it, so maps compare in shape only. 0 means
            that nothing spoke for the class: blank.
        targets: int64, (N,): the class that each map explains.
        logits: float32, (N, classes).
        stages: the stages' names.
        classes: the classes' names.
        method: the name of the method that made them.

    Examples:
        >>> import numpy as np
        >>> from cifarcam.maps import StageMaps
        >>> raw_maxima = np.array([[1, 1, 0, 1, 1]], np.float32)
        >>> maps = StageMaps(np.zeros((1, 5, 32, 32)), raw_maxima, np.array([3]), np.zeros((1, 10)))
        >>> maps.subject(0), maps.blank.tolist()
        ('cat', [[False, False, True, False, False]])
    """

    maps: np.ndarray
    raw_maxima: np.ndarray
    targets: np.ndarray
    logits: np.ndarray
    stages: tuple[str, ...] = STAGES
    classes: tuple[str, ...] = CLASSES
    method: str = "Grad-CAM"

    def subject(self, index: int) -> str:
        """The name of the class that an image's maps explain, or ``no class`` where the method is blind to classes."""
        return "no class" if self.method in CLASS_BLIND else self.classes[self.targets[index]]

    @property
    def blank(self) -> np.ndarray:
        """Which maps are nowhere positive, bool, (N, S)."""
        return self.raw_maxima <= 0


def stage_maps(
    model: nn.Module,
    images: np.ndarray,
    targets: str | int | Sequence[int] | Callable[[object], Tensor] = "predicted",
    layers: Layers | None = None,
    classes: Sequence[str] | None = None,
    *,
    method: str | Weights = "Grad-CAM",
    aug_smooth: bool = False,
    eigen_smooth: bool = False,
    layout: str | Grid | None = None,
    output: Output = None,
    forward: Callable[[Tensor], object] | None = None,
) -> StageMaps:
    """The class activation maps of every image at layer0 to layer4, or at the layers that are given.

    In Grad-CAM a channel's weight is the mean over space of the gradient of the target's logit with respect to that
    channel; the map is the ReLU of the weighted sum of the channels. Methods that need gradients take one forward and
    one backward pass for all stages. Score-CAM and Ablation-CAM take a forward pass for each channel, and show a bar. A
    pass of the first image comes before: it counts the classes and checks that each layer runs once. Of any network but
    our own two more see whether the scores are the same where nobody looks.

    Args:
        model: takes normalised (N, 3, H, W) and gives the scores of its classes, (N, classes), or (N, 1) for two of
            them (see ``class_scores``); mode, gradients and hooks are left as found.
        images: uint8, (N, H, W, 3).
        targets: ``"predicted"``, a class (name or number) for all images, a class number for each image, such as the
            true labels, or a function from what the model returns to one score for each image, (N,): of a box, or of
            the pixels of a region.
        layers: one layer of the model or several, each a name such as ``"features.5"`` or the module, or a mapping from
            names of one's own to these. By default the five of a ``ResNet18``. Where an output has negative values,
            Ablation-CAM sets a channel to −10⁷, so there a ReLU must follow.
        classes: the names of the model's classes, as many as it has. By default those of CIFAR-10 for ten classes, and
            numbers for others.
        method: one of ``cifarcam.maps.METHODS``, or a function from activations and gradients, float32 (N, channels, h,
            w) each, to the channels' weights, (N, channels).
        aug_smooth: the mean of the maps of six augmented images.
        eigen_smooth: the first principal component of the weighted channels in place of their sum. Here and in
            Eigen-CAM the channels are not centred for it (pytorch-grad-cam centres them), and it is turned so that its
            scores at all positions sum to a positive number. So its sign is no accident of the machine; but evidence
            against the class may light up as evidence for it, and only a stage of zeros counts as blank.
        layout: of the layers' outputs: ``"channels_first"``, (N, channels, h, w); ``"channels_last"``, (N, h, w,
            channels), as Swin transformers have it; ``"tokens"``, (N, tokens, channels), as vision transformers have
            it, where tokens of no place come first; or ``(rows, columns)`` of such tokens, where the network does not
            cut the image by a convolution. By default it is told from the shape where that can be.
        output: where the scores are in what the model returns, if it is no tensor: a key, an index, or a function.
        forward: a function of the normalised images that calls the model, where it takes more than them.

    Returns:
        The maps of the N images at all stages.

    Raises:
        CifarcamError: for images, targets, layers or a method that do not fit, and for a model or a method that gives
            NaN.

    Examples:
        >>> from cifarcam.data import synthetic_cifar10
        >>> from cifarcam.maps import stage_maps
        >>> from cifarcam.network import ResNet18
        >>> maps = stage_maps(ResNet18(width=9), synthetic_cifar10("test").images[:3], targets="cat")
        >>> maps.maps.shape, maps.targets.tolist()
        ((3, 5, 32, 32), [3, 3, 3])
    """
    chosen_method, method_name = find_method(method), name_of(method)
    check_network(model)
    model = unwrapped(model)
    layers = stages(model) if layers is None else find_layers(model, layers)
    scored = Scored(model, output, forward, targets if callable(targets) else None)
    if scored.target is not None and aug_smooth:
        raise CifarcamError("aug_smooth mirrors the images, but not what a function given as targets looks at.")
    _check_images(images)
    device = device_of(model)
    slow = chosen_method.trial_weights is not None
    size = 1 if slow else BATCH
    total = len(images) * len(layers) * (len(AUGMENTATIONS) if aug_smooth else 1)
    one_pass = augmented_maps_of_batch if aug_smooth else maps_of_batch
    shown = {} if slow else {"disable": True}
    pieces = []
    with restored(model), tqdm(total=total, desc=method_name, unit="map", **shown) as bar:
        num_classes, layouts = _tried_out(scored, layers, normalize(images[:1], device), layout)
        if scored.target is None:
            classes = class_names(classes, num_classes)
            chosen = target_classes(targets, len(images), num_classes, classes)
        else:
            classes, chosen = (name_of(scored.target),), np.zeros(len(images), np.int64)
        for start in range(0, len(images), size):
            part = slice(start, start + size)
            x, explained = normalize(images[part], device), None if chosen is None else chosen[part]
            pieces.append(one_pass(scored, layers, layouts, x, explained, chosen_method, eigen_smooth, bar))
            check_logits(pieces[-1].logits)
    maps, raw_maxima, explained, logits = (np.concatenate(parts) for parts in zip(*pieces, strict=True))
    return StageMaps(maps, raw_maxima, explained, logits, tuple(layers), tuple(classes), method_name)


def logit_contributions(
    model: nn.Module,
    images: np.ndarray,
    targets: str | int | Sequence[int] = "predicted",
    classes: Sequence[str] | None = None,
) -> np.ndarray:
    """The contribution of each place of layer4 to a class's logit: the class's weights times the channels, over h·w.

    Behind layer4 come only average pooling and one linear layer, so the places' sum and the class's bias are the logit.
    A place that speaks against the class is negative.

    Args:
        model: a ``ResNet18``; mode, gradients and hooks are left as found.
        images: uint8, (N, H, W, 3).
        targets: ``"predicted"``, a class (name or number) for all images, or a class number for each image, such as the
            true labels.
        classes: the names of the model's classes, as in ``stage_maps``.

    Returns:
        float32, (N, h, w), in logits.

    Raises:
        CifarcamError: for another model, for images or targets that do not fit, and for a model that gives NaN.

    Examples:
        >>> import numpy as np
        >>> from cifarcam.data import synthetic_cifar10
        >>> from cifarcam.maps import logit_contributions
        >>> from cifarcam.network import ResNet18, predict
        >>> model, images = ResNet18(width=9), synthetic_cifar10("test").images[:2]
        >>> places = logit_contributions(model, images, targets=[3, 3])
        >>> logits = places.sum((1, 2)) + model.linear.bias[3].item()
        >>> np.allclose(logits, predict(model, images)[:, 3], atol=1e-3)
        True
    """
    model = unwrapped(model)
    layer4 = stages(model)["layer4"]
    if not isinstance(getattr(model, "linear", None), nn.Linear):
        raise CifarcamError(f"{type(model).__name__} has no layer called linear; expected a ResNet18 of this package.")
    _check_images(images)
    names = class_names(classes, model.linear.out_features)
    chosen = target_classes(targets, len(images), len(names), names)
    device = device_of(model)
    pieces = []
    with restored(model), torch.no_grad(), kept_outputs({"layer4": layer4}) as kept:
        for start in range(0, len(images), BATCH):
            part = slice(start, start + BATCH)
            logits = model(normalize(images[part], device))
            check_logits(logits)
            labels = logits.argmax(1) if chosen is None else torch.as_tensor(chosen[part], device=device)
            activations = kept["layer4"].pop()
            summed = torch.einsum("nc,nchw->nhw", model.linear.weight[labels], activations)
            pieces.append((summed / activations[0, 0].numel()).cpu().numpy())
    return np.concatenate(pieces)


def cam_maps(
    model: nn.Module,
    images: np.ndarray,
    targets: str | int | Sequence[int] = "predicted",
    classes: Sequence[str] | None = None,
) -> np.ndarray:
    """The class activation map of Zhou et al.: what the places of layer4 add to a class's logit, where positive.

    It needs no gradient. For a network that ends in average pooling and one linear layer it is Grad-CAM at layer4.

    Args:
        model: a ``ResNet18``; mode, gradients and hooks are left as found.
        images: uint8, (N, H, W, 3).
        targets: ``"predicted"``, a class (name or number) for all images, or a class number for each image, such as the
            true labels.
        classes: the names of the model's classes, as in ``stage_maps``.

    Returns:
        float32, (N, H, W), scaled to 0 to 1 and enlarged to the image.

    Raises:
        CifarcamError: for another model, for images or targets that do not fit, and for a model that gives NaN.

    Examples:
        >>> from cifarcam.data import synthetic_cifar10
        >>> from cifarcam.maps import cam_maps
        >>> from cifarcam.network import ResNet18
        >>> cam_maps(ResNet18(width=9), synthetic_cifar10("test").images[:2]).shape
        (2, 32, 32)
    """
    raw = np.maximum(logit_contributions(model, images, targets, classes), 0)
    height, width = images.shape[1:3]
    return scale_cam_image(scale_cam_image(raw, (width, height)))


def _tried_out(
    scored: Scored, layers: dict[str, nn.Module], x: Tensor, layout: str | Grid | None
) -> tuple[int, dict[str, Layout]]:
    """The number of classes and the layers' layouts, by a pass of one image, in which each layer must run once."""
    with torch.no_grad(), patch_grids(scored.model, layers) as grids, kept_outputs(layers) as outputs:
        scores = scored(x)
    wrong = {name: len(kept) for name, kept in outputs.items() if len(kept) != 1}
    if wrong:
        raise CifarcamError(
            f"The layers {', '.join(layers)} were given; expected modules that run once for an image. These did not: "
            f"{', '.join(f'{name} ({count} times)' for name, count in wrong.items())}."
        )
    if not isinstance(scored.model, ResNet18):
        _check_undisturbed(scored, layers, x, scores)
    return scores.shape[1], {
        name: find_layout(layout, name, layers[name], kept, x, grids.get(name)) for name, (kept,) in outputs.items()
    }


@torch.no_grad()
def _check_undisturbed(scored: Scored, layers: dict[str, nn.Module], x: Tensor, scores: Tensor) -> None:
    """Checks that a network gives the same scores where nobody looks at its layers."""
    alone, again = scored(x), scored(x)
    if torch.equal(alone, again) and not torch.allclose(alone, scores, rtol=1e-3, atol=1e-5):
        raise CifarcamError(
            f"To keep what {', '.join(layers)} gives changes the network's scores, because the network goes on to "
            "change the same tensor in place under another name. Take the layer before."
        )


def _check_images(images: np.ndarray) -> None:
    if not isinstance(images, np.ndarray) or images.ndim != 4 or len(images) == 0:
        found = getattr(images, "shape", type(images).__name__)
        raise CifarcamError(
            f"Images are {found}; expected a NumPy array, uint8, of shape (N, H, W, 3) with N at least 1."
        )
