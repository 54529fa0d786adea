"""Localisation measures: does a map lie on the object, where its place is known?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from pytorch_grad_cam.utils.image import scale_cam_image

from cifarcam.errors import CifarcamError
from cifarcam.trust.finite import check_finite


class Mosaics(NamedTuple):
    """Images of four classes, put together two by two.

    Attributes:
        images: uint8, (N, 2·side, 2·side, 3).
        labels: int64, (N, 4), of the quadrants top left, top right, bottom left, bottom right; four different classes.

    Examples:
        >>> import numpy as np
        >>> from cifarcam.trust import Mosaics
        >>> boards = Mosaics(np.zeros((1, 64, 64, 3), np.uint8), np.array([[0, 1, 2, 3]]))
        >>> boards.images.shape
        (1, 64, 64, 3)
    """

    images: np.ndarray
    labels: np.ndarray


def mosaics(images: np.ndarray, labels: np.ndarray, count: int, seed: int = 0) -> Mosaics:
    """Random mosaics for the grid pointing game (Böhle et al. 2021, arXiv 2104.00032); fewer are the first of more.

    Args:
        images: uint8, (N, side, side, 3); take those that the network is right about.
        labels: int, (N,).
        count: of mosaics, 1 or more.
        seed: of the choice.

    Returns:
        The mosaics and the labels of their quadrants.

    Raises:
        CifarcamError: for fewer than four classes, labels that do not match the images, or no mosaics.

    Examples:
        >>> from cifarcam.data import synthetic_cifar10
        >>> from cifarcam.trust import mosaics
        >>> boards = mosaics(*synthetic_cifar10("test"), count=5)
        >>> boards.images.shape, boards.labels.shape
        ((5, 64, 64, 3), (5, 4))
    """
    if len(images) != len(labels) or count < 1:
        raise CifarcamError(
            f"{count} mosaics of {len(images)} images with {len(labels)} labels; expected a label for each image, "
            "and one mosaic or more."
        )
    classes = np.unique(labels)
    if len(classes) < 4:
        raise CifarcamError(f"A mosaic needs images of four classes; these are of {len(classes)}.")
    random = np.random.default_rng(seed)
    members = {label: np.flatnonzero(labels == label) for label in classes}
    chosen = np.empty((count, 4), np.int64)
    places = np.empty((count, 4), np.int64)
    for mosaic in range(count):  # one after the other, so that fewer mosaics are the first of more
        chosen[mosaic] = random.choice(classes, 4, replace=False)
        places[mosaic] = [random.choice(members[label]) for label in chosen[mosaic]]
    top_left, top_right, bottom_left, bottom_right = (images[places[:, quadrant]] for quadrant in range(4))
    top = np.concatenate([top_left, top_right], axis=2)
    bottom = np.concatenate([bottom_left, bottom_right], axis=2)
    return Mosaics(np.concatenate([top, bottom], axis=1), chosen)


def quadrants(side: int) -> np.ndarray:
    """Masks of the four quadrants of an image of ``side`` pixels, in the order of ``Mosaics``: bool, (4, side, side).

    Args:
        side: an even number.

    Raises:
        CifarcamError: for an odd side, whose quadrants would not be of one size.

    Examples:
        >>> from cifarcam.trust import quadrants
        >>> quadrants(64).sum((1, 2)).tolist()
        [1024, 1024, 1024, 1024]
    """
    if side % 2:
        raise CifarcamError(f"An image of {side} pixels a side has no four equal quadrants; expected an even number.")
    lower, right = np.indices((side, side)) >= side // 2
    return np.stack([~lower & ~right, ~lower & right, lower & ~right, lower & right])


def largest_share_inside(mask: np.ndarray, cells: int) -> float:
    """The largest share of a map that can lie inside a mask, where the map is of ``cells`` by ``cells`` enlarged.

    A coarse map cannot lie inside a small mask: a single cell spreads over its neighbours when it is enlarged.
    Enlarging is linear, so no mixture of cells has a larger share than the best single one.

    Args:
        mask: bool, (side, side).
        cells: a side of the stage's feature map.

    Returns:
        0 to 1.

    Examples:
        >>> from cifarcam.trust import SHIP_MARK, largest_share_inside
        >>> largest_share_inside(SHIP_MARK.mask(), cells=32)
        1.0
        >>> largest_share_inside(SHIP_MARK.mask(), cells=4) < 0.5
        True
    """
    single = np.eye(cells**2, dtype=np.float32).reshape(-1, cells, cells)
    return float(energy_inside(scale_cam_image(single, mask.shape[::-1]), mask).max())


def energy_inside(maps: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """The share of a map that lies inside a mask: Σ map · mask / Σ map.

    The energy-based pointing game of Wang et al. 2020 (Score-CAM, arXiv 1910.01279).

    Args:
        maps: (…, H, W), nowhere negative.
        masks: bool, (…, H, W), of the same shape or one that broadcasts to it.

    Returns:
        (…), 0 to 1; NaN for a blank map.

    Raises:
        CifarcamError: for a value that is negative, NaN or infinite.

    Examples:
        >>> import numpy as np
        >>> from cifarcam.trust import energy_inside
        >>> left = np.arange(32) < 8
        >>> energy_inside(np.ones((3, 32, 32)), np.tile(left, (32, 1))).tolist()
        [0.25, 0.25, 0.25]
    """
    check_finite(maps)
    if maps.min(initial=0) < 0:
        raise CifarcamError(f"The maps go down to {maps.min():.2g}; expected values that are nowhere negative.")
    total = maps.sum((-2, -1), dtype=np.float64)
    inside = (maps * masks).sum((-2, -1), dtype=np.float64)
    total = np.broadcast_to(total, inside.shape)
    return np.divide(inside, total, out=np.full(inside.shape, np.nan), where=total > 0)
