"""One file from one address: resumed where it broke off, given up where it is too slow, read before it is believed."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing, suppress
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from threading import Thread
from typing import TypeVar
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from tqdm import tqdm

MINIMUM_RATE = 500_000  # bytes a second, over the last WINDOW seconds; all of CIFAR-10 in under six minutes
WINDOW = 10.0
TIMEOUT = 10.0  # seconds without a connection or without a byte
CHUNK = 1 << 18  # bytes
Content = TypeVar("Content")


class GivenUpError(Exception):
    """Which host was given up, and why."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"{host(url)} {reason}")


class WrongFileError(Exception):
    """Why a file is not the one that was asked for."""


def transfer(url: str, file: Path, read: Callable[[Path], Content]) -> Content:
    """What ``read`` makes of the file at an address, downloaded to ``file``, from where an earlier call broke off.

    Args:
        read: raises ``WrongFileError`` for a file that is not whole or not the right one.
    Raises ``GivenUpError`` where the file does not arrive; what has arrived of it is kept, a wrong file is not.
    """
    if _size(file):
        with suppress(WrongFileError):
            return read(file)
    resumed = _download(url, file)
    try:
        return read(file)
    except WrongFileError as wrong:
        file.unlink()
        if resumed:  # perhaps what another source had sent before was wrong
            return transfer(url, file, read)
        raise GivenUpError(url, f"sent another file ({wrong})") from wrong


def host(url: str) -> str:
    """The host of an address, or all of it where it has none."""
    return url.partition("://")[2].partition("/")[0] or url


def _download(url: str, file: Path) -> bool:
    """Downloads what ``file`` lacks, or all of it from a source that cannot begin in the middle; whether it went on."""
    held = _size(file)
    response = _answer(url, held)
    resumed = held > 0 and response.status == HTTPStatus.PARTIAL_CONTENT
    if resumed or not held:
        _write(url, response, file, held)
        return resumed
    anew, whole = file.with_name(f"{file.name}-anew"), False
    try:
        _write(url, response, anew, 0)
        whole = True
    finally:
        if whole or _size(anew) > held:  # of two that broke off, the longer is kept
            anew.replace(file)
        anew.unlink(missing_ok=True)
    return False


def _write(url: str, response: HTTPResponse, file: Path, begin: int) -> None:
    with response, open(file, "ab" if begin else "wb") as opened, closing(_chunks(url, response, begin)) as chunks:
        for chunk in chunks:
            opened.write(chunk)


def _answer(url: str, begin: int) -> HTTPResponse:
    try:
        return _opened(Request(url, headers={"Range": f"bytes={begin}-"} if begin else {}))
    except ValueError as error:
        raise GivenUpError(url, f"has no address that can be asked ({error})") from error
    except (OSError, HTTPException) as error:
        if begin and getattr(error, "code", None) == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return _answer(url, 0)
        raise GivenUpError(url, _why(error)) from error


def _chunks(url: str, response: HTTPResponse, begin: int) -> Iterator[bytes]:
    """The bytes of a response as they come; whatever goes wrong with the source is a ``GivenUpError``."""
    left = response.length
    total = None if left is None else begin + left
    try:
        with tqdm(total=total, initial=begin, desc=host(url), unit="B", unit_scale=True) as bar:
            pace, received = _Pace(url), 0
            # read1 returns what is there: read would wait for a whole chunk, at any rate.
            while chunk := response.read1(CHUNK):
                yield chunk
                received += len(chunk)
                bar.update(len(chunk))
                pace.check(received)
    except (OSError, HTTPException) as error:
        raise GivenUpError(url, _why(error)) from error
    if left is not None and received < left:
        raise GivenUpError(url, f"broke off after {begin + received:,} of {total:,} bytes")


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


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


class _Pace:
    """The rate at which bytes come in, over a sliding window."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.marks = deque([(time.monotonic(), 0)])

    def check(self, received: int) -> None:
        """Raises ``GivenUpError`` where the last ``WINDOW`` seconds brought less than ``MINIMUM_RATE``."""
        now = time.monotonic()
        self.marks.append((now, received))
        while self.marks[1][0] <= now - WINDOW:  # what is left begins WINDOW ago, or just before
            self.marks.popleft()
        began, before = self.marks[0]
        if now - began < WINDOW:
            return
        rate = (received - before) / (now - began)
        if rate < MINIMUM_RATE:
            least = MINIMUM_RATE / 1000
            raise GivenUpError(self.url, f"is too slow ({rate / 1000:,.0f} kB/s, at least {least:,.0f} wanted)")


def _why(error: OSError | HTTPException) -> str:
    cause = error.reason if isinstance(error, URLError) and not isinstance(error, HTTPError) else error
    if isinstance(cause, HTTPError):
        return f"answers {cause.code} {cause.reason}"
    if isinstance(cause, TimeoutError):
        return f"is silent for {TIMEOUT:g} s"
    return f"cannot be reached ({getattr(cause, 'strerror', None) or cause})"
