"""The right answers of the exercises on Grad-CAM, computed from the recorded network."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from cifarcam.data.cifar import cifar10
from cifarcam.maps.cam import StageMaps, stage_maps
from cifarcam.records.runs import load_run

MISTAKES = 10


@cache
def _maps_of_mistakes(target: str) -> StageMaps:
    test, run = cifar10("test"), load_run("best")
    wrong = run.predictions(test).misclassified()[:MISTAKES]
    return stage_maps(run.model(), test.images[wrong], target)


def blank_maps_of_mistakes() -> int:
    """How many of the first ten mistakes have a blank map at layer4 for the predicted class."""
    return int(_maps_of_mistakes("predicted").blank[:, 4].sum())


def blank_maps_for_frog() -> int:
    """How many of the first ten mistakes have a blank map at layer4 for frog."""
    return int(_maps_of_mistakes("frog").blank[:, 4].sum())


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
