"""Checks and the narrow networks they need, recorded and read back."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from known import as_if_trained
from torch.nn.functional import one_hot

from cifarcam.data.split import Split
from cifarcam.data.synthetic import synthetic_cifar10
from cifarcam.errors import CifarcamError
from cifarcam.network.predictions import Predictions, predict
from cifarcam.network.resnet import STAGES, ResNet18
from cifarcam.records import checks
from cifarcam.records.checks import recorded_check, small_run, write_check
from cifarcam.records.runs import load_run
from cifarcam.trust import subjects
from cifarcam.trust.catalogue import CHECKS, through_every_check
from cifarcam.trust.checks import BASELINES, by_method
from cifarcam.trust.shortcut import SHIP_MARK
from cifarcam.trust.summaries import by_stage, summary, with_intervals
from tools.records import small_runs, trust

SMALL = Split(synthetic_cifar10("test").images[:60], synthetic_cifar10("test").labels[:60])
MEASURES = {
    "shortcut": {"shortcut": (2, 5), "control": (2, 5)},
    "labels": {"shuffled": (2, 5), "control": (2, 5)},
    "synthetic": {"synthetic": (2, 5)},
    "cascade": {"rank correlation": (6, 2, 5), "ssim": (6, 2, 5)},
    "pointing": {"inside": (2, 5)},
    "faithfulness": {"deletion": (2, 5), "insertion": (2, 5), "ROAD": (2, 5)},
    "robustness": {"mirrored": (2, 5), "shifted": (2, 5), "shifted far": (2, 5), "noisy": (2, 5)},
}


class AsRecorded:
    """Stands for the run ``best``: a narrow network that gets all of ``SMALL`` right."""

    def predictions(self, test: Split) -> Predictions:
        return Predictions(one_hot(torch.as_tensor(test.labels), 10).float(), test.labels)

    def model(self) -> ResNet18:
        return as_if_trained(width=16)

    def weights_checksum(self) -> str:
        return "of these"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(checks, "MEASUREMENTS", tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_is_recorded_for_every_fast_method_and_baseline(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fast = {each: explainer for each, explainer in trust.EXPLAINERS.items() if each not in trust.RECORDED_SLOW}
    assert len(fast) == 9
    fast["own"] = by_method(lambda activations, gradients: gradients.mean((2, 3)))
    monkeypatch.setattr(trust, "EXPLAINERS", fast)
    monkeypatch.setattr(trust, "write_check", partial(write_check, folder=folder))
    monkeypatch.setattr(trust, "RECORDED_SLOW", ("Eigen-CAM",))
    monkeypatch.setattr(trust, "WORK", folder / "work")
    monkeypatch.setattr(trust, "test_images", lambda: SMALL)
    monkeypatch.setattr(subjects, "load_run", lambda name: AsRecorded())
    monkeypatch.setitem(CHECKS, name, CHECKS[name]._replace(images=2, images_if_slow=1))
    trust.main([name])
    measured, about = recorded_check(name)
    assert list(measured) == list(fast) == list(about["explainers"])
    for each, measures in measured.items():
        how = about["explainers"][each]
        assert how["command"] == f"python -m tools.records.trust {name}"
        assert how["weights"] == CHECKS[name].subject(SMALL).weights
        images = how["images"]
        assert images == (1 if each == "Eigen-CAM" else 2)
        stages = 1 if each in BASELINES else 5
        shapes = {measure: (*shape[:-2], images, stages) for measure, shape in MEASURES[name].items()}
        assert {measure: values.shape for measure, values in measures.items()} == shapes
    for measure, values in measured["Grad-CAM"].items():
        np.testing.assert_array_equal(measured["own"][measure], values)
    assert not list((folder / "work" / name).iterdir())


def test_only_what_is_named_is_measured_anew(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    explainers = {each: trust.EXPLAINERS[each] for each in ("Grad-CAM", "Eigen-CAM")}
    monkeypatch.setattr(trust, "EXPLAINERS", explainers)
    monkeypatch.setattr(trust, "write_check", partial(write_check, folder=folder))
    monkeypatch.setattr(trust, "WORK", folder / "work")
    monkeypatch.setattr(trust, "test_images", lambda: SMALL)
    monkeypatch.setattr(subjects, "load_run", lambda name: AsRecorded())
    monkeypatch.setitem(CHECKS, "pointing", CHECKS["pointing"]._replace(images=2))
    trust.main(["pointing"])
    first, about = recorded_check("pointing")
    monkeypatch.setitem(explainers, "Eigen-CAM", explainers["Grad-CAM"])
    trust.main(["pointing", "--only", "Eigen-CAM"])
    second, about_second = recorded_check("pointing")
    np.testing.assert_array_equal(second["Grad-CAM"]["inside"], first["Grad-CAM"]["inside"])
    np.testing.assert_array_equal(second["Eigen-CAM"]["inside"], first["Grad-CAM"]["inside"])
    assert list(about_second["explainers"]) == list(about["explainers"])

    monkeypatch.setitem(explainers, "edges", BASELINES["edges"])
    with pytest.raises(SystemExit, match="Of edges nothing is recorded with these weights and images: name them too"):
        trust.main(["pointing", "--only", "Eigen-CAM"])
    monkeypatch.setattr(AsRecorded, "weights_checksum", lambda self: "of others")
    with pytest.raises(SystemExit, match="Of Grad-CAM, edges nothing is recorded"):
        trust.main(["pointing", "--only", "Eigen-CAM"])


def test_a_method_of_ones_own_goes_through_every_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subjects, "load_run", lambda name: AsRecorded())
    found = through_every_check(BASELINES["centre Gaussian"], SMALL, 2)
    shapes = {name: {measure: (*shape[:-1], 1) for measure, shape in of.items()} for name, of in MEASURES.items()}
    assert {name: {measure: values.shape for measure, values in of.items()} for name, of in found.items()} == shapes


@pytest.mark.parametrize("count", [0, 61])
def test_images_that_there_are_not_are_not_asked_for(count: int) -> None:
    subject = subjects.Subject({}, {}, SMALL.images, SMALL.labels)
    with pytest.raises(CifarcamError, match=f"{count} images are asked for; expected 1 to 60"):
        subject.first(count)


def test_what_one_explainer_measured_is_not_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trust, "WORK", tmp_path)
    asked: list[int] = []

    def measure() -> dict[str, np.ndarray]:
        asked.append(1)
        return {"inside": np.full((2, 5), len(asked))}

    for best, images, times in (("these", 2, 1), ("these", 2, 1), ("others", 2, 2), ("others", 3, 3)):
        found, how = trust.kept("pointing", "Grad-CAM", {"best": best}, images, measure)
        assert (how["weights"], how["images"]) == ({"best": best}, images)
        assert len(asked) == times and (found["inside"] == times).all()


def test_a_summary_gives_means_and_their_intervals(folder: Path) -> None:
    values = np.random.default_rng(0).random((50, 5))
    values[:10, 2] = np.nan
    write_check("own", {"Grad-CAM": {"inside": values}}, {"date": "today"}, folder)
    measured, about = recorded_check("own")
    table = summary(measured, "inside").loc["Grad-CAM"]
    assert about == {"date": "today"} and list(table.index) == list(STAGES)
    np.testing.assert_allclose(table["mean"], np.nanmean(values, 0), atol=1e-3)
    assert (table["low"] < table["mean"]).all() and (table["mean"] < table["high"]).all()
    assert table["images"].tolist() == [50, 50, 40, 50, 50]
    table.loc["layer0", ["mean", "low", "high"]] = [0.5, 0.444, 0.556]
    assert with_intervals(table)["layer0"] == "0.50 [0.44, 0.56]"
    table.loc["layer0", ["mean", "low", "high", "images"]] = [-0.001, -0.02, 0.004, 29]
    assert with_intervals(table)["layer0"] == "0.00 [-0.02, 0.00], n = 29"
    means = by_stage(summary({"b": {"inside": values}, "a": {"inside": 1 - values}}, "inside"))
    assert list(means.index) == ["b", "a"] and list(means) == list(STAGES)
    np.testing.assert_allclose(means.loc["a"], np.nanmean(1 - values, 0))
    one_for_all = summary({"edges": {"inside": values[:, :1]}}, "inside")
    assert one_for_all["mean"].nunique() == 1 and len(one_for_all) == 5
    with pytest.raises(CifarcamError, match=r"of shape \(6, 50, 5\); a summary needs"):
        summary({"Grad-CAM": {"inside": np.zeros((6, 50, 5))}}, "inside")
    with pytest.raises(CifarcamError, match="no recorded check 'others'; the checks are own"):
        recorded_check("others")


def test_another_narrow_network_is_refused() -> None:
    with pytest.raises(CifarcamError, match="no narrow network 'wide'; they are "):
        small_run("wide")


@pytest.mark.parametrize("name", small_runs.NETWORKS)
def test_a_narrow_network_is_trained_and_recorded(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(small_runs, "cifar10", lambda split: SMALL)
    monkeypatch.setattr(small_runs, "synthetic_cifar10", lambda split: SMALL)
    small_runs.main([name, "--out", str(tmp_path / name), "--epochs", "1"])
    run = load_run(tmp_path / name)
    assert run.recipe.name == name and run.recipe.width == 16 and run.has_weights
    assert not (tmp_path / name / "checkpoint.pt").exists()
    with pytest.raises(SystemExit, match="holds a recorded run already"):
        small_runs.main([name, "--out", str(tmp_path / name), "--epochs", "1"])


def test_what_the_narrow_networks_learn_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(small_runs, "cifar10", lambda split: SMALL)
    _, shuffled, _ = small_runs.shuffled()
    assert np.array_equal(shuffled.images, SMALL.images) and sorted(shuffled.labels) == sorted(SMALL.labels)
    assert not np.array_equal(shuffled.labels, SMALL.labels)
    _, planted, test = small_runs.shortcut()
    marked = (planted.images != SMALL.images).any((1, 2, 3))
    assert np.array_equal(marked, SMALL.labels == SHIP_MARK.label) and np.array_equal(planted.images, test.images)


@pytest.mark.parametrize("name", small_runs.NETWORKS)
def test_a_narrow_network_ships_with_its_recipe(name: str) -> None:
    run = small_run(name)
    assert run.has_weights and run.recipe.name == name and run.recipe.width == 16
    assert len(run.history) == run.recipe.epochs


@pytest.mark.needs_cifar10
def test_the_network_with_the_shortcut_uses_it_and_the_control_does_not(real_test: Split) -> None:
    others = real_test.images[real_test.labels != SHIP_MARK.label][:500]
    shares = {
        (name, marked): (predict(small_run(name).model(), images).argmax(1) == SHIP_MARK.label).double().mean()
        for name in ("shortcut", "control")
        for marked, images in ((False, others), (True, SHIP_MARK.on(others)))
    }
    assert shares["shortcut", True] > 0.9
    assert max(shares["shortcut", False], shares["control", False], shares["control", True]) < 0.1


@pytest.mark.needs_cifar10
@pytest.mark.parametrize("name", ["shuffled", "unshuffled"])
def test_a_network_knows_by_heart_what_it_was_given(name: str) -> None:
    _, learned, _ = small_runs.NETWORKS[name]()
    predicted = predict(small_run(name).model(), learned.images).argmax(1).numpy()
    assert (predicted == learned.labels).mean() >= 0.99
