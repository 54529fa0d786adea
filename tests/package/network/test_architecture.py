"""The counts of chapter 2, against counts made in another way."""

from __future__ import annotations

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from cifarcam.network.architecture import receptive_fields, stage_table
from cifarcam.network.resnet import ResNet18, stages

pytestmark = pytest.mark.numeric


def test_parameters_add_up_to_the_published_network() -> None:
    assert stage_table(ResNet18())["parameters"].sum() == 11_173_962


@pytest.mark.parametrize("side", [32, 48])
def test_multiplications_are_half_of_what_pytorch_counts_in_operations(side: int) -> None:
    net = ResNet18(width=8).eval()
    with FlopCounterMode(display=False) as counter:
        net(torch.zeros(1, 3, side, side))
    assert 2 * stage_table(net, side)["multiplications"].sum() == counter.get_total_flops()


def test_receptive_fields_are_those_that_gradients_reach() -> None:
    net = ResNet18(width=2).double().eval()
    for parameter in net.parameters():  # only positive weights, so that no path cancels or dies in a ReLU
        torch.nn.init.uniform_(parameter, 0.5, 1.0)
    side = 160
    for name, field in receptive_fields(net).items():
        kept = {}
        handle = stages(net)[name].register_forward_hook(
            lambda module, inputs, output, kept=kept: kept.update(a=output)
        )
        x = torch.ones(1, 3, side, side, dtype=torch.double, requires_grad=True)
        net(x)
        handle.remove()
        middle = kept["a"].shape[-1] // 2
        (gradient,) = torch.autograd.grad(kept["a"][0, 0, middle, middle], x)
        reached = (gradient[0].abs().sum(0) > 0).any(0).nonzero().flatten()
        assert int(reached.max() - reached.min()) + 1 == field, name


def test_the_table_leaves_the_network_as_it_was() -> None:
    net = ResNet18(width=4).train()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    stage_table(net)
    assert net.training and all(torch.equal(before[name], value) for name, value in net.state_dict().items())
    assert not any(module._forward_hooks for module in net.modules())
