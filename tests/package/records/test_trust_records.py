"""The recorded checks of maps: of the networks that ship, complete, and the same when they are made again."""

from __future__ import annotations

import numpy as np
import pytest

from cifarcam.data.split import Split
from cifarcam.errors import CifarcamError
from cifarcam.network.resnet import STAGES
from cifarcam.records.checks import RECORDED_METHODS, RECORDED_SLOW, recorded_check, small_run
from cifarcam.records.runs import Run, load_run
from cifarcam.trust.bootstrap import bootstrap_interval
from cifarcam.trust.catalogue import CHECKS
from cifarcam.trust.checks import BASELINES, Explainer, by_method
from cifarcam.trust.scores import SCORES, scorecard
from cifarcam.trust.summaries import ahead_of, beside, how_recorded

ROUNDING = 0.02  # of 16 bits, and of other hardware, where pixels of nearly equal value may change places


def shipped(name: str) -> Run:
    return load_run(name) if name == "best" else small_run(name)


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_is_of_the_networks_that_ship_and_of_a_commit(name: str) -> None:
    _, about = recorded_check(name)
    assert set(about["explainers"]) == {*RECORDED_METHODS, *BASELINES}
    for how in about["explainers"].values():
        assert how["weights"] == {network: shipped(network).weights_checksum() for network in how["weights"]}
        assert how["command"] == f"python -m tools.records.trust {name}"
        assert len(how["commit"]) == 40 and {"torch", "grad-cam"} <= set(how["versions"])


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_has_as_many_images_as_the_catalogue_says(name: str) -> None:
    measured, about = recorded_check(name)
    for explainer, measures in measured.items():
        expected = CHECKS[name].images_if_slow if explainer in RECORDED_SLOW else CHECKS[name].images
        assert about["explainers"][explainer]["images"] == expected
        assert {values.shape[-2] for values in measures.values()} == {expected}


@pytest.mark.needs_cifar10
@pytest.mark.slow
@pytest.mark.parametrize("method", ["Grad-CAM", "HiResCAM"])
@pytest.mark.parametrize("name", CHECKS)
def test_the_first_images_of_a_check_come_out_again(name: str, method: str, real_test: Split) -> None:
    assert_comes_out_again(name, method, by_method(method), real_test)


@pytest.mark.numeric
@pytest.mark.needs_cifar10
@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("synthetic", "LayerCAM"),
        ("synthetic", "Ablation-CAM"),
        ("shortcut", "Grad-CAM++"),
        pytest.param("synthetic", "Score-CAM", marks=pytest.mark.slow),
        ("synthetic", "Eigen-CAM"),
        ("shortcut", "Eigen-CAM"),
    ],
)
def test_so_do_those_of_other_methods_on_narrow_networks(name: str, method: str, real_test: Split) -> None:
    assert_comes_out_again(name, method, by_method(method), real_test)


@pytest.mark.numeric
@pytest.mark.needs_cifar10
@pytest.mark.parametrize("baseline", BASELINES)
@pytest.mark.parametrize("name", ["shortcut", "synthetic", "pointing", "robustness"])
def test_so_do_those_of_the_baselines(name: str, baseline: str, real_test: Split) -> None:
    assert_comes_out_again(name, baseline, BASELINES[baseline], real_test)


def assert_comes_out_again(name: str, explainer: str, maps: Explainer, real_test: Split) -> None:
    measures = CHECKS[name].measure(maps, CHECKS[name].subject(real_test), 3)
    recorded = recorded_check(name)[0][explainer]
    assert set(measures) == set(recorded)
    for measure, values in measures.items():
        np.testing.assert_allclose(values, recorded[measure][..., :3, :], atol=ROUNDING, err_msg=measure)


def test_what_a_method_is_ahead_of_a_baseline_is_told_image_by_image() -> None:
    measured = recorded_check("faithfulness")[0]
    ahead = ahead_of("centre Gaussian", measured, "ROAD")
    of_hill = measured["centre Gaussian"]["ROAD"]
    assert list(ahead.index.unique("explainer")) == [name for name in measured if name != "centre Gaussian"]
    for explainer in ("Grad-CAM", "Score-CAM", "edges"):
        values = measured[explainer]["ROAD"]
        difference = values[:, -1] - of_hill[: len(values), 0]
        row = ahead.loc[explainer, "layer4"]
        assert row["mean"] == pytest.approx(difference.mean()) and row["images"] == len(values)
        assert (row["low"], row["high"]) == pytest.approx(tuple(float(end) for end in bootstrap_interval(difference)))
    with pytest.raises(CifarcamError, match="no explainer 'centre'; those measured are Grad-CAM"):
        ahead_of("centre", measured, "ROAD")


