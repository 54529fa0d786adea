"""Recipes refuse what makes no sense, and their schedule is the published one."""

from __future__ import annotations

import argparse
import csv
import dataclasses
from importlib.resources import files

import numpy as np
import pytest

from cifarcam.cli import add_recipe, recipe_of
from cifarcam.errors import CifarcamError
from cifarcam.records.measurements import recorded_tuning
from cifarcam.training.fields import ACCEPTS, EXPECTED, TEXT
from cifarcam.training.optimizers import learning_rates
from cifarcam.training.recipes import BEST, ONE_CYCLE, RECIPES, STEP_LR, TUNED, Recipe, find_recipe

NAN, INFINITY = float("nan"), float("inf")
INVALID = {
    "name": ("", 3, None),
    "seed": (-1, 2**32, 1.5, True, None, "0"),
    "width": (0, -64, 64.0, 2000, None),
    "epochs": (0, -1, 2.5, NAN, True),
    "batch_size": (1, 0, -256, 256.0, "256"),
    "train_images": (1, 0, -5, 1.5, NAN, True),
    "optimizer": ("adam", "SGD", "", None, 1),
    "lr": (0, -0.1, NAN, INFINITY, True, "0.1", None, 1e7),
    "momentum": (1, -0.1, NAN, False, None),
    "nesterov": (1, 0, "yes", None),
    "muon_lr": (0, -0.1, NAN, True, None),
    "muon_momentum": (0, 1, NAN, None),
    "bias_lr_factor": (0, -1, NAN, "16"),
    "weight_decay": (-5e-4, NAN, INFINITY, "5e-4", 100),
    "weight_decay_on": ("biases", "", None),
    "l1": (-1e-5, NAN, True),
    "dropout": (-0.1, 1, 1.5, NAN, None),
    "label_smoothing": (-0.1, 1, NAN, True),
    "schedule": ("cosine", "OneCycle", None),
    "step_epochs": (0, -1, 1.5),
    "gamma": (0, -0.1, 1.1, NAN),
    "warmup": (0, 1, -0.2, NAN),
    "start_divisor": (0, 0.5, NAN, INFINITY),
    "end_divisor": (0, 0.5, NAN, -1),
    "whitened_stem": (1, "yes", None),
    "augmentation": ("autoaugment", "", None, True),
    "flip": ("vertical", True, None),
    "crop_padding": (-1, 1025, 4.0),
    "padding_mode": ("wrap", None),
    "cutout": (-1, 1025, 8.0),
    "first_side": (12, 36, 22, 20.0),
    "full_side_from": (0, -1, 1.5),
    "shift": (-0.1, 1.5, NAN),
    "scale": (-0.1, 1.0, NAN),
    "rotate": (-15, 181, NAN),
    "ema_decay": (-0.1, 1, NAN, True),
    "sync_batchnorm": (1, "yes", None),
    "workers": (-1, 1.5, True, 100),
    "precision": ("half", "bf16", None),
}


def test_every_field_has_invalid_values_here() -> None:
    fields = {field.name for field in dataclasses.fields(Recipe)}
    assert set(INVALID) == fields, "give INVALID values that the new field refuses, at and beyond its bounds"


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in INVALID.items() for value in values])
def test_an_invalid_value_is_an_error_that_names_the_field(name: str, value: object) -> None:
    with pytest.raises(CifarcamError, match=f"recipe's {name} is ") as error:
        Recipe(**{"name": "bad", name: value})
    assert repr(value) in str(error.value)
    with pytest.raises(CifarcamError, match=f"recipe's {name} is "):
        BEST.replace(**{name: value})


@pytest.mark.parametrize(
    ("named", "changes"),
    [
        ("nesterov", {"nesterov": True, "momentum": 0.0}),
        ("nesterov", {"nesterov": True, "optimizer": "adamw"}),
        ("flip", {"augmentation": "albumentations", "flip": "alternating"}),
        ("shift, scale or rotate", {"augmentation": "batched", "rotate": 15.0}),
        ("shift, scale or rotate", {"augmentation": "batched", "shift": 0.1}),
        ("first_side", {"augmentation": "albumentations", "first_side": 20, "full_side_from": 5}),
        ("full_side_from", {"first_side": 20, "full_side_from": 1}),
    ],
)
def test_values_that_do_not_go_together_are_an_error(named: str, changes: dict) -> None:
    with pytest.raises(CifarcamError, match=f"recipe's {named} is "):
        Recipe(name="bad", **changes)


