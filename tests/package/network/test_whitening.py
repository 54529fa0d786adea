"""A whitened stem gives uncorrelated outputs of variance 1, twice, with both signs."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from cifarcam.data import normalize, synthetic_cifar10
from cifarcam.network import ResNet18, whiten
from cifarcam.network.whitening import EPSILON
from cifarcam.training.recipes import Recipe
from cifarcam.training.state import TrainingState

pytestmark = pytest.mark.numeric


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    random = np.random.default_rng(0)
    smooth = synthetic_cifar10("train").images[:600].astype(int)
    return np.clip(smooth + random.integers(-20, 20, smooth.shape), 0, 255).astype(np.uint8)


def test_outputs_are_uncorrelated_and_of_one_size(images: np.ndarray) -> None:
    stem = ResNet18(width=64).conv1
    kept = stem.weight[54:].clone()
    whiten(stem, images)
    outputs = F.conv2d(normalize(images), stem.weight).transpose(0, 1).flatten(1).double()
    moments = (outputs @ outputs.T / outputs.shape[1])[:27, :27].detach().numpy()
    # v/√(λ+ε) gives λ/(λ+ε), a little below 1 where a direction hardly varies
    off = moments - np.diag(np.diag(moments))
    assert abs(off).max() < 1e-3 and (np.diag(moments) <= 1 + 1e-4).all() and np.diag(moments)[0] > 0.999
    np.testing.assert_allclose(stem.weight[:27].detach(), -stem.weight[27:54].detach())
    assert torch.equal(stem.weight[54:], kept)
    norms = stem.weight[:27].flatten(1).norm(dim=1)
    assert (norms.diff() >= -1e-4).all()  # the directions that vary most come first, and are scaled least
    assert norms.max() <= EPSILON**-0.5


def test_a_narrow_stem_gets_the_directions_that_vary_most(images: np.ndarray) -> None:
    wide, narrow = ResNet18(width=64).conv1, ResNet18(width=9).conv1
    ninth = narrow.weight[8].clone()
    whiten(wide, images)
    whiten(narrow, images)
    torch.testing.assert_close(narrow.weight[:8], torch.cat([wide.weight[:4], -wide.weight[:4]]))
    assert torch.equal(narrow.weight[8], ninth)


def test_a_run_begins_with_it_where_its_recipe_says_so() -> None:
    train = synthetic_cifar10("train").first(40)
    state, plain = (
        TrainingState(Recipe("tiny", width=9, whitened_stem=white), train, torch.device("cpu"))
        for white in (True, False)
    )
    named = {
        name: torch.equal(value, plain.model.state_dict()[name]) for name, value in state.model.state_dict().items()
    }
    assert [name for name, same in named.items() if not same] == ["conv1.weight"]
