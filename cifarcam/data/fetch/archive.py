"""Download of CIFAR-10's original archive from any host that serves it."""

from __future__ import annotations

import tarfile
import time
from pathlib import Path

import requests
from tqdm import tqdm
from urllib3.exceptions import ReadTimeoutError

from cifarcam.notebook_warnings import widget_warnings_ignored

MD5 = "c58f30108f718f92721af3b95e74349a"
NAME = "cifar-10-python.tar.gz"
LARGEST = 200_000_000  # bytes; the archive has 170 million
MINIMUM_RATE = 500_000  # bytes a second; all of CIFAR-10 in under six minutes
PATIENCE = 10.0  # seconds before the rate counts
TIMEOUT = 10.0  # seconds without a connection or without a byte
CHUNK = 1 << 14  # bytes; the rate is looked at after each


class GivenUpError(Exception):
    """A download that was given up; the message is the reason, worded to follow the source's name in a sentence."""


def fetch_archive(url: str, destination: Path) -> None:
    """Downloads the archive from one address, and unpacks it into a folder.

    Args:
        url: of the archive.
        destination: the folder.

    Raises:
        GivenUpError: for a source that is absent, silent, too slow, breaks off or sends something else.
    """
    with widget_warnings_ignored():
        import pooch  # here, because only a download needs it
    try:
        with _Watched(desc=host(url), unit="B", unit_scale=True) as bar:
            downloader = pooch.HTTPDownloader(progressbar=bar, chunk_size=CHUNK, timeout=TIMEOUT)
            archive = pooch.retrieve(url, f"md5:{MD5}", NAME, destination, downloader=downloader)
    except requests.HTTPError as error:
        raise GivenUpError(f"answers {error.response.status_code} {error.response.reason}") from error
    except requests.exceptions.ChunkedEncodingError as error:
        raise GivenUpError(f"broke off ({error})") from error
    except requests.RequestException as error:
        silent = isinstance(error, requests.Timeout) or any(isinstance(why, ReadTimeoutError) for why in error.args)
        raise GivenUpError(f"is silent for {TIMEOUT:g} s" if silent else f"cannot be reached ({error})") from error
    except ValueError as error:  # the checksum, or an address that is none
        raise GivenUpError(f"sent another file ({error})") from error
    with tarfile.open(archive) as opened:
        opened.extractall(destination, filter="data")


def host(url: str) -> str:
    """The host of an address, without a user's name and password, or all of it where it has none."""
    return url.partition("://")[2].partition("/")[0].rpartition("@")[2] or url


class _Watched(tqdm):
    """A progress bar that breaks off a download that is too slow or has no end."""

    def __init__(self, *arguments: object, **options: object) -> None:
        super().__init__(*arguments, **options)
        self.begun, self.received = time.monotonic(), 0

    def __bool__(self) -> bool:
        return True  # also where a source does not say how much it will send

    def update(self, count: float = 1) -> None:
        super().update(count)
        self.received += count
        seconds = time.monotonic() - self.begun
        if self.received > LARGEST:
            raise GivenUpError(f"sends more than {LARGEST // 10**6} MB")
        if seconds > PATIENCE and self.received / seconds < MINIMUM_RATE:
            raise GivenUpError(f"is too slow ({self.received / seconds / 1000:,.0f} kB/s)")

    def reset(self, total: float | None = None) -> None:
        """pooch resets the bar at the end and then fills it; the count starts anew, else it would be twice the file."""
        self.received = 0
