"""Networks of one's own are trained as they come: whatever they return, whatever their float type."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from cifarcam.data.split import Split
from cifarcam.errors import CifarcamError
from cifarcam.network.resnet import ResNet18
from cifarcam.training.loop import fit
from cifarcam.training.recipes import Recipe

pytestmark = pytest.mark.numeric
TINY = Recipe("tiny", epochs=1, batch_size=8, augmentation="batched", precision="float32")


@pytest.fixture
def split() -> Split:
    random = np.random.default_rng(0)
    return Split(random.integers(0, 256, (16, 32, 32, 3), dtype=np.uint8), random.integers(0, 2, 16))


def seeded(**options: object) -> ResNet18:
    torch.manual_seed(0)
    return ResNet18(width=9, **options)


class Training(nn.Module):
    """It returns a tuple in training and a tensor when it is tested, as GoogLeNet does."""

    def __init__(self) -> None:
        super().__init__()
        self.net = seeded()

    def forward(self, x: Tensor) -> object:
        logits = self.net(x)
        return (logits, logits) if self.training else logits


def test_a_network_that_returns_something_else_in_training_trains_by_a_function(split: Split) -> None:
    own = Training()
    fit(TINY, split, split, model=own, output=lambda returned: returned[0] if isinstance(returned, tuple) else returned)
    plain = fit(TINY, split, split, model=seeded())
    for a, b in zip(own.parameters(), plain.model.parameters(), strict=True):
        torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-3)
    with pytest.raises(CifarcamError, match="a tuple of 2 parts.*output=0"):
        fit(TINY, split, split, model=Training())


def test_one_logit_is_trained_for_two_classes(split: Split) -> None:
    one = seeded(num_classes=1)
    x = torch.randn(8, 3, 32, 32)
    before = one.eval()(x)
    fitted = fit(TINY.replace(lr=1e-12, augmentation="batched"), split, split, model=one)
    torch.testing.assert_close(before, one(x), atol=0.5, rtol=0.5)  # BatchNorm's statistics have changed, no weight
    assert 0.3 < fitted.history[0]["train_loss"] < 1.5  # about ln 2


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_a_network_of_another_float_type_trains_in_float32(split: Split, dtype: torch.dtype) -> None:
    fitted = fit(TINY, split, split, model=seeded().to(dtype))
    assert next(fitted.model.parameters()).dtype == torch.float32 and np.isfinite(fitted.history[0]["train_loss"])


@pytest.mark.parametrize("wrap", [torch.compile, nn.DataParallel])
def test_the_network_in_a_wrapper_is_trained(split: Split, wrap: Callable) -> None:
    fitted = fit(TINY, split, split, model=wrap(seeded()))
    assert isinstance(fitted.model, ResNet18)


def test_a_last_batch_of_one_image_is_refused_where_batchnorm_cannot_take_it(split: Split) -> None:
    def own() -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.Linear(3072, 8), nn.BatchNorm1d(8), nn.Linear(8, 2))

    model = own()
    before = [value.clone() for value in model.state_dict().values()]
    with pytest.raises(
        CifarcamError, match="The last batch of an epoch has 1 image, of 16, .*Choose another batch_size"
    ):
        fit(TINY.replace(batch_size=5), split, split, model=model)
    assert all(torch.equal(a, b) for a, b in zip(before, model.state_dict().values(), strict=True))
    fit(TINY.replace(batch_size=5), split, split, model=seeded())  # its last maps have 16 places, enough for BatchNorm
    fit(TINY, split, split, model=own())


def test_a_lazy_network_trains(split: Split) -> None:
    model = nn.Sequential(nn.LazyConv2d(8, 3, 4), nn.ReLU(), nn.Flatten(), nn.LazyLinear(2))
    fit(TINY, split, split, model=model)
    assert model[0].weight.requires_grad
