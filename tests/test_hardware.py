"""What is set for a while in PyTorch's backends: which convolutions are used, and how exact they are."""

from __future__ import annotations

import pytest
import torch

from cifarcam.hardware import convolutions_that_return, settings
from cifarcam.model_state import exact_float32, left_as_found
from cifarcam.resnet import ResNet18


@pytest.mark.parametrize(
    ("capability", "width", "expected"),
    [("AVX2", 4, False), ("AVX2", 7, False), ("AVX2", 8, True), ("AVX512", 4, True), ("DEFAULT", 4, False)],
)
def test_onednn_is_off_for_narrow_networks_without_avx512(
    capability: str, width: int, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    model = ResNet18(width=width)
    with torch.backends.mkldnn.flags(enabled=True):
        for lent in (convolutions_that_return, left_as_found):
            with lent(model):
                assert torch.backends.mkldnn.enabled is expected
            assert torch.backends.mkldnn.enabled is True


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
    with torch.backends.mkldnn.flags(enabled=False), convolutions_that_return(ResNet18(width=8)):
        assert torch.backends.mkldnn.enabled is False
