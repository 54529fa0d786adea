"""Images a second in the Grad-CAM of five stages: all in one pass, against the library's call for each layer.

The same network, the same batch, and maps that must be equal. ``python -m benchmarks.stage_maps``
"""

from __future__ import annotations

import numpy as np
import torch
from pytorch_grad_cam import GradCAM
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
    return max(np.abs(ours.maps - maps).max(), np.abs(ours.raw_maxima - raw_maxima).max())


def main(words: list[str] | None = None) -> dict:
    parser = arguments(__doc__, rounds=5)
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
    }
    rates = in_turns(ways, parsed.rounds)
    settings = about(__spec__.name, parsed, parser, torch.device("cpu")) | {"batch_size": len(images)}
    return report("images a second, maps of five stages", rates, settings, parsed.out)


if __name__ == "__main__":
    main()
