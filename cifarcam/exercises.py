"""Telling a right answer from a wrong one, in the exercises of the chapters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def check(answer: Any, is_right: Callable[[Any], bool], hint: str) -> None:
    """Prints whether an answer is right; ``None`` counts as not answered yet, another type as wrong.

    Args:
        answer: the reader's.
        is_right: tells whether it is right.
        hint: what a wrong answer is told.
    """
    if answer is None:
        print("not answered yet")
        return
    try:
        right = is_right(answer)
    except (TypeError, ValueError, AttributeError):  # text where a number is asked, say
        right = False
    print("right" if right else f"not yet: {hint}")
