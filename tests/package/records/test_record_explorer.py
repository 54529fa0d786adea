"""What the explorer of maps shows: that it is what the shipped weights give, and that the page about it is true."""

from __future__ import annotations

import html
import re
from itertools import product
from types import SimpleNamespace
from urllib.parse import parse_qs

import cv2
import numpy as np
import pytest
import torch
from explorer_record import maps, pictures, raw_maximum, recorded
from known import as_if_trained

from cifarcam.data.split import Split
from cifarcam.data.synthetic import synthetic_cifar10
from cifarcam.maps.cam import StageMaps, stage_maps
from cifarcam.maps.methods import CLASS_BLIND
from cifarcam.network.predictions import Predictions, predict
from cifarcam.network.resnet import STAGES
from cifarcam.provenance import provenance
from cifarcam.records.runs import load_run
from tools.book.chapters import ROOT, read
from tools.records.explorer import (
    COMMAND,
    FAST,
    LEVELS,
    MISTAKES,
    RECORD,
    SIZES,
    STILL,
    chosen_mistakes,
    maps_record,
    mistakes_record,
    small_maps,
)

INDEX = recorded("mistakes")
SHOWN = [mistake["image"] for mistake in INDEX["mistakes"]]
PAGE = (ROOT / "book" / "explorer.md").read_text(encoding="utf-8")


def test_there_are_enough_images_of_many_pairs_of_classes() -> None:
    pairs = [(mistake["true"], mistake["predicted"]) for mistake in INDEX["mistakes"]]
    assert len(SHOWN) == len(set(SHOWN)) == MISTAKES >= 40
    assert len(set(pairs)) >= 40 and all(true != predicted for true, predicted in pairs)
    for names in zip(*pairs, strict=True):
        assert set(names) == set(INDEX["classes"]), "each class occurs as the true and as the predicted one"


def test_the_explorer_is_light_enough_to_be_loaded() -> None:
    everything = [*RECORD.parent.rglob("*.*"), STILL]
    assert sum(path.stat().st_size for path in everything if path.is_file()) < 1_500_000
    at_first = [RECORD / "mistakes.js", RECORD / f"{SHOWN[0]}.js", *RECORD.parent.glob("*.*")]
    assert sum(path.stat().st_size for path in at_first) < 300_000


def test_there_is_a_script_for_each_image_and_no_other() -> None:
    assert {path.stem for path in RECORD.glob("*")} == {"mistakes", *map(str, SHOWN)}


def test_the_record_says_how_it_came_about() -> None:
    about = INDEX["provenance"]
    assert about["command"] == COMMAND and set(provenance("", "")) <= set(about)
    assert about["weights"] == load_run(about["run"]).weights_checksum()


def test_names_are_those_of_the_package() -> None:
    assert [method["name"] for method in INDEX["methods"]] == list(FAST)
    blind = [method["name"] for method in INDEX["methods"] if not method["knowsClass"]]
    assert blind == [name for name in FAST if name in CLASS_BLIND] != []
    assert [stage["name"] for stage in INDEX["stages"]] == list(STAGES) == list(SIZES)


@pytest.mark.needs_cifar10
def test_images_and_probabilities_are_those_of_the_run(real_test: Split) -> None:
    predictions = load_run("best").predictions(real_test)
    assert chosen_mistakes(predictions).tolist() == SHOWN
    assert INDEX["ofMistakes"] == len(predictions.misclassified())
    for mistake in INDEX["mistakes"]:
        index = mistake["image"]
        assert mistake["true"] == INDEX["classes"][real_test.labels[index]]
        assert mistake["predicted"] == INDEX["classes"][predictions.predicted[index]]
        np.testing.assert_allclose(mistake["probabilities"], predictions.probabilities[index], atol=6e-5)
        np.testing.assert_array_equal(pictures()[index], real_test.images[index])


@pytest.mark.numeric
@pytest.mark.needs_cifar10
@pytest.mark.parametrize("method", FAST)
def test_maps_are_those_that_the_shipped_weights_give(real_test: Split, method: str) -> None:
    few = SHOWN[4::16]
    images, labels = real_test.images[few], real_test.labels[few]
    for kind in ["predicted"] if method in CLASS_BLIND else ["predicted", "true"]:
        now = maps_computed(images, labels if kind == "true" else kind, method)
        for index, image in enumerate(few):
            for place, stage in enumerate(STAGES):
                np.testing.assert_allclose(maps(image)[method, kind, stage], now.maps[index, place], atol=2 / LEVELS)
                stated = raw_maximum(image, method, kind, stage)
                np.testing.assert_allclose(stated, now.raw_maxima[index, place], rtol=1e-2)


def maps_computed(images: np.ndarray, targets: str | np.ndarray, method: str, onednn: bool = True) -> StageMaps:
    """Maps of the recorded run; with oneDNN, as they were recorded, or by PyTorch's own convolutions."""
    with torch.backends.mkldnn.flags(enabled=onednn):
        return stage_maps(load_run("best").model(), images, targets, method=method)


@pytest.mark.numeric
@pytest.mark.needs_cifar10
def test_what_the_page_says_of_rounding_is_true(real_test: Split) -> None:
    few = [SHOWN[place] for place in (0, 4, 12, 20, 28, 36)]
    images, labels = real_test.images[few], real_test.labels[few]
    apart, of_maxima = {}, {}
    for method, kind in product(("Grad-CAM++", "XGrad-CAM"), ("predicted", "true")):
        otherwise = maps_computed(images, labels if kind == "true" else kind, method, onednn=False)
        for index, image in enumerate(few):
            recorded_map, maximum = maps(image)[method, kind, "layer0"], raw_maximum(image, method, kind, "layer0")
            apart[method, kind, image] = LEVELS * abs(recorded_map - otherwise.maps[index, 0]).max()
            of_maxima[method, kind, image] = maximum / otherwise.raw_maxima[index, 0]
    largest = "Grad-CAM++", "predicted", 1685
    assert apart.pop(largest) == pytest.approx(166, abs=1) and of_maxima.pop(largest) == pytest.approx(1.5, abs=0.05)
    assert max(apart.values()) < 2 and list(of_maxima.values()) == pytest.approx([1] * 23, abs=0.01)


