"""Records the checks of chapter 9 for every method and baseline: ``python -m tools.record_trust CHECK``.

The images are test images that the run ``best`` gets right; the slow methods are given fewer of them. What one
explainer has measured is kept in ``runs/trust/`` until all are done, so a command that was cut off goes on. Delete that
folder where a check itself has changed.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from cifarcam.commit import current_commit
from cifarcam.data import cifar10
from cifarcam.errors import CifarcamError
from cifarcam.files import read_arrays, write_arrays
from cifarcam.hardware import training_device
from cifarcam.measurements import provenance
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

WORK = Path("runs") / "trust"
CALIBRATION = 500  # images, for the statistics of random parts
EXPLAINERS: dict[str, Explainer] = {name: by_method(name) for name in METHODS} | BASELINES
Measures = dict[str, np.ndarray]
Piece = tuple[Measures, dict]
Check = Callable[[Explainer, ResNet18, Split, int], Measures]


def cascade(explainer: Explainer, net: ResNet18, right: Split, count: int) -> Measures:
    images, labels, calibration = right.images[:count], right.labels[:count], right.images[-CALIBRATION:]
    return similarity_in_cascade(explainer, net, images, labels, calibration, seed=load_run("best").recipe.seed + 1)


def pointing(explainer: Explainer, net: ResNet18, right: Split, count: int) -> Measures:
    boards = mosaics(right.images, right.labels, count)
    one_class_each = np.arange(count)[:, None] % 4  # all four would be four times the passes, and not independent
    return {"inside": grid_pointing(explainer, net, boards, one_class_each)[:, 0]}


def removal(explainer: Explainer, net: ResNet18, right: Split, count: int) -> Measures:
    return faithfulness(explainer, net, right.images[:count], right.labels[:count])


def small_changes(explainer: Explainer, net: ResNet18, right: Split, count: int) -> Measures:
    return stability(explainer, net, right.images[:count], right.labels[:count])


# Each with how many images or mosaics the fast methods get, and how many the slow ones.
CHECKS: dict[str, tuple[Check, int, int]] = {
    "cascade": (cascade, 200, 10),
    "pointing": (pointing, 500, 50),
    "faithfulness": (removal, 100, 10),
    "stability": (small_changes, 200, 10),
}


def rightly_predicted() -> tuple[ResNet18, Split, str]:
    """The network of the run ``best``, the test images it gets right, and the checksum of its weights.

    Raises ``CifarcamError`` where the test images are not CIFAR-10's.
    """
    run, test = load_run("best"), cifar10("test")
    run.check_recorded_on(test)
    right = run.predictions(test).correct.numpy()
    rightly = Split(test.images[right], test.labels[right])
    net = run.model().to(training_device(), memory_format=torch.channels_last)  # the faster layout for a pass forward
    return net, rightly, run.weights_checksum()


def kept(name: str, explainer: str, weights: str, images: int, measure: Callable[[], Measures]) -> Piece:
    """What an explainer measured, and how; from ``runs/trust/`` where it is there for these weights and images."""
    path = WORK / name / f"{explainer}.npz"
    if path.is_file():
        measured, about = read_arrays(path)
        if (about["weights"], about["images"]) == (weights, images):
            return measured, about
    about = provenance(f"python -m tools.record_trust {name}", training_device())
    about |= {"weights": weights, "images": images, "grad-cam": version("grad-cam"), "commit": current_commit()}
    measured = measure()
    write_arrays(path, measured, about)
    return measured, about


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("check", choices=CHECKS)
    parsed = parser.parse_args(words)
    check, many, few = CHECKS[parsed.check]
    try:
        net, right, weights = rightly_predicted()
        # Eigen-CAM decomposes the 4,096 places of a mosaic's first stages, which takes seconds.
        given_few = (*SLOW, "Eigen-CAM") if parsed.check == "pointing" else SLOW
        images = {name: few if name in given_few else many for name in EXPLAINERS}
        pieces = {
            name: kept(parsed.check, name, weights, count, partial(check, EXPLAINERS[name], net, right, count))
            for name, count in tqdm(images.items(), desc=parsed.check, unit="explainer")
        }
        measured = {name: piece for name, (piece, _) in pieces.items()}
        about = {"run": "best", "explainers": {name: how for name, (_, how) in pieces.items()}}
        print(f"written: {write_check(parsed.check, measured, about)}")
        shutil.rmtree(WORK / parsed.check)
    except CifarcamError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
