"""What happens to a test that needs what this machine lacks."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def missing(sentence: str) -> NoReturn:
    """Skips the test; fails it where ``SITE_REQUIRED`` is set, as ``make check-site`` sets it."""
    if os.environ.get("SITE_REQUIRED"):
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)
