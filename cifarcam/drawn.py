"""The stand-in for CIFAR-10: drawn scenes of its ten classes, with the mask of each object.

It is there for where CIFAR-10 is not, and for questions that need to know where the object is. Every class shares its
colours with all others and its surroundings with at least one other, so that only the shape gives it away.

Pictures are painted a batch at a time. Each shape is a signed distance in pixels, negative inside, and the distance of
a pixel's centre says how much of it is covered. Random numbers and arithmetic (+, -, *, /, square root) are exactly
defined, so the pixels are the same on every machine.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.random import PCG64, Generator

from cifarcam.data import CLASSES, Split
from cifarcam.errors import CifarcamError

SIDE = 32
COUNTS = {"train": 6000, "test": 1000}
BATCH = 50  # pictures painted at once; so few fit into the processor's cache

Numbers = float | np.ndarray  # one number for all pictures, or (N,), one for each
Point = tuple[Numbers, Numbers]

SKY, WATER, ROAD, MEADOW, ROOM = range(5)
SURROUNDINGS = {
    "airplane": (SKY, SKY, WATER, MEADOW),
    "automobile": (ROAD, ROAD, MEADOW),
    "bird": (SKY, MEADOW, WATER),
    "cat": (ROOM, MEADOW),
    "deer": (MEADOW, ROAD),
    "dog": (ROOM, MEADOW),
    "frog": (MEADOW, WATER, ROOM),
    "horse": (MEADOW, ROAD),
    "ship": (WATER,),
    "truck": (ROAD, ROAD, MEADOW),
}
WHITE, PALE, DARK, BLACK = (0.96, 0.96, 0.94), (0.82, 0.88, 0.92), (0.2, 0.2, 0.23), (0.06, 0.06, 0.08)


def drawn(split: str) -> Split:
    """The training (6,000 pictures) or test split (1,000) of the stand-in, the same at every call and on every machine.

    Args:
        split: ``"train"`` or ``"test"``.
    Returns: uint8 (N, 32, 32, 3) and int64 (N,); as many pictures of each class, in random order.
    Raises ``CifarcamError`` for another split.
    """
    images, _, labels = _paint(split)
    return Split(images.copy(), labels.copy())


def drawn_masks(split: str) -> np.ndarray:
    """Where the object is in each picture of ``drawn(split)``: bool (N, 32, 32).

    Raises ``CifarcamError`` for another split than ``"train"`` or ``"test"``.
    """
    return _paint(split)[1].copy()


@cache
def _paint(split: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    if split not in COUNTS:
        raise CifarcamError(f"The drawn stand-in has no split {split!r}; the splits are 'train' and 'test'.")
    rng = Generator(PCG64([2026, list(COUNTS).index(split)]))
    each = COUNTS[split] // len(CLASSES)
    batches = [_paint_class(name, rng, BATCH) for name in CLASSES for _ in range(each // BATCH)]
    order = rng.permutation(COUNTS[split])
    images, masks = (np.concatenate(parts)[order] for parts in zip(*batches, strict=True))
    return images, masks, np.repeat(np.arange(len(CLASSES)), each)[order]


def _paint_class(name: str, rng: Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    canvas = Canvas(rng, count)
    _surroundings(canvas, rng.choice(SURROUNDINGS[name], count))
    canvas.place_object()
    OBJECTS[name](canvas)
    return canvas.finished(), canvas.mask


class Canvas:
    """A batch of pictures, painted shape by shape, each shape on all of them.

    Coordinates are pixels until ``place_object``, then object coordinates: the object is within -1 to 1, x runs the way
    it faces, y down. Every number of a shape may be one for all pictures or (N,), one for each.

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
        """Goes over to the coordinates of an object of random size, place, tilt and direction."""
        self.scale = self.between(9.0, 13.5)
        x, y = self.between(13.5, 18.5), self.between(14, 18.5)
        half = self.between(-0.09, 0.09)  # the tangent of half the angle: sine and cosine without a library's rounding
        cosine, sine = (1 - half**2) / (1 + half**2), 2 * half / (1 + half**2)
        facing = np.where(self.chance(0.5), 1.0, -1.0)
        across, down = self.x - _grid(x), self.y - _grid(y)
        self.x = (across * _grid(cosine) + down * _grid(sine)) * _grid(facing / self.scale)
        self.y = (down * _grid(cosine) - across * _grid(sine)) / _grid(self.scale)
        behind = self._brightness_behind(x, y)
        self.body, self.second = (self._set_off(self.colour((0.1, 0.95), (0.25, 1.0)), behind) for _ in range(2))
        self.is_object = True

    def ellipse(self, x: Numbers, y: Numbers, rx: Numbers, ry: Numbers, colour, **options) -> None:
        """An ellipse around (x, y) with these radii."""
        across, down = (self.x - _grid(x)) / _grid(rx), (self.y - _grid(y)) / _grid(ry)
        radius = np.sqrt(across * across + down * down)
        slope = np.sqrt((across / _grid(rx)) ** 2 + (down / _grid(ry)) ** 2)
        self._cover(radius * (radius - 1) / np.maximum(slope, 1e-6), colour, **options)

    def polygon(self, corners: list[Point], colour, **options) -> None:
        """A convex polygon."""
        edges = list(zip(corners, [*corners[1:], corners[0]], strict=True))
        turn = np.sign(sum(x * next_y - next_x * y for (x, y), (next_x, next_y) in edges))
        distance = np.float32(-np.inf)
        for (x, y), (next_x, next_y) in edges:
            along, down = next_x - x, next_y - y
            length = turn * np.sqrt(along * along + down * down)
            outside = (self.x - _grid(x)) * _grid(down / length) - (self.y - _grid(y)) * _grid(along / length)
            distance = np.maximum(distance, outside)
        self._cover(distance, colour, **options)

    def box(self, left: Numbers, top: Numbers, right: Numbers, bottom: Numbers, colour, **options) -> None:
        """A rectangle."""
        self.polygon([(left, top), (right, top), (right, bottom), (left, bottom)], colour, **options)

    def limb(self, start: Point, end: Point, radius: Numbers, colour, **options) -> None:
        """A thick line with round ends."""
        across, down = end[0] - start[0], end[1] - start[1]
        x, y = self.x - _grid(start[0]), self.y - _grid(start[1])
        square = across * across + down * down
        nearest = (x * _grid(across / square) + y * _grid(down / square)).clip(0, 1)  # how far along, 0 to 1
        x, y = x - nearest * _grid(across), y - nearest * _grid(down)
        self._cover(np.sqrt(x * x + y * y) - _grid(radius), colour, **options)

    def finished(self) -> np.ndarray:
        """The pictures with a little noise, uint8 (N, 32, 32, 3)."""
        noise = self.rng.integers(-6, 7, (2, *self.pixels.shape), np.int8).sum(0, np.int16)
        return (np.rint(self.pixels * 255) + noise).clip(0, 255).astype(np.uint8).transpose(1, 2, 3, 0).copy()

    def _cover(self, distance: np.ndarray, colour, where: bool | np.ndarray = True) -> None:
        cover = (0.5 - distance * _grid(self.scale)).clip(0, 1) * _grid(where)
        if self.is_object:
            self.mask |= cover > 0.5
        shade = np.clip(1 - 0.2 * self.y, 0.75, 1.15) if self.is_object else 1.0  # light from above
        for pixels, channel in zip(self.pixels, colour, strict=True):
            pixels += cover * (_grid(channel) * shade - pixels)

    def _brightness_behind(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        pictures = np.arange(self.count)
        around = [(0, 0), (-6, 0), (6, 0), (0, -6), (0, 6)]
        seen = [self.pixels[:, pictures, (y + down).astype(int), (x + across).astype(int)] for across, down in around]
        return _brightness(sum(seen) / len(seen))

    @staticmethod
    def _set_off(colour: np.ndarray, behind: np.ndarray) -> np.ndarray:
        near = np.abs(_brightness(colour) - behind) < 0.22
        return np.where(near, np.where(behind > 0.45, colour * 0.45, 1 - (1 - colour) * 0.45), colour)


def _grid(numbers) -> np.ndarray:
    """Numbers of the pictures, (N,) or a single one, as they combine with (N, 32, 32)."""
    numbers = np.asarray(numbers, np.float32)
    return numbers[..., None, None] if numbers.ndim else numbers


def _brightness(colour: np.ndarray) -> np.ndarray:
    return 0.3 * colour[0] + 0.6 * colour[1] + 0.1 * colour[2]


def _surroundings(canvas: Canvas, kind: np.ndarray) -> None:
    """Sky or wall above, a ground below, and what belongs there, by kind of surroundings, (N,)."""
    horizon = np.choose(kind, [canvas.between(*span) for span in ((34, 35), (11, 19), (9, 17), (7, 20), (19, 25))])
    light = canvas.between(0.7, 1.1)
    air = light * _lean((0.55, 0.75, 0.98), canvas.colour((0, 0.8), (0.5, 1)), 0.35)
    wall = canvas.colour((0.05, 0.5), (0.4, 0.95))
    above = np.where(kind == ROOM, wall, air)
    paler = canvas.between(0.1, 0.7) * (kind != ROOM)
    rise = (canvas.y / SIDE) * _grid(paler)
    canvas.pixels[:] = _grid(above) * (1 - rise) + _grid(np.minimum(light, 1.0)) * rise
    _clouds(canvas, kind)
    grounds = (
        air,
        light * _lean((0.2, 0.42, 0.58), canvas.colour((0.2, 0.8), (0.3, 0.8)), 0.3),
        light * _lean((0.45, 0.45, 0.46), canvas.colour((0, 0.4), (0.2, 0.8)), 0.4),
        light * _lean((0.38, 0.56, 0.26), canvas.colour((0.2, 0.8), (0.3, 0.9)), 0.4),
        light * _lean((0.6, 0.45, 0.32), canvas.colour((0, 0.6), (0.3, 0.9)), 0.5),
    )
    ground = np.choose(kind, grounds)
    _skyline(canvas, kind, horizon, ground)
    canvas.box(-1, horizon, SIDE + 1, SIDE + 1, ground)
    _on_the_ground(canvas, kind, horizon, ground)
    _on_the_wall(canvas, kind)


def _lean(colour: tuple[float, float, float], towards: np.ndarray, share: float) -> np.ndarray:
    return np.array(colour)[:, None] * (1 - share) + towards * share


def _clouds(canvas: Canvas, kind: np.ndarray) -> None:
    for _ in range(2):
        there = (kind != ROOM) & canvas.chance(0.5)
        x, y, size = canvas.between(0, 32), canvas.between(1, 28), canvas.between(2, 5)
        tone = np.tile(canvas.between(0.75, 1.0), (3, 1))
        for along, lift, share in ((-0.9, 0.1, 0.6), (0, -0.15, 1.0), (1.0, 0.15, 0.55)):
            canvas.ellipse(x + along * size, y + lift * size, size * share, 0.6 * size * share, tone, where=there)


def _skyline(canvas: Canvas, kind: np.ndarray, horizon: np.ndarray, ground: np.ndarray) -> None:
    """Hills or bushes behind a meadow or water, houses behind a road."""
    for _ in range(3):
        x, size, tone = canvas.between(0, 32), canvas.between(2.5, 7), canvas.between(0.45, 0.9)
        green = ((kind == MEADOW) | (kind == WATER)) & canvas.chance(0.5)
        canvas.ellipse(x, horizon + 0.5, 1.3 * size, canvas.between(0.3, 1.2) * size, ground * tone, where=green)
        house = canvas.colour((0, 0.5), (0.3, 0.8))
        built = (kind == ROAD) & canvas.chance(0.6)
        canvas.box(x - size / 2, horizon - size * 1.2, x + size / 2, horizon + 1, house, where=built)
        canvas.box(x - size / 4, horizon - size, x, horizon - size * 0.6, house * 0.5, where=built)


def _on_the_ground(canvas: Canvas, kind: np.ndarray, horizon: np.ndarray, ground: np.ndarray) -> None:
    """Waves, tufts and boards as streaks; the middle line of a road."""
    for _ in range(5):
        x, y = canvas.between(0, 32), horizon + canvas.between(0.1, 1.0) * (SIDE - horizon)
        length, tone = canvas.between(1, 5), canvas.between(0.75, 1.3)
        streak = np.minimum(ground * tone, 1.0)
        canvas.limb((x - length, y), (x + length, y), 0.35, streak, where=(kind != SKY) & (kind != ROAD))
    y, start = horizon + canvas.between(0.5, 0.9) * (SIDE - horizon), canvas.between(-8, 0)
    for step in range(4):
        x = start + 11 * step
        canvas.box(x, y - 0.5, x + 6, y + 0.5, np.minimum(ground * 1.7, 1.0), where=kind == ROAD)


def _on_the_wall(canvas: Canvas, kind: np.ndarray) -> None:
    there = (kind == ROOM) & canvas.chance(0.6)
    x, y, wide, high = canvas.between(0, 32), canvas.between(2, 9), canvas.between(2.5, 5), canvas.between(2, 4)
    canvas.box(x - wide, y - high, x + wide, y + high, canvas.colour((0, 0.6), (0.2, 0.95)), where=there)
    inside = canvas.colour((0.1, 0.8), (0.4, 0.95))
    canvas.box(x - wide + 1, y - high + 1, x + wide - 1, y + high - 1, inside, where=there)


def _airplane(canvas: Canvas) -> None:
    far, near, sweep = canvas.between(0.3, 0.6), canvas.between(0.45, 0.8), canvas.between(0.25, 0.55)
    thick, tail = canvas.between(0.13, 0.2), canvas.between(0.35, 0.6)
    body, wing = canvas.body, np.where(canvas.chance(0.5), canvas.body, canvas.second)
    canvas.polygon([(0.3, -0.02), (-0.1, -0.02), (-0.1 - sweep, -far), (0.08 - sweep, -far)], wing * 0.9)
    canvas.polygon([(-0.55, -0.05), (-0.95, -0.02), (-1.0, -tail), (-0.82, -tail)], wing)
    canvas.ellipse(0, 0, 1.0, thick, body)
    canvas.limb((-0.6, -0.03), (0.6, -0.03), 0.025, DARK)
    canvas.ellipse(0.8, -0.05, 0.1, 0.06, DARK)
    canvas.polygon([(0.3, 0.05), (-0.12, 0.05), (-0.15 - sweep, near), (0.05 - sweep, near)], wing * 0.8)
    canvas.polygon([(-0.65, 0.02), (-0.9, 0.02), (-1.0, 0.22), (-0.88, 0.22)], wing * 0.8)


def _wheel(canvas: Canvas, x: Numbers, y: Numbers, radius: Numbers) -> None:
    canvas.ellipse(x, y, radius, radius, BLACK)
    canvas.ellipse(x, y, radius * 0.45, radius * 0.45, (0.7, 0.7, 0.72))


def _automobile(canvas: Canvas) -> None:
    roof, front, back = canvas.between(-0.5, -0.36), canvas.between(0.15, 0.35), canvas.between(-0.6, -0.35)
    hood, wheel = canvas.between(-0.12, 0.0), canvas.between(0.17, 0.23)
    body = canvas.body
    canvas.polygon([(back - 0.25, -0.02), (back, roof), (front, roof), (front + 0.35, -0.02)], body)
    canvas.polygon([(back - 0.13, -0.06), (back + 0.04, roof + 0.08), (-0.1, roof + 0.08), (-0.1, -0.06)], PALE)
    canvas.polygon([(0.0, -0.06), (0.0, roof + 0.08), (front - 0.03, roof + 0.08), (front + 0.2, -0.06)], PALE)
    canvas.polygon([(-1.0, 0.0), (-0.92, hood), (0.85, hood), (1.0, 0.12), (1.0, 0.32), (-1.0, 0.32)], body)
    canvas.ellipse(0.93, 0.1, 0.07, 0.06, (1.0, 0.95, 0.7))
    canvas.ellipse(-0.95, 0.08, 0.05, 0.06, (0.8, 0.15, 0.12))
    _wheel(canvas, -0.57, 0.32, wheel)
    _wheel(canvas, 0.57, 0.32, wheel)


def _truck(canvas: Canvas) -> None:
    top, cab, split = canvas.between(-0.75, -0.5), canvas.between(-0.4, -0.2), canvas.between(0.35, 0.5)
    wheel = canvas.between(0.14, 0.19)
    canvas.box(-1.0, 0.25, 0.95, 0.36, DARK)
    canvas.box(-1.0, top, split - 0.05, 0.28, canvas.body)
    canvas.box(-0.9, top + 0.12, split - 0.15, top + 0.2, canvas.body * 0.7, where=canvas.chance(0.6))
    canvas.polygon([(split, cab), (0.85, cab), (1.0, 0.0), (1.0, 0.34), (split, 0.34)], canvas.second)
    canvas.polygon([(split + 0.18, cab + 0.07), (0.8, cab + 0.07), (0.92, 0.0), (split + 0.18, 0.0)], PALE)
    for x in (-0.75, -0.35, 0.7):
        _wheel(canvas, x, 0.4, wheel)


def _bird(canvas: Canvas) -> None:
    head_y, slim = canvas.between(-0.35, -0.15), canvas.between(0.24, 0.34)
    flies = canvas.chance(0.6)
    tip_x, tip_y = canvas.between(-0.7, -0.1), np.where(flies, canvas.between(-1.0, -0.6), canvas.between(0.1, 0.25))
    body, wing = canvas.body, np.where(canvas.chance(0.5), canvas.body * 0.75, canvas.second)
    for x in (-0.05, 0.15):
        canvas.limb((x, 0.2), (x + 0.05, 0.65), 0.03, (0.75, 0.5, 0.2), where=~flies)
    canvas.polygon([(-0.3, -0.08), (-0.3, 0.15), (-1.0, 0.28), (-1.0, 0.02)], wing)
    canvas.ellipse(0, 0.05, 0.55, slim, body)
    canvas.polygon([(0.6, head_y - 0.1), (0.6, head_y + 0.12), (0.95, head_y + 0.05)], (0.92, 0.62, 0.15))
    canvas.ellipse(0.48, head_y, 0.23, 0.21, body)
    canvas.ellipse(0.55, head_y - 0.05, 0.05, 0.05, BLACK)
    canvas.polygon([(0.28, 0.0), (-0.28, 0.1), (tip_x, tip_y)], wing)


def _cat(canvas: Canvas) -> None:
    head_y, wide, tail = canvas.between(-0.4, -0.25), canvas.between(0.36, 0.44), canvas.between(-0.2, 0.4)
    body, belly = canvas.body, np.minimum(canvas.body * 0.6 + 0.35, 1)
    canvas.limb((0.35, 0.8), (0.75, 0.6), 0.07, body)
    canvas.limb((0.75, 0.6), (0.85, tail), 0.07, body)
    canvas.ellipse(0, 0.42, 0.42, 0.5, body)
    canvas.ellipse(0, 0.5, 0.2, 0.35, belly, where=canvas.chance(0.6))
    for side in (-1, 1):
        tip = (side * (wide - 0.02), head_y - 0.62)
        canvas.polygon([(side * wide, head_y - 0.05), (side * 0.08, head_y - 0.28), tip], body)
    canvas.ellipse(0, head_y, wide, 0.34, body)
    stripes = canvas.chance(0.5)
    for x in (-0.13, 0.0, 0.13):
        canvas.limb((x, head_y - 0.3), (x, head_y - 0.18), 0.03, body * 0.5, where=stripes)
    for side in (-1, 1):
        canvas.ellipse(side * 0.18, head_y - 0.03, 0.1, 0.08, (0.8, 0.9, 0.4))
        canvas.ellipse(side * 0.18, head_y - 0.03, 0.04, 0.08, BLACK)
    canvas.ellipse(0, head_y + 0.13, 0.06, 0.04, (0.85, 0.45, 0.5))
    for side in (-1, 1):
        canvas.ellipse(side * 0.2, 0.87, 0.15, 0.08, belly)


def _dog(canvas: Canvas) -> None:
    head_y, wide, droop = canvas.between(-0.45, -0.3), canvas.between(0.32, 0.4), canvas.between(0.25, 0.36)
    body, muzzle = canvas.body, np.minimum(canvas.body * 0.6 + 0.35, 1)
    ears = np.where(canvas.chance(0.6), canvas.body * 0.55, canvas.second)
    canvas.limb((0.35, 0.7), (0.8, canvas.between(0.2, 0.5)), 0.08, body)
    canvas.ellipse(0, 0.42, 0.42, 0.5, body)
    canvas.ellipse(0, 0.4, 0.22, 0.3, muzzle, where=canvas.chance(0.5))
    canvas.ellipse(0, head_y, wide, 0.36, body)
    for side in (-1, 1):
        canvas.ellipse(side * (wide + 0.06), head_y + 0.1, 0.14, droop, ears)
    canvas.ellipse(0, head_y + 0.18, 0.22, 0.2, muzzle)
    canvas.ellipse(0, head_y + 0.36, 0.08, 0.12, (0.9, 0.4, 0.45), where=canvas.chance(0.7))
    canvas.ellipse(0, head_y + 0.1, 0.11, 0.08, BLACK)
    for side in (-1, 1):
        canvas.ellipse(side * 0.17, head_y - 0.08, 0.06, 0.07, BLACK)
        canvas.ellipse(side * 0.2, 0.87, 0.16, 0.09, muzzle)


def _legs(canvas: Canvas, thick: Numbers) -> None:
    for x, tone in ((-0.5, 0.65), (0.3, 0.65), (-0.38, 0.9), (0.42, 0.9)):
        step = canvas.between(-0.12, 0.12)
        canvas.limb((x, 0.15), (x + step, 0.85), thick, canvas.body * tone)


def _deer(canvas: Canvas) -> None:
    nose, lift = canvas.between(0.7, 0.85), canvas.between(-0.5, -0.38)
    body = canvas.body
    _legs(canvas, 0.05)
    canvas.ellipse(-0.6, -0.05, 0.1, 0.09, WHITE)
    canvas.ellipse(-0.05, 0.05, 0.58, 0.22, body)
    canvas.limb((0.38, 0.0), (0.52, lift), 0.11, body)
    canvas.limb((0.52, lift), (nose, lift + 0.1), 0.09, body)
    canvas.ellipse(nose, lift + 0.1, 0.05, 0.05, BLACK)
    antler = np.where(_brightness(canvas.body) > 0.5, canvas.body * 0.5, 1 - (1 - canvas.body) * 0.6)
    for lean, size in ((-0.3, canvas.between(0.35, 0.5)), (0.12, canvas.between(0.35, 0.5))):
        x, y = 0.5 + lean, lift - 0.05 - size
        canvas.limb((0.5, lift - 0.05), (x, y), 0.035, antler)
        canvas.limb((0.5 + 0.6 * lean, lift - 0.05 - 0.6 * size), (0.72 + lean, y + 0.05), 0.03, antler)
    spots = canvas.chance(0.4)
    for x, y in ((-0.35, 0.0), (-0.1, -0.05), (0.15, 0.0), (-0.22, 0.1)):
        canvas.ellipse(x, y, 0.05, 0.04, WHITE, where=spots)


def _horse(canvas: Canvas) -> None:
    nose, lift = canvas.between(0.8, 0.95), canvas.between(-0.62, -0.45)
    body, mane = canvas.body, np.where(canvas.chance(0.6), canvas.body * 0.4, canvas.second)
    _legs(canvas, 0.075)
    canvas.limb((-0.6, -0.05), (-0.85, canvas.between(0.3, 0.55)), 0.09, mane)
    canvas.ellipse(-0.05, 0.02, 0.62, 0.28, body)
    canvas.limb((0.32, -0.05), (0.58, lift), 0.17, body)
    canvas.limb((0.15, -0.22), (0.46, lift - 0.1), 0.08, mane)
    canvas.limb((0.6, lift), (nose, lift + 0.27), 0.11, body)
    canvas.polygon([(0.5, lift - 0.05), (0.64, lift - 0.08), (0.56, lift - 0.28)], body)
    canvas.ellipse(0.68, lift, 0.04, 0.04, BLACK)


def _frog(canvas: Canvas) -> None:
    wide, eyes, flat = canvas.between(0.62, 0.78), canvas.between(0.3, 0.42), canvas.between(0.36, 0.46)
    body, belly = canvas.body, np.minimum(canvas.body * 0.6 + 0.35, 1)
    for side in (-1, 1):
        canvas.ellipse(side * 0.72, 0.42, 0.27, 0.25, body * 0.8)
        canvas.limb((side * 0.6, 0.62), (side * 0.95, 0.66), 0.07, body * 0.8)
    canvas.ellipse(0, 0.2, wide, flat, body)
    canvas.ellipse(0, 0.42, wide * 0.6, 0.2, belly)
    for side in (-1, 1):
        canvas.ellipse(side * eyes, -0.2, 0.21, 0.2, body)
        canvas.ellipse(side * eyes, -0.22, 0.13, 0.12, WHITE)
        canvas.ellipse(side * eyes, -0.22, 0.07, 0.07, BLACK)
        canvas.limb((side * 0.25, 0.45), (side * 0.32, 0.68), 0.07, body * 0.8)
    canvas.limb((-0.6 * wide, 0.12), (0.6 * wide, 0.12), 0.03, body * 0.4)
    spots = canvas.chance(0.4)
    for x, y in ((-0.3, 0.0), (0.25, -0.02), (0.45, 0.15)):
        canvas.ellipse(x, y, 0.06, 0.05, body * 0.6, where=spots)


def _ship(canvas: Canvas) -> None:
    deck, keel, sails = canvas.between(0.05, 0.2), canvas.between(0.42, 0.55), canvas.chance(0.4)
    hull, upper = canvas.body, np.where(canvas.chance(0.5), np.array(WHITE)[:, None], canvas.second)
    mast = canvas.between(-0.95, -0.75)
    canvas.limb((-0.05, deck), (-0.05, mast), 0.035, DARK, where=sails)
    canvas.polygon([(0.02, deck - 0.1), (0.02, mast + 0.05), (0.7, deck - 0.1)], upper, where=sails)
    canvas.polygon([(-0.12, deck - 0.1), (-0.12, mast + 0.15), (-0.65, deck - 0.1)], upper * 0.9, where=sails)
    tall, left = canvas.between(0.22, 0.4), canvas.between(-0.7, -0.5)
    funnel = canvas.colour((0.3, 0.9), (0.4, 0.9))
    for x in (-0.3, 0.05):
        canvas.box(x, deck - tall - 0.28, x + 0.17, deck, funnel, where=~sails)
    canvas.box(left, deck - tall, 0.45, deck + 0.05, upper, where=~sails)
    canvas.limb((left + 0.12, deck - 0.6 * tall), (0.35, deck - 0.6 * tall), 0.04, DARK, where=~sails)
    canvas.polygon([(-1.0, deck), (1.0, deck - 0.08), (0.72, keel), (-0.8, keel)], hull)
    canvas.limb((-0.9, deck + 0.06), (0.88, deck), 0.03, WHITE)


OBJECTS = {
    "airplane": _airplane,
    "automobile": _automobile,
    "bird": _bird,
    "cat": _cat,
    "deer": _deer,
    "dog": _dog,
    "frog": _frog,
    "horse": _horse,
    "ship": _ship,
    "truck": _truck,
}
