"""The record of the explorer of maps, read as the page reads it but by other means."""

from __future__ import annotations

import base64
import json
import re
import zlib
from functools import cache

import cv2
import numpy as np

from tools.records.explorer import RECORD


@cache
def recorded(name: str) -> dict:
    """What the script of that name holds."""
    text = (RECORD / f"{name}.js").read_text(encoding="utf-8")
    found = re.fullmatch(r'// .*\n\(window\.camExplorerRecord \?\?= \{\}\)\["(.+)"\] = (\{.*\});\n', text)
    assert found and found[1] == name
    return json.loads(found[2])


def unpacked(text: str) -> np.ndarray:
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), np.uint8)


def pictures() -> dict[int, np.ndarray]:
    """The images, uint8 (32, 32, 3), by their numbers."""
    index = recorded("mistakes")
    pixels = unpacked(index["images"]).reshape(-1, 32, 32, 3)
    return {mistake["image"]: picture for mistake, picture in zip(index["mistakes"], pixels, strict=True)}


@cache
def maps(image: int) -> dict[tuple[str, str, str], np.ndarray]:
    """The maps of an image, (32, 32), 0 to 1, by method, class (``"predicted"`` or ``"true"``) and stage."""
    of_image = recorded(str(image))
    places, found = unpacked(of_image["maps"]), {}
    for stage in recorded("mistakes")["stages"]:
        size = stage["size"]
        for method, kinds in of_image["rawMaxima"].items():
            for kind in kinds:
                small, places = places[: size**2].reshape(size, size), places[size**2 :]
                large = cv2.resize(small.astype(np.float32), (32, 32))
                large -= large.min()
                found[method, kind, stage["name"]] = large / (large.max() or 1)
    assert places.size == 0
    return found


def raw_maximum(image: int, method: str, kind: str, stage: str) -> float:
    stages = [each["name"] for each in recorded("mistakes")["stages"]]
    return recorded(str(image))["rawMaxima"][method][kind][stages.index(stage)]