def test_whole_numbers_do_for_fractions() -> None:
    assert Recipe(name="ok", lr=1, weight_decay=0, rotate=0).lr == 1


def test_numpys_numbers_and_texts_become_pythons() -> None:
    recipe = STEP_LR.replace(lr=np.float64(0.05), name=np.str_("mine"))
    assert (type(recipe.lr), recipe.lr, type(recipe.name), recipe.name) == (float, 0.05, str, "mine")


def test_a_recipe_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        BEST.lr = 1.0


def test_replace_changes_a_copy() -> None:
    changed = BEST.replace(lr=0.05, name="other")
    assert (changed.lr, changed.name, BEST.lr, BEST.name) == (0.05, "other", 0.2, "best")
    assert changed.replace(lr=0.2, name="best") == BEST


def test_the_command_line_names_what_was_changed() -> None:
    assert BEST.command_line() == "best"
    assert BEST.replace(seed=3, lr=0.1).command_line() == "best --seed 3 --lr 0.1"


def test_replace_with_an_unknown_field_is_an_error_that_names_it() -> None:
    with pytest.raises(CifarcamError, match="no field learning_rate, speed"):
        BEST.replace(speed=3, learning_rate=0.1, lr=0.1)


def test_find_recipe_knows_every_recipe_and_lists_them_for_any_other_name() -> None:
    assert [find_recipe(name) for name in ("step_lr", "one_cycle", "best", "tuned")] == [
        STEP_LR,
        ONE_CYCLE,
        BEST,
        TUNED,
    ]
    with pytest.raises(CifarcamError, match=f"no recipe 'bset'; the recipes are {', '.join(RECIPES)}"):
        find_recipe("bset")


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_quick_is_the_same_recipe_narrow_and_short(recipe: Recipe) -> None:
    quick = recipe.quick()
    assert (quick.name, quick.width, quick.workers) == (f"{recipe.name}_quick", 16, 0)
    assert quick.precision == "float32"
    assert quick.epochs <= 5 and quick.train_images <= 5_000 and quick.batch_size <= 128
    shrunk = (
        "name",
        "width",
        "epochs",
        "train_images",
        "batch_size",
        "step_epochs",
        "full_side_from",
        "workers",
        "precision",
    )
    same = {field.name for field in dataclasses.fields(Recipe)} - set(shrunk)
    assert {name: getattr(quick, name) for name in same} == {name: getattr(recipe, name) for name in same}


def test_quick_still_steps_its_rate_and_still_reaches_full_side() -> None:
    rates = learning_rates(STEP_LR.quick(), 50_000)
    assert rates[-1] < rates[0]
    sides = [BEST.quick().side(epoch) for epoch in range(BEST.quick().epochs)]
    assert sides[0] == 20 and sides[-1] == 32


@pytest.mark.parametrize("first_side", range(16, 33, 4))
@pytest.mark.parametrize("full_side_from", [2, 3, 7, 15, 40])
def test_the_side_grows_from_the_first_to_32(first_side: int, full_side_from: int) -> None:
    recipe = Recipe(name="growing", first_side=first_side, full_side_from=full_side_from)
    sides = [recipe.side(epoch) for epoch in range(50)]
    assert sides[0] == first_side
    assert sides == sorted(sides)
    assert all(side % 4 == 0 for side in sides)
    assert set(sides[full_side_from - 1 :]) == {32}
    assert first_side == 32 or set(sides[: full_side_from - 1]).isdisjoint({32})


def test_the_side_is_32_throughout_without_progressive_resizing() -> None:
    assert {STEP_LR.side(epoch) for epoch in range(20)} == {32}


def test_steps_counts_the_last_short_batch() -> None:
    assert ONE_CYCLE.steps(50_000) == 20 * 98
    assert ONE_CYCLE.replace(train_images=513, epochs=3).steps(50_000) == 3 * 2
    assert ONE_CYCLE.steps(100) == 20


