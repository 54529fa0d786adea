"""The checks of maps, on explainers whose results are known beforehand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from known import as_if_trained
from pytorch_grad_cam.utils.image import scale_cam_image
from torch import Tensor, nn

from cifarcam.data.split import Split
from cifarcam.data.synthetic import synthetic_cifar10
from cifarcam.maps.cam import stage_maps
from cifarcam.maps.methods import METHODS, SLOW
from cifarcam.trust import Mark, mosaics, quadrants
from cifarcam.trust.checks import (
    BASELINES,
    by_method,
    energy_on,
    faithfulness,
    grid_pointing,
    robustness,
    similarity_in_cascade,
)

pytestmark = pytest.mark.numeric

SPLIT = Split(synthetic_cifar10("test").images[:40], synthetic_cifar10("test").labels[:40])
IMAGES, TARGETS = SPLIT.images[:4], np.array([1, 2, 3, 4])


@pytest.fixture
def net():
    return as_if_trained(width=16)


def brightness(model, images: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Two stages: how bright the pixel is, and how dark."""
    bright = images.mean(3) / 255
    return np.stack([bright, 1 - bright], axis=1)


def test_a_method_as_an_explainer_gives_its_maps(net) -> None:
    own = by_method(lambda activations, gradients: gradients.mean((2, 3)))(net, IMAGES, TARGETS)
    np.testing.assert_array_equal(own, stage_maps(net, IMAGES, TARGETS).maps)


def test_maps_that_ignore_the_network_survive_the_cascade_and_grad_cams_do_not(net) -> None:
    blind = similarity_in_cascade(BASELINES["edges"], net, IMAGES, TARGETS, SPLIT.images)
    assert all(values.shape == (6, 4, 1) and np.allclose(values, 1) for values in blind.values())
    seeing = similarity_in_cascade(by_method("Grad-CAM"), net, IMAGES, TARGETS, SPLIT.images)
    assert np.nanmean(seeing["rank correlation"][-1]) < 0.9 and seeing["ssim"][-1].mean() < 0.9


def test_a_map_of_its_own_quadrant_wins_the_pointing_game_and_an_even_one_gets_a_quarter(net) -> None:
    boards = mosaics(SPLIT.images, SPLIT.labels, 3)

    def knows(model, images: np.ndarray, targets: np.ndarray) -> np.ndarray:
        own = np.argmax(boards.labels == targets[:, None], axis=1)
        return quadrants(64)[own][:, None].astype(float)

    assert grid_pointing(knows, net, boards).tolist() == np.ones((3, 4, 1)).tolist()
    even = grid_pointing(lambda model, images, targets: np.ones((3, 2, 64, 64)), net, boards)
    np.testing.assert_allclose(even, np.full((3, 4, 2), 0.25))
    asked = np.array([[0], [2], [3]])
    one_each = grid_pointing(by_method("Grad-CAM"), net, boards, asked)
    all_four = grid_pointing(by_method("Grad-CAM"), net, boards)
    assert all_four.shape == (3, 4, 5)
    np.testing.assert_allclose(one_each[:, 0], all_four[np.arange(3), asked[:, 0]], rtol=1e-4)


def test_energy_on_a_mark_or_on_a_mask_for_each_image(net) -> None:
    mark = Mark(label=0)
    dark = np.zeros_like(IMAGES)
    dark[:, mark.mask()] = 255
    assert energy_on(brightness, net, dark, TARGETS, mark.mask())[:, 0].tolist() == [1] * 4
    masks = np.stack([mark.mask(), ~mark.mask(), mark.mask(), ~mark.mask()])
    assert energy_on(brightness, net, dark, TARGETS, masks)[:, 0].tolist() == [1, 0, 1, 0]


def test_maps_of_what_lies_before_the_random_parts_do_not_change(net) -> None:
    alike = similarity_in_cascade(by_method("Eigen-CAM"), net, IMAGES, TARGETS, SPLIT.images)["rank correlation"]
    for step in range(6):  # Eigen-CAM looks at the activations alone
        before = max(0, 5 - step)
        np.testing.assert_allclose(alike[step, :, :before], 1)
    assert (alike[5] < 0.999).any()


class BrightCentre(nn.Module):
    """Two classes; the logit of class 1 is how bright the middle of the image is."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, x: Tensor) -> Tensor:
        bright = x[:, :, 12:20, 12:20].mean((1, 2, 3))
        return self.weight * torch.stack([-bright, bright], 1)


def test_a_map_of_what_the_network_uses_wins_and_its_opposite_loses() -> None:
    images, targets = np.zeros((3, 32, 32, 3), np.uint8), np.ones(3, int)
    images[:, 12:20, 12:20] = 255
    used = np.zeros((3, 1, 32, 32))
    used[..., 12:20, 12:20] = 1
    given = (BrightCentre(), images, targets)
    right, wrong = faithfulness(lambda *_: used, *given), faithfulness(lambda *_: -used, *given)
    assert (right["deletion"] < wrong["deletion"] - 0.2).all()
    assert (right["insertion"] > wrong["insertion"] + 0.2).all()
    assert (right["ROAD"] > 0.2).all() and (wrong["ROAD"] < -0.2).all()


def test_roads_areas_change_sign_with_the_order(net) -> None:
    saliency = by_method("LayerCAM")
    reverse = faithfulness(lambda *given: 1 - saliency(*given), net, IMAGES, TARGETS)
    found = faithfulness(saliency, net, IMAGES, TARGETS)
    assert set(found) == {"deletion", "insertion", "ROAD"} and all(values.shape == (4, 5) for values in found.values())
    # Turned over, most and least relevant change places; only ties fall otherwise.
    np.testing.assert_allclose(found["ROAD"], -reverse["ROAD"], atol=0.02)


def test_a_map_that_moves_with_its_image_is_stable(net) -> None:
    found = robustness(brightness, net, IMAGES, TARGETS)
    for change in ("mirrored", "shifted", "shifted far"):
        np.testing.assert_allclose(found[change], np.ones((4, 2)))
    assert (found["noisy"] > 0.9).all() and (found["noisy"] < 1).all()


def test_a_map_that_stays_where_it_is_is_not_stable_under_shifts(net) -> None:
    still = np.random.default_rng(0).random((4, 1, 32, 32))
    found = robustness(lambda model, images, targets: still, net, IMAGES, TARGETS)
    np.testing.assert_allclose(found["noisy"], np.ones((4, 1)))
    assert all(np.abs(found[change]).max() < 0.2 for change in ("shifted", "shifted far", "mirrored"))


def test_a_still_coarse_map_is_found_out_by_the_longer_shift_alone(net) -> None:
    coarse = scale_cam_image(np.random.default_rng(0).random((4, 4, 4)), (32, 32))[:, None]
    found = robustness(lambda model, images, targets: coarse, net, IMAGES, TARGETS)
    assert found["shifted"].min() > 0.9 and found["shifted far"].max() < 0.9


@pytest.mark.parametrize("name", [name for name in METHODS if name not in SLOW])
def test_every_fast_method_goes_through_a_check(net, name: str) -> None:
    found = robustness(by_method(name), net, IMAGES[:2], TARGETS[:2])
    assert all(values.shape == (2, 5) for values in found.values())


def test_baselines_fit_images_of_any_side() -> None:
    large = np.zeros((2, 64, 64, 3), np.uint8)
    for explainer in BASELINES.values():
        assert explainer(None, large, np.zeros(2, int)).shape == (2, 1, 64, 64)
