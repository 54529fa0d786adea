"""The experiments of one change at a time: their networks, their records, and that the records are what they say."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from cifarcam.data.cifar import cifar10
from cifarcam.data.split import Split
from cifarcam.errors import CifarcamError
from cifarcam.network.resnet import ResNet18
from cifarcam.records import over_seeds, recorded_ablation, recorded_ablations
from cifarcam.training.recipes import TUNED
from tools.records import ablations
from tools.records.networks import network

RECORDED = recorded_ablations()


def weights(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters() if parameter.ndim == 4)


def test_eighteen_residual_layers_are_the_books_own_network() -> None:
    ours, theirs = ResNet18(width=9), network(9, seed=3)
    assert {name: value.shape for name, value in ours.state_dict().items()} == {
        name: value.shape for name, value in theirs.state_dict().items()
    }
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(2, 3, 32, 32)
    assert torch.equal(ours.eval()(x), theirs.eval()(x))


@pytest.mark.parametrize(("layers", "residual"), [(18, True), (18, False), (34, True), (34, False)])
def test_layers_are_counted_along_the_way_to_the_output(layers: int, residual: bool) -> None:
    model = network(9, 0, layers, residual)
    counted = [module for module in model.modules() if isinstance(module, nn.Conv2d) and module.kernel_size == (3, 3)]
    shortcuts = [module for module in model.modules() if isinstance(module, nn.Conv2d) and module.kernel_size == (1, 1)]
    assert len(counted) + 1 == layers and len(shortcuts) == 3 * residual
    assert model(torch.zeros(2, 3, 32, 32)).shape == (2, 10)


def test_a_plain_block_adds_nothing_to_what_its_second_batchnorm_gives() -> None:
    block = network(9, 0, residual=False).eval().layer1[0]
    nn.init.zeros_(block.bn2.weight)
    assert not block(torch.ones(1, 9, 8, 8)).any()


def test_without_batchnorm_each_convolution_has_biases_in_its_place() -> None:
    model = network(9, 0, batchnorm=False)
    assert not [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    assert all(module.bias is not None for module in model.modules() if isinstance(module, nn.Conv2d))
    assert weights(model) == weights(network(9, 0))


def test_without_batchnorm_filters_begin_as_relu_networks_need_them() -> None:
    """He et al. (2015): a variance of 2 over the number of inputs, or signals fade from layer to layer."""
    for module in network(32, 0, residual=False, batchnorm=False).modules():
        if isinstance(module, nn.Conv2d):
            assert module.weight.std().item() == pytest.approx((2 / module.weight[0].numel()) ** 0.5, rel=0.1)
            assert not module.bias.any()


def test_a_seed_gives_the_same_weights_and_leaves_the_random_state() -> None:
    before = torch.get_rng_state()
    first, again, other = (network(9, seed, 34, False) for seed in (0, 0, 1))
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(first.linear.weight, again.linear.weight)
    assert not torch.equal(first.linear.weight, other.linear.weight)


@pytest.mark.parametrize("name", ablations.EXPERIMENTS)
def test_every_arm_is_another_and_all_see_the_same_number_of_images(name: str) -> None:
    runs = list(ablations.arms(name))
    told = [json.dumps(change | {"seed": recipe.seed}) for change, recipe in runs]
    assert len(set(told)) == len(runs) >= 10
    images = None if name == "ingredients" else 15_000
    assert {(recipe.epochs, recipe.train_images, recipe.width) for _, recipe in runs} == {(7, images, 16)}


def test_each_ingredient_left_out_is_one_that_tuned_has() -> None:
    whole, *others = (recipe for _, recipe in ablations.arms("ingredients") if recipe.seed == 0)
    assert whole == TUNED.shortened(7).replace(width=16)
    for recipe in others:
        assert recipe != whole and recipe.replace(width=TUNED.width) != TUNED


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    split = Split(random.integers(0, 256, (60, 32, 32, 3), dtype=np.uint8), random.integers(0, 10, 60))
    monkeypatch.setattr(ablations, "splits", lambda: split.train_val_split(20))
    monkeypatch.setattr(ablations, "HELD_OUT", 20)
    monkeypatch.setattr(ablations, "CHECKPOINTS", tmp_path / "checkpoints")
    recipe = ablations.BASE.replace(width=4, epochs=2, train_images=40, batch_size=20, precision="float32")
    for name, made in ablations.EXPERIMENTS.items():
        monkeypatch.setitem(ablations.EXPERIMENTS, name, dataclasses.replace(made, recipe=recipe))


def test_a_record_holds_each_run_and_goes_on_where_it_was_cut_off(
    small: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = []
    genuine = ablations.run
    monkeypatch.setattr(ablations, "run", lambda *given: trained.append(given[1].seed) or genuine(*given))
    ablations.experiment("degradation", tmp_path / "first.json", 1)
    assert len(trained) == 12
    next((tmp_path / "checkpoints" / "degradation").iterdir()).unlink()
    ablations.experiment("degradation", tmp_path / "second.json", 1)
    assert len(trained) == 13
    written = json.loads((tmp_path / "first.json").read_text())
    assert written["question"].endswith("?") and len(written["rows"]) == 12
    assert written["changed"] == ["layers", "residual"]
    for row in written["rows"]:
        assert {name: len(values) for name, values in row["history"].items()}["validation_accuracy"] == 2
        assert row["history"]["validation_accuracy"][-1] == pytest.approx(row["validation_accuracy"], abs=1e-6)
    with pytest.raises(CifarcamError, match="exists already"):
        ablations.experiment("degradation", tmp_path / "first.json", 1)


def test_a_run_that_diverges_is_told_and_the_others_go_on(
    small: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arms = ({"lr": 1e5, "batchnorm": False}, {"lr": 0.01, "batchnorm": True})
    made = dataclasses.replace(ablations.EXPERIMENTS["batchnorm"], arms=arms, seeds=(0,))
    monkeypatch.setitem(ablations.EXPERIMENTS, "batchnorm", made)
    ablations.experiment("batchnorm", tmp_path / "record.json", 1)
    broken, sound = json.loads((tmp_path / "record.json").read_text())["rows"]
    assert "history" not in broken and "lower the learning rate" in broken["diverged"]
    assert "diverged" not in sound


def test_an_arm_is_summed_up_over_its_seeds_and_one_that_diverged_is_not() -> None:
    runs = pd.DataFrame({"lr": [1, 1, 2, 2], "on": [True, True, False, False], "x": [0.1, 0.3, 0.2, np.nan]})
    found = over_seeds(runs, ["lr", "on"], "x")
    assert found.index.tolist() == [(1, True), (2, False)]
    np.testing.assert_allclose(found.loc[(1, True)], [0.2, 0.1, 0.3])
    assert found.loc[(2, False)].isna().all()


def test_an_experiment_that_is_not_recorded_is_an_error_that_lists_those_that_are() -> None:
    with pytest.raises(CifarcamError, match="no recorded experiment 'sorcery'"):
        recorded_ablation("sorcery")


@pytest.mark.slow
@pytest.mark.numeric
@pytest.mark.needs_cifar10
@pytest.mark.parametrize("name", RECORDED)
def test_a_run_of_each_record_begins_as_it_is_recorded(name: str) -> None:
    """The first epoch of the first run: all else follows from it, the recipe and the seed."""
    runs, about = recorded_ablation(name)
    kept, held_out = cifar10("train").train_val_split(about["held_out"])
    change, recipe = next(ablations.arms(name))
    recorded = runs.iloc[0]["history"]
    again = ablations.trained(change, recipe, kept, held_out, stop_after=1).history[0]
    # Rounding grows from step to step; one image in 200 is what an epoch was seen to make of it on other CPUs.
    assert again["train_accuracy"] == pytest.approx(recorded["train_accuracy"][0], abs=0.01)
    assert again["train_loss"] == pytest.approx(recorded["train_loss"][0], rel=0.02)
