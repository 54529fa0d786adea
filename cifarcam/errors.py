"""The one exception a user of this package has to know."""

from __future__ import annotations


class CifarcamError(Exception):
    """Something the caller can put right; the message says what was found, what was expected and what to do."""
