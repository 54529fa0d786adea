"""Figures are tested by what they draw: axes, lines, bars, images and texts of the returned Figure."""

from __future__ import annotations

import dataclasses

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cifarcam import figures
from cifarcam.data.constants import CLASSES
from cifarcam.data.normalization import normalize
from cifarcam.data.pictures import Picture
from cifarcam.data.split import Split
from cifarcam.errors import CifarcamError
from cifarcam.figures.maps import overlay
from cifarcam.figures.style import BEST, HEAT, TEST, TRAIN
from cifarcam.maps.cam import StageMaps
from cifarcam.network.architecture import stage_table
from cifarcam.network.predictions import Predictions
from cifarcam.network.resnet import STAGES, ResNet18
from cifarcam.trust import bootstrap_interval


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (40, 32, 32, 3), dtype=np.uint8)


def shown(ax: Axes) -> np.ndarray:
    return np.asarray(ax.images[0].get_array())


def titles(figure: Figure) -> list[str]:
    return [ax.get_title(loc="center") for ax in figure.axes]


def history(epochs: int = 5) -> pd.DataFrame:
    random = np.random.default_rng(0)
    columns = ("lr", "train_loss", "test_loss", "train_accuracy", "test_accuracy")
    return pd.DataFrame({"epoch": range(1, epochs + 1), **{name: random.random(epochs) for name in columns}})


def test_class_samples_shows_images_of_the_rows_class_and_the_same_for_a_seed(images: np.ndarray) -> None:
    split = Split(images, np.repeat(np.arange(10), 4))
    figure = figures.class_samples(split, columns=3, seed=1)
    rows = np.array(figure.axes, dtype=object).reshape(10, 3)
    for label, row in enumerate(rows):
        assert row[0].get_ylabel() == CLASSES[label]
        members = images[split.labels == label]
        assert all(any(np.array_equal(shown(ax), member) for member in members) for ax in row)
    again = figures.class_samples(split, columns=3, seed=1)
    assert all(np.array_equal(shown(a), shown(b)) for a, b in zip(figure.axes, again.axes, strict=True))


def test_transforms_starts_each_row_with_the_original(images: np.ndarray) -> None:
    figure = figures.transforms(images[0], {"flip": images[1:4], "crop": images[4:7]})
    rows = np.array(figure.axes, dtype=object).reshape(2, 4)
    assert [row[0].get_ylabel() for row in rows] == ["flip", "crop"]
    assert all(np.array_equal(shown(row[0]), images[0]) for row in rows)
    assert np.array_equal(shown(rows[1, 2]), images[5])


def test_batch_turns_numbers_back_into_colours_under_class_names(images: np.ndarray) -> None:
    figure = figures.batch(normalize(images[:3]), torch.tensor([0, 9, 3]))
    assert titles(figure)[:3] == ["airplane", "truck", "cat"]
    np.testing.assert_allclose(shown(figure.axes[2]), images[2] / 255, atol=1e-5)


def test_class_samples_shows_what_there_is_of_a_small_class(images: np.ndarray) -> None:
    figure = figures.class_samples(Split(images[:3], np.array([0, 0, 1])), columns=3, classes=("a", "b"))
    assert [len(ax.images) for ax in figure.axes] == [1, 1, 0, 1, 0, 0]


def test_a_gallery_of_nothing_is_a_clear_error(images: np.ndarray) -> None:
    with pytest.raises(CifarcamError, match="no images to show"):
        figures.gallery(images[:0], [])


def test_gallery_shows_every_image_under_its_title(images: np.ndarray) -> None:
    figure = figures.gallery(images[:7], [f"image {index}" for index in range(7)], columns=5)
    assert len(figure.axes) == 10 and titles(figure)[:7] == [f"image {index}" for index in range(7)]
    assert np.array_equal(shown(figure.axes[6]), images[6]) and not figure.axes[7].images


def test_stage_bars_are_as_long_as_the_table_says() -> None:
    table = stage_table(ResNet18(width=8))
    figure = figures.stage_bars(table)
    for ax, column in zip(figure.axes, ("parameters", "multiplications"), strict=True):
        np.testing.assert_allclose([bar.get_width() for bar in ax.patches], table[column] / 1e6)
        assert ax.get_xlabel() == f"{column} (millions)"


def test_range_test_draws_the_curve_and_a_marker_on_it_for_each_rule() -> None:
    lr, loss = np.geomspace(1e-4, 10, 50), np.linspace(2, 1, 50)
    suggestions = {"steepest": lr[20], "minimum/10": lr[30], "valley": lr[10]}
    ax = figures.range_test(lr, loss, suggestions).axes[0]
    assert ax.get_xscale() == "log"
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), lr)
    for line, index in zip(ax.lines[1:], (20, 30, 10), strict=True):
        assert line.get_xdata() == [lr[index]] and line.get_ydata() == pytest.approx([loss[index]])
    assert len({line.get_marker() for line in ax.lines[1:]}) == 3


