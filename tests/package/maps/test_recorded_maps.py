"""The maps of the slow methods that ship with the package."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from known import as_if_trained

from cifarcam.data.split import Split
from cifarcam.data.synthetic import synthetic_cifar10
from cifarcam.maps import recorded_maps
from cifarcam.maps.cam import stage_maps
from cifarcam.maps.recorded_maps import slow_maps, slow_maps_provenance, write_slow_maps
from cifarcam.provenance import provenance
from cifarcam.records.checks import RECORDED_SLOW
from cifarcam.records.runs import load_run

NET, IMAGES = as_if_trained(width=2), synthetic_cifar10("test").images[:4]
RUN = SimpleNamespace(model=lambda: NET, weights_checksum=lambda: "of these weights")


@pytest.fixture
def small_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "maps.npz"
    write_slow_maps(RUN, IMAGES[:3], {"date": "2026-11-21"}, path)
    monkeypatch.setattr(recorded_maps, "SLOW_MAPS", path)


def test_recorded_maps_are_found_by_their_images_in_any_order(small_record: None, capsys) -> None:
    found = slow_maps(RUN, IMAGES[[2, 0]])
    assert capsys.readouterr().out == "" and tuple(found) == RECORDED_SLOW
    for name, maps in found.items():
        expected = stage_maps(NET, IMAGES[[2, 0]], method=name)
        np.testing.assert_allclose(maps.maps, expected.maps, atol=5e-4)
        np.testing.assert_array_equal(maps.raw_maxima, expected.raw_maxima)
        np.testing.assert_array_equal(maps.targets, expected.targets)
        assert maps.method == name and maps.maps.dtype == np.float32
    assert slow_maps_provenance() == {"date": "2026-11-21"}


@pytest.mark.parametrize("changed", ["weights", "images"])
def test_what_is_not_on_record_is_computed_and_a_line_says_so(small_record: None, changed: str, capsys) -> None:
    images = IMAGES[[0, 3]] if changed == "images" else IMAGES[[0, 1]]
    run = SimpleNamespace(model=lambda: NET, weights_checksum=lambda: "of others") if changed == "weights" else RUN
    found = slow_maps(run, images)
    assert "The maps of these 2 images by Score-CAM and Ablation-CAM are not on record" in capsys.readouterr().out
    for name, maps in found.items():
        np.testing.assert_array_equal(maps.maps, stage_maps(NET, images, method=name).maps)


@pytest.mark.needs_cifar10
@pytest.mark.slow
def test_the_record_that_ships_is_what_the_shipped_weights_give(real_test: Split, capsys) -> None:
    run = load_run("best")
    mistakes = run.predictions(real_test).misclassified().numpy()[:10]
    recorded = slow_maps(run, real_test.images[mistakes])
    assert capsys.readouterr().out == ""
    for place, name in enumerate(RECORDED_SLOW, start=2):
        now = stage_maps(run.model(), real_test.images[mistakes[[place]]], method=name)
        np.testing.assert_allclose(recorded[name].maps[[place]], now.maps, atol=2e-3)
        np.testing.assert_allclose(recorded[name].raw_maxima[[place]], now.raw_maxima, rtol=1e-3)
        assert recorded[name].targets[place] == now.targets[0]


def test_the_record_says_how_it_came_about() -> None:
    about = slow_maps_provenance()
    assert about["command"] == "python -m tools.records.slow_maps" and {"run", *provenance("", "")} <= set(about)
