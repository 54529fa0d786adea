"""One training run over several processes, as ``torchrun`` starts them.

Each process trains on its share of every batch, and PyTorch's DistributedDataParallel averages their gradients. Where
``torchrun`` has not started the program there is one process, and nothing here does anything.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from cifarcam.errors import CifarcamError
from cifarcam.hardware import training_device
from cifarcam.network.predictions import predict
from cifarcam.network.scores import Output

LONGEST_WAIT = timedelta(minutes=10)
"""For a process that does not answer: as long as the slowest may take to find its data and to compile."""


def process() -> int:
    """The number of this process, from 0."""
    return int(os.environ["RANK"]) if dist.is_torchelastic_launched() else 0


def processes() -> int:
    """How many processes train together."""
    return int(os.environ["WORLD_SIZE"]) if dist.is_torchelastic_launched() else 1


@contextmanager
def process_group() -> Iterator[torch.device]:
    """Inside the block the processes that ``torchrun`` started hear each other; gives this one's device.

    Without ``torchrun`` there is one process, and the block changes nothing.

    Raises:
        CifarcamError: for more processes on a machine than it has GPUs.

    Examples:
        >>> from cifarcam.training import process_group
        >>> with process_group() as device:
        ...     print(device.type in ("cpu", "cuda"))
        True
    """
    if processes() == 1:
        yield training_device()
        return
    device, local = training_device(), int(os.environ["LOCAL_RANK"])
    if device.type == "cuda":
        if local >= torch.cuda.device_count():
            raise CifarcamError(
                f"torchrun has started a process number {local} here, and there are {torch.cuda.device_count()} GPUs; "
                "give it an --nproc-per-node of as many at most."
            )
        device = torch.device("cuda", local)
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=LONGEST_WAIT)
    try:
        yield device
    finally:
        dist.destroy_process_group()


@contextmanager
def one_voice() -> Iterator[None]:
    """What is wrong in any process is raised in the first one; the others exit with status 1. All must come here."""
    error = None
    try:
        yield
    except CifarcamError as caught:
        error = caught
    if processes() == 1:
        if error is not None:
            raise error
        return
    if not dist.is_initialized():
        raise CifarcamError(
            f"torchrun has started {processes()} processes, and they do not hear each other yet; train inside "
            "`with process_group() as device:`."
        )
    told: list = [None] * processes()
    dist.all_gather_object(told, None if error is None else str(error))
    wrong = [f"process {number}: {text}" if number else text for number, text in enumerate(told) if text is not None]
    if wrong:
        raise SystemExit(1) if process() else CifarcamError(wrong[0]) from error


@contextmanager
def first_process_first() -> Iterator[None]:
    """What one process fetches or writes for all, the others find."""
    if processes() > 1 and process():
        dist.barrier()
    yield
    if processes() > 1 and not process():
        dist.barrier()


def check_alike(facts: Mapping[str, object]) -> None:
    """Checks that all processes train the same.

    Raises:
        CifarcamError: naming the first fact in which they differ.
    """
    told: list = [None] * processes()
    if processes() > 1:
        dist.all_gather_object(told, dict(facts))
        for name in facts:
            values = list(dict.fromkeys(str(each[name]) for each in told))
            if len(values) > 1:
                raise CifarcamError(
                    f"The processes differ in their {name}: {' and '.join(values)}. Start them all with one."
                )


def check_shares(count: int, batch_size: int) -> None:
    """Checks that every process has images in every batch.

    Args:
        count: of the training images.
        batch_size: images a step, of all processes together.

    Raises:
        CifarcamError: where it has not.
    """
    together = processes()
    if batch_size % together:
        raise CifarcamError(
            f"A batch of {batch_size} does not divide over {together} processes; choose a --batch-size that does."
        )
    left = count % batch_size
    if 0 < left < together:
        raise CifarcamError(
            f"The last batch of an epoch has {left} of {count} images, too few for {together} processes; choose "
            "another --batch-size."
        )


def share(values: Tensor, dim: int = 0) -> Tensor:
    """The part of a batch, along a dimension, that is this process's."""
    return values.tensor_split(processes(), dim)[process()]


def weight(share_size: int, size: int) -> float:
    """What the mean loss of a share counts in the mean over all processes, so that every image counts the same."""
    return share_size * processes() / size


def synchronised(model: nn.Module, device: torch.device) -> nn.Module:
    """The model with BatchNorm that takes its statistics from the batches of all processes together.

    Raises:
        CifarcamError: on a CPU, where PyTorch has no such BatchNorm.
    """
    if device.type != "cuda":
        raise CifarcamError("The recipe's sync_batchnorm is True; PyTorch has that on GPUs only. Leave it out here.")
    return nn.SyncBatchNorm.convert_sync_batchnorm(model)


def parallel(model: nn.Module, device: torch.device) -> nn.Module:
    """The model, which averages its gradients over the processes where there are several."""
    if processes() == 1:
        return model
    return DistributedDataParallel(model, device_ids=[device] if device.type == "cuda" else None)


def total(values: Tensor) -> Tensor:
    """The sum over the processes."""
    if processes() > 1:
        dist.all_reduce(values)
    return values


def take_buffers_of_first(model: nn.Module) -> None:
    """Gives BatchNorm's running statistics the values they have in the first process, which is what it saves."""
    if processes() > 1:
        for buffer in model.buffers():
            dist.broadcast(buffer, 0)


def predict_together(model: nn.Module, images: np.ndarray, precision: str, output: Output = None) -> Tensor:
    """The logits of all images, as ``predict`` gives them, each image computed by one process."""
    if processes() == 1:
        return predict(model, images, precision=precision, output=output)
    parts: list = [None] * processes()
    part = np.array_split(images, processes())[process()]
    found = predict(model, part, precision=precision, output=output) if len(part) else None
    dist.all_gather_object(parts, found)
    return torch.cat([logits for logits in parts if logits is not None])
