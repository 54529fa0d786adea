"""The CIFAR-10 archive, fetched from the fastest source that delivers."""

from __future__ import annotations


def fetch_archive(destination, folder_name):
    raise SystemExit("not yet")
