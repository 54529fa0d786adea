"""Antialiased drawing of shapes on a batch of images at once.

Each shape is a signed distance in pixels, negative inside, and the distance of a pixel's centre says how much of it is
covered. Random numbers and arithmetic (+, -, *, /, square root) are exactly defined, so the pixels are the same on
every machine.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

SIDE = 32

Numbers = float | np.ndarray  # one number for all pictures, or (N,), one for each
Point = tuple[Numbers, Numbers]


class Canvas:
    """A batch of images, painted shape by shape, each shape on all of them.

    Coordinates are pixels until ``place_object``, then object coordinates: the object is within -1 to 1, x runs the way
    it faces, y down. Every number of a shape may be one for all images or (N,), one for each.

    Attributes:
        pixels: float32, (3, N, 32, 32), 0 to 1.
        mask: bool, (N, 32, 32), what shapes have covered since ``place_object``.
        body, second: colours, (3, N), for the object: light where what is behind it is dark, and the other way round.
    """

    def __init__(self, rng: Generator, count: int) -> None:
        self.rng, self.count = rng, count
        self.pixels = np.zeros((3, count, SIDE, SIDE), np.float32)
        self.mask = np.zeros((count, SIDE, SIDE), bool)
        self.y, self.x = (np.mgrid[:SIDE, :SIDE] + 0.5).astype(np.float32)[:, None]
        self.scale: Numbers = 1.0
        self.is_object = False

    def between(self, low: float, high: float) -> np.ndarray:
        """A random number for each picture, (N,)."""
        return low + (high - low) * self.rng.random(self.count)

    def chance(self, share: float) -> np.ndarray:
        """True in about this share of the pictures, bool (N,)."""
        return self.rng.random(self.count) < share

    def colour(self, saturation: tuple[float, float], value: tuple[float, float]) -> np.ndarray:
        """A colour of random hue for each picture, (3, N)."""
        hue, saturation, value = self.between(0, 6), self.between(*saturation), self.between(*value)
        ramps = np.stack([np.abs(hue - 3) - 1, 2 - np.abs(hue - 2), 2 - np.abs(hue - 4)])
        return value * (1 - saturation * (1 - ramps.clip(0, 1)))

    def place_object(self) -> None:
        """Switches to the coordinates of an object of random size, place, tilt and direction."""
        self.scale = self.between(9.0, 13.5)
        x, y = self.between(13.5, 18.5), self.between(14, 18.5)
        half = self.between(-0.09, 0.09)  # the tangent of half the angle: sine and cosine without a library's rounding
        cosine, sine = (1 - half**2) / (1 + half**2), 2 * half / (1 + half**2)
        facing = np.where(self.chance(0.5), 1.0, -1.0)
        across, down = self.x - grid(x), self.y - grid(y)
        self.x = (across * grid(cosine) + down * grid(sine)) * grid(facing / self.scale)
        self.y = (down * grid(cosine) - across * grid(sine)) / grid(self.scale)
        behind = self._brightness_behind(x, y)
        self.body, self.second = (self._set_off(self.colour((0.1, 0.95), (0.25, 1.0)), behind) for _ in range(2))
        self.is_object = True

    def ellipse(self, x: Numbers, y: Numbers, rx: Numbers, ry: Numbers, colour, **options) -> None:
        """An ellipse around (x, y) with these radii."""
        across, down = (self.x - grid(x)) / grid(rx), (self.y - grid(y)) / grid(ry)
        radius = np.sqrt(across * across + down * down)
        slope = np.sqrt((across / grid(rx)) ** 2 + (down / grid(ry)) ** 2)
        self._cover(radius * (radius - 1) / np.maximum(slope, 1e-6), colour, **options)

    def polygon(self, corners: list[Point], colour, **options) -> None:
        """A convex polygon."""
        edges = list(zip(corners, [*corners[1:], corners[0]], strict=True))
        turn = np.sign(sum(x * next_y - next_x * y for (x, y), (next_x, next_y) in edges))
        distance = np.float32(-np.inf)
        for (x, y), (next_x, next_y) in edges:
            along, down = next_x - x, next_y - y
            length = turn * np.sqrt(along * along + down * down)
            outside = (self.x - grid(x)) * grid(down / length) - (self.y - grid(y)) * grid(along / length)
            distance = np.maximum(distance, outside)
        self._cover(distance, colour, **options)

    def box(self, left: Numbers, top: Numbers, right: Numbers, bottom: Numbers, colour, **options) -> None:
        """A rectangle."""
        self.polygon([(left, top), (right, top), (right, bottom), (left, bottom)], colour, **options)

    def limb(self, start: Point, end: Point, radius: Numbers, colour, **options) -> None:
        """A thick line with round ends."""
        across, down = end[0] - start[0], end[1] - start[1]
        x, y = self.x - grid(start[0]), self.y - grid(start[1])
        square = across * across + down * down
        nearest = (x * grid(across / square) + y * grid(down / square)).clip(0, 1)  # how far along, 0 to 1
        x, y = x - nearest * grid(across), y - nearest * grid(down)
        self._cover(np.sqrt(x * x + y * y) - grid(radius), colour, **options)

    def finished(self) -> np.ndarray:
        """The pictures with a little noise, uint8 (N, 32, 32, 3)."""
        noise = self.rng.integers(-6, 7, (2, *self.pixels.shape), np.int8).sum(0, np.int16)
        return (np.rint(self.pixels * 255) + noise).clip(0, 255).astype(np.uint8).transpose(1, 2, 3, 0).copy()

    def _cover(self, distance: np.ndarray, colour, where: bool | np.ndarray = True) -> None:
        cover = (0.5 - distance * grid(self.scale)).clip(0, 1) * grid(where)
        if self.is_object:
            self.mask |= cover > 0.5
        shade = np.clip(1 - 0.2 * self.y, 0.75, 1.15) if self.is_object else 1.0  # light from above
        for pixels, channel in zip(self.pixels, colour, strict=True):
            pixels += cover * (grid(channel) * shade - pixels)

    def _brightness_behind(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        pictures = np.arange(self.count)
        around = [(0, 0), (-6, 0), (6, 0), (0, -6), (0, 6)]
        seen = [self.pixels[:, pictures, (y + down).astype(int), (x + across).astype(int)] for across, down in around]
        return brightness(sum(seen) / len(seen))

    @staticmethod
    def _set_off(colour: np.ndarray, behind: np.ndarray) -> np.ndarray:
        near = np.abs(brightness(colour) - behind) < 0.22
        return np.where(near, np.where(behind > 0.45, colour * 0.45, 1 - (1 - colour) * 0.45), colour)


def grid(numbers) -> np.ndarray:
    """Numbers of the images, (N,) or a single one, reshaped to broadcast with (N, 32, 32)."""
    numbers = np.asarray(numbers, np.float32)
    return numbers[..., None, None] if numbers.ndim else numbers


def brightness(colour: np.ndarray) -> np.ndarray:
    """Perceived brightness, (N,), 0 to 1, of colours, (3, N)."""
    return 0.3 * colour[0] + 0.6 * colour[1] + 0.1 * colour[2]