def test_schedules_spread_the_steps_over_the_epochs() -> None:
    figure = figures.schedules({"step_lr": np.ones(10), "best": np.arange(40.0)}, epochs=20)
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["step_lr", "best"]
    line = figure.axes[1].lines[0]
    np.testing.assert_allclose(line.get_xdata(), np.arange(40) / 2)
    np.testing.assert_array_equal(line.get_ydata(), np.arange(40))
    assert line.get_color() == BEST


def test_curves_draw_losses_and_percentages_in_the_books_colours() -> None:
    log = history()
    loss, accuracy = figures.curves(log).axes
    for ax, name, scale in ((loss, "loss", 1), (accuracy, "accuracy", 100)):
        train, test = ax.lines
        np.testing.assert_allclose(train.get_ydata(), scale * log[f"train_{name}"])
        np.testing.assert_allclose(test.get_ydata(), scale * log[f"test_{name}"])
        assert (train.get_color(), test.get_color()) == (TRAIN, TEST)
        assert train.get_linestyle() != test.get_linestyle() and ax.get_xlabel() == "epoch"


def test_overlaid_curves_draw_one_line_a_run_in_both_panels() -> None:
    logs = {"published": history().set_index("epoch"), "best": history(4).set_index("epoch")}
    accuracies = {name: log["test_accuracy"] for name, log in logs.items()}
    above, below = figures.overlaid_curves(accuracies, {name: log["lr"] for name, log in logs.items()}).axes
    assert [line.get_label() for line in above.lines] == ["published", "best"]
    np.testing.assert_allclose(above.lines[1].get_ydata(), 100 * accuracies["best"])
    np.testing.assert_allclose(below.lines[0].get_ydata(), logs["published"]["lr"])


def test_confusion_writes_every_count_and_colours_only_mistakes() -> None:
    counts = torch.arange(100).view(10, 10)
    ax = figures.confusion(counts).axes[0]
    assert [text.get_text() for text in ax.texts] == [str(count) for count in range(100)]
    assert np.ma.masked_invalid(shown(ax)).mask.sum() == 10
    assert ax.get_xlabel() == "predicted class" and ax.get_ylabel() == "true class"


def test_class_accuracy_puts_the_worst_class_first() -> None:
    accuracy = torch.linspace(1, 0.1, 10)
    ax = figures.class_accuracy(accuracy).axes[0]
    np.testing.assert_allclose([bar.get_width() for bar in ax.patches], np.linspace(10, 100, 10), rtol=1e-5)
    assert [label.get_text() for label in ax.get_yticklabels()] == list(reversed(CLASSES))


def test_reliability_draws_accuracy_over_confidence_and_counts() -> None:
    predictions = Predictions(
        torch.randn(200, 10, generator=torch.Generator().manual_seed(0)) * 3, torch.arange(200) % 10
    )
    table = predictions.calibration()
    above, below = figures.reliability(table).axes
    np.testing.assert_allclose(above.lines[1].get_xdata(), table["confidence"])
    np.testing.assert_allclose(above.lines[1].get_ydata(), table["accuracy"])
    np.testing.assert_allclose([bar.get_height() for bar in below.patches], table["count"])


def some_maps(count: int = 2) -> StageMaps:
    heat = np.random.default_rng(0).random((count, 5, 32, 32), dtype=np.float32)
    raw = np.full((count, 5), 0.125, np.float32)
    raw[1, 2] = 0
    heat[1, 2] = 0
    return StageMaps(heat, raw, np.array([3, 5])[:count], np.zeros((count, 10), np.float32))


def test_stage_grid_draws_image_five_overlays_and_their_raw_maxima(images: np.ndarray) -> None:
    maps = some_maps()
    figure = figures.stage_grid(images[:2], maps, ["first", "second"])
    rows = np.array(figure.axes, dtype=object).reshape(2, 6)
    assert np.array_equal(shown(rows[1, 0]), images[1]) and rows[1, 0].get_title(loc="center") == "second"
    np.testing.assert_allclose(shown(rows[0, 4]), overlay(images[0], maps.maps[0, 3]))
    assert [ax.get_title(loc="center") for ax in rows[0, 1:]] == [f"{name}\nmax 0.12" for name in STAGES]


def test_a_blank_map_is_named_and_not_tinted(images: np.ndarray) -> None:
    figure = figures.stage_grid(images[:2], some_maps(), ["first", "second"])
    ax = figure.axes[6 + 3]
    assert ax.get_title(loc="center") == "blank" and np.array_equal(shown(ax), images[1])


