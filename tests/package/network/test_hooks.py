"""Passes through a model, counted."""

from __future__ import annotations

import pytest
import torch
from known import as_if_trained

from cifarcam.data.synthetic import synthetic_cifar10
from cifarcam.hardware import onednn_workaround
from cifarcam.maps.cam import stage_maps
from cifarcam.maps.methods import METHODS
from cifarcam.network.hooks import Passes, pass_counter

WIDTH, CHANNELS = 2, 2 + 2 + 4 + 8 + 16  # of the five stages at this width
# Forward passes an image beside its first; of another method that tries channels out we know only that there are some.
COSTS = {"Score-CAM": CHANNELS, "Ablation-CAM": CHANNELS + 5}  # Ablation-CAM asks for the logits at each stage anew


def test_images_are_counted_both_ways_and_no_hook_stays() -> None:
    net = as_if_trained(WIDTH)
    with pass_counter(net) as passes, onednn_workaround(net):
        net(torch.zeros(3, 3, 32, 32)).sum().backward()
        with torch.no_grad():
            net(torch.zeros(2, 3, 32, 32))
    net(torch.zeros(1, 3, 32, 32))
    assert passes == Passes(forward=5, backward=3) and not net._forward_hooks


@pytest.mark.parametrize("name", METHODS)
def test_what_two_images_more_cost(name: str) -> None:
    net, images = as_if_trained(WIDTH), synthetic_cifar10("test").images[:3]
    counts = []
    for count in (1, 3):
        with pass_counter(net) as passes:
            stage_maps(net, images[:count], method=name)
        counts.append(passes)
    forward, backward = counts[1].forward - counts[0].forward, counts[1].backward - counts[0].backward
    assert backward == (2 if METHODS[name].weights else 0)
    if name in COSTS:
        assert forward == 2 * (1 + COSTS[name])
    else:
        assert forward > 2 if METHODS[name].trial_weights else forward == 2
