"""The checks of maps by name: what each measures, and on which networks and images."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from cifarcam.data.split import Split
from cifarcam.records.runs import load_run
from cifarcam.trust.checks import (
    Explainer,
    energy_on,
    faithfulness,
    grid_pointing,
    robustness,
    similarity_in_cascade,
)
from cifarcam.trust.localisation import mosaics
from cifarcam.trust.similarity import rank_correlation
from cifarcam.trust.subjects import Subject, marked_images, memorised, rightly_predicted, synthetic_pictures

CALIBRATION = 200  # images, for the statistics of random parts
Measures = dict[str, np.ndarray]
"""Values by measure: float (N, S), one for each image and stage, or (parts, N, S) for the cascade."""


class Check(NamedTuple):
    """A check of maps: a measurement, and the networks and images that it is made on.

    Attributes:
        measure: from an explainer, what it looks at and how many images (or mosaics), to the measures.
        subject: from the test images to what it looks at.
        images: how many the recorded check gives to an explainer.
        images_if_slow: and how many to one that takes a pass for every channel.
    """

    measure: Callable[[Explainer, Subject, int], Measures]
    subject: Callable[[Split], Subject]
    images: int
    images_if_slow: int


def _inside_masks(explainer: Explainer, subject: Subject, count: int) -> Measures:
    """The share of each network's map that lies inside the mask."""
    images, targets = subject.first(count)
    return {
        name: energy_on(explainer, network, images, targets, subject.masks[:count])
        for name, network in subject.networks.items()
    }


def _cascade(explainer: Explainer, subject: Subject, count: int) -> Measures:
    images, targets = subject.first(count)
    calibration = subject.images[-CALIBRATION:]
    seed = load_run("best").recipe.seed + 1
    return similarity_in_cascade(explainer, subject.networks["best"], images, targets, calibration, seed)


def _like_the_first(explainer: Explainer, subject: Subject, count: int) -> Measures:
    """The rank correlation of each other network's maps with those of the first."""
    images, targets = subject.first(count)
    maps = {name: explainer(network, images, targets) for name, network in subject.networks.items()}
    first, *others = maps
    return {other: rank_correlation(maps[first], maps[other]) for other in others}


def _pointing(explainer: Explainer, subject: Subject, count: int) -> Measures:
    boards = mosaics(subject.images, subject.targets, count)
    one_class_each = np.arange(count)[:, None] % 4  # all four would be four times the passes, and not independent
    return {"inside": grid_pointing(explainer, subject.networks["best"], boards, one_class_each)[:, 0]}


def _faithfulness(explainer: Explainer, subject: Subject, count: int) -> Measures:
    return faithfulness(explainer, subject.networks["best"], *subject.first(count))


def _robustness(explainer: Explainer, subject: Subject, count: int) -> Measures:
    return robustness(explainer, subject.networks["best"], *subject.first(count))


CHECKS = {
    "shortcut": Check(_inside_masks, marked_images, 300, 30),
    "cascade": Check(_cascade, rightly_predicted, 200, 5),
    "labels": Check(_like_the_first, memorised, 200, 20),
    "pointing": Check(_pointing, rightly_predicted, 500, 50),
    "synthetic": Check(_inside_masks, lambda test: synthetic_pictures(), 300, 30),
    "faithfulness": Check(_faithfulness, rightly_predicted, 60, 10),
    "robustness": Check(_robustness, rightly_predicted, 200, 5),
}


def through_every_check(explainer: Explainer, test: Split, count: int) -> dict[str, Measures]:
    """The measures of every check for an explainer, on its first images, to compare with ``recorded_check``.

    Args:
        explainer: makes the maps, such as ``by_method`` of a function of one's own.
        test: CIFAR-10's test images.
        count: of the images or mosaics; ten take about a minute on two cores.

    Returns:
        By check and measure, a number for each image and stage, float (N, S), or (parts, N, S) for the cascade.

    Examples:
        >>> from cifarcam.records import recorded_check
        >>> from cifarcam.trust import CHECKS
        >>> {name: list(recorded_check(name)[0]["edges"]) for name in list(CHECKS)[:2]}
        {'shortcut': ['shortcut', 'control'], 'cascade': ['rank correlation', 'ssim']}
    """
    return {name: check.measure(explainer, check.subject(test), count) for name, check in CHECKS.items()}