def test_target_pairs_draws_predicted_above_true(images: np.ndarray) -> None:
    predicted, true = some_maps(), some_maps()
    true.maps[0, 4] = 1
    rows = np.array(figures.target_pairs(images[:2], predicted, true).axes, dtype=object).reshape(4, 6)
    assert [row[0].get_title(loc="center") for row in rows[:2]] == ["predicted:\ncat", "true:\ncat"]
    np.testing.assert_allclose(shown(rows[1, 5]), overlay(images[0], true.maps[0, 4]))


def method_maps() -> dict[str, StageMaps]:
    one, other = some_maps(), dataclasses.replace(some_maps(), method="Eigen-CAM")
    other.maps[0, 4] = 1
    return {"Grad-CAM": one, "Eigen-CAM": other}


def test_method_grid_has_a_row_for_each_method(images: np.ndarray) -> None:
    maps = method_maps()
    rows = np.array(figures.method_grid(images[1], maps, index=0).axes, dtype=object).reshape(2, 6)
    assert [row[0].get_title(loc="center") for row in rows] == ["Grad-CAM\nfor cat", "Eigen-CAM\nfor no class"]
    np.testing.assert_allclose(shown(rows[1, 5]), overlay(images[1], maps["Eigen-CAM"].maps[0, 4]))
    assert rows[0, 1].get_title(loc="center").split("\n")[0] == "layer0"


def test_methods_at_stage_has_a_column_for_each_image(images: np.ndarray) -> None:
    maps = method_maps()
    figure = figures.methods_at_stage(images[:2], maps, "layer2", ["first", "second"])
    rows = np.array(figure.axes, dtype=object).reshape(3, 2)
    assert [ax.get_title(loc="center") for ax in rows[0]] == ["first", "second"]
    assert [row[0].get_ylabel() for row in rows[1:]] == list(maps)
    np.testing.assert_allclose(shown(rows[1, 0]), overlay(images[0], maps["Grad-CAM"].maps[0, 2]))
    assert rows[2, 1].get_title(loc="center") == "blank"


def test_agreement_writes_its_numbers_legibly() -> None:
    values = np.array([[1.0, -0.25], [-0.25, 1.0]])
    ax = figures.agreement(values, ["one", "other"], "alike").axes[0]
    assert [text.get_text() for text in ax.texts] == ["1.00", "-0.25", "-0.25", "1.00"]
    assert [text.get_color() for text in ax.texts] == ["black", "white", "white", "black"]
    np.testing.assert_array_equal(shown(ax), values)


def test_predicted_minus_true_draws_the_places_of_the_difference_on_one_scale(images: np.ndarray) -> None:
    differences = np.zeros((2, 4, 4))
    differences[0, 0, 3], differences[0, 3, 0] = 2.0, -0.5
    figure = figures.predicted_minus_true(images[:2], some_maps(), some_maps(), differences, ["first", "second"])
    for index, ax in enumerate((figure.axes[3], figure.axes[7])):
        np.testing.assert_array_equal(shown(ax), differences[index])
        assert ax.images[0].get_clim() == (-2, 2)
    assert figure.axes[3].get_title(loc="center") == "difference\nsum +1.50"
    assert figure.axes[1].get_title(loc="center") == "for cat\nmax 0.12"


def test_intervals_draws_means_and_their_intervals_by_stage() -> None:
    index = pd.MultiIndex.from_product([["Grad-CAM", "edges"], STAGES], names=["explainer", "stage"])
    table = pd.DataFrame({"mean": np.arange(10.0), "low": np.arange(10) - 0.5, "high": np.arange(10) + 1}, index)
    figure = figures.intervals({"best": table}, "share inside", {"chance": 0.25})
    assert titles(figure) == list(STAGES) and figure.get_supxlabel() == "share inside"
    third = figure.axes[2]
    assert third.lines[0].get_xdata() == [0.25, 0.25] and third.lines[1].get_xdata().tolist() == [2, 7]
    np.testing.assert_allclose([line[:, 0] for line in third.collections[0].get_segments()], [[1.5, 3], [6.5, 8]])
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == ["Grad-CAM", "edges"]
    assert figure.axes[0].yaxis_inverted()
    assert [text.get_text() for text in figure.legends[0].texts] == ["chance", "best"]


def test_intervals_of_two_networks_stand_beside_one_another() -> None:
    index = pd.MultiIndex.from_product([["Grad-CAM"], STAGES], names=["explainer", "stage"])
    table = pd.DataFrame({"mean": np.arange(5.0), "low": np.arange(5) - 0.5, "high": np.arange(5) + 1}, index)
    figure = figures.intervals({"one": table, "other": table + 10}, "share", {"ceiling": [1, 2, 3, 4, 5]})
    ceiling, one, other = figure.axes[3].lines
    assert ceiling.get_xdata() == [4, 4] and (one.get_xdata(), other.get_xdata()) == ([3], [13])
    assert one.get_ydata() < other.get_ydata() and one.get_color() != other.get_color()


