"""Downloading, against servers on this machine that deliver, dawdle, stall, break off and lie."""

from __future__ import annotations

import hashlib
import io
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from servers import Answer, deliver, finished, kept, nobody, ranged, served

from cifarcam.data.fetch import download, transfer
from cifarcam.data.fetch.download import FOLDER
from cifarcam.errors import CifarcamError

PAYLOAD = np.random.default_rng(0).bytes(200_000)  # does not compress


def packed() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        entry = tarfile.TarInfo(f"{FOLDER}/data_batch_1")
        entry.size = len(PAYLOAD)
        archive.addfile(entry, io.BytesIO(PAYLOAD))
    return file.getvalue()


ARCHIVE = packed()


def whole(request: BaseHTTPRequestHandler) -> None:
    deliver(request, ARCHIVE)


def absent(request: BaseHTTPRequestHandler) -> None:
    request.send_error(404)


def truncated(request: BaseHTTPRequestHandler) -> None:
    deliver(request, ARCHIVE[:100_000], promised=len(ARCHIVE))


def wrong_bytes(request: BaseHTTPRequestHandler) -> None:
    deliver(request, ARCHIVE[:-1] + b"x")


def stalled(request: BaseHTTPRequestHandler) -> None:
    deliver(request, ARCHIVE[:1000], promised=len(ARCHIVE))
    finished.wait(10)


def silent(request: BaseHTTPRequestHandler) -> None:
    finished.wait(10)


def throttled(request: BaseHTTPRequestHandler) -> None:
    deliver(request, b"", promised=len(ARCHIVE))
    for start in range(0, len(ARCHIVE), 50):
        if finished.wait(0.02):
            return
        request.wfile.write(ARCHIVE[start : start + 50])


@pytest.fixture
def sources(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., list[str]]]:
    """Makes local servers the sources, one for each answer given, and returns their addresses."""
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.delenv("CIFARCAM_MIRROR", raising=False)
    monkeypatch.setattr(download, "MD5", hashlib.md5(ARCHIVE).hexdigest())
    monkeypatch.setattr(transfer, "TIMEOUT", 1.0)
    monkeypatch.setattr(transfer, "WINDOW", 0.3)
    with ExitStack() as stack:

        def serve(*answers: Answer) -> list[str]:
            urls = [stack.enter_context(served(answer)) for answer in answers]
            monkeypatch.setattr(download, "SOURCES", tuple(urls))
            return urls

        yield serve


def test_a_fast_source_is_unpacked_and_leaves_nothing_else(sources, tmp_path: Path):
    sources(whole)
    download.fetch_cifar10(tmp_path / "new" / "cache")
    assert (tmp_path / "new" / "cache" / FOLDER / "data_batch_1").read_bytes() == PAYLOAD
    assert kept(tmp_path / "new" / "cache") == [FOLDER]


def test_the_first_source_that_delivers_is_the_last_one_asked(sources, tmp_path: Path):
    asked = []
    sources(whole, lambda request: asked.append(request))
    download.fetch_cifar10(tmp_path)
    assert not asked


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (absent, "answers 404 Not Found"),
        (truncated, "broke off after 100,000 of"),
        (wrong_bytes, "sent another file (its MD5 is"),
        (stalled, "is silent for 1 s"),
        (silent, "is silent for 1 s"),
        (throttled, "is too slow ("),
    ],
)
def test_a_bad_source_is_given_up_for_the_next(sources, tmp_path: Path, capsys, answer: Answer, reason: str):
    bad, good = sources(answer, whole)
    started = time.monotonic()
    download.fetch_cifar10(tmp_path)
    assert time.monotonic() - started < 8
    line = capsys.readouterr().out
    assert line.startswith(f"{transfer.host(bad)} {reason}")
    assert line.endswith(f"; trying {transfer.host(good)}.\n")
    assert (tmp_path / FOLDER / "data_batch_1").read_bytes() == PAYLOAD
    assert kept(tmp_path) == [FOLDER]


def test_a_source_that_refuses_is_given_up_for_the_next(sources, tmp_path: Path, monkeypatch, capsys):
    (good,) = sources(whole)
    monkeypatch.setattr(download, "SOURCES", (nobody(), good))
    download.fetch_cifar10(tmp_path)
    assert "cannot be reached (Connection refused); trying" in capsys.readouterr().out
    assert (tmp_path / FOLDER).is_dir()


def arrivals(monkeypatch, rates: list[tuple[float, float]], step: float = 0.5) -> None:
    """Feeds the watch over the pace ``(seconds, bytes a second)``, stretch by stretch, by a clock of its own."""
    now, received = 0.0, 0.0
    monkeypatch.setattr(transfer.time, "monotonic", lambda: now)
    pace = transfer._Pace("https://mirror.example/x")
    for seconds, rate in rates:
        for _ in range(round(seconds / step)):
            now, received = now + step, received + rate * step
            pace.check(int(received))


