"""Runs of an experiment: several at once on a CPU, and none twice."""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import torch
from tqdm.auto import tqdm

from cifarcam.errors import CifarcamError
from cifarcam.files import write_json
from cifarcam.hardware import training_device
from cifarcam.provenance import current_commit


def default_jobs() -> int:
    """How many runs at once make the best of this machine: small networks of one thread each, or one on a GPU."""
    return 1 if training_device().type == "cuda" else os.cpu_count() or 1


def results(run: Callable[..., dict], files: Mapping[Path, tuple], jobs: int, label: str) -> list[dict]:
    """What ``run`` gives for each tuple of arguments, in their order, behind a progress bar.

    Each result is written to its file once it is there, with the package's commit under ``commit``, and what has a file
    is not computed again.

    Args:
        run: a function of a module, so that other processes find it.
        files: where each result goes, and the arguments that give it.
        jobs: processes, each of one thread; with 1 it is this process, of as many as it has.
        label: of the bar.

    Raises:
        CifarcamError: for a file whose result was made from other arguments.
    """
    missing = {path: arguments for path, arguments in files.items() if not path.exists()}
    found = {path: _read(path, arguments) for path, arguments in files.items() if path.exists()}
    with tqdm(total=len(files), initial=len(found), unit="run", desc=label) as bar:
        for path, result in _computed(run, missing, jobs):
            found[path] = result | {"commit": current_commit()}
            write_json(path, {"arguments": repr(missing[path]), "result": found[path]})
            bar.update()
    return [found[path] for path in files]


def _read(path: Path, arguments: tuple) -> dict:
    saved = json.loads(path.read_text(encoding="utf-8"))
    if saved["arguments"] != repr(arguments):
        raise CifarcamError(f"{path} holds a run of other settings: {saved['arguments']}. Move it away to run anew.")
    return saved["result"]


def _computed(run: Callable[..., dict], files: Mapping[Path, tuple], jobs: int) -> Iterator[tuple[Path, dict]]:
    if jobs == 1:
        for path, arguments in files.items():
            yield path, run(*arguments)
        return
    os.environ["TQDM_DISABLE"] = "1"  # in the processes that begin now: this one's bar is enough
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, torch.set_num_threads, (1,)) as pool:
        futures = {pool.submit(run, *arguments): path for path, arguments in files.items()}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        finally:
            pool.shutdown(cancel_futures=True)
