"""What the five-stage maps of an image cost by each method: passes counted, time as a multiple of Grad-CAM's.

One image at a time, the methods in turns; then Grad-CAM's maps of the whole test set, in batches.
``python -m benchmarks.method_costs``
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import torch

from benchmarks.side_by_side import about, arguments, in_turns, rate
from cifarcam.data.cifar import cifar10
from cifarcam.files import write_json
from cifarcam.maps.cam import stage_maps
from cifarcam.network.hooks import pass_counter
from cifarcam.network.resnet import ResNet18
from cifarcam.records.checks import RECORDED_METHODS, RECORDED_SLOW
from cifarcam.records.runs import load_run


def one_by_one(net: ResNet18, images: np.ndarray, method: str) -> None:
    for index in range(len(images)):
        stage_maps(net, images[[index]], method=method)


def ways(net: ResNet18, images: np.ndarray) -> dict[str, Callable[[], float]]:
    """For each method what gives images a second; a slow one is given a single image a turn."""
    given = {name: images[:1] if name in RECORDED_SLOW else images for name in RECORDED_METHODS}
    return {name: rate(partial(one_by_one, net, some, name), len(some)) for name, some in given.items()}


def main(words: list[str] | None = None) -> dict:
    parser = arguments(__doc__, rounds=3)
    parser.add_argument("--images", type=int, default=20, help="images in a turn")
    parser.add_argument("--many", type=int, default=10_000, help="images for the maps in batches")
    parser.add_argument("--run", default="best", help="a run with weights")
    parsed = parser.parse_args(words)
    net, every = load_run(parsed.run).model(), cifar10("test").images
    images, many = every[: parsed.images], every[: parsed.many]
    rates = in_turns(ways(net, images), parsed.rounds)
    methods = {}
    for name in RECORDED_METHODS:
        with pass_counter(net) as passes:
            stage_maps(net, images[:1], method=name)
        times = float(f"{rates['Grad-CAM'] / rates[name]:.2g}")
        methods[name] = {"forward": passes.forward, "backward": passes.backward, "times_grad_cam": times}
    minutes = len(many) / rate(partial(stage_maps, net, many), len(many))() / 60
    in_batches = {"images": len(many), "minutes": float(f"{minutes:.2g}")}
    measured = {
        "methods": methods,
        "grad_cam_in_batches": in_batches,
        **about(__spec__.name, parsed, parser, torch.device("cpu")),
    }
    if parsed.out:
        write_json(parsed.out, measured)
    return measured


if __name__ == "__main__":
    main()
