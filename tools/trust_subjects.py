"""What the checks of chapter 9 look at: networks, images, the classes asked for.

All but the drawn pictures raise ``CifarcamError`` where the test images are not CIFAR-10's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from cifarcam.data import cifar10
from cifarcam.drawn import drawn, drawn_masks
from cifarcam.hardware import training_device
from cifarcam.predictions import predict
from cifarcam.resnet import ResNet18
from cifarcam.runs import Run, load_run
from cifarcam.split import Split
from cifarcam.trust.recorded import small_run
from cifarcam.trust.shortcut import SHIP_MARK


@dataclass(frozen=True)
class Subject:
    """Networks and what they are asked about.

    Attributes:
        networks: by name.
        weights: the checksum of each network's weights.
        images: uint8, (N, 32, 32, 3).
        targets: int64, (N,), the classes to explain.
        masks: bool, (N, 32, 32), the places that matter, where the check knows them.
    """

    networks: dict[str, ResNet18]
    weights: dict[str, str]
    images: np.ndarray
    targets: np.ndarray
    masks: np.ndarray | None = None

    def first(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """The first images and their targets."""
        return self.images[:count], self.targets[:count]


def rightly_predicted() -> Subject:
    """The network of the run ``best``, and the test images it gets right."""
    test, run = _test_images(), load_run("best")
    right = run.predictions(test).correct.numpy()
    return _subject({"best": run}, test.images[right], test.labels[right])


def marked_images() -> Subject:
    """The networks with and without the shortcut, and test images of other classes with the mark; the class is ship."""
    test = _test_images()
    others = test.images[test.labels != SHIP_MARK.label]
    ships, masks = np.full(len(others), SHIP_MARK.label), np.broadcast_to(SHIP_MARK.mask(), others.shape[:3])
    networks = {name: small_run(name) for name in ("shortcut", "control")}
    return _subject(networks, SHIP_MARK.on(others), ships, masks)


def learned_by_heart() -> Subject:
    """A network that learned 5,000 images, one that learned them under shuffled labels, and one that learned them all.

    With the test images that the first of them gets right.
    """
    networks = {name: small_run(name) for name in ("unshuffled", "shuffled", "control")}
    known = _rightly(networks["unshuffled"], _test_images())
    return _subject(networks, known.images, known.labels)


def drawn_pictures() -> Subject:
    """The network trained on the stand-in, its test pictures, and where their objects are."""
    pictures = drawn("test")
    return _subject({"drawn": small_run("drawn")}, pictures.images, pictures.labels, drawn_masks("test"))


def _test_images() -> Split:
    """Raises ``CifarcamError`` where the test images are not CIFAR-10's."""
    test = cifar10("test")
    load_run("best").check_recorded_on(test)
    return test


def _rightly(run: Run, split: Split) -> Split:
    right = predict(run.model(), split.images).argmax(1).numpy() == split.labels
    return Split(split.images[right], split.labels[right])


def _subject(runs: dict[str, Run], images: np.ndarray, targets: np.ndarray, masks: np.ndarray | None = None) -> Subject:
    device = training_device()
    layout = torch.channels_last  # the faster one for a pass forward
    networks = {name: run.model().to(device, memory_format=layout) for name, run in runs.items()}
    return Subject(networks, {name: run.weights_checksum() for name, run in runs.items()}, images, targets, masks)
