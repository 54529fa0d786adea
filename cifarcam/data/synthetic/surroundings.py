"""Backgrounds of the drawn scenes: sky, water, road, meadow or a room."""

from __future__ import annotations

import numpy as np

from cifarcam.data.synthetic.canvas import SIDE, Canvas, grid

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


def paint_surroundings(canvas: Canvas, kind: np.ndarray) -> None:
    """Sky or wall above, a ground below, and what belongs there, by kind of surroundings, (N,)."""
    horizon = np.choose(kind, [canvas.between(*span) for span in ((34, 35), (11, 19), (9, 17), (7, 20), (19, 25))])
    light = canvas.between(0.7, 1.1)
    air = light * _lean((0.55, 0.75, 0.98), canvas.colour((0, 0.8), (0.5, 1)), 0.35)
    wall = canvas.colour((0.05, 0.5), (0.4, 0.95))
    above = np.where(kind == ROOM, wall, air)
    paler = canvas.between(0.1, 0.7) * (kind != ROOM)
    rise = (canvas.y / SIDE) * grid(paler)
    canvas.pixels[:] = grid(above) * (1 - rise) + grid(np.minimum(light, 1.0)) * rise
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
