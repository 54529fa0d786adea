"""Records the checks of chapter 9 for every method and baseline: ``python -m tools.record_trust CHECK``.

The slow methods are given fewer images. What one explainer has measured is kept in ``runs/trust/`` until all are done,
so a command that was cut off goes on. Delete that folder where a check itself has changed.
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
from tqdm import tqdm

from cifarcam.commit import current_commit
from cifarcam.errors import CifarcamError
from cifarcam.files import read_arrays, write_arrays
from cifarcam.hardware import training_device
from cifarcam.measurements import provenance
from cifarcam.methods import METHODS, SLOW
from cifarcam.runs import load_run
from cifarcam.trust import mosaics, rank_correlation
from cifarcam.trust.checks import (
    BASELINES,
    Explainer,
    by_method,
    energy_on,
    faithfulness,
    grid_pointing,
    similarity_in_cascade,
    stability,
)
from cifarcam.trust.recorded import write_check
from tools.trust_subjects import (
    Subject,
    drawn_pictures,
    learned_by_heart,
    marked_images,
    rightly_predicted,
)

WORK = Path("runs") / "trust"
CALIBRATION = 200  # images, for the statistics of random parts
EXPLAINERS: dict[str, Explainer] = {name: by_method(name) for name in METHODS} | BASELINES
Measures = dict[str, np.ndarray]
Piece = tuple[Measures, dict]
Check = Callable[[Explainer, Subject, int], Measures]


def cascade(explainer: Explainer, subject: Subject, count: int) -> Measures:
    images, labels = subject.first(count)
    calibration = subject.images[-CALIBRATION:]
    seed = load_run("best").recipe.seed + 1
    return similarity_in_cascade(explainer, subject.networks["best"], images, labels, calibration, seed)


def pointing(explainer: Explainer, subject: Subject, count: int) -> Measures:
    boards = mosaics(subject.images, subject.targets, count)
    one_class_each = np.arange(count)[:, None] % 4  # all four would be four times the passes, and not independent
    return {"inside": grid_pointing(explainer, subject.networks["best"], boards, one_class_each)[:, 0]}


def removal(explainer: Explainer, subject: Subject, count: int) -> Measures:
    return faithfulness(explainer, subject.networks["best"], *subject.first(count))


def small_changes(explainer: Explainer, subject: Subject, count: int) -> Measures:
    return stability(explainer, subject.networks["best"], *subject.first(count))


def inside_masks(explainer: Explainer, subject: Subject, count: int) -> Measures:
    """The share of each network's map that lies inside the mask."""
    images, targets = subject.first(count)
    return {
        name: energy_on(explainer, network, images, targets, subject.masks[:count])
        for name, network in subject.networks.items()
    }


def alike_with_labels(explainer: Explainer, subject: Subject, count: int) -> Measures:
    """How alike the maps of one network are to those of each other one: the rank correlation."""
    images, targets = subject.first(count)
    maps = {name: explainer(network, images, targets) for name, network in subject.networks.items()}
    first, *others = maps
    return {other: rank_correlation(maps[first], maps[other]) for other in others}


# Each with what it looks at, how many images or mosaics the fast methods get, and how many the slow ones.
CHECKS: dict[str, tuple[Check, Callable[[], Subject], int, int]] = {
    "shortcut": (inside_masks, marked_images, 300, 30),
    "cascade": (cascade, rightly_predicted, 200, 10),
    "labels": (alike_with_labels, learned_by_heart, 200, 20),
    "pointing": (pointing, rightly_predicted, 500, 50),
    "drawn": (inside_masks, drawn_pictures, 300, 30),
    "faithfulness": (removal, rightly_predicted, 60, 10),
    "stability": (small_changes, rightly_predicted, 200, 10),
}


def kept(name: str, explainer: str, weights: dict[str, str], images: int, measure: Callable[[], Measures]) -> Piece:
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
    check, prepare, many, few = CHECKS[parsed.check]
    try:
        subject = prepare()
        # Eigen-CAM decomposes the 4,096 places of a mosaic's first stages, which takes seconds.
        given_few = (*SLOW, "Eigen-CAM") if parsed.check == "pointing" else SLOW
        images = {name: few if name in given_few else many for name in EXPLAINERS}
        pieces = {
            name: kept(parsed.check, name, subject.weights, count, partial(check, EXPLAINERS[name], subject, count))
            for name, count in tqdm(images.items(), desc=parsed.check, unit="explainer")
        }
        measured = {name: piece for name, (piece, _) in pieces.items()}
        about = {"explainers": {name: how for name, (_, how) in pieces.items()}}
        print(f"written: {write_check(parsed.check, measured, about)}")
        shutil.rmtree(WORK / parsed.check)
    except CifarcamError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
