"""Dataclass fields of a recipe, with a description and a validation of their values."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from cifarcam.errors import CifarcamError

TEXT, EXPECTED, ACCEPTS, KIND = "text", "expected", "accepts", "kind"  # keys of a field's metadata


def integer(text: str, low: int, high: int, default: int | None = None) -> Any:
    """A field for a whole number from ``low`` to ``high``; ``None`` where that is the default."""

    def accepts(value: object) -> bool:
        if value is None:
            return default is None
        return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high

    return _field(text, int, accepts, f"a whole number from {low} to {high}", default)


def number(text: str, low: float, high: float, default: float = 0.0) -> Any:
    """A field for a finite number from ``low`` to ``high``."""

    def accepts(value: object) -> bool:
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return is_number and low <= value <= high  # which NaN is not

    return _field(text, float, accepts, f"a number from {low:g} to {high:g}", default)


def choice(text: str, *choices: str) -> Any:
    """A field for one of several texts, the first by default."""
    return _field(text, str, lambda value: value in choices, f"one of {', '.join(choices)}", choices[0])


def flag(text: str, default: bool = False) -> Any:
    """A field for true or false."""
    return _field(text, bool, lambda value: isinstance(value, bool), "True or False", default)


def text(meaning: str) -> Any:
    """A field for a text that is not empty, without a default."""
    accepts = lambda value: isinstance(value, str) and bool(value)  # noqa: E731
    return _field(meaning, str, accepts, "text", dataclasses.MISSING)


def validated(field: dataclasses.Field, value: Any) -> Any:
    """The value as Python's own type: NumPy's would be code in a checkpoint, which is not executed.

    Raises:
        CifarcamError: naming the field, for a value that it does not take.
    """
    if not field.metadata[ACCEPTS](value):
        raise invalid(field.name, value, field.metadata[EXPECTED])
    return value if value is None else field.metadata[KIND](value)


def invalid(name: str, value: object, expected: str) -> CifarcamError:
    """The error for a value that a recipe does not take."""
    return CifarcamError(f"The recipe's {name} is {value!r}; expected {expected}.")


def _field(text: str, kind: type, accepts: Callable[[object], bool], expected: str, default: object) -> Any:
    about = {TEXT: text, KIND: kind, ACCEPTS: accepts, EXPECTED: expected}
    return dataclasses.field(default=default, metadata=about)
