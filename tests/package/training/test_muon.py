"""Muon orthogonalises the steps of filters as PyTorch's own does those of matrices, and leaves the rest to SGD."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from cifarcam.network.resnet import ResNet18
from cifarcam.training.muon import Muon, orthogonalised
from cifarcam.training.optimizers import make_optimizer, make_schedule
from cifarcam.training.recipes import Recipe

pytestmark = pytest.mark.numeric

RECIPE = Recipe("tiny", optimizer="muon", lr=0.1, muon_lr=0.05, bias_lr_factor=4.0, weight_decay=1e-3, nesterov=True)


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("shape", [(8, 36), (36, 8), (16, 16)])
def test_singular_values_come_near_1_and_singular_vectors_stay(shape: tuple[int, int]) -> None:
    matrix = random(1, *shape)[0]
    found = orthogonalised(matrix[None], iterations=5)[0].double()
    u, s, vh = torch.linalg.svd(matrix.double(), full_matrices=False)
    inner = u.T @ found @ vh.T
    well = (s / s.norm() > 0.02).numpy()  # the smallest need more iterations
    np.testing.assert_allclose(inner.numpy(), np.diag(np.diag(inner)), atol=1e-4)
    assert ((np.diag(inner) > 0.6) & (np.diag(inner) < 1.3))[well].all() and well.sum() >= len(s) - 2


def test_several_matrices_are_each_orthogonalised_alone() -> None:
    both = torch.stack([random(4, 9), 1e3 * random(4, 9, seed=1)])
    alone = torch.cat([orthogonalised(each[None]) for each in both])
    torch.testing.assert_close(orthogonalised(both), alone)
    assert not orthogonalised(torch.zeros(1, 4, 9)).any()


@pytest.mark.skipif(not hasattr(torch.optim, "Muon"), reason="PyTorch has Muon from 2.9 on")
def test_its_steps_are_those_of_pytorchs_muon() -> None:
    ours, theirs = (torch.nn.Parameter(random(8, 4, 3, 3)) for _ in range(2))
    theirs = torch.nn.Parameter(theirs.detach().flatten(1))
    group = {"params": [ours], "muon_momentum": 0.6, "momentum": 0.0, "nesterov": False}
    optimizer = Muon([group], lr=0.05)
    library = torch.optim.Muon([theirs], lr=0.05, weight_decay=0.0, momentum=0.6, ns_steps=3)
    for step in range(4):
        gradient = random(8, 36, seed=step)
        ours.grad, theirs.grad = gradient.view(8, 4, 3, 3).clone(), gradient.clone()
        with torch.no_grad():  # theirs leaves the norm alone
            theirs.mul_(8**0.5 / theirs.norm())
        optimizer.step()
        library.step()
        # theirs computes in bfloat16, whose numbers have 8 bits: three iterations of products, each off by 2^-8 of 1
        torch.testing.assert_close(ours.flatten(1), theirs, rtol=0, atol=0.05 * 10 * 2**-8)


def test_what_is_no_filter_takes_sgds_steps() -> None:
    ours, theirs = (torch.nn.Parameter(random(5)) for _ in range(2))
    settings = {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 1e-3}
    optimizers = Muon([{"params": [ours]}], **settings), torch.optim.SGD([theirs], **settings)
    for step in range(3):
        for parameter, optimizer in zip((ours, theirs), optimizers, strict=True):
            parameter.grad = random(5, seed=step)
            optimizer.step()
    assert torch.equal(ours, theirs)


def test_groups_hold_every_parameter_once_and_filters_are_those_behind_the_stem() -> None:
    model = ResNet18(width=9)
    optimizer = make_optimizer(model, RECIPE)
    assert isinstance(optimizer, Muon)
    decayed, free, biases, filters = (group["params"] for group in optimizer.param_groups)
    together = [*decayed, *free, *biases, *filters]
    assert sorted(map(id, together)) == sorted(map(id, model.parameters()))
    assert [id(each) for each in decayed] == [id(model.conv1.weight), id(model.linear.weight)]
    assert any(each is model.linear.bias for each in free)
    assert all(parameter.ndim == 4 for parameter in filters) and all(parameter.ndim == 1 for parameter in biases)
    rates = [group["lr"] for group in optimizer.param_groups]
    assert rates == [0.1, 0.1, 0.4, 0.05]
    assert [group["weight_decay"] for group in optimizer.param_groups] == [1e-3, 0, 0, 0]


def test_groups_are_the_same_with_batchnorm_over_all_processes() -> None:
    model = ResNet18(width=9)
    groups, synchronised = (
        make_optimizer(each, RECIPE).param_groups
        for each in (model, torch.nn.SyncBatchNorm.convert_sync_batchnorm(ResNet18(width=9)))
    )
    assert [len(group["params"]) for group in groups] == [len(group["params"]) for group in synchronised]


def test_weights_that_two_layers_share_are_stepped_once_and_the_stem_is_the_first_convolution() -> None:
    head, first, second, third = torch.nn.Linear(3, 3), *(torch.nn.Conv2d(3, 3, 3) for _ in range(3))
    third.weight = second.weight
    *_, filters = make_optimizer(torch.nn.Sequential(head, first, second, third), RECIPE).param_groups
    assert len(filters["params"]) == 1 and filters["params"][0] is second.weight


def test_biases_with_a_rate_of_their_own_decay_where_all_does() -> None:
    optimizer = make_optimizer(ResNet18(width=9), RECIPE.replace(weight_decay_on="all"))
    assert [group["weight_decay"] for group in optimizer.param_groups] == [1e-3, 1e-3, 0]


@pytest.mark.parametrize("schedule", ["step", "one_cycle", "constant"])
def test_all_groups_rise_and_fall_together(schedule: str) -> None:
    recipe = RECIPE.replace(schedule=schedule, epochs=4, step_epochs=1)
    optimizer = make_optimizer(ResNet18(width=9), recipe)
    rates = make_schedule(optimizer, recipe, steps_per_epoch=5)
    seen = []
    for _ in range(19):
        seen.append(rates.get_last_lr())
        optimizer.step()
        rates.step()
    first, *others = np.array(seen).T
    for rate, factor in zip(others, (1, 4, 0.5), strict=True):
        np.testing.assert_allclose(rate, factor * first)


def test_a_state_that_was_saved_goes_on_alike() -> None:
    def stepped(optimizer: Muon, model: ResNet18, seed: int) -> None:
        for parameter in model.parameters():
            parameter.grad = torch.randn(parameter.shape, generator=torch.Generator().manual_seed(seed))
        optimizer.step()

    model, other = ResNet18(width=9), ResNet18(width=9)
    optimizer, second = make_optimizer(model, RECIPE), make_optimizer(other, RECIPE)
    stepped(optimizer, model, 0)
    other.load_state_dict(model.state_dict())
    second.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    stepped(optimizer, model, 1)
    stepped(second, other, 1)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), other.parameters(), strict=True))
