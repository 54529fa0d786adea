"""The range test restores what it ruins, and its rules find what they are defined to find."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.optim import LBFGS, SGD
from torch.utils.data import DataLoader, TensorDataset

from cifarcam.data.split import Split
from cifarcam.errors import CifarcamError
from cifarcam.network.resnet import ResNet18
from cifarcam.training.batches import Batches
from cifarcam.training.lr_finder import RangeTest, range_test
from cifarcam.training.optimizers import make_optimizer
from cifarcam.training.recipes import ONE_CYCLE, Recipe

pytestmark = pytest.mark.numeric

RECIPE = Recipe(name="tiny", batch_size=16, augmentation="batched", lr=0.05, momentum=0.9, dropout=0.3)


@pytest.fixture
def batches() -> Batches:
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (64, 32, 32, 3), dtype=np.uint8)
    return Batches(Split(images, random.integers(0, 10, 64)), RECIPE)


@pytest.mark.parametrize("training", [True, False])
def test_model_optimizer_and_random_state_are_restored(batches: Batches, training: bool) -> None:
    net = ResNet18(width=4, dropout=0.3).train(training)
    optimizer = make_optimizer(net, RECIPE)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    random_state = torch.get_rng_state()
    curve = range_test(net, optimizer, batches, steps=20, end_lr=1.0)
    assert len(curve.lr) == 20 and not curve.diverged
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())
    assert all(group["lr"] == RECIPE.lr for group in optimizer.param_groups)
    assert not optimizer.state and all(parameter.grad is None for parameter in net.parameters())
    assert net.training is training and torch.equal(random_state, torch.get_rng_state())


def test_rates_rise_by_one_factor_from_start_to_end(batches: Batches) -> None:
    net = ResNet18(width=4)
    curve = range_test(net, make_optimizer(net, RECIPE), batches, steps=20, start_lr=1e-3, end_lr=0.1)
    assert curve.lr[0] == pytest.approx(1e-3, rel=0.3) and curve.lr[-1] == pytest.approx(0.1, rel=0.3)
    factors = curve.lr[1:] / curve.lr[:-1]
    np.testing.assert_allclose(factors, factors[0], rtol=1e-6)


def test_groups_with_rates_of_their_own_keep_their_ratio(batches: Batches) -> None:
    net = ResNet18(width=4)
    optimizer = make_optimizer(net, RECIPE.replace(optimizer="muon", muon_lr=0.1, bias_lr_factor=4.0))
    before, taken = [group["lr"] for group in optimizer.param_groups], []
    optimizer.register_step_post_hook(lambda *_: taken.append([group["lr"] for group in optimizer.param_groups]))
    range_test(net, optimizer, batches, steps=4)
    rates = np.array(taken)
    np.testing.assert_allclose(rates / rates[:, :1], [[1, 1, 4, 2]] * 4)
    assert [group["lr"] for group in optimizer.param_groups] == before


def test_a_restored_network_gives_the_same_curve_again(batches: Batches) -> None:
    net = ResNet18(width=4)
    optimizer = make_optimizer(net, RECIPE)
    first, second = (range_test(net, optimizer, batches, steps=5) for _ in range(2))
    np.testing.assert_array_equal(first.loss, second.loss)


def test_it_works_with_an_albumentations_recipe(batches: Batches) -> None:
    recipe = ONE_CYCLE.replace(batch_size=16, workers=0)
    net = ResNet18(width=4)
    assert len(range_test(net, make_optimizer(net, recipe), Batches(batches.train, recipe), steps=6).lr) == 6


def test_a_loss_that_is_not_finite_is_an_error_and_the_model_is_restored(batches: Batches) -> None:
    net = ResNet18(width=4)
    with torch.no_grad():
        net.linear.bias.fill_(float("nan"))
    with pytest.raises(CifarcamError, match="not finite"):
        range_test(net, make_optimizer(net, RECIPE), batches, steps=5)
    assert net.linear.bias.isnan().all() and net.linear.weight.isfinite().all()


@pytest.mark.parametrize("settings", [{"steps": 1}, {"start_lr": 0.0}, {"start_lr": 1.0, "end_lr": 0.1}])
def test_impossible_settings_are_refused(batches: Batches, settings: dict) -> None:
    net = ResNet18(width=4)
    with pytest.raises(CifarcamError, match="expected 2 steps"):
        range_test(net, make_optimizer(net, RECIPE), batches, **settings)


def test_the_loss_is_the_recipes(batches: Batches) -> None:
    smoothed = Batches(batches.train, batches.recipe.replace(label_smoothing=0.3))
    first = []
    for each in (batches, smoothed):
        torch.manual_seed(0)
        model = ResNet18(width=16)
        first.append(range_test(model, SGD(model.parameters(), lr=0.1), each, steps=2).loss[0])
    x, y = next(smoothed.epoch(0))
    torch.manual_seed(0)
    logits = ResNet18(width=16)(x)
    assert first == pytest.approx([F.cross_entropy(logits, y, label_smoothing=s).item() for s in (0, 0.3)], rel=1e-5)


def test_an_unknown_precision_is_refused(batches: Batches) -> None:
    model = ResNet18(width=16)
    with pytest.raises(CifarcamError, match="precision is 'auto'; expected one of float32"):
        range_test(model, SGD(model.parameters(), lr=0.1), batches, precision="auto")


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_half_precision_gives_nearly_the_same_curve(batches: Batches, precision: str) -> None:
    net = ResNet18(width=4)
    optimizer = make_optimizer(net, RECIPE)
    exact, rough = (range_test(net, optimizer, batches, steps=8, precision=p) for p in ("float32", precision))
    assert not np.array_equal(exact.loss, rough.loss)
    np.testing.assert_allclose(exact.loss, rough.loss, rtol=0.05)


def test_an_optimizer_with_a_schedule_is_refused(batches: Batches) -> None:
    net = ResNet18(width=4)
    optimizer = make_optimizer(net, RECIPE)
    torch.optim.lr_scheduler.StepLR(optimizer, 1)
    with pytest.raises(CifarcamError, match="has a schedule already"):
        range_test(net, optimizer, batches)


def made_up_curve() -> RangeTest:
    """Flat for 20 points, down for 40 (steepest at the 40th), then up."""
    position = np.arange(80)
    loss = 2.0 - 1.0 / (1 + np.exp(-(position - 40) / 4)) + np.where(position > 60, 0.1 * (position - 60), 0)
    return RangeTest(10.0 ** (position / 16 - 4), loss, diverged=True)


def test_the_rules_on_a_curve_made_up_for_them() -> None:
    curve = made_up_curve()
    assert curve.steepest() == pytest.approx(curve.lr[40])
    assert curve.minimum_tenth() == pytest.approx(curve.lr[curve.loss.argmin()] / 10)
    assert curve.suggestions() == {
        "steepest": curve.steepest(),
        "minimum/10": curve.minimum_tenth(),
        "valley": curve.valley(),
    }


def test_valley_lies_in_the_middle_of_the_longest_descent_rounded_as_fastai_does() -> None:
    loss = np.array([5.0, 6.0, 5.5, 5.0, 4.0, 4.5, 3.0, 2.0, 1.0, 0.5, 7.0])
    # the longest falling subsequence, 6 5.5 5 4 3 2 1 0.5, has eight members and ends at index 9: from 9 − 8 = 1 on
    # eight points, of which fastai takes int(8 / 3) + int(8 / 3 / 2), one less than the half
    curve = RangeTest(np.arange(11.0), loss, diverged=True)
    assert curve.valley() == 1 + 2 + 1


def test_too_few_points_give_no_suggestion() -> None:
    curve = made_up_curve()
    short = RangeTest(curve.lr[:16], curve.loss[:16], diverged=True)
    with pytest.raises(CifarcamError, match="needs 17"):
        short.suggestions()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_a_network_of_another_float_type_is_tested_in_float32_and_left_as_it_was(
    batches: Batches, dtype: torch.dtype
) -> None:
    net = ResNet18(width=4).to(dtype)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    curve = range_test(net, make_optimizer(net, RECIPE), batches, steps=4, end_lr=0.01)
    assert np.isfinite(curve.loss).all()
    assert all(
        torch.equal(before[name], value) and before[name].dtype == value.dtype
        for name, value in net.state_dict().items()
    )


def test_a_loader_of_ones_own_is_gone_through_as_often_as_it_takes(batches: Batches) -> None:
    x, y = next(batches.epoch(0))
    net = ResNet18(width=4)
    loader = DataLoader(TensorDataset(x, y), batch_size=8)
    assert len(range_test(net, make_optimizer(net, RECIPE), loader, steps=5, end_lr=0.01).lr) == 5


def test_lbfgs_is_refused(batches: Batches) -> None:
    net = ResNet18(width=4)
    with pytest.raises(CifarcamError, match="LBFGS computes the loss several times a step"):
        range_test(net, LBFGS(net.parameters()), batches)


def test_a_network_that_returns_more_than_logits_is_tested_on_its_logits(batches: Batches) -> None:
    class Named(ResNet18):
        def forward(self, x: Tensor) -> dict[str, Tensor]:
            return {"logits": super().forward(x)}

    torch.manual_seed(0)
    net, named = ResNet18(width=4).eval(), Named(width=4)
    named.load_state_dict(net.state_dict())
    curves = [
        range_test(model, SGD(model.parameters(), 0.1), batches, steps=3, end_lr=0.01, output=output)
        for model, output in ((net, None), (named.eval(), "logits"))
    ]
    np.testing.assert_array_equal(curves[0].loss, curves[1].loss)
    with pytest.raises(CifarcamError, match="a dict with 'logits'"):
        range_test(named, SGD(named.parameters(), 0.1), batches, steps=3)