def test_removal_curves_are_means_with_their_intervals() -> None:
    of_images = np.random.default_rng(0).random((20, 3))
    curves = {"Grad-CAM": of_images, "edges": of_images / 2}
    pixels = {"deletion": "pixels removed", "insertion": "pixels put in", "ROAD": "pixels filled in"}
    figure = figures.removal_curves({**dict.fromkeys(pixels, curves), "insertion": {}}, (0, 0.5, 1), pixels)
    deletion, insertion, road, unused = figure.axes
    first, second = deletion.lines
    assert first.get_xdata().tolist() == [0, 50, 100] and first.get_color() != second.get_color()
    np.testing.assert_allclose(first.get_ydata(), of_images.mean(0))
    band = deletion.collections[0].get_paths()[0].vertices
    low, high = bootstrap_interval(of_images)
    for place, share in enumerate((0, 50, 100)):
        heights = band[:, 1][band[:, 0] == share]
        assert (heights.min(), heights.max()) == pytest.approx((low[place], high[place]))
    assert (road.get_title(), road.get_xlabel()) == ("ROAD", "pixels filled in (%)") and not insertion.lines
    assert [text.get_text() for text in figure.legends[0].texts] == list(curves) and not unused.get_visible()
    with pytest.raises(CifarcamError, match="5 curves; a figure shows at most 4"):
        figures.removal_curves({"deletion": dict.fromkeys("abcde", of_images)}, (0, 0.5, 1), pixels)


def test_cascade_draws_a_line_for_each_stage_of_each_explainer() -> None:
    values = np.random.default_rng(0).random((6, 5))
    parts = ["linear", *STAGES[::-1]]
    names = [f"method {number}" for number in range(5)]
    figure = figures.cascade({name: values + place for place, name in enumerate(names)}, parts, STAGES, "alike")
    first, second = figure.axes[:2]
    assert [line.get_label() for line in first.lines[:5]] == list(STAGES)
    np.testing.assert_array_equal(second.lines[3].get_ydata(), [1, *(values[:, 3] + 1)])
    assert [text.get_text() for text in figure.axes[3].get_xticklabels()] == ["none", *parts]
    assert [ax.get_visible() for ax in figure.axes] == [True] * 5 + [False]
    labelled = [ax.xaxis.get_tick_params()["labelbottom"] for ax in figure.axes[:5]]
    assert labelled == [False, False, True, True, True]


def test_overlay_is_the_grey_image_where_strength_is_0_and_the_heat_where_it_is_1(images: np.ndarray) -> None:
    heat = np.linspace(0, 1, 32 * 32).reshape(32, 32)
    grey = overlay(images[0], heat, strength=0)
    np.testing.assert_allclose(grey, (images[0] / 255).mean(2, keepdims=True).repeat(3, 2))
    np.testing.assert_allclose(overlay(images[0], heat, strength=1), plt.get_cmap(HEAT)(heat)[..., :3])


def test_no_figure_is_kept_open(images: np.ndarray) -> None:
    figures.gallery(images[:2], ["a", "b"])
    assert plt.get_fignums() == []


def test_explanation_shows_the_picture_its_probabilities_and_five_maps(images: np.ndarray) -> None:
    maps = StageMaps(
        np.random.default_rng(0).random((1, 5, 32, 32)).astype(np.float32),
        np.array([[1, 2, 0, 4, 5]], np.float32),
        np.array([3]),
        np.zeros((1, 10), np.float32),
    )
    given = np.random.default_rng(1).integers(0, 256, (50, 70, 3), dtype=np.uint8)
    probabilities = torch.arange(10) / 45
    figure = figures.explanation(Picture((700, 500), given, images[0], ()), probabilities, maps)
    as_given, seen, bars, *stage_axes = figure.axes
    assert np.array_equal(shown(as_given), given) and as_given.get_title(loc="center") == "given: 700×500"
    assert np.array_equal(shown(seen), images[0]) and seen.get_title(loc="center") == "seen: 32×32"
    assert [bar.get_width() for bar in bars.patches] == pytest.approx((100 * probabilities).tolist())
    assert [label.get_text() for label in bars.get_yticklabels()] == list(CLASSES)
    colours = [bar.get_facecolor() for bar in bars.patches]
    assert colours.count(colours[3]) == 1  # the class that the maps explain
    names = [ax.get_title(loc="center") for ax in stage_axes]
    assert [name.split("\n")[0] for name in names] == list(STAGES)
    assert names[0].endswith("max 1") and names[2].endswith("blank")
    assert np.allclose(shown(stage_axes[0]), overlay(images[0], maps.maps[0, 0]))
