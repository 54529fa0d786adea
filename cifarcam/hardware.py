"""What the program runs on, and the number format that runs fastest there."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import torch


def training_device() -> torch.device:
    """The first CUDA GPU where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def fastest_precision(device: torch.device) -> str:
    """``"bfloat16"`` where the hardware multiplies it natively, else ``"float32"``.

    A GPU before Ampere emulates bfloat16, and a CPU without AVX512-BF16 or AMX is slower with it than without.
    """
    if device.type == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        native = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return "bfloat16" if native else "float32"


def describe(device: torch.device) -> str:
    """One line for a record: the GPU's name, or the CPU's with the number of cores PyTorch uses."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{_cpu_name()}, {torch.get_num_threads()} of {os.cpu_count()} cores"


def _cpu_name() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
