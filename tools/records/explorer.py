"""Records what the explorer of maps shows, and its still picture: ``python -m tools.records.explorer``.

It needs the real CIFAR-10. The record is a few scripts, because a page that was opened from a disk may load scripts and
nothing else: ``mistakes.js`` with the images and what they were taken for, and for each image a script with its maps,
which the page loads when the image is chosen. Maps are kept as small as their stage made them; the page enlarges them
as OpenCV does.
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import torch
from matplotlib import colormaps

from cifarcam import figures
from cifarcam.data.cifar import cifar10
from cifarcam.data.constants import SIDE
from cifarcam.errors import CifarcamError
from cifarcam.figures.style import HEAT
from cifarcam.files import atomic_write
from cifarcam.maps.cam import StageMaps, stage_maps
from cifarcam.maps.methods import CLASS_BLIND
from cifarcam.network.predictions import Predictions
from cifarcam.provenance import provenance
from cifarcam.records.checks import RECORDED_METHODS, RECORDED_SLOW
from cifarcam.records.runs import Run, load_run
from tools.book.chapters import ROOT

COMMAND = "python -m tools.records.explorer"
RECORD = ROOT / "book" / "_interactive" / "explorer" / "data"
STILL = ROOT / "book" / "_static" / "explorer-still.png"
MISTAKES = 44
OF_THE_CHAPTER = 10  # the first mistakes, which the figures of chapter 7 show
SIZES = {"layer0": 32, "layer1": 32, "layer2": 16, "layer3": 8, "layer4": 4}  # places along a side of each stage
FAST = tuple(name for name in RECORDED_METHODS if name not in RECORDED_SLOW)
LEVELS = 255


def chosen_mistakes(predictions: Predictions, count: int = MISTAKES) -> np.ndarray:
    """Indices of the mistakes to show: the first of all, then one of each other pair of classes.

    The pairs of true and predicted class come in the order of how many mistakes there are of them, and each gives its
    first image.
    """
    wrong = predictions.misclassified().tolist()
    pair = {index: (int(predictions.labels[index]), int(predictions.predicted[index])) for index in wrong}
    chosen = wrong[: min(OF_THE_CHAPTER, count)]
    often = predictions.confusion()
    for each in sorted(set(pair.values()), key=lambda each: (-int(often[each]), each)):
        if each not in {pair[index] for index in chosen}:
            chosen.append(next(index for index in wrong if pair[index] == each))
    return np.array(chosen[:count])


def small_maps(maps: np.ndarray, size: int) -> np.ndarray:
    """The maps of a stage at the stage's own size, from the enlarged ones.

    Enlarging is linear, so it can be undone. The smallest value becomes 0 and the largest 1; enlarging the result and
    scaling it once more gives the maps back. A blank map stays 0.

    Args:
        maps: (N, 32, 32), 0 to 1.
        size: places along a side.
    Returns: float64, (N, size, size), 0 to 1.
    """
    enlarging = cv2.resize(np.eye(size, dtype=np.float32), (size, SIDE)).astype(np.float64)
    shrinking = np.linalg.pinv(enlarging)
    small = shrinking @ maps.astype(np.float64) @ shrinking.T
    small -= small.min((1, 2), keepdims=True)
    largest = small.max((1, 2), keepdims=True)
    return np.divide(small, largest, out=np.zeros_like(small), where=largest > 1e-6)


def all_maps(run: Run, images: np.ndarray, labels: np.ndarray) -> dict[tuple[str, str], StageMaps]:
    """The maps by method and by ``"predicted"`` or ``"true"`` class; of a method that knows no class, once."""
    model = run.model()
    found = {}
    for method in FAST:
        found[method, "predicted"] = stage_maps(model, images, "predicted", method=method)
        if method not in CLASS_BLIND:
            found[method, "true"] = stage_maps(model, images, labels, method=method)
    return found


def maps_record(maps: dict[tuple[str, str], StageMaps], index: int) -> dict:
    """The maps of one image and their raw maxima.

    ``maps`` holds stage after stage, in each the methods and classes in order, a byte for each place.
    """
    raw_maxima: dict[str, dict[str, list[float]]] = {}
    for (method, kind), of_method in maps.items():
        values = [float(f"{value:.4g}") for value in of_method.raw_maxima[index]]
        raw_maxima.setdefault(method, {})[kind] = values
    places = [
        np.rint(LEVELS * small_maps(of_method.maps[[index], stage], size)).astype(np.uint8).tobytes()
        for stage, size in enumerate(SIZES.values())
        for of_method in maps.values()
    ]
    return {"rawMaxima": raw_maxima, "maps": packed(b"".join(places))}


def mistakes_record(run: Run, predictions: Predictions, images: np.ndarray, chosen: np.ndarray, about: dict) -> dict:
    """Everything but the maps: the images, what they are and were taken for, and what there is to choose from."""
    colours = np.rint(255 * colormaps[HEAT](np.arange(256))[:, :3]).astype(np.uint8)
    return {
        "classes": list(predictions.classes),
        "methods": [{"name": name, "knowsClass": name not in CLASS_BLIND} for name in FAST],
        "stages": [{"name": name, "size": size} for name, size in SIZES.items()],
        "colours": base64.b64encode(colours.tobytes()).decode(),
        "images": packed(images.tobytes()),
        "mistakes": [
            {
                "image": int(index),
                "true": predictions.classes[predictions.labels[index]],
                "predicted": predictions.classes[predictions.predicted[index]],
                "probabilities": [round(value, 4) for value in predictions.probabilities[index].tolist()],
            }
            for index in chosen
        ],
        "ofMistakes": len(predictions.misclassified()),
        "provenance": about | {"run": run.recipe.name, "weights": run.weights_checksum()},
    }


def packed(content: bytes) -> str:
    """Bytes, compressed with zlib, as text in base64."""
    return base64.b64encode(zlib.compress(content, 9)).decode()


def write_script(name: str, content: dict, folder: Path) -> None:
    """Writes a script that hands the content to the page under its name."""
    text = json.dumps(content, separators=(",", ":"))
    with atomic_write(folder / f"{name}.js") as temporary:
        temporary.write_text(
            f'// Written by {COMMAND}\n(window.camExplorerRecord ??= {{}})["{name}"] = {text};\n', encoding="utf-8"
        )


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    try:
        run, test = load_run("best"), cifar10("test")
        run.check_recorded_on(test)
        predictions = run.predictions(test)
        chosen = chosen_mistakes(predictions)
        images, labels = test.images[chosen], predictions.labels[chosen].numpy()
        maps = all_maps(run, images, labels)
        about = provenance(COMMAND, torch.device("cpu"), ["grad-cam"])
        for old in RECORD.glob("*.js"):
            old.unlink()
        write_script("mistakes", mistakes_record(run, predictions, images, chosen, about), RECORD)
        for index, image in enumerate(chosen.tolist()):
            write_script(str(image), maps_record(maps, index), RECORD)
        with atomic_write(STILL) as temporary:
            pair = maps["Grad-CAM", "predicted"], maps["Grad-CAM", "true"]
            figures.target_pairs(images[:1], *pair).savefig(temporary, dpi=120)
    except CifarcamError as error:
        sys.exit(str(error))
    print(f"written: {RECORD}, {STILL}")


if __name__ == "__main__":
    main()
