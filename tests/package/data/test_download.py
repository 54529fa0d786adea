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
import pooch
import pytest
from servers import Answer, deliver, finished, kept, nobody, served

from cifarcam.data.fetch import archive, download
from cifarcam.data.fetch.archive import host
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


def endless(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.end_headers()
    while True:
        request.wfile.write(ARCHIVE)


@pytest.fixture
def sources(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., list[str]]]:
    """Makes local servers the sources, one for each answer given, and returns their addresses."""
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.delenv("CIFARCAM_MIRROR", raising=False)
    monkeypatch.setattr(archive, "MD5", hashlib.md5(ARCHIVE).hexdigest())
    monkeypatch.setattr(archive, "TIMEOUT", 1.0)
    monkeypatch.setattr(archive, "PATIENCE", 0.3)
    monkeypatch.setattr(archive, "CHUNK", 50)
    monkeypatch.setattr(archive, "LARGEST", 2 * len(ARCHIVE))
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
        (truncated, "broke off ("),
        (wrong_bytes, "sent another file (MD5 hash"),
        (stalled, "is silent for 1 s"),
        (silent, "is silent for 1 s"),
        (throttled, "is too slow ("),
        (endless, "sends more than"),
    ],
)
def test_a_bad_source_is_given_up_for_the_next(sources, tmp_path: Path, capsys, answer: Answer, reason: str):
    bad, good = sources(answer, whole)
    started = time.monotonic()
    download.fetch_cifar10(tmp_path)
    assert time.monotonic() - started < 8
    line = capsys.readouterr().out
    assert line.startswith(f"{host(bad)} {reason}")
    assert line.endswith(f"; trying {host(good)}.\n")
    assert (tmp_path / FOLDER / "data_batch_1").read_bytes() == PAYLOAD
    assert kept(tmp_path) == [FOLDER]


def test_a_source_that_refuses_is_given_up_for_the_next(sources, tmp_path: Path, monkeypatch, capsys):
    (good,) = sources(whole)
    monkeypatch.setattr(download, "SOURCES", (nobody(), good))
    download.fetch_cifar10(tmp_path)
    assert "cannot be reached (" in capsys.readouterr().out
    assert (tmp_path / FOLDER).is_dir()


def test_where_all_fail_the_error_names_them_and_the_ways_out(sources, tmp_path: Path, monkeypatch):
    urls = (*sources(absent, wrong_bytes), nobody())
    monkeypatch.setattr(download, "SOURCES", urls)
    with pytest.raises(CifarcamError) as caught:
        download.fetch_cifar10(tmp_path)
    for part in (*map(host, urls), "404", "MD5", "refused", "CIFARCAM_DATA", FOLDER, "'synthetic'"):
        assert part in str(caught.value)
    assert kept(tmp_path) == []


def test_an_unwritable_folder_is_one_clear_error(sources, tmp_path: Path):
    sources(whole)
    (tmp_path / "file").touch()
    with pytest.raises(CifarcamError, match=r"Cannot keep CIFAR-10 in .*file/cache: Not a directory\. It needs"):
        download.fetch_cifar10(tmp_path / "file" / "cache")


def test_a_full_disk_is_blamed_on_the_folder_and_not_on_the_source(sources, tmp_path: Path, monkeypatch):
    sources(whole, whole)

    def full(*arguments: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pooch, "retrieve", full)
    with pytest.raises(CifarcamError, match=r"Cannot keep CIFAR-10 in .*: No space left"):
        download.fetch_cifar10(tmp_path)
    assert kept(tmp_path) == []


def test_an_interruption_leaves_nothing(sources, tmp_path: Path, monkeypatch):
    def interrupt(*arguments: object, **named: object) -> None:
        raise KeyboardInterrupt

    sources(whole)
    monkeypatch.setattr(tarfile.TarFile, "extractall", interrupt)
    with pytest.raises(KeyboardInterrupt):
        download.fetch_cifar10(tmp_path)
    assert kept(tmp_path) == []


def test_what_a_killed_process_leaves_is_thrown_away_by_the_next(sources, tmp_path: Path):
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
        while process.poll() is None and not list(tmp_path.glob(".cifar-10-unpacking-*/*")):
            time.sleep(0.05)
        process.kill()
    assert process.returncode == -signal.SIGKILL and len(kept(tmp_path)) == 1
    sources(whole)
    download.fetch_cifar10(tmp_path)
    assert kept(tmp_path) == [FOLDER]


def test_a_mirror_of_ones_own_is_asked_first(sources, tmp_path: Path, monkeypatch):
    asked = []
    mirror, public = sources(whole, lambda request: asked.append(request))
    monkeypatch.setattr(download, "SOURCES", (public,))
    monkeypatch.setenv("CIFARCAM_MIRROR", mirror)
    download.fetch_cifar10(tmp_path)
    assert not asked and kept(tmp_path) == [FOLDER]


def test_an_address_that_is_none_is_given_up_for_the_next(sources, tmp_path: Path, monkeypatch, capsys):
    (good,) = sources(whole)
    monkeypatch.setattr(download, "SOURCES", ("hub.example/archive.tar.gz", "http://[::1/archive.tar.gz", good))
    download.fetch_cifar10(tmp_path)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 and lines[0].startswith("hub.example/archive.tar.gz ")
    assert kept(tmp_path) == [FOLDER]


@pytest.mark.parametrize("mirror", ["fileserver/cifar-10-python.tar.gz", "ftp://here/x", "https://"])
def test_a_mirror_that_is_no_address_is_refused(mirror: str, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("CIFARCAM_MIRROR", mirror)
    with pytest.raises(CifarcamError, match="CIFARCAM_MIRROR is"):
        download.fetch_cifar10(tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_a_mirrors_password_is_not_printed(tmp_path: Path, monkeypatch):
    assert host("https://me:secret@mirror.example/cifar-10-python.tar.gz") == "mirror.example"
    monkeypatch.setenv("CIFARCAM_MIRROR", "ftp://me:secret@here/x")
    with pytest.raises(CifarcamError, match="CIFARCAM_MIRROR is 'ftp://…@here/x'"):
        download.fetch_cifar10(tmp_path / "cache")


def test_a_source_that_sends_you_elsewhere_is_followed(sources, tmp_path: Path, monkeypatch):
    (real,) = sources(whole)

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
