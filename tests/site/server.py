"""A static host as readers meet one: the site below a path, text compressed as on GitHub Pages, pictures a bit late."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

BELOW = "/some/path/"
COMPRESSED = {".html", ".css", ".js", ".json", ".svg"}
PICTURES = {".png", ".jpg", ".jpeg", ".webp", ".gif"}
SECONDS_LATE = 0.1  # so that text is there first, and a picture of unknown size makes it jump


class StaticHost(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Says nothing."""

    def translate_path(self, path: str) -> str:
        """Outside of the path there is nothing."""
        return super().translate_path(path.removeprefix(BELOW[:-1]) if path.startswith(BELOW) else "/nowhere")

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        if path.suffix in PICTURES:
            time.sleep(SECONDS_LATE)
        if path.suffix not in COMPRESSED or not path.is_file():
            super().do_GET()
            return
        content = compressed(path)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@cache
def compressed(path: Path) -> bytes:
    return gzip.compress(path.read_bytes())


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serves a folder while the block runs; yields the address of its top."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(StaticHost, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{BELOW}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
