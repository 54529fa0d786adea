"""Context managers that change a model's modes, number format or gradients and restore them after their block."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from itertools import chain

import torch
from torch import nn

from cifarcam.errors import CifarcamError
from cifarcam.hardware import onednn_workaround, settings

ONE_THREAD = threading.RLock()
"""Held by who changes the modes of a network or takes a step of training; networks may share parts, so one for all."""


@contextmanager
def modes_restored(model: nn.Module) -> Iterator[None]:
    """Restores the train or eval mode of every part of the model after the block, which one thread enters at a time."""
    with ONE_THREAD:
        modes = [(module, module.training) for module in model.modules()]
        try:
            yield
        finally:
            for module, training in modes:
                module.training = training


@contextmanager
def restored(model: nn.Module) -> Iterator[None]:
    """The model in eval mode and float32 with frozen parameters, gradients enabled, autocast off, inside the block.

    After it, modes, number formats, ``requires_grad`` and gradients are as before.
    """
    device_type = device_of(model).type
    with modes_restored(model), torch.inference_mode(False), torch.enable_grad(), exact_float32():
        parameters = [(parameter, parameter.requires_grad, parameter.grad) for parameter in model.parameters()]
        if any(parameter.is_inference() for parameter, _, _ in parameters):
            raise CifarcamError(
                "The network was made inside torch.inference_mode(), so nothing can have gradients. Make it outside."
            )
        try:
            model.eval()
            for parameter, _, _ in parameters:
                parameter.requires_grad_(False)
                parameter.grad = None
            with _eagerly(), torch.autocast(device_type, enabled=False), in_float32(model), onednn_workaround(model):
                yield
        finally:
            for parameter, requires_grad, grad in parameters:
                parameter.requires_grad_(requires_grad)
                parameter.grad = grad


def _eagerly() -> AbstractContextManager:
    """Inside the block nothing runs compiled, because compiled code does not see hooks."""
    # To import what compiles takes seconds.
    return torch.compiler.set_stance("force_eager") if "torch._dynamo" in sys.modules else nullcontext()


def device_of(model: nn.Module) -> torch.device:
    """Where the model's first parameter or buffer is; the CPU for one that has neither."""
    return next(chain(model.parameters(), model.buffers()), torch.empty(0)).device


@contextmanager
def in_float32(model: nn.Module) -> Iterator[None]:
    """Converts weights of another float type to float32 inside the block; after it they are the tensors they were."""
    tensors = [*model.parameters(), *model.buffers()]
    others = [
        (tensor, tensor.data) for tensor in tensors if tensor.is_floating_point() and tensor.dtype != torch.float32
    ]
    try:
        for tensor, data in others:
            tensor.data = data.float()
        yield
    finally:
        for tensor, data in others:
            tensor.data = data


@contextmanager
def exact_float32() -> Iterator[None]:
    """Turns TF32 off for convolutions inside the block, so that they keep all bits of float32; TF32 keeps 10.

    Matrix products keep them anyway, unless ``torch.set_float32_matmul_precision`` says otherwise.
    """
    cudnn, exact = torch.backends.cudnn, []
    with suppress(RuntimeError):  # it cannot be read beside the switches of PyTorch 2.9, where these are in use
        _ = cudnn.allow_tf32
        exact.append((cudnn, "allow_tf32", False))
    if hasattr(cudnn, "conv"):  # the older switch alone lets convolutions follow a general one
        exact.append((cudnn.conv, "fp32_precision", "ieee"))
    with settings(*exact):
        yield
