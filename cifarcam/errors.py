"""The exceptions that this package raises."""

from __future__ import annotations


class CifarcamError(Exception):
    """An error that the caller can correct: the message says what was found, what was expected and what to do."""


class Diverged(CifarcamError):
    """A training loss that is no longer finite."""
