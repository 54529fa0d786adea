"""For ``pytest --nbval``: like pictures, charts are not compared between machines."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    parents = {item.parent for item in items}
    for notebook in (each for each in parents if hasattr(each, "skip_compare")):
        notebook.skip_compare = (*notebook.skip_compare, "image/svg+xml")
