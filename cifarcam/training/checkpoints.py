"""Checkpoints of a training run: saving, loading, and a lock against a second run in the same folder."""

from __future__ import annotations

import dataclasses
import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from filelock import FileLock, Timeout

from cifarcam.errors import CifarcamError
from cifarcam.files import atomic_write, check_writable, temporary_names
from cifarcam.hardware import PRECISIONS
from cifarcam.provenance import PROVENANCE
from cifarcam.training.state import MUST_STAY_THE_SAME, TrainingState

CHECKPOINT = "checkpoint.pt"
LOCK = ".training.lock"
WAIT = 15.0  # seconds; three times what PyTorch takes to end the workers of a killed run
ROW = ("epoch", "lr", "train_loss", "train_accuracy", "seconds", "test_loss", "test_accuracy")
"""What a history says of each epoch."""


def save_checkpoint(run: TrainingState, checkpoint: Path) -> None:
    """Writes the state whole or not at all.

    Raises:
        CifarcamError: where it cannot be written.
    """
    state = {name: part.state_dict() for name, part in run.parts().items()}
    about = {"recipe": dataclasses.asdict(run.recipe), "history": run.history}
    about |= {"hardware": run.hardware, "commits": run.commits, "precision": run.precision}
    same = {name: getattr(run, name) for name in MUST_STAY_THE_SAME}
    buffer = io.BytesIO()  # torch.save itself reports a full disk as a RuntimeError of its zip writer
    torch.save(state | about | same, buffer)
    with atomic_write(checkpoint) as temporary:
        temporary.write_bytes(buffer.getvalue())


@contextmanager
def locked(checkpoint: Path, wait: float = 0.0) -> Iterator[None]:
    """Locks a checkpoint's folder against other runs inside the block, and clears it of what a killed run left.

    Where the file system knows no locks, a line says so.

    Args:
        checkpoint: the file.
        wait: for another run to end, in seconds: a killed one's worker processes outlive it by some.

    Raises:
        CifarcamError: where another run trains there now, where the folder holds a finished run, and where it cannot be
            written to: now, not in an hour.
    """
    check_writable(checkpoint)
    lock = FileLock(checkpoint.with_name(LOCK), timeout=wait)
    try:
        lock.acquire()
    except Timeout as error:
        raise CifarcamError(
            f"Another run is training in {checkpoint.parent} now: it has locked {LOCK}. Wait until it ends, or choose "
            "another folder."
        ) from error
    except OSError as error:
        print(f"{checkpoint.parent} cannot be locked ({error}); see to it that no other run trains there.", flush=True)
    try:
        if checkpoint.with_name(PROVENANCE).exists():
            raise CifarcamError(f"{checkpoint.parent} holds a recorded run already; choose another folder.")
        if lock.is_locked:
            for unfinished in checkpoint.parent.glob(temporary_names(checkpoint)):
                unfinished.unlink(missing_ok=True)
        yield
    finally:
        lock.release()


def refuse_existing(checkpoint: Path) -> None:
    """Checks that there is no checkpoint yet.

    Raises:
        CifarcamError: where there is one.
    """
    if checkpoint.exists():
        raise CifarcamError(f"{checkpoint} exists already; resume that run, or choose another folder.")


def refuse_missing(checkpoint: Path | None) -> None:
    """Checks that there is a checkpoint to resume from.

    Raises:
        CifarcamError: where there is none.
    """
    if checkpoint is None or not checkpoint.exists():
        raise CifarcamError(f"There is nothing to resume: {checkpoint or 'out'} is no checkpoint; leave resume out.")


def load_checkpoint(run: TrainingState, checkpoint: Path) -> None:
    """Restores a state from a checkpoint, in the precision that the run began with, on whatever hardware.

    Raises:
        CifarcamError: for a checkpoint that cannot be read or is damaged, and for one of another recipe, network or
            data, or compiled where this run is not.
    """
    try:
        with zipfile.ZipFile(checkpoint) as archive:  # PyTorch itself does not look at the sums that it writes
            if archive.testzip() is not None:
                raise _damaged(checkpoint)
        saved = torch.load(checkpoint, map_location="cpu", weights_only=True)
    except CifarcamError:
        raise
    except OSError as error:
        raise CifarcamError(
            f"{checkpoint} cannot be read: {error.strerror or error}. Try again once it can."
        ) from error
    except Exception as error:  # torch raises many types here, none of them documented
        raise _damaged(checkpoint) from error
    if not _well_formed(saved):
        raise _damaged(checkpoint)
    _check_same_run(run, saved, checkpoint)
    run.compute_in(saved["precision"])
    try:
        for name, part in run.parts().items():
            part.load_state_dict(saved[name])
        run.history, run.hardware, run.commits = (
            saved["history"],
            saved.get("hardware", []),
            saved.get("commits", ["unknown"]),
        )
    except torch.OutOfMemoryError:
        raise
    except (AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        raise _damaged(checkpoint) from error


def _shapes(weights: dict) -> dict:
    return {name: getattr(value, "shape", None) for name, value in weights.items()}


def _damaged(checkpoint: Path) -> CifarcamError:
    return CifarcamError(f"{checkpoint} is damaged or no checkpoint of this program; move it away to start anew.")


def _well_formed(saved: object) -> bool:
    """Whether what was read has the structure of a checkpoint; what its parts hold they check themselves."""
    if not isinstance(saved, dict) or str(saved.get("precision")) not in PRECISIONS:
        return False
    history, texts = saved.get("history"), [saved.get("hardware", []), saved.get("commits", [])]
    rows = isinstance(history, list) and all(isinstance(row, dict) and _numbers(row) for row in history)
    return (
        all(isinstance(saved.get(name), dict) for name in ("recipe", "model", "optimizer", "schedule"))
        and rows
        and [row.get("epoch") for row in history] == list(range(1, len(history) + 1))
        and all(isinstance(text, list) and all(isinstance(each, str | None) for each in text) for text in texts)
    )


def _numbers(row: dict) -> bool:
    return row.keys() == set(ROW) and all(isinstance(value, int | float) for value in row.values())


def _check_same_run(run: TrainingState, saved: dict, checkpoint: Path) -> None:
    unknown = sorted(set(saved["recipe"]) - {field.name for field in dataclasses.fields(run.recipe)})
    if unknown:
        raise CifarcamError(
            f"{checkpoint} is of another version of cifarcam: its recipe has {', '.join(unknown)}. Resume it with that."
        )
    for name, value in dataclasses.asdict(run.recipe).items():
        if saved["recipe"].get(name) != value:
            raise CifarcamError(
                f"{checkpoint} is of another recipe: its {name} is {saved['recipe'].get(name)!r}, "
                f"this one's {value!r}. Use that recipe, or another folder."
            )
    if _shapes(saved["model"]) != _shapes(run.model.state_dict()):
        raise CifarcamError(f"{checkpoint} is of another network; give the model that the run began with.")
    fixed = MUST_STAY_THE_SAME if run.recipe.precision == "auto" else (*MUST_STAY_THE_SAME, "precision")
    for name in fixed:
        if saved.get(name) != getattr(run, name):
            raise CifarcamError(
                f"{checkpoint} was made with {name} {saved.get(name)}, now it is {getattr(run, name)}; a run resumes "
                "only on the same data, in the same precision, compiled or not as before."
            )
