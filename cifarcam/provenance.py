"""Provenance of a record: the command, the commit, the hardware, the package versions and the date."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Sequence
from datetime import date
from importlib import metadata
from pathlib import Path

import torch

from cifarcam import __version__
from cifarcam.hardware import describe

PROVENANCE = "provenance.json"
"""The file that is written last into a folder of a finished run."""


def current_commit() -> str | None:
    """The git commit this package runs from, ``-dirty`` with changes on top; ``None`` where it is no checkout."""
    git = ["git", "-C", str(Path(__file__).resolve().parent)]
    describe = [*git, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        ours = subprocess.run([*git, "ls-files", "--error-unmatch", __file__], capture_output=True, check=False)
        if ours.returncode:  # installed, or copied into a checkout of something else
            return None
        asked = subprocess.run(describe, capture_output=True, text=True, check=False)
    except FileNotFoundError:  # no git on this machine
        return None
    return asked.stdout.strip() if asked.returncode == 0 else None


def provenance(
    command: str,
    hardware: torch.device | str,
    packages: Sequence[str] = (),
    commit: str | None = None,
) -> dict:
    """The provenance that every record holds.

    Args:
        command: what makes the record.
        hardware: the device it was made on, or a line that names it.
        packages: whose versions matter, besides Python's, PyTorch's and this package's own.
        commit: of this package; by default the one it runs from.

    Returns:
        ``command``, ``commit`` (``None`` where the package runs from no checkout), ``hardware``, ``versions`` by
        package, and ``date`` (year-month-day).
    """
    return {
        "command": command,
        "commit": commit or current_commit(),
        "hardware": hardware if isinstance(hardware, str) else describe(hardware),
        "versions": {"python": platform.python_version(), "cifarcam": __version__}
        | {name: metadata.version(name) for name in ("torch", *packages)},
        "date": date.today().isoformat(),
    }
