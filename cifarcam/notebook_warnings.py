"""Warnings that mean nothing to a reader of a notebook."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def widget_warnings_ignored() -> Iterator[None]:
    """For the import of a library that takes ``tqdm.auto``: where ipywidgets is missing, its bars work as text."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="IProgress not found")
        warnings.filterwarnings("ignore", message="Using `tqdm.autonotebook.tqdm`")
        yield
