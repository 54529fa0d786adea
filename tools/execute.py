"""Executes chapters in place, so that their outputs are those of the code as it stands.

    python -m tools.execute          every chapter
    python -m tools.execute 07 08    these

A chapter that fails, or writes to stderr, is reported and its file left as it was.
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

from cifarcam.data import uses_stand_in
from cifarcam.errors import CifarcamError
from tools.chapters import ROOT, chapter_paths, code_cells, read, write

SECONDS_A_CELL = 600


def execute(path: Path, seconds_a_cell: int = SECONDS_A_CELL) -> NotebookNode:
    """A chapter with the outputs of running it now, in this Python, from the chapter's own folder.

    Raises ``CifarcamError``, naming chapter and cell, for an error, too slow a cell, or anything on stderr.
    """
    notebook = read(path)
    notebook.metadata.pop("widgets", None)
    begun = {"index": 0}
    client = NotebookClient(
        notebook,
        km=AsyncKernelManager(kernel_name=CURRENT_ENV_KERNEL_NAME, kernel_spec_manager=NbvalKernelspecManager()),
        resources={"metadata": {"path": str(path.parent)}},
        timeout=seconds_a_cell,
        record_timing=False,
        store_widget_state=False,
        coalesce_streams=True,
        on_cell_start=lambda cell, cell_index: begun.update(index=cell_index),
    )
    try:
        client.execute(cleanup_kc=True)
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        cell = notebook.cells[begun["index"]]
        raise CifarcamError(f"{path.name}, {_named(begun['index'], cell)} failed:\n{error}") from error
    _refuse_stderr(notebook, path)
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
    parser.add_argument("chapter", nargs="*", help="numbers of chapters, such as 07; all of them when left out")
    numbers = parser.parse_args(arguments).chapter
    try:
        if uses_stand_in():
            raise CifarcamError("CIFARCAM_DATA is 'drawn'; chapters are published from CIFAR-10: unset it.")
        quiet_kernels()
        for path in chapter_paths(numbers=numbers):
            start = time.perf_counter()
            write(execute(path), path)
            print(f"{path.name}: {time.perf_counter() - start:.0f} s", flush=True)
    except CifarcamError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
