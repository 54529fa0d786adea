"""Networks, images and target classes that the checks are run on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from cifarcam.data.split import Split
from cifarcam.data.synthetic import synthetic_cifar10, synthetic_masks
from cifarcam.errors import CifarcamError
from cifarcam.hardware import training_device
from cifarcam.network.predictions import predict
from cifarcam.network.resnet import ResNet18
from cifarcam.records.checks import small_run
from cifarcam.records.runs import Run, load_run
from cifarcam.trust.shortcut import SHIP_MARK


@dataclass(frozen=True)
class Subject:
    """Networks, and the images and target classes that they are to be explained for.

    Attributes:
        networks: by name, in eval mode.
        weights: SHA-256 of each network's weights, in hexadecimal.
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
        """The first images and their targets.

        Raises:
            CifarcamError: where there are fewer, or none are asked for.
        """
        if not 1 <= count <= len(self.images):
            raise CifarcamError(f"{count} images are asked for; expected 1 to {len(self.images)}.")
        return self.images[:count], self.targets[:count]


def rightly_predicted(test: Split) -> Subject:
    """The network ``best``, and the test images it gets right with their labels."""
    run = load_run("best")
    right = run.predictions(test).correct.numpy()
    return _subject({"best": run}, test.images[right], test.labels[right])


def marked_images(test: Split) -> Subject:
    """The network with the ``shortcut`` and its ``control``, and marked images of other classes; the target is ship."""
    others = test.images[test.labels != SHIP_MARK.label]
    targets = np.full(len(others), SHIP_MARK.label)
    masks = np.broadcast_to(SHIP_MARK.mask(), others.shape[:3])
    networks = {name: small_run(name) for name in ("shortcut", "control")}
    return _subject(networks, SHIP_MARK.on(others), targets, masks)


def memorised(test: Split) -> Subject:
    """Three networks, and the test images that the first of them gets right with their labels.

    ``unshuffled`` memorised 5,000 images, ``shuffled`` the same under shuffled labels; ``control`` learned from all
    50,000.
    """
    networks = {name: small_run(name) for name in ("unshuffled", "shuffled", "control")}
    right = predict(networks["unshuffled"].model(), test.images).argmax(1).numpy() == test.labels
    return _subject(networks, test.images[right], test.labels[right])


def synthetic_pictures() -> Subject:
    """The network trained on the stand-in, its test pictures with their labels, and where their objects are."""
    pictures = synthetic_cifar10("test")
    return _subject({"synthetic": small_run("synthetic")}, pictures.images, pictures.labels, synthetic_masks("test"))


def _subject(runs: dict[str, Run], images: np.ndarray, targets: np.ndarray, masks: np.ndarray | None = None) -> Subject:
    device = training_device()
    layout = torch.channels_last  # the faster one for a pass forward
    networks = {name: run.model().to(device, memory_format=layout) for name, run in runs.items()}
    return Subject(networks, {name: run.weights_checksum() for name, run in runs.items()}, images, targets, masks)
