"""Drawings of the ten classes, each on a canvas in object coordinates."""

from __future__ import annotations

import numpy as np

from cifarcam.data.synthetic.canvas import Canvas, Numbers, brightness

WHITE, PALE, DARK, BLACK = (0.96, 0.96, 0.94), (0.82, 0.88, 0.92), (0.2, 0.2, 0.23), (0.06, 0.06, 0.08)


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
    antler = np.where(brightness(canvas.body) > 0.5, canvas.body * 0.5, 1 - (1 - canvas.body) * 0.6)
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
