"""What a chapter knows of its last execution, and whether its outputs are still those of its code and its records.

It stands in the notebook's metadata under ``cifarcam``: ``date``, ``seconds``, ``hardware``, ``versions``, ``code`` (a
checksum of the code cells) and ``records`` (a checksum of all that lies below ``cifarcam/recorded/``). ``gpu`` holds
``seconds``, ``hardware``, ``date`` and ``code`` of an execution on a GPU, where there was one.
"""

from __future__ import annotations

import hashlib
import json
import platform
from datetime import date
from importlib.metadata import version
from pathlib import Path

from nbformat import NotebookNode, from_dict

from tools.book.chapters import ROOT, code_cells

KEY = "cifarcam"
RECORDS = ROOT / "cifarcam" / "recorded"
LIBRARIES = ("torch", "torchvision", "numpy", "matplotlib", "grad-cam", "albumentations")


def write_down(notebook: NotebookNode, seconds: float, records: Path = RECORDS) -> None:
    """Puts into the metadata that the notebook was executed just now, in so many seconds, on these records."""
    from cifarcam.hardware import describe, training_device  # here, because it brings PyTorch

    device = training_device()
    timed = {
        "code": code_checksum(notebook),
        "date": date.today().isoformat(),
        "hardware": describe(device),
        "seconds": round(seconds, 1),
    }
    gpu = timed if device.type == "cuda" else executed(notebook).get("gpu", {})
    about = timed | {
        "versions": {"python": platform.python_version()} | {name: version(name) for name in LIBRARIES},
        "records": folder_checksum(records),
    }
    if gpu.get("code") == timed["code"]:  # a time of other code says nothing
        about["gpu"] = gpu
    notebook.metadata[KEY] = from_dict(about)


def write_down_gpu_time(notebook: NotebookNode, timed: NotebookNode) -> None:
    """Puts only the time of ``timed``, executed on a GPU, into the metadata of the notebook as it was."""
    notebook.metadata.setdefault(KEY, from_dict({}))["gpu"] = executed(timed)["gpu"]


def executed(notebook: NotebookNode) -> NotebookNode:
    """What the metadata says of the last execution; empty where it says nothing."""
    return notebook.metadata.get(KEY, from_dict({}))


def why_stale(notebook: NotebookNode, records: Path = RECORDS) -> list[str]:
    """What has changed since the outputs were made, a clause for each; empty where the chapter is fresh."""
    about = executed(notebook)
    if "records" not in about:
        return ["it does not say when it was executed"]
    reasons = [] if about.code == code_checksum(notebook) else ["its code cells changed"]
    return reasons if about.records == folder_checksum(records) else [*reasons, "the records changed"]


def code_checksum(notebook: NotebookNode) -> str:
    """SHA-256 of the sources of the code cells in their order, without the setup cell, which the stamp writes."""
    sources = [cell.source for cell in code_cells(notebook) if cell.id != "setup"]
    return hashlib.sha256(json.dumps(sources, ensure_ascii=False).encode()).hexdigest()


def folder_checksum(folder: Path) -> str:
    """SHA-256 of the names and contents of all files below a folder."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
