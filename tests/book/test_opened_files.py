"""Every record that a kernel opens is named, by whatever library it is opened."""

from __future__ import annotations

import ctypes
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.book.chapters import ROOT
from tools.book.execution import RECORDS

IN_OPEN, IN_NONBLOCK, IS_FOLDER = 0x20, 0o4000, 0x40000000
# Reads every kind of record as the package reads it: JSON, CSV, NPZ, safetensors; one of them in a forked process.
READS = """
import os, sys
from pathlib import Path
from tools.book.opened_files import watch
watch(sys.argv[1], sys.argv[2])
import json
import numpy as np
import pandas as pd
from safetensors.torch import load_file, safe_open
folder = Path(sys.argv[1])
os.chdir(folder)
Path("new.txt").exists()
json.loads((folder / "runs/control/recipe.json").read_text())
pd.read_csv(folder / "runs/control/history.csv")
np.load(folder / "cifar10_order.npz")["train"]
load_file(folder / "runs/control/model.safetensors")
with safe_open("runs/control/test_logits.safetensors", "np") as file:
    file.keys()
if os.fork() == 0:
    open(b"runs/shortcut/provenance.json").close()
    os._exit(0)
os.wait()
"""


class Inotify:
    """What the operating system says was opened below a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.library = ctypes.CDLL(None, use_errno=True)
        self.handle = self.library.inotify_init1(IN_NONBLOCK)
        folders = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
        self.folders = {
            self.library.inotify_add_watch(self.handle, os.fsencode(path), IN_OPEN): path for path in folders
        }

    def opened(self) -> set[str]:
        """The files that were opened since this was made, relative to the folder."""
        events, found, at = os.read(self.handle, 1 << 20), set(), 0
        while at < len(events):
            watch, mask, _, length = struct.unpack_from("iIII", events, at)
            name = events[at + 16 : at + 16 + length].rstrip(b"\0").decode()
            at += 16 + length
            if not mask & IS_FOLDER:
                found.add((self.folders[watch] / name).relative_to(self.folder).as_posix())
        return found


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "records"
    for name in ("control", "shortcut"):
        shutil.copytree(RECORDS / "small" / name, folder / "runs" / name)
    shutil.copy(RECORDS / "cifar10_order.npz", folder)
    yield folder


@pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")
def test_the_files_that_are_named_are_those_that_the_system_saw_opened(records: Path, tmp_path: Path) -> None:
    system, report = Inotify(records), tmp_path / "opened.txt"
    subprocess.run([sys.executable, "-c", READS, str(records), str(report)], cwd=ROOT, check=True)
    named = report.read_text().splitlines()
    assert set(named) == system.opened()
    assert sorted(named) == [
        "cifar10_order.npz",
        "runs/control/history.csv",
        "runs/control/model.safetensors",
        "runs/control/recipe.json",
        "runs/control/test_logits.safetensors",
        "runs/shortcut/provenance.json",
    ]
