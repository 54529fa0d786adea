"""Runs the tests marked ``numeric`` as other CPUs would compute them, and by one thread and by two.

``python -m tools.check_cpus``. oneDNN, MKL and OpenBLAS choose their code by the CPU they find; environment variables
make them take that of another one. A CPU cannot play one that can do more: such a setting is left out, and a line says
so.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

import torch

from tools.book.chapters import ROOT

SETTINGS = (
    {"ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"},
    {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE", "MKL_ENABLE_INSTRUCTIONS": "AVX512"},
    {"OPENBLAS_CORETYPE": "Haswell"},
    {"OPENBLAS_CORETYPE": "SkylakeX"},
    {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"},
)
NEED_AVX512 = ("AVX512_CORE", "SkylakeX")
BESIDE_EACH_OTHER = ["-n", "auto", "--maxprocesses", "4", "--dist", "loadfile"]  # one thread each, see conftest.py
COMMAND = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "numeric"]


def possible(setting: dict[str, str]) -> bool:
    """Whether this CPU can compute as the setting asks."""
    return torch.backends.cpu.get_cpu_capability() == "AVX512" or not set(setting.values()) & set(NEED_AVX512)


def main() -> None:
    failed = []
    for setting in SETTINGS:
        name = " ".join(f"{key}={value}" for key, value in setting.items())
        if not possible(setting):
            print(f"{name}: left out, this CPU has no AVX-512", flush=True)
            continue
        start = time.perf_counter()
        command = COMMAND if "OMP_NUM_THREADS" in setting else COMMAND + BESIDE_EACH_OTHER
        done = subprocess.run(command, cwd=ROOT, env=os.environ | setting)
        print(f"{name}: exit {done.returncode} after {time.perf_counter() - start:.0f} s", flush=True)
        failed += [name] if done.returncode else []
    sys.exit(f"The numeric tests fail under {'; '.join(failed)}." if failed else 0)


if __name__ == "__main__":
    main()
