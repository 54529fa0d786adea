"""What is right in the exercises on Grad-CAM: numbers by the recorded network, a function by its formula."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from cifarcam.data.cifar import cifar10
from cifarcam.maps.cam import stage_maps
from cifarcam.records.runs import load_run


@cache
def _blank_at_layer4(count: int, target: str) -> int:
    """How many of the first mistakes of ``best`` have a blank map at layer4 for their true class, or a named one."""
    test, run = cifar10("test"), load_run("best")
    wrong = run.predictions(test).misclassified()[:count].numpy()
    targets = test.labels[wrong] if target == "true" else target
    return int(stage_maps(run.model(), test.images[wrong], targets).blank[:, 4].sum())


def blank_maps_for_the_true_class() -> int:
    """How many of the first hundred mistakes have a blank map at layer4 for their true class."""
    return _blank_at_layer4(100, "true")


def blank_maps_for_frog() -> int:
    """How many of the first ten mistakes have a blank map at layer4 for frog."""
    return _blank_at_layer4(10, "frog")


def is_grad_cam(function: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> bool:
    """Whether a function makes Grad-CAM's maps, (N, h, w), of activations and gradients, (N, channels, h, w)."""
    random = np.random.default_rng(0)
    for shape in ((1, 3, 2, 2), (4, 7, 5, 6)):
        activations, gradients = random.normal(size=(2, *shape))
        weighted = gradients.mean((2, 3), keepdims=True) * activations
        found = np.asarray(function(activations, gradients))
        expected = np.maximum(weighted.sum(1), 0)
        if found.shape != expected.shape or not np.allclose(found, expected, rtol=1e-5, atol=1e-7):
            return False
    return True
