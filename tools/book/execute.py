"""Executes chapters and pages in place, so that their outputs are those of the code as it stands.

    python -m tools.book.execute              every chapter, and the page of results
    python -m tools.book.execute 07 results   these
    python -m tools.book.execute --only-time  on a GPU: keeps how long they take there, and the outputs as they are

What was executed when, on what and with which records is written into the chapter (see ``tools.book.execution``), and
its text anew (see ``tools.book.text``). A chapter that fails, or writes to stderr, or whose text was changed and not
carried into the notebook, is reported and its file left as it was.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from pathlib import Path

from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbval.kernel import CURRENT_ENV_KERNEL_NAME, NbvalKernelspecManager

from cifarcam.data.cifar import uses_stand_in
from cifarcam.errors import CifarcamError
from cifarcam.hardware import training_device
from tools.book.chapters import ROOT, code_cells, notebook_paths, read, write
from tools.book.execution import RECORDS, write_down, write_down_gpu_time
from tools.book.execution_note import refresh
from tools.book.text import refuse_newer_text, write_text
from tools.limits import limit

SECONDS_A_CELL = 600


def execute(path: Path, seconds_a_cell: int | None = None, records: Path = RECORDS) -> NotebookNode:
    """A chapter with the outputs of running it now, in this Python, from the chapter's own folder.

    Its metadata says so; its execution note is that of before.

    Raises ``CifarcamError``, naming chapter and cell, for an error, too slow a cell, or anything on stderr. A cell may
    take ``seconds_a_cell``; by default 600, and longer on a slow machine (see ``tools.limits``).
    """
    notebook = read(path)
    notebook.metadata.pop("widgets", None)
    begun = {"index": 0}
    client = NotebookClient(
        notebook,
        km=AsyncKernelManager(kernel_name=CURRENT_ENV_KERNEL_NAME, kernel_spec_manager=NbvalKernelspecManager()),
        resources={"metadata": {"path": str(path.parent)}},
        timeout=int(limit(SECONDS_A_CELL)) if seconds_a_cell is None else seconds_a_cell,
        record_timing=False,
        store_widget_state=False,
        coalesce_streams=True,
        on_cell_start=lambda cell, cell_index: begun.update(index=cell_index),
    )
    start = time.perf_counter()
    try:
        client.execute(cleanup_kc=True)
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        cell = notebook.cells[begun["index"]]
        raise CifarcamError(f"{path.name}, {_named(begun['index'], cell)} failed:\n{error}") from error
    _refuse_stderr(notebook, path)
    write_down(notebook, time.perf_counter() - start, records)
    notebook.metadata.get("language_info", {}).pop("version", None)  # else a new Python changes every chapter
    for cell in code_cells(notebook):
        cell.metadata.pop("execution", None)
    return notebook


def _refuse_stderr(notebook: NotebookNode, path: Path) -> None:
    for index, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr":
                text = re.sub(r"\x1b\[[\d;]*m", "", output.text).strip()
                raise CifarcamError(f"{path.name}, {_named(index, cell)} writes to stderr:\n{text}")


def _named(index: int, cell: NotebookNode) -> str:
    return f"cell {index} (counted from 0), `{cell.source.strip().splitlines()[0]}`,"


def quiet_kernels() -> None:
    """Sets what every kernel started from here finds: no progress bars, this working tree's package."""
    import matplotlib.font_manager  # noqa: F401  on a new machine it builds its cache now, not on a chapter's stderr

    os.environ["TQDM_DISABLE"] = "1"
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Execute chapters in place.")
    parser.add_argument("chapter", nargs="*", help="such as 07, grad-cam or results; all of them when left out")
    parser.add_argument("--only-time", action="store_true", help="on a GPU: keep how long they take, not the outputs")
    chosen = parser.parse_args(arguments)
    try:
        if uses_stand_in():
            raise CifarcamError("CIFARCAM_DATA is 'synthetic'; chapters are published from CIFAR-10: unset it.")
        if chosen.only_time and training_device().type != "cuda":
            raise CifarcamError("--only-time is for a GPU, and PyTorch finds none here; leave it out.")
        quiet_kernels()
        for path in notebook_paths(chosen=chosen.chapter):
            start = time.perf_counter()
            refuse_newer_text(path)
            write(_published(path, chosen.only_time), path)
            write_text(path)
            print(f"{path.name}: {time.perf_counter() - start:.0f} s", flush=True)
    except CifarcamError as error:
        sys.exit(str(error))


def _published(path: Path, only_time: bool) -> NotebookNode:
    """The chapter as it is to be kept: executed, or with the time of its execution only; its note in step."""
    notebook = execute(path)
    if only_time:
        before = read(path)
        write_down_gpu_time(before, notebook)
        notebook = before
    refresh(notebook)
    return notebook


if __name__ == "__main__":
    main()