@pytest.mark.parametrize(
    "rates",
    [
        [(60, 500_000)],
        [(9, 0), (1, 6_000_000), (9, 0), (1, 6_000_000)],
        [(9.5, 60_000)],
        [(10, 2_000_000), (7, 0), (10, 2_000_000)],
    ],
)
def test_a_pace_that_keeps_the_minimum_over_every_ten_seconds_is_kept(monkeypatch, rates):
    arrivals(monkeypatch, rates)


@pytest.mark.parametrize(
    "rates",
    [[(10, 490_000)], [(60, 50_000_000), (10, 60_000)], [(5, 600_000), (10, 300_000)], [(1, 4_000_000), (10, 0)]],
)
def test_a_pace_below_the_minimum_for_ten_seconds_is_given_up(monkeypatch, rates):
    with pytest.raises(transfer.GivenUpError, match=r"is too slow \(\d+ kB/s, at least 500 wanted\)"):
        arrivals(monkeypatch, rates)


def test_a_source_that_was_fast_once_is_still_given_up(sources, tmp_path: Path):
    def slows_down(request: BaseHTTPRequestHandler) -> None:
        deliver(request, ARCHIVE[:190_000], promised=len(ARCHIVE))
        for byte in ARCHIVE[190_000:]:
            if finished.wait(0.02):
                return
            request.wfile.write(bytes([byte]))

    sources(slows_down)
    with pytest.raises(CifarcamError, match="is too slow"):
        download.fetch_cifar10(tmp_path)


def test_a_name_look_up_that_hangs_is_given_up(sources, tmp_path: Path, monkeypatch):
    sources(whole)
    monkeypatch.setattr(transfer, "urlopen", lambda url, timeout: finished.wait(10))
    started = time.monotonic()
    with pytest.raises(CifarcamError, match="silent"):
        download.fetch_cifar10(tmp_path)
    assert time.monotonic() - started < 8


def test_where_all_fail_the_error_names_them_and_the_ways_out(sources, tmp_path: Path, monkeypatch):
    urls = (*sources(absent, wrong_bytes), nobody())
    monkeypatch.setattr(download, "SOURCES", urls)
    with pytest.raises(CifarcamError) as caught:
        download.fetch_cifar10(tmp_path)
    for part in (*map(transfer.host, urls), "404", "MD5", "refused", "CIFARCAM_DATA", FOLDER, "'synthetic'"):
        assert part in str(caught.value)
    assert kept(tmp_path) == []


def test_an_unwritable_folder_is_one_clear_error(sources, tmp_path: Path):
    sources(whole)
    (tmp_path / "file").touch()
    with pytest.raises(CifarcamError, match=r"Cannot keep CIFAR-10 in .*file/cache: Not a directory\. It needs"):
        download.fetch_cifar10(tmp_path / "file" / "cache")


def test_a_full_disk_is_blamed_on_the_folder_and_not_on_the_source(sources, tmp_path: Path, monkeypatch):
    sources(whole, whole)

    class Full(io.BytesIO):
        def write(self, chunk: bytes) -> int:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(transfer, "open", lambda *arguments: Full(), raising=False)
    with pytest.raises(CifarcamError, match=r"Cannot keep CIFAR-10 in .*: No space left"):
        download.fetch_cifar10(tmp_path)
    assert kept(tmp_path) == []


PART = ".cifar-10-python.tar.gz.part"


def test_an_interruption_keeps_what_has_arrived_and_nothing_else(sources, tmp_path: Path, monkeypatch):
    asked = []
    sources(ranged(asked, ARCHIVE))

    def interrupt(*arguments: object, **named: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(tarfile.TarFile, "extractall", interrupt)
        with pytest.raises(KeyboardInterrupt):
            download.fetch_cifar10(tmp_path)
    assert kept(tmp_path) == [PART]
    download.fetch_cifar10(tmp_path)  # the whole archive is there: nobody is asked again
    assert asked == [None] and kept(tmp_path) == [FOLDER]


def test_a_killed_process_leaves_what_had_arrived_and_the_next_one_goes_on(sources, tmp_path: Path):
    def half(request: BaseHTTPRequestHandler) -> None:
        deliver(request, ARCHIVE[:100_000], promised=len(ARCHIVE))
        finished.wait(60)

    (url,) = sources(half)
    code = f"""
from pathlib import Path
from cifarcam.data.fetch import download
download.SOURCES = ({url!r},)
download.fetch_cifar10(Path({str(tmp_path)!r}))
"""
    with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL) as process:
        while process.poll() is None and not ((tmp_path / PART).exists() and (tmp_path / PART).stat().st_size):
            time.sleep(0.05)
        process.kill()
    held = (tmp_path / PART).stat().st_size
    asked = []
    sources(ranged(asked, ARCHIVE))
    download.fetch_cifar10(tmp_path)
    assert process.returncode == -signal.SIGKILL and asked == [f"bytes={held}-"] and kept(tmp_path) == [FOLDER]


