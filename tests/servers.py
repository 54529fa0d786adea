"""Servers on this machine, each of which gives one answer to whoever asks."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

Answer = Callable[[BaseHTTPRequestHandler], None]
finished = Event()  # ends the answers that would go on for ever


@contextmanager
def served(answer: Answer) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with suppress(ConnectionError):  # the client has had enough
                answer(self)

        do_HEAD = do_GET

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/archive.tar.gz"
    finally:
        finished.set()
        server.shutdown()
        server.server_close()
        finished.clear()


def deliver(request: BaseHTTPRequestHandler, body: bytes, promised: int | None = None) -> None:
    request.send_response(200)
    request.send_header("Content-Length", str(len(body) if promised is None else promised))
    request.end_headers()
    request.wfile.write(body)


@contextmanager
def served_as_hub(bodies: dict[str, bytes], asked: list[str]) -> Iterator[str]:
    """Hugging Face's hub with one file a split; notes which were downloaded, and gives its address."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        body = next((body for name, body in bodies.items() if f"/{name}-" in request.path), None)
        if body is None:
            request.send_error(404)
            return
        begin = int((request.headers["Range"] or "bytes=0-").removeprefix("bytes=").rstrip("-"))
        request.send_response(206 if begin else 200)
        request.send_header("X-Repo-Commit", "0" * 40)
        request.send_header("ETag", f'"{hashlib.sha256(body).hexdigest()}"')
        request.send_header("Content-Length", str(len(body) - begin))
        request.end_headers()
        if request.command == "GET":
            asked.extend(name for name in bodies if f"/{name}-" in request.path)
            request.wfile.write(body[begin:])

    with served(answer) as url:
        yield url.removesuffix("/archive.tar.gz")


def nobody() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/archive.tar.gz"


def kept(folder: Path) -> list[str]:
    """The names in a folder that was downloaded to, but for the lock, which stays."""
    return sorted(path.name for path in folder.iterdir() if path.name != ".cifar-10.lock")
