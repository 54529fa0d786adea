"""Atomic writing of files, and ``.npz`` files of arrays with their provenance."""

from __future__ import annotations

import errno
import glob
import json
import os
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4
from zipfile import BadZipFile

import numpy as np

from cifarcam.errors import CifarcamError


@contextmanager
def atomic_write(path: str | Path) -> Iterator[Path]:
    """A temporary path beside ``path``; what is written there replaces ``path`` at the end of the block.

    Whatever interrupts the block, ``path`` is as it was or complete. Folders on the way are made.

    Yields:
        The temporary path.

    Raises:
        CifarcamError: where the folder cannot be written to or the disk is full.
    """
    path = Path(path)
    try:
        temporary = _new_file_beside(path)
    except OSError as error:
        raise _cannot_write(path, error) from error
    try:
        yield temporary
        with open(temporary, "r+b") as written:  # Windows flushes only what is open for writing
            os.fsync(written.fileno())
        temporary.replace(path)
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def check_writable(path: str | Path) -> None:
    """Checks that ``atomic_write`` can write to a path, before the work whose result goes there.

    Raises:
        CifarcamError: where the folder cannot be written to.
    """
    path = Path(path)
    try:
        _new_file_beside(path).unlink()
    except OSError as error:
        raise _cannot_write(path, error) from error


def write_json(path: str | Path, content: dict) -> None:
    """Writes JSON atomically: whole or not at all.

    Raises:
        CifarcamError: where the folder cannot be written to or the disk is full.
    """
    with atomic_write(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def write_arrays(path: str | Path, arrays: Mapping[str, np.ndarray], provenance: dict) -> None:
    """Writes named arrays and their provenance as one ``.npz`` file, whole or not at all.

    Raises:
        CifarcamError: where the folder cannot be written to or the disk is full.
    """
    with atomic_write(path) as temporary:
        np.savez_compressed(temporary, provenance=np.array(json.dumps(provenance)), **arrays)


def read_arrays(path: str | Path) -> tuple[dict[str, np.ndarray], dict]:
    """The arrays by name, and their provenance, as ``write_arrays`` wrote them.

    Raises:
        CifarcamError: for a damaged or missing file.
    """
    try:
        with np.load(path) as record:
            arrays = dict(record)
        provenance = json.loads(str(arrays.pop("provenance")))
    except (OSError, EOFError, ValueError, KeyError, RuntimeError, BadZipFile, zlib.error) as error:
        raise CifarcamError(f"{path} is damaged or missing: {error}. Restore it.") from error
    return arrays, provenance


def temporary_names(path: Path) -> str:
    """A pattern of the names of what ``atomic_write`` leaves beside a path when its process is killed."""
    return f".{glob.escape(path.name)}.*{glob.escape(path.suffix)}"


def _new_file_beside(path: Path) -> Path:
    """Not by tempfile, whose files nobody else may read, and which tries for hours where Windows lets it not write."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid4().hex}{path.suffix}")
    temporary.touch(exist_ok=False)
    return temporary


def _cannot_write(path: Path, error: OSError) -> CifarcamError:
    advice = (
        "Make room on the disk, and go on from there"
        if error.errno == errno.ENOSPC
        else "Choose a folder you may write to"
    )
    return CifarcamError(f"Cannot write {path}: {error.strerror or error}. {advice}.")