@pytest.mark.parametrize("size", sorted(set(SIZES.values())))
def test_a_small_map_enlarged_and_scaled_again_is_the_map(size: int) -> None:
    small = np.random.default_rng(0).random((3, size, size), np.float32)
    small[2] = 0  # blank

    def enlarged(places: np.ndarray) -> np.ndarray:
        large = np.stack([cv2.resize(each.astype(np.float32), (32, 32)) for each in places])
        large -= large.min((1, 2), keepdims=True)
        return large / np.maximum(large.max((1, 2), keepdims=True), 1e-9)

    found = small_maps(enlarged(small), size)
    assert found.shape == small.shape and found[:2].max() == 1 and found.min() == 0 and not found[2].any()
    np.testing.assert_allclose(enlarged(found), enlarged(small), atol=1e-5)


def test_the_first_mistakes_come_first_then_the_frequent_pairs() -> None:
    # Ten mistakes of 0 for 1; after them one of 1 for 0, two of 2 for 0; a right one and more of 0 for 1 between.
    labels = torch.tensor([0] * 10 + [1, 0, 2, 2, 3])
    called = torch.tensor([1] * 10 + [0, 1, 0, 0, 3])
    chosen = chosen_mistakes(Predictions(torch.eye(10)[called], labels))
    assert chosen.tolist() == [*range(10), 12, 10]
    assert chosen_mistakes(Predictions(torch.eye(10)[called], labels), 3).tolist() == [0, 1, 2]


def test_a_record_holds_every_image_and_map_it_was_given() -> None:
    net, split = as_if_trained(width=2), synthetic_cifar10("test")
    images, labels = split.images[:6], split.labels[:6]
    predictions = Predictions(predict(net, images), labels)
    run = SimpleNamespace(recipe=SimpleNamespace(name="own"), weights_checksum=lambda: "of these weights")
    index = mistakes_record(run, predictions, images[[2, 4]], np.array([2, 4]), {"date": "today"})
    assert index["provenance"] == {"date": "today", "run": "own", "weights": "of these weights"}
    assert [mistake["image"] for mistake in index["mistakes"]] == [2, 4]
    made = {("Grad-CAM", kind): stage_maps(net, images, labels) for kind in ("predicted", "true")}
    made["Eigen-CAM", "predicted"] = stage_maps(net, images, method="Eigen-CAM")
    record = maps_record(made, 1)
    assert {method: list(kinds) for method, kinds in record["rawMaxima"].items()} == {
        "Grad-CAM": ["predicted", "true"],
        "Eigen-CAM": ["predicted"],
    }


def views() -> dict[str, dict[str, str]]:
    """The views that the page links to, by the words of the link."""
    links = re.findall(r'<a href="\?([^"]+)">(.+?)</a>', PAGE, re.DOTALL)
    return {
        " ".join(words.split()): {key: values[0] for key, values in parse_qs(html.unescape(query)).items()}
        for query, words in links
    }


def seen(view: dict[str, str], **other: str) -> tuple[np.ndarray, float]:
    """The map of a view and its raw maximum, with some of its choices made otherwise."""
    view = view | other
    choice = view["method"], view["for"], view["stage"]
    image = int(view["image"])
    return maps(image)[choice], raw_maximum(image, *choice)


def strongest(heat: np.ndarray) -> tuple[int, int]:
    return divmod(int(heat.argmax()), 32)


def classes_of(view: dict[str, str]) -> tuple[str, str]:
    mistake = next(mistake for mistake in INDEX["mistakes"] if mistake["image"] == int(view["image"]))
    return mistake["true"], mistake["predicted"]


def test_what_the_page_says_of_its_views_is_true() -> None:
    blank, faint, apart, methods = views().values()
    assert classes_of(blank) == ("ship", "bird") and (blank["for"], blank["stage"]) == ("true", "layer4")
    assert seen(blank)[1] == 0 < seen(blank, **{"for": "predicted"})[1]

    assert classes_of(faint) == ("cat", "dog") and faint["stage"] == "layer3"
    assert 30 * seen(faint)[1] < seen(faint, **{"for": "true"})[1]

    (called, of_called), (true, of_true) = seen(apart), seen(apart, **{"for": "true"})
    assert classes_of(apart) == ("bird", "cat") and of_called > 10 * of_true
    assert strongest(called)[1] >= 19 and max(strongest(true)) < 13

    assert (methods["method"], methods["stage"]) == ("HiResCAM", "layer0")
    pair = [seen(methods, method=name)[0].ravel() for name in ("HiResCAM", "Grad-CAM")]
    assert abs(np.corrcoef(pair)[0, 1]) < 0.1
    hires, grad = (seen(methods, method=name, stage="layer4") for name in ("HiResCAM", "Grad-CAM"))
    np.testing.assert_array_equal(hires[0], grad[0])
    assert hires[1] == pytest.approx(grad[1], rel=1e-3)


def test_the_pages_count_the_images_rightly() -> None:
    assert f"{len(SHOWN)} of the {INDEX['ofMistakes']} test images" in PAGE
    chapter = "\n".join(cell.source for cell in read(ROOT / "book" / "07-grad-cam.ipynb").cells)
    assert f"one of {len(SHOWN)} mistakes" in chapter
