"""The training device (GPU or CPU), and the floating-point precision that is fastest on it."""

from __future__ import annotations

import os
import platform
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import torch
from torch import nn

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
VOLTA, AMPERE = (7, 0), (8, 0)  # compute capability
# Of a GradScaler for float16: PyTorch's own 65,536 overflows in the first steps, which are then skipped.
FIRST_SCALE = 1024.0
FEWEST_CHANNELS = 16  # that a strided 1×1 convolution of oneDNN takes safely: the numbers in a register of AVX-512


def training_device() -> torch.device:
    """The first CUDA GPU where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def fastest_precision(device: torch.device) -> str:
    """``"bfloat16"`` where the hardware multiplies it natively; else ``"float16"`` on a GPU, ``"float32"`` on a CPU.

    A GPU before Ampere (Colab's T4) emulates bfloat16 and has tensor cores for float16 from Volta on. A CPU without
    AVX512-BF16 or AMX is slower with bfloat16 than without.
    """
    if device.type == "cuda":
        capability = torch.cuda.get_device_capability(device)
        return "bfloat16" if capability >= AMPERE else "float16" if capability >= VOLTA else "float32"
    native = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return "bfloat16" if native else "float32"


def autocast(device: torch.device, precision: str) -> dict:
    """The arguments of ``torch.autocast`` for one of ``PRECISIONS``; off for float32."""
    return {"device_type": device.type, "dtype": PRECISIONS[precision], "enabled": precision != "float32"}


_values: dict[tuple[int, str], list] = {}  # of each changed setting: the first value, and one for each block inside
_changing = threading.RLock()


@contextmanager
def settings(*changes: tuple[object, str, object]) -> Iterator[None]:
    """Sets attributes of objects, each given as owner, name and value, inside the block, and restores them after it.

    They are the whole process's. Where threads are in such blocks at once, the value is that of the last to enter of
    those still inside.
    """
    with ExitStack() as stack:
        for change in changes:
            stack.enter_context(_setting(*change))
        yield


@contextmanager
def _setting(owner: object, name: str, value: object) -> Iterator[None]:
    entry = [value]  # a list is itself alone, whatever it holds
    with _changing:
        values = _values.setdefault((id(owner), name), [[getattr(owner, name)]])
        values.append(entry)
    try:
        with _changing:
            setattr(owner, name, value)
        yield
    finally:
        with _changing:
            values[:] = [each for each in values if each is not entry]
            setattr(owner, name, values[-1][0])
            if len(values) == 1:
                del _values[id(owner), name]


@contextmanager
def onednn_workaround(model: nn.Module) -> Iterator[None]:
    """Turns oneDNN off inside the block for models whose convolutions crash in its backward pass, or never return.

    That is, on any CPU, in a model with a 1×1 convolution of stride 2 or more and at most 15 input channels, such as a
    shortcut of a ``ResNet18`` of width 15: oneDNN writes beyond the gradient of its weights. PyTorch's own convolutions
    are used there instead. Any other model, and what comes after the block, computes as before.
    """
    narrow = any(
        isinstance(part, nn.Conv2d)
        and part.kernel_size == (1, 1)
        and max(part.stride) > 1
        and part.in_channels < FEWEST_CHANNELS
        for part in model.modules()
    )
    with settings(*[(torch.backends.mkldnn, "enabled", False)] if narrow else []):
        yield


def describe(device: torch.device) -> str:
    """The hardware in one line: the GPU's name, or the CPU's with the number of cores PyTorch uses."""
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
