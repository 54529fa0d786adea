"""What all tests share: no progress bars, no display, and the real CIFAR-10 where it is on disk."""

from __future__ import annotations

import os
from pathlib import Path

os.environ["TQDM_DISABLE"] = "1"
os.environ["MPLBACKEND"] = "agg"
os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"

import pytest
import torch

from cifarcam.data.cifar import cache_folder, cifar10
from cifarcam.data.fetch.download import is_there
from cifarcam.data.split import Split

WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
if WORKERS > 1:  # else the threads of all workers wait for each other
    torch.set_num_threads(max(1, torch.get_num_threads() // WORKERS))
    os.environ["OMP_NUM_THREADS"] = str(torch.get_num_threads())  # of what the tests start


def cifar10_on_disk() -> bool:
    named = os.environ.get("CIFARCAM_DATA", "")
    roots = [named, str(cache_folder())] if os.path.isabs(named) else [str(cache_folder())]
    return any(is_there(Path(root)) for root in roots)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.environ.get("CIFARCAM_DATA") == "synthetic" or not cifar10_on_disk():
        for item in items:
            if item.get_closest_marker("needs_cifar10"):
                item.add_marker(pytest.mark.skip(reason="CIFAR-10 is not on disk"))


@pytest.fixture(scope="session")
def real_train() -> Split:
    return cifar10("train")


@pytest.fixture(scope="session")
def real_test() -> Split:
    return cifar10("test")
