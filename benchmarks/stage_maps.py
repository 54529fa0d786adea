"""Images a second in the Grad-CAM of five stages: all in one pass, against three ways by the library.

A call for each layer; the same for a network whose weights want no gradients; and one call for all layers of such a
network, by a subclass that keeps what the library would average. The same network, the same batch, and maps that must
be equal. ``python -m benchmarks.stage_maps``
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.image import scale_cam_image
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

from benchmarks.side_by_side import about, arguments, in_turns, rate, report
from cifarcam.data.cifar import cifar10
from cifarcam.data.normalization import normalize
from cifarcam.errors import CifarcamError
from cifarcam.maps.cam import BATCH, stage_maps
from cifarcam.network.resnet import ResNet18, stages
from cifarcam.records.runs import load_run

MOST_DIFFERENCE = 1e-5


class KeepingMaxima(GradCAM):
    """The library's Grad-CAM, which also keeps the largest value of each map before it is scaled."""

    def get_cam_image(self, *args, **kwargs) -> np.ndarray:
        raw = super().get_cam_image(*args, **kwargs)
        self.raw_maxima = np.maximum(raw.max((1, 2)), 0)
        return raw


class EveryLayer(GradCAM):
    """The library's Grad-CAM, which gives the maps of all its layers in place of their mean, from the input's graph."""

    def aggregate_multi_layers(self, cam_per_target_layer: list[np.ndarray]) -> np.ndarray:
        return np.stack([scale_cam_image(maps[:, 0]) for maps in cam_per_target_layer], axis=1)


def one_call(net: ResNet18, images: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Maps, (N, 5, H, W), by one call of the library's Grad-CAM for all stages."""
    with weights_frozen(net), EveryLayer(net, list(stages(net).values())) as grad_cam:
        grad_cam.compute_input_gradient = True
        return grad_cam(normalize(images), [ClassifierOutputTarget(int(target)) for target in targets])


def frozen_loop(net: ResNet18, images: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Maps, (N, 5, H, W), by a call for each layer, where weights want no gradients."""
    explained = [ClassifierOutputTarget(int(target)) for target in targets]
    maps = []
    for layer in stages(net).values():
        with weights_frozen(net), GradCAM(net, [layer]) as grad_cam:
            grad_cam.compute_input_gradient = True
            maps.append(grad_cam(normalize(images), explained))
    return np.stack(maps, axis=1)


@contextmanager
def weights_frozen(net: ResNet18) -> Iterator[None]:
    """Inside the block the weights want no gradients."""
    net.requires_grad_(False)
    try:
        yield
    finally:
        net.requires_grad_(True)


def library_loop(
    net: ResNet18, images: np.ndarray, targets: np.ndarray, kind: type[GradCAM] = GradCAM
) -> tuple[np.ndarray, list[GradCAM]]:
    """Maps, (N, 5, H, W), by the library: its Grad-CAM called for one layer after the other; and what made them."""
    explained = [ClassifierOutputTarget(int(target)) for target in targets]
    maps, calls = [], []
    for layer in stages(net).values():
        with kind(net, [layer]) as grad_cam:
            maps.append(grad_cam(normalize(images), explained))
            calls.append(grad_cam)
    return np.stack(maps, axis=1), calls


def largest_difference(net: ResNet18, images: np.ndarray, targets: np.ndarray) -> float:
    """Between our maps or raw maxima and the library's."""
    ours, (maps, calls) = stage_maps(net, images, targets), library_loop(net, images, targets, KeepingMaxima)
    raw_maxima = np.stack([call.raw_maxima for call in calls], axis=1)
    others = maps, frozen_loop(net, images, targets), one_call(net, images, targets)
    return max(np.abs(ours.raw_maxima - raw_maxima).max(), *(np.abs(ours.maps - other).max() for other in others))


def main(words: list[str] | None = None) -> dict:
    parser = arguments(__doc__, rounds=9)
    parser.add_argument("--images", type=int, default=BATCH, help="images in a batch")
    parser.add_argument("--run", default="best", help="a run with weights")
    parsed = parser.parse_args(words)
    net, test = load_run(parsed.run).model(), cifar10("test").first(parsed.images)
    images, targets = test.images, test.labels
    difference = largest_difference(net, images, targets)
    if not difference <= MOST_DIFFERENCE:
        raise CifarcamError(f"The maps differ by {difference:.2g}; expected at most {MOST_DIFFERENCE:.0e}.")
    ways = {
        "one pass": rate(lambda: stage_maps(net, images, targets), len(images)),
        "a call for each layer": rate(lambda: library_loop(net, images, targets), len(images)),
        "the same, weights frozen": rate(lambda: frozen_loop(net, images, targets), len(images)),
        "one call, weights frozen": rate(lambda: one_call(net, images, targets), len(images)),
    }
    rates = in_turns(ways, parsed.rounds)
    settings = about(__spec__.name, parsed, parser, torch.device("cpu")) | {"batch_size": len(images)}
    return report("images a second, maps of five stages", rates, settings, parsed.out)


if __name__ == "__main__":
    main()
