"""Convolutions that may hang are not used for narrow networks, and for no others."""

from __future__ import annotations

import pytest
import torch

from cifarcam.hardware import convolutions_that_return
from cifarcam.model_state import left_as_found
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


def test_onednn_that_is_off_stays_off() -> None:
    with torch.backends.mkldnn.flags(enabled=False), convolutions_that_return(ResNet18(width=8)):
        assert torch.backends.mkldnn.enabled is False