def test_one_cycle_reproduces_the_published_learning_rates() -> None:
    published = files("cifarcam") / "recorded" / "measurements" / "published_one_cycle.csv"
    with published.open() as file:
        logged = [float(row["lr"]) for row in csv.DictReader(file)]
    rates = learning_rates(ONE_CYCLE, 50_000)
    assert len(logged) == 20 and len(rates) == 20 * 98
    assert rates[::98] == pytest.approx(logged, rel=1e-9)
    assert max(rates) == pytest.approx(0.0479)
    assert rates.argmax() == 5 * 98 - 1
    assert rates[-1] == pytest.approx(4.79e-6)


def test_step_lr_divides_the_rate_every_so_many_epochs() -> None:
    rates = learning_rates(STEP_LR.replace(epochs=5, step_epochs=2, gamma=0.1), 3 * 64)
    assert rates == pytest.approx([0.01] * 6 + [0.001] * 6 + [0.0001] * 3)


def test_a_constant_schedule_is_constant() -> None:
    assert learning_rates(Recipe(name="constant", lr=0.3, epochs=2), 1000).tolist() == [0.3] * 8


def test_a_warm_up_of_exactly_one_step_is_a_clear_error() -> None:
    with pytest.raises(CifarcamError, match=r"warmup is 0\.2 of 5 steps, exactly one step"):
        learning_rates(ONE_CYCLE.replace(epochs=5, warmup=0.2), 512)


def test_step_lrs_step_and_factor_are_what_the_validation_images_chose() -> None:
    candidates, tuning = recorded_tuning("step_lr")
    best = candidates.loc[candidates["validation_accuracy"].idxmax()]
    assert tuning["chosen"] == {"step_epochs": best["step_epochs"], "gamma": best["gamma"]}
    assert tuning["chosen"] == {"step_epochs": STEP_LR.step_epochs, "gamma": STEP_LR.gamma}
    assert (tuning["trained_on"], tuning["held_out"]) == (45_000, 5_000)


def test_tuned_is_what_the_validation_images_chose() -> None:
    chosen = {}
    for name in ("tuned", "tuned_confirmed"):  # where both have a say, the network of full width has the last
        candidates, tuning = recorded_tuning(name)
        best = candidates.loc[candidates["validation_accuracy"].idxmax()]
        assert tuning["chosen"] == {field: best[field] for field in tuning["chosen"]}
        assert (tuning["trained_on"], tuning["held_out"]) == (45_000, 5_000)
        chosen |= tuning["chosen"]
    assert chosen == {field: getattr(TUNED, field) for field in chosen}


def test_the_search_for_tuned_is_as_small_as_it_was_meant_to_be() -> None:
    searched, search = recorded_tuning("tuned")
    confirmed, confirmation = recorded_tuning("tuned_confirmed")
    assert len(searched) <= 6 and len(search["seeds"]) >= 2 and len(confirmed) == 2
    assert "--width" in search["recipe"] and "--width" not in confirmation["recipe"]
    two_best = searched.nlargest(2, "validation_accuracy")["full_side_from"]
    assert set(two_best) == set(confirmed["full_side_from"])


@pytest.mark.parametrize(("old", "new"), [("batch", "batch_size"), ("averaging", "ema_decay")])
def test_a_field_that_was_renamed_is_refused_by_naming_the_new_one(old: str, new: str) -> None:
    for make in (lambda **fields: Recipe("mine", **fields), BEST.replace):
        with pytest.raises(CifarcamError, match=f"no field {old}; .* {old} is called {new} now"):
            make(**{old: 0.5})


@pytest.mark.parametrize("field", dataclasses.fields(Recipe), ids=lambda field: field.name)
def test_every_field_says_what_it_means_and_takes(field: dataclasses.Field) -> None:
    assert len(field.metadata[TEXT].split()) >= 3 and field.metadata[EXPECTED]
    assert field.default is dataclasses.MISSING or field.metadata[ACCEPTS](field.default)


def test_the_command_line_of_a_recipe_makes_the_same_recipe() -> None:
    changed = BEST.replace(nesterov=False, batch_size=32, train_images=100, flip="none", ema_decay=0.9)
    words = changed.command_line().split()
    parser = argparse.ArgumentParser()
    add_recipe(parser)
    assert recipe_of(parser.parse_args(words)) == changed
