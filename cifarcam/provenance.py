"""What every record says of itself: the command, the code, the machine and the day."""

from __future__ import annotations

import subprocess
from datetime import date
from pathlib import Path

import torch

from cifarcam.hardware import describe


def current_commit() -> str | None:
    """The commit this package runs from, ``-dirty`` with changes on top; ``None`` where it is no checkout."""
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


def provenance(command: str, device: torch.device) -> dict:
    """What every measurement says of itself: ``command``, ``hardware``, ``torch`` and ``date``."""
    return {
        "command": command,
        "hardware": describe(device),
        "torch": torch.__version__,
        "date": date.today().isoformat(),
    }
