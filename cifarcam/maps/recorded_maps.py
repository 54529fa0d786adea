"""Recorded maps of the two methods that take about a thousand forward passes an image, Score-CAM and Ablation-CAM.

``python -m tools.records.slow_maps`` makes them.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from cifarcam.files import read_arrays, write_arrays
from cifarcam.hardware import training_device
from cifarcam.maps.cam import StageMaps, stage_maps
from cifarcam.records.checks import RECORDED_SLOW
from cifarcam.records.folders import MEASUREMENTS
from cifarcam.records.runs import Run

SLOW_MAPS = MEASUREMENTS / "slow_maps.npz"


def slow_maps(run: Run, images: np.ndarray) -> dict[str, StageMaps]:
    """Score-CAM's and Ablation-CAM's maps for the predicted classes, by name.

    They are read from the record where it holds these images' maps by this run's weights. For others they are computed
    now, and a line says so.

    Args:
        run: with weights.
        images: uint8, (N, 32, 32, 3).

    Returns:
        The maps by the methods' names.

    Examples:
        >>> from cifarcam.data import synthetic_cifar10
        >>> from cifarcam.maps import slow_maps
        >>> from cifarcam.records import small_run
        >>> maps = slow_maps(small_run("synthetic"), synthetic_cifar10("test").images[:1])
        The maps of these 1 images by Score-CAM and Ablation-CAM are not on record: computing them now.
        >>> {name: of_method.maps.shape for name, of_method in maps.items()}
        {'Score-CAM': (1, 5, 32, 32), 'Ablation-CAM': (1, 5, 32, 32)}
    """
    record, _ = read_arrays(SLOW_MAPS)
    places = {checksum: place for place, checksum in enumerate(record["images"].tolist())}
    asked = [image_checksum(image) for image in images]
    if str(record["weights"]) == run.weights_checksum() and set(asked) <= set(places):
        chosen = [places[checksum] for checksum in asked]
        return {name: _from_record(record, name, chosen) for name in RECORDED_SLOW}
    names = " and ".join(RECORDED_SLOW)
    print(f"The maps of these {len(images)} images by {names} are not on record: computing them now.")
    model = run.model().to(training_device())
    return {name: stage_maps(model, images, method=name) for name in RECORDED_SLOW}


def slow_maps_provenance() -> dict:
    """The provenance of the recorded maps: run, command, hardware, versions, date.

    Examples:
        >>> from cifarcam.maps import slow_maps_provenance
        >>> slow_maps_provenance()["command"]
        'python -m tools.records.slow_maps'
    """
    return read_arrays(SLOW_MAPS)[1]


def write_slow_maps(run: Run, images: np.ndarray, provenance: dict, path: Path = SLOW_MAPS) -> None:
    """Computes the maps of these images and writes them, with the checksums of images and weights."""
    model = run.model()
    content: dict[str, np.ndarray] = {
        "images": np.array([image_checksum(image) for image in images]),
        "weights": np.array(run.weights_checksum()),
    }
    for name in RECORDED_SLOW:
        maps = stage_maps(model, images, method=name)
        content |= {
            f"{name}/maps": maps.maps.astype(np.float16),  # 0 to 1, so to 0.0005
            f"{name}/raw_maxima": maps.raw_maxima,
            f"{name}/targets": maps.targets,
            f"{name}/logits": maps.logits,
        }
    write_arrays(path, content, provenance)


def image_checksum(image: np.ndarray) -> str:
    """SHA-256 of the pixels of an image, in hexadecimal."""
    return hashlib.sha256(np.ascontiguousarray(image)).hexdigest()


def _from_record(record: dict[str, np.ndarray], name: str, chosen: list[int]) -> StageMaps:
    maps, raw_maxima, targets, logits = (
        record[f"{name}/{part}"][chosen] for part in ("maps", "raw_maxima", "targets", "logits")
    )
    return StageMaps(maps.astype(np.float32), raw_maxima, targets, logits, method=name)
