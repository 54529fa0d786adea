"""Records the checks of chapters 9 and 10 for every method and baseline: ``python -m tools.records.trust CHECK``.

``--only Eigen-CAM`` measures the explainers that are named and keeps what is recorded of the others. The slow methods
are given fewer images. What one explainer has measured is kept in ``runs/trust/`` until all are done,
so a command that was cut off goes on. Delete that folder where a check itself has changed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tqdm import tqdm

from cifarcam.data.cifar import cifar10
from cifarcam.data.split import Split
from cifarcam.errors import CifarcamError
from cifarcam.files import read_arrays, write_arrays
from cifarcam.hardware import training_device
from cifarcam.provenance import current_commit, provenance
from cifarcam.records.checks import RECORDED_METHODS, RECORDED_SLOW, recorded_check, write_check
from cifarcam.records.runs import load_run
from cifarcam.trust.catalogue import CHECKS, Check, Measures
from cifarcam.trust.checks import BASELINES, Explainer, by_method

WORK = Path("runs") / "trust"
COMMIT = current_commit()  # of the code that this process runs, whatever is committed while it measures
EXPLAINERS: dict[str, Explainer] = {name: by_method(name) for name in RECORDED_METHODS} | BASELINES
Piece = tuple[Measures, dict]


def test_images() -> Split:
    """CIFAR-10's test images. Raises ``CifarcamError`` where ``CIFARCAM_DATA`` asks for others."""
    test = cifar10("test")
    load_run("best").check_recorded_on(test)
    return test


def kept(name: str, explainer: str, weights: dict[str, str], images: int, measure: Callable[[], Measures]) -> Piece:
    """What an explainer measured, and how; from ``runs/trust/`` where it is there for these weights and images."""
    path = WORK / name / f"{explainer}.npz"
    if path.is_file():
        measured, about = read_arrays(path)
        if (about["weights"], about["images"]) == (weights, images):
            return measured, about
    about = provenance(f"python -m tools.records.trust {name}", training_device(), ["grad-cam"], COMMIT)
    about |= {"weights": weights, "images": images}
    measured = measure()
    write_arrays(path, measured, about)
    return measured, about


def images_for(check: Check, explainer: str) -> int:
    """How many images the record of a check gives to an explainer."""
    return check.images_if_slow if explainer in RECORDED_SLOW else check.images


def recorded_pieces(name: str, but: list[str], weights: dict[str, str]) -> dict[str, Piece]:
    """What the record of a check holds of the explainers that are not measured now.

    Raises ``CifarcamError`` where it lacks one of them, or was made with other weights or of more or fewer images.
    """
    if set(but) >= set(EXPLAINERS):
        return {}
    measured, about = recorded_check(name)
    unchanged = [each for each in EXPLAINERS if each not in but]
    recorded = {each: (how["weights"], how["images"]) for each, how in about["explainers"].items()}
    anew = [each for each in unchanged if recorded.get(each) != (weights, images_for(CHECKS[name], each))]
    if anew:
        raise CifarcamError(
            f"Of {', '.join(anew)} nothing is recorded with these weights and images: name them too, or leave out "
            "--only."
        )
    return {each: (measured[each], about["explainers"][each]) for each in unchanged}


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("check", choices=CHECKS)
    parser.add_argument("--only", nargs="+", choices=EXPLAINERS, default=list(EXPLAINERS), metavar="EXPLAINER")
    parsed = parser.parse_args(words)
    name, check = parsed.check, CHECKS[parsed.check]
    try:
        subject = check.subject(test_images())
        pieces = recorded_pieces(name, parsed.only, subject.weights)
        for explainer in tqdm(parsed.only, desc=name, unit="explainer"):
            maps = EXPLAINERS[explainer]
            count = images_for(check, explainer)
            measure = partial(check.measure, maps, subject, count)
            pieces[explainer] = kept(name, explainer, subject.weights, count, measure)
        pieces = {explainer: pieces[explainer] for explainer in EXPLAINERS}
        measured = {explainer: piece for explainer, (piece, _) in pieces.items()}
        about = {"explainers": {explainer: how for explainer, (_, how) in pieces.items()}}
        print(f"written: {write_check(name, measured, about)}")
        for explainer in parsed.only:  # what a command that was cut off has measured of others is kept
            (WORK / name / f"{explainer}.npz").unlink()
    except CifarcamError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