def test_the_next_source_goes_on_where_the_one_before_broke_off(sources, tmp_path: Path, capsys):
    asked = []
    sources(truncated, ranged(asked, ARCHIVE))
    download.fetch_cifar10(tmp_path)
    assert asked == ["bytes=100000-"] and "broke off after 100,000 of" in capsys.readouterr().out
    assert (tmp_path / FOLDER / "data_batch_1").read_bytes() == PAYLOAD and kept(tmp_path) == [FOLDER]


def test_the_next_call_goes_on_too(sources, tmp_path: Path):
    asked = []
    sources(truncated)
    with pytest.raises(CifarcamError, match="broke off"):
        download.fetch_cifar10(tmp_path)
    assert kept(tmp_path) == [PART]
    sources(ranged(asked, ARCHIVE))
    download.fetch_cifar10(tmp_path)
    assert asked == ["bytes=100000-"] and kept(tmp_path) == [FOLDER]


@pytest.mark.parametrize("left", [b"x" * 500, b"x" * (len(ARCHIVE) + 5)])
def test_a_wrong_part_is_thrown_away_and_the_same_source_asked_for_all(sources, tmp_path: Path, left: bytes):
    asked = []
    sources(ranged(asked, ARCHIVE))
    (tmp_path / PART).write_bytes(left)
    download.fetch_cifar10(tmp_path)
    assert asked == [f"bytes={len(left)}-", None] and kept(tmp_path) == [FOLDER]


def test_a_mirror_of_ones_own_is_asked_first(sources, tmp_path: Path, monkeypatch):
    asked = []
    mirror, public = sources(whole, ranged(asked, ARCHIVE))
    monkeypatch.setattr(download, "SOURCES", (public,))
    monkeypatch.setenv("CIFARCAM_MIRROR", mirror)
    download.fetch_cifar10(tmp_path)
    assert not asked and kept(tmp_path) == [FOLDER]


@pytest.mark.parametrize(("sent", "kept_bytes"), [(50_000, 100_000), (150_000, 150_000)])
def test_where_a_source_cannot_begin_in_the_middle_the_longer_part_is_kept(
    sources, tmp_path: Path, sent: int, kept_bytes: int
):
    def from_the_start(request: BaseHTTPRequestHandler) -> None:
        deliver(request, ARCHIVE[:sent], promised=len(ARCHIVE))

    asked = []
    sources(truncated, from_the_start, ranged(asked, ARCHIVE))
    download.fetch_cifar10(tmp_path)
    assert asked == [f"bytes={kept_bytes}-"] and kept(tmp_path) == [FOLDER]


def test_an_address_that_is_none_is_given_up_for_the_next(sources, tmp_path: Path, monkeypatch, capsys):
    (good,) = sources(whole)
    monkeypatch.setattr(download, "SOURCES", ("hub.example/archive.tar.gz", "http://[::1/archive.tar.gz", good))
    download.fetch_cifar10(tmp_path)
    lines = capsys.readouterr().out.splitlines()
    assert [" has no address that can be asked (" in line for line in lines] == [True, True]
    assert kept(tmp_path) == [FOLDER]


@pytest.mark.parametrize("mirror", ["fileserver/cifar-10-python.tar.gz", "ftp://here/x", "https://"])
def test_a_mirror_that_is_no_address_is_refused(mirror: str, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("CIFARCAM_MIRROR", mirror)
    with pytest.raises(CifarcamError, match="CIFARCAM_MIRROR is"):
        download.fetch_cifar10(tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_a_source_that_sends_you_elsewhere_is_followed(sources, tmp_path: Path, monkeypatch):
    (real,) = sources(ranged([], ARCHIVE))

    def moved(request: BaseHTTPRequestHandler) -> None:
        request.send_response(302)
        request.send_header("Location", real)
        request.end_headers()

    with served(moved) as url:
        monkeypatch.setattr(download, "SOURCES", (url,))
        download.fetch_cifar10(tmp_path)
    assert kept(tmp_path) == [FOLDER]


def test_two_downloads_at_once_both_succeed(sources, tmp_path: Path):
    sources(whole)
    outcomes = []

    def fetch() -> None:
        download.fetch_cifar10(tmp_path)
        outcomes.append((tmp_path / FOLDER / "data_batch_1").read_bytes() == PAYLOAD)

    threads = [Thread(target=fetch) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == [True] * 4
    assert kept(tmp_path) == [FOLDER]


def test_what_a_killed_call_was_unpacking_is_thrown_away(sources, tmp_path: Path):
    sources(whole)
    (tmp_path / ".cifar-10-unpacking-x" / FOLDER).mkdir(parents=True)
    download.fetch_cifar10(tmp_path)
    assert kept(tmp_path) == [FOLDER]


def test_the_fastest_source_comes_first_and_the_canonical_host_last():
    hub, *archives = download.SOURCES
    assert hub == download.HUGGING_FACE and len(set(archives)) == len(archives) >= 2
    assert all(url.startswith("https://") and url.endswith("/cifar-10-python.tar.gz") for url in archives)
    assert archives[-1] == "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
