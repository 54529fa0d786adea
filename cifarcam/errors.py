"""The exceptions that this package raises."""

from __future__ import annotations


class CifarcamError(Exception):
    """An error that the caller can correct: the message says what was found, what was expected and what to do."""


class NotFinite(CifarcamError):
    """A training loss, or logits, that are NaN or infinite."""
