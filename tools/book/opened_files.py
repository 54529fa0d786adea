"""An IPython extension that writes down which files of a folder a kernel opens for reading.

``tools.book.execute`` loads it into the kernel of a chapter before the first cell. The folder and the file that the
names are appended to stand in the environment variables ``WATCHED_FOLDER`` and ``OPENED_FILES``.
"""

from __future__ import annotations

import os
import sys

WATCHED_FOLDER, OPENED_FILES = "WATCHED_FOLDER", "OPENED_FILES"


def load_ipython_extension(_: object) -> None:
    """Called by IPython as the kernel starts."""
    watch(os.environ[WATCHED_FOLDER], os.environ[OPENED_FILES])


def watch(folder: str, report: str) -> None:
    """From now on, and in forked processes too, appends to ``report`` each file below ``folder`` that is opened.

    Paths are relative to the folder, with forward slashes, one a line; each may stand there more than once. Python
    itself reports what it opens, so libraries that read through it are covered (NumPy, pandas, Pillow, ``torch.load``).
    safetensors opens files without Python; it is made to report as well.
    """
    prefix = os.path.join(os.path.realpath(folder), "")
    out = os.open(report, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    seen: set[str] = set()

    def hook(event: str, arguments: tuple) -> None:
        if event == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
            path = os.path.realpath(os.fsdecode(arguments[0]))
            if path.startswith(prefix) and path not in seen and os.path.isfile(path):
                seen.add(path)
                os.write(out, (path.removeprefix(prefix).replace(os.sep, "/") + "\n").encode())

    _report_safetensors()
    sys.addaudithook(hook)


def _report_safetensors() -> None:
    import safetensors  # before anything takes a reference to its function

    opens = safetensors.safe_open

    def safe_open(filename: str | os.PathLike, *arguments: object, **named: object) -> object:
        sys.audit("open", filename, "r", 0)
        return opens(filename, *arguments, **named)

    safetensors.safe_open = safe_open
