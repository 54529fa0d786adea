"""Checkpoints that are not what was written, and folders that hold more than a run."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from filelock import FileLock

from cifarcam.data.split import Split
from cifarcam.errors import CifarcamError
from cifarcam.training.checkpoints import LOCK
from cifarcam.training.loop import fit
from cifarcam.training.recipes import Recipe

RECIPE = Recipe("tiny", width=4, epochs=2, batch_size=8, augmentation="batched", ema_decay=0.9, precision="float32")


@pytest.fixture(scope="module")
def split() -> Split:
    random = np.random.default_rng(0)
    return Split(random.integers(0, 256, (16, 32, 32, 3), dtype=np.uint8), random.integers(0, 10, 16))


@pytest.fixture(scope="module")
def whole(split: Split, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("whole")
    fit(RECIPE, split, split, out=folder, stop_after=1, device="cpu")
    return (folder / "checkpoint.pt").read_bytes()


def resume(split: Split, folder: Path, content: bytes) -> None:
    (folder / "checkpoint.pt").write_bytes(content)
    fit(RECIPE, split, split, out=folder, resume=True, device="cpu")


def test_a_flipped_bit_is_never_trained_on(split: Split, whole: bytes, tmp_path: Path) -> None:
    """Where it is in what a zip pads its files with, it does not matter, and the run ends in the same weights."""
    (tmp_path / "sound").mkdir()
    resume(split, tmp_path / "sound", whole)
    sound = torch.load(tmp_path / "sound" / "checkpoint.pt", weights_only=True)["model"]
    refused = 0
    for place in np.random.default_rng(0).integers(0, len(whole), 40):
        flipped = bytearray(whole)
        flipped[place] ^= 1 << int(place % 8)
        try:
            resume(split, tmp_path, bytes(flipped))
        except CifarcamError as error:
            assert "is damaged or no checkpoint" in str(error)
            refused += 1
        else:
            found = torch.load(tmp_path / "checkpoint.pt", weights_only=True)["model"]
            assert all(torch.equal(found[name], value) for name, value in sound.items())
    assert refused >= 20


@pytest.mark.parametrize(
    "change",
    [
        lambda saved: saved | {"recipe": None},
        lambda saved: saved | {"model": [1]},
        lambda saved: saved | {"model": {name: 1 for name in saved["model"]}},
        lambda saved: saved | {"optimizer": {}},
        lambda saved: saved | {"optimizer": {"state": 3, "param_groups": 4}},
        lambda saved: saved | {"optimizer": saved["optimizer"] | {"param_groups": [{"params": [0]}]}},
        lambda saved: saved | {"schedule": 1},
        lambda saved: saved | {"history": None},
        lambda saved: saved | {"history": [{"epoch": 1}]},
        lambda saved: saved | {"history": [saved["history"][0] | {"epoch": 7}]},
        lambda saved: saved | {"history": [saved["history"][0] | {"seconds": "long"}]},
        lambda saved: saved | {"hardware": 5},
        lambda saved: saved | {"commits": [5]},
        lambda saved: saved | {"ema": {"n_averaged": None}},
        lambda saved: saved | {"precision": ["float32"]},
        lambda saved: {name: value for name, value in saved.items() if name != "optimizer"},
        lambda saved: list(saved),
    ],
)
def test_a_checkpoint_of_another_structure_is_refused_in_a_sentence(
    split: Split, whole: bytes, change: Callable, tmp_path: Path
) -> None:
    changed = io.BytesIO()
    torch.save(change(torch.load(io.BytesIO(whole), weights_only=True)), changed)
    with pytest.raises(CifarcamError, match="is damaged or no checkpoint|is of another network"):
        resume(split, tmp_path, changed.getvalue())


def test_a_checkpoint_of_a_newer_version_is_not_resumed(split: Split, whole: bytes, tmp_path: Path) -> None:
    saved, changed = torch.load(io.BytesIO(whole), weights_only=True), io.BytesIO()
    torch.save(saved | {"recipe": saved["recipe"] | {"sharpness": 0.5}}, changed)
    with pytest.raises(CifarcamError, match="of another version of cifarcam: its recipe has sharpness"):
        resume(split, tmp_path, changed.getvalue())


def test_what_a_killed_run_was_writing_is_cleared_away(split: Split, whole: bytes, tmp_path: Path) -> None:
    (tmp_path / ".checkpoint.pt.0123456789abcdef.pt").write_bytes(whole)
    (tmp_path / "mine.pt").touch()
    resume(split, tmp_path, whole)
    assert {path.name for path in tmp_path.iterdir()} - {LOCK} == {"checkpoint.pt", "mine.pt"}


def test_a_folder_of_a_finished_run_is_refused_before_the_first_step(split: Split, tmp_path: Path) -> None:
    (tmp_path / "provenance.json").touch()
    with pytest.raises(CifarcamError, match="holds a recorded run already"):
        fit(RECIPE, split, split, out=tmp_path, device="cpu")


def test_a_run_to_be_resumed_waits_for_the_last_processes_of_a_killed_one(
    split: Split, whole: bytes, tmp_path: Path
) -> None:
    lock = FileLock(tmp_path / LOCK, thread_local=False)
    lock.acquire()
    threading.Timer(1.0, lock.release).start()
    resume(split, tmp_path, whole)
