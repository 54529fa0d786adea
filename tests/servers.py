"""Servers on this machine, each of which gives one answer to whoever asks."""

from __future__ import annotations

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


def ranged(asked: list[str | None], body: bytes) -> Answer:
    """A server that can begin in the middle, and notes what it was asked for."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        asked.append(request.headers["Range"])
        begin = int(request.headers["Range"].removeprefix("bytes=").rstrip("-")) if request.headers["Range"] else 0
        if begin >= len(body):
            request.send_error(416)
            return
        request.send_response(206 if begin else 200)
        request.send_header("Content-Length", str(len(body) - begin))
        request.end_headers()
        request.wfile.write(body[begin:])

    return answer


def nobody() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/archive.tar.gz"


def kept(folder: Path) -> list[str]:
    """The names in a folder that was downloaded to, but for the lock, which stays."""
    return sorted(path.name for path in folder.iterdir() if path.name != ".cifar-10.lock")
