"""Records the checks of chapter 9 for every method and baseline: ``python -m tools.record_trust CHECK``.

The images are test images that the run ``best`` gets right; the slow methods are given fewer of them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from datetime import date
from importlib.metadata import version

import numpy as np
import torch
from tqdm import tqdm

from cifarcam.data import cifar10
from cifarcam.errors import CifarcamError
from cifarcam.hardware import describe, training_device
from cifarcam.methods import METHODS, SLOW
from cifarcam.resnet import ResNet18
from cifarcam.runs import load_run
from cifarcam.split import Split
from cifarcam.trust import mosaics
from cifarcam.trust.checks import (
    BASELINES,
    Explainer,
    by_method,
    faithfulness,
    grid_pointing,
    similarity_in_cascade,
    stability,
)
from cifarcam.trust.recorded import write_check

CALIBRATION = 500  # images, for the statistics of random parts
EXPLAINERS: dict[str, Explainer] = {name: by_method(name) for name in METHODS} | BASELINES
Check = Callable[[Explainer, ResNet18, Split, int], dict[str, np.ndarray]]


def cascade(explainer: Explainer, net: ResNet18, right: Split, count: int) -> dict[str, np.ndarray]:
    images, labels, calibration = right.images[:count], right.labels[:count], right.images[-CALIBRATION:]
    return similarity_in_cascade(explainer, net, images, labels, calibration)


def pointing(explainer: Explainer, net: ResNet18, right: Split, count: int) -> dict[str, np.ndarray]:
    shares = grid_pointing(explainer, net, mosaics(right.images, right.labels, count))
    return {"inside": shares.mean(axis=1)}  # the four quadrants of a mosaic are not independent


def removal(explainer: Explainer, net: ResNet18, right: Split, count: int) -> dict[str, np.ndarray]:
    return faithfulness(explainer, net, right.images[:count], right.labels[:count])


def small_changes(explainer: Explainer, net: ResNet18, right: Split, count: int) -> dict[str, np.ndarray]:
    return stability(explainer, net, right.images[:count], right.labels[:count])


# Each with how many images or mosaics the fast methods get, and how many the slow ones.
CHECKS: dict[str, tuple[Check, int, int]] = {
    "cascade": (cascade, 200, 30),
    "pointing": (pointing, 500, 50),
    "faithfulness": (removal, 200, 20),
    "stability": (small_changes, 200, 20),
}


def rightly_predicted() -> tuple[ResNet18, Split, str]:
    """The network of the run ``best``, the test images it gets right, and the checksum of its weights.

    Raises ``CifarcamError`` where the test images are not CIFAR-10's.
    """
    run, test = load_run("best"), cifar10("test")
    if test.checksum() != run.provenance["test_checksum"]:
        raise CifarcamError("These test images are not those of the record; is CIFARCAM_DATA set to the stand-in?")
    right = run.predictions(test).correct.numpy()
    rightly = Split(test.images[right], test.labels[right])
    return run.model().to(training_device()), rightly, run.weights_checksum()


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("check", choices=CHECKS)
    parsed = parser.parse_args(words)
    check, many, few = CHECKS[parsed.check]
    try:
        net, right, weights = rightly_predicted()
        measured = {
            name: check(explainer, net, right, few if name in SLOW else many)
            for name, explainer in tqdm(EXPLAINERS.items(), desc=parsed.check, unit="explainer")
        }
        provenance = {
            "command": f"python -m tools.record_trust {parsed.check}",
            "run": "best",
            "weights": weights,
            "images": {name: few if name in SLOW else many for name in EXPLAINERS},
            "hardware": describe(training_device()),
            "torch": torch.__version__,
            "grad-cam": version("grad-cam"),
            "date": date.today().isoformat(),
        }
        print(f"written: {write_check(parsed.check, measured, provenance)}")
    except CifarcamError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
