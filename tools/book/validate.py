"""Executes every chapter again and compares what it shows with what the notebook holds (nbval).

    python -m tools.book.validate          every chapter, and the page of results
    python -m tools.book.validate 07       this one
    python -m tools.book.validate --data   only find or fetch CIFAR-10, and say which data the chapters would run on

On CIFAR-10 every output is compared but those of cells tagged ``nbval-ignore-output``. Where CIFAR-10 is neither on
disk nor arriving, the chapters run on the synthetic stand-in and only cells tagged ``nbval-check-output`` are compared.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from cifarcam.data.cifar import STAND_IN, cache_folder, cifar10, uses_stand_in
from cifarcam.data.fetch.download import is_there
from cifarcam.errors import CifarcamError
from tools.book.chapters import ROOT, notebook_paths
from tools.book.execute import quiet_kernels
from tools.limits import limit

SECONDS_A_CELL = 300  # on the machine of ``tools.limits``; nbval waits 2,000 for a kernel that has died


def why_stand_in() -> str | None:
    """Why the chapters cannot run on CIFAR-10; ``None`` where they can.

    Raises ``CifarcamError`` for what the user can put right: altered files, or ``CIFARCAM_DATA`` naming no folder.
    """
    if uses_stand_in():
        return f"CIFARCAM_DATA is {STAND_IN!r}"
    try:
        cifar10("test")
    except CifarcamError as error:
        if os.environ.get("CIFARCAM_DATA") or is_there(cache_folder()):
            raise
        return str(error)
    return None


def workers() -> int:
    """How many chapters run at once: one for each core, four at most."""
    return min(4, os.cpu_count() or 1)


def command(chapters: list[Path], strict: bool) -> list[str]:
    """The pytest command that validates chapters: every output (strict), or only the marked ones."""
    return [
        *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
        *("--nbval" if strict else "--nbval-lax", "--nbval-current-env"),
        f"--nbval-cell-timeout={limit(SECONDS_A_CELL):.0f}",
        *("-n", str(workers()), "--dist", "loadfile"),
        *(str(path.relative_to(ROOT)) for path in chapters),
    ]


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Execute chapters again and compare their outputs.")
    parser.add_argument("chapter", nargs="*", help="such as 07, grad-cam or results; all of them when left out")
    parser.add_argument("--data", action="store_true", help="only find or fetch CIFAR-10")
    chosen = parser.parse_args(arguments)
    try:
        reason = why_stand_in()
        chapters = [] if chosen.data else notebook_paths(chosen=chosen.chapter)
        if not (chosen.data or chapters):
            raise CifarcamError(f"{ROOT / 'book'} holds no chapter, so nothing was compared.")
    except CifarcamError as error:
        sys.exit(str(error))
    if reason:
        print("Chapters run on the synthetic stand-in, not on CIFAR-10:", " ".join(reason.split()), flush=True)
        os.environ["CIFARCAM_DATA"] = STAND_IN
    elif chosen.data:
        print("Chapters run on CIFAR-10.")
    if chapters:
        quiet_kernels()
        # Else the threads of one chapter wait for those of another.
        os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // workers())))
        sys.exit(subprocess.run(command(chapters, strict=reason is None), cwd=ROOT).returncode)


if __name__ == "__main__":
    main()
