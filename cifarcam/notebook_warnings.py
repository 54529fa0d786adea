"""A filter for warnings that mean nothing to a reader of a notebook."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def widget_warnings_ignored() -> Iterator[None]:
    """Ignores the warnings of ``tqdm.auto`` that ipywidgets is missing, while a library that uses it is imported.

    Its bars work as text.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="IProgress not found")
        warnings.filterwarnings("ignore", message="Using `tqdm.autonotebook.tqdm`")
        yield
