"""Checks of the answers to the chapters' exercises."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from numbers import Real
from typing import Any

from cifarcam.training.recipes import Recipe

KINDS = {
    "a number": Real,
    "a string": str,
    "a function": Callable,
    "a dictionary": Mapping,
    "a recipe": Recipe,
}


def check(answer: Any, is_right: Callable[[Any], bool], hint: str, expected: str = "a number") -> None:
    """Prints one line: whether an answer is right, and a hint where it is not. No answer makes it fail.

    Args:
        answer: the reader's. ``None`` counts as not answered yet. Where a number is expected, a NumPy scalar, an array,
            a tensor or a series of one element counts as the number it holds, and ``True`` as none.
        is_right: tells whether an answer of the expected kind is right.
        hint: what a wrong answer is told.
        expected: the kind of a right answer, one of ``KINDS``.

    Raises:
        KeyError: for another ``expected``.

    Examples:
        >>> from cifarcam.exercises import check
        >>> check(10, lambda answer: answer == 10, hint="count the classes")
        right
        >>> check("ten", lambda answer: answer == 10, hint="count the classes")
        not yet: expected a number, but the answer is 'ten', of type str
    """
    kind = KINDS[expected]
    if kind is Real:
        answer = _one_number(answer)
    if answer is None:
        print("not answered yet")
    elif not isinstance(answer, kind) or (kind is Real and isinstance(answer, bool)):
        print(f"not yet: expected {expected}, but the answer is {_shown(answer)}, of type {type(answer).__name__}")
    else:
        print(_verdict(answer, is_right, hint))


def _verdict(answer: Any, is_right: Callable[[Any], bool], hint: str) -> str:
    try:
        right = bool(is_right(answer))
    except Exception as error:  # an answer that is a function may raise anything
        reason = f"{type(error).__name__}: {_one_line(str(error), 200)}"
        return f"not yet: checking {_shown(answer)} ended in {reason}; {hint}"
    return "right" if right else f"not yet: {hint}"


def _one_number(answer: Any) -> Any:
    """What an array, a tensor or a series of one element holds; everything else as it is."""
    try:
        return answer.item()
    except (AttributeError, TypeError, ValueError, RuntimeError):  # it has no such method, or many elements
        return answer


def _shown(answer: Any) -> str:
    return _one_line(getattr(answer, "__name__", None) or repr(answer), 60)


def _one_line(text: str, length: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[: length - 1]}…"
