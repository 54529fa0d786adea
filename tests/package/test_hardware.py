"""What is set for a while in PyTorch's backends: which convolutions are used, and how exact they are."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import torch
from torch import nn

from cifarcam.hardware import onednn_workaround, settings
from cifarcam.network.resnet import ResNet18
from cifarcam.network.restore import exact_float32, restored
from tools.limits import limit


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (ResNet18(width=1), False),
        (ResNet18(width=8), False),
        (ResNet18(width=15), False),
        (ResNet18(width=16), True),
        (nn.Conv2d(8, 16, 1), True),
        (nn.Conv2d(8, 16, 3, stride=2), True),
        (nn.Conv2d(15, 16, 1, stride=(1, 2)), False),
    ],
)
def test_onednn_is_off_where_a_strided_1x1_convolution_has_few_channels(model: nn.Module, expected: bool) -> None:
    with torch.backends.mkldnn.flags(enabled=True):
        for lent in (onednn_workaround, restored):
            with lent(model):
                assert torch.backends.mkldnn.enabled is expected
            assert torch.backends.mkldnn.enabled is True


TRAINED = """
import sys
import numpy as np
import torch
from cifarcam.data import Split
from cifarcam.network import ResNet18
from cifarcam.training import Batches, Recipe, fit, make_optimizer, range_test

torch.set_num_threads(1)
side, *widths = map(int, sys.argv[1:])
split = Split(np.random.default_rng(0).integers(0, 256, (33, side, side, 3), dtype=np.uint8), np.arange(33) % 10)
for width in widths:
    recipe = Recipe(name="narrow", width=width, epochs=1, batch_size=11, precision="float32")
    fit(recipe, split, split, device="cpu")
    net = ResNet18(width).to(memory_format=torch.channels_last)
    range_test(net, make_optimizer(net, recipe), Batches(split, recipe), steps=2)
"""


@pytest.mark.parametrize(("isa", "side"), [("AVX2", 32), ("ALL", 32), ("ALL", 64)])  # where it hangs, where it crashes
def test_narrow_networks_are_trained_on_any_cpu(isa: str, side: int) -> None:
    environment = os.environ | {"ONEDNN_MAX_CPU_ISA": isa}
    words = [sys.executable, "-c", TRAINED, str(side), *map(str, (2, 8, 9, 15))]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=limit(120))
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not hasattr(torch.backends.cudnn, "conv"), reason="PyTorch 2.9 has brought these switches")
@pytest.mark.parametrize(("conv", "rnn"), [("ieee", "tf32"), ("tf32", "tf32"), ("tf32", "ieee")])
def test_convolutions_are_exact_inside_and_as_the_user_wants_them_outside(conv: str, rnn: str) -> None:
    cudnn = torch.backends.cudnn
    with settings((cudnn.conv, "fp32_precision", conv), (cudnn.rnn, "fp32_precision", rnn)):
        with settings((cudnn, "deterministic", True)):
            with exact_float32():
                assert cudnn.conv.fp32_precision == "ieee" and cudnn.deterministic
            assert cudnn.deterministic
        assert (cudnn.conv.fp32_precision, cudnn.rnn.fp32_precision) == (conv, rnn)


@pytest.mark.skipif(not hasattr(torch.backends.cudnn, "conv"), reason="PyTorch 2.9 has brought these switches")
def test_so_they_are_where_a_general_switch_allows_less() -> None:
    with settings((torch.backends, "fp32_precision", "tf32")), exact_float32():
        assert torch.backends.cudnn.conv.fp32_precision == "ieee"


@pytest.mark.parametrize("allowed", [True, False])
def test_so_they_are_by_the_older_switch(allowed: bool) -> None:
    cudnn = torch.backends.cudnn
    with settings((cudnn, "allow_tf32", allowed)):
        with exact_float32():
            assert cudnn.allow_tf32 is False
        assert cudnn.allow_tf32 is allowed


def test_settings_are_put_back_after_an_error() -> None:
    cudnn = torch.backends.cudnn
    before = cudnn.benchmark
    with pytest.raises(ZeroDivisionError), settings((cudnn, "benchmark", not before)):
        assert cudnn.benchmark is not before
        raise ZeroDivisionError
    assert cudnn.benchmark is before


def test_onednn_that_is_off_stays_off() -> None:
    with torch.backends.mkldnn.flags(enabled=False), onednn_workaround(ResNet18(width=8)):
        assert torch.backends.mkldnn.enabled is False