def test_new_measures_stand_beside_recorded_ones_of_the_same_images() -> None:
    measured = {name: recorded_check(name)[0]["Grad-CAM"] for name in ("cascade", "synthetic")}
    hill = {name: {each: values[..., :7, :1] for each, values in of.items()} for name, of in measured.items()}
    table = beside("Grad-CAM", hill)
    assert list(table.index) == ["cascade: rank correlation", "cascade: ssim", "synthetic: synthetic"]
    assert list(table) == [(stage, who) for stage in STAGES for who in ("new", "Grad-CAM")]
    of_synthetic = table.loc["synthetic: synthetic"]
    assert of_synthetic["layer2", "Grad-CAM"] == pytest.approx(np.nanmean(measured["synthetic"]["synthetic"][:7, 2]))
    assert of_synthetic["layer2", "new"] == pytest.approx(np.nanmean(measured["synthetic"]["synthetic"][:7, 0]))
    linear_random = np.nanmean(measured["cascade"]["ssim"][0, :7, 4])
    assert table.loc["cascade: ssim", ("layer4", "Grad-CAM")] == pytest.approx(linear_random)


def test_where_more_images_are_new_than_recorded_the_recorded_ones_are_compared() -> None:
    recorded = recorded_check("synthetic")[0]["Grad-CAM"]["synthetic"]
    more = {"synthetic": {"synthetic": np.concatenate([recorded, recorded + 1])}}
    table = beside("Grad-CAM", more)
    assert (
        table.loc["synthetic: synthetic", ("layer2", "new")]
        == table.loc["synthetic: synthetic", ("layer2", "Grad-CAM")]
    )


def test_a_baseline_of_fewer_images_is_compared_on_its_own() -> None:
    measured = recorded_check("pointing")[0]
    few = len(measured["Score-CAM"]["inside"])
    row = ahead_of("Score-CAM", measured, "inside").loc["Grad-CAM", "layer4"]
    difference = measured["Grad-CAM"]["inside"][:few, -1] - measured["Score-CAM"]["inside"][:, -1]
    assert row["mean"] == pytest.approx(np.nanmean(difference))


def test_a_chapter_tells_how_a_check_was_recorded() -> None:
    for name, check in CHECKS.items():
        _, about = recorded_check(name)
        how = about["explainers"]["Grad-CAM"]
        expected = f"python -m tools.records.trust {name}, {how['hardware']}, {how['date']}: {check.images} images"
        expected += f", {check.images_if_slow} for Score-CAM and Ablation-CAM"
        assert how_recorded(about).startswith(expected)
        assert how_recorded(about, "mosaics") == how_recorded(about).replace("images", "mosaics")


def test_what_was_measured_elsewhere_or_later_is_told() -> None:
    how = {"command": "make it", "hardware": "one", "date": "1 May", "images": 9}
    about = {"explainers": {"Grad-CAM": how, "Score-CAM": how | {"images": 2}, "edges": how}}
    assert how_recorded(about) == "make it, one, 1 May: 9 images, 2 for Score-CAM and Ablation-CAM"
    about["explainers"] |= {"edges": how | {"date": "2 May"}, "Eigen-CAM": how | {"date": "2 May"}}
    assert how_recorded(about).endswith("Ablation-CAM; edges and Eigen-CAM on one, 2 May")


def test_a_scorecard_has_each_check_at_one_stage() -> None:
    card = scorecard("layer3")
    assert list(card.index) == [*RECORDED_METHODS, *BASELINES] and list(card) == list(SCORES)
    measures = recorded_check("shortcut")[0]["Grad-CAM"]
    cheat, honest = (np.nan_to_num(measures[name][:, 3]) for name in ("shortcut", "control"))
    low, high = bootstrap_interval(cheat - honest)
    expected = f"{(cheat - honest).mean():.2f} [{low:.2f}, {high:.2f}]"
    assert card.loc["Grad-CAM", "mark, cheat − honest ↑"] == expected
    linear_random = recorded_check("cascade")[0]["Grad-CAM++"]["rank correlation"][0, :, 3]
    assert card.loc["Grad-CAM++", "random linear layer ↓"].startswith(f"{np.nanmean(linear_random):.2f} [")
    labels = recorded_check("labels")[0]["LayerCAM"]
    told_apart = np.nanmean(labels["control"][:, 3] - labels["shuffled"][:, 3])
    assert card.loc["LayerCAM", "labels, true − shuffled ↑"].startswith(f"{told_apart:.2f} [")
    counts = {"Score-CAM": CHECKS["faithfulness"].images_if_slow, "Grad-CAM": None}
    for explainer, count in counts.items():
        ends = card.loc[explainer, "deletion ↓"].partition("]")[2]
        assert ends == ("" if count is None else f", n = {count}")
    assert not card.map(lambda entry: "-0.00" in entry).any(axis=None)
    with pytest.raises(CifarcamError, match="no stage 'layer9'; the stages are layer0"):
        scorecard("layer9")
