"""The exercises by their names: what each asks for, how an answer is checked, and what helps where it is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cifarcam.errors import CifarcamError
from cifarcam.exercises import grad_cam
from cifarcam.exercises.verdicts import check

KINDS = ("predict", "change", "write", "open")  # an open question has no check, and so no place below
ANSWERS = {"number": "a number", "text": "a string", "choice": "a string", "code": "a function"}
"""How an answer is given, and what ``check`` calls it."""


@dataclass(frozen=True)
class Exercise:
    """An exercise whose answer the package can check.

    Attributes:
        kind: one of ``KINDS``: to predict a result before it is computed, to change something, to write a function, or
            an open question.
        answer: one of ``ANSWERS``.
        hint: what a wrong answer is told.
        is_right: whether an answer of that form is right.
        tolerance: how far from the right number an answer may be.
    """

    kind: str
    answer: str
    hint: str
    is_right: Callable[[Any], bool]
    tolerance: float = 0.0


def _number(kind: str, right: Callable[[], float], tolerance: float, hint: str) -> Exercise:
    return Exercise(kind, "number", hint, lambda value: abs(value - right()) <= tolerance, tolerance)


EXERCISES = {
    "blank maps for the true class": _number(
        "predict",
        grad_cam.blank_maps_for_the_true_class,
        0,
        "stage_maps(net, many, their_labels).blank[:, 4] is True where a map is blank; count these",
    ),
    "blank maps for frog": _number(
        "change",
        grad_cam.blank_maps_for_frog,
        0,
        "stage_maps(net, images, 'frog').blank[:, 4] is True where a map is blank",
    ),
    "grad-cam": Exercise(
        "write",
        "code",
        "a channel's weight is the mean of its gradient over both axes of space; the ReLU comes after the sum",
        grad_cam.is_grad_cam,
    ),
}
"""Every exercise that ``check_answer`` knows, by its name."""


def check_answer(name: str, answer: Any) -> None:
    """Prints one line: whether an answer is right, and what may help where it is not. No answer makes it fail.

    Numbers are those of the recorded run ``best``.

    Args:
        name: of the exercise, one of ``EXERCISES``.
        answer: the reader's; ``None`` counts as not answered yet.

    Raises:
        CifarcamError: for a name that no exercise has, listing the names.

    Examples:
        >>> from cifarcam.exercises import check_answer
        >>> check_answer("grad-cam", None)
        not answered yet
    """
    if name not in EXERCISES:
        raise CifarcamError(f"There is no exercise {name!r}; the exercises are {', '.join(EXERCISES)}.")
    exercise = EXERCISES[name]
    check(answer, exercise.is_right, exercise.hint, ANSWERS[exercise.answer])
