"""Removal of pixels in the order of a map: deletion, insertion, ROAD."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from known import as_if_trained
from pytorch_grad_cam.metrics.road import NoisyLinearImputer, ROADLeastRelevantFirst, ROADMostRelevantFirst
from torch import Tensor, nn

from cifarcam.data.constants import MEAN, STD
from cifarcam.data.normalization import normalize
from cifarcam.data.synthetic import synthetic_cifar10
from cifarcam.errors import CifarcamError
from cifarcam.trust import auc, deletion, impute, insertion, road

pytestmark = pytest.mark.numeric

IMAGES = synthetic_cifar10("test").images[:6]


class FirstPixel(nn.Module):
    """Two classes; the logit of class 1 is the red value of the pixel in the upper left corner, as normalised."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, x: Tensor) -> Tensor:
        red = x[:, 0, 0, 0]
        return self.weight * torch.stack([torch.zeros_like(red), red], 1)


@pytest.fixture
def maps() -> np.ndarray:
    return np.random.default_rng(0).random((6, 32, 32)).astype(np.float32)


def one_pixel(value: float = 1.0) -> np.ndarray:
    """Maps that rank the pixel in the upper left corner first."""
    shown = np.zeros((2, 32, 32), np.float32)
    shown[:, 0, 0] = value
    return shown


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_imputation_is_the_librarys(maps: np.ndarray, share: float) -> None:
    smooth = torch.as_tensor(maps).unfold(2, 5, 1).mean(-1)  # neighbouring pixels go together, as in real maps
    removed = torch.zeros(6, 32, 32, dtype=torch.bool)
    removed[:, :, 2:30] = smooth < smooth.flatten(1).quantile(share, dim=1)[:, None, None]
    removed[0, :, :3] = True  # up to the border
    x = normalize(IMAGES).contiguous()
    library = NoisyLinearImputer(noise=0)
    expected = torch.stack([library(image, (~gone).float()) for image, gone in zip(x, removed, strict=True)])
    found = impute(x, removed)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-3)
    assert torch.equal(found[~removed[:, None].expand_as(found)], x[~removed[:, None].expand_as(x)])


def test_a_pixel_with_all_its_neighbours_is_their_weighted_mean() -> None:
    x = torch.arange(9.0).view(1, 1, 3, 3) ** 2
    removed = torch.zeros(1, 3, 3, dtype=torch.bool)
    removed[0, 1, 1] = True
    sides, corners = 1 + 9 + 25 + 49, 0 + 4 + 36 + 64
    assert impute(x, removed)[0, 0, 1, 1].item() == pytest.approx(sides / 6 + corners / 12, abs=1e-5)
    removed[0, 1, 1], removed[0, 0, 0] = False, True
    assert impute(x, removed)[0, 0, 0, 0].item() == pytest.approx((1 / 6 + 9 / 6 + 16 / 12) / (5 / 12), abs=1e-4)


def test_nothing_removed_is_the_image_and_everything_removed_is_the_mean_colour() -> None:
    x = normalize(IMAGES)
    everything = torch.ones(6, 32, 32, dtype=torch.bool)
    assert torch.equal(impute(x, ~everything), x) and not impute(x, everything).any()


def test_images_with_nan_cannot_be_filled() -> None:
    x = normalize(IMAGES)
    x[0, 0, 5, 6] = float("nan")
    with pytest.raises(CifarcamError, match="NaN or infinite"):
        impute(x, torch.eye(32, dtype=torch.bool).repeat(6, 1, 1))


@pytest.mark.parametrize("most_relevant_first", [True, False])
def test_road_is_the_librarys(maps: np.ndarray, most_relevant_first: bool) -> None:
    net = as_if_trained(width=16)
    targets = np.array([3, 1, 4, 1, 5, 9])
    found = road(net, IMAGES, maps, targets, [0.3], most_relevant_first=most_relevant_first)
    library = ROADMostRelevantFirst(70) if most_relevant_first else ROADLeastRelevantFirst(70)
    library.perturbation.imputer.noise = 0
    chosen = [lambda logits, target=int(target): logits.softmax(0)[target] for target in targets]
    # The library removes what lies at or above a percentile of the map; here that is as many pixels.
    expected = library(normalize(IMAGES), maps, chosen, net, return_diff=False)
    np.testing.assert_allclose(found[:, 0], expected, atol=1e-3)


def test_deletion_takes_the_most_relevant_pixel_first() -> None:
    images = np.full((2, 32, 32, 3), 255, np.uint8)
    bright = 1 / (1 + np.exp(-(1 - MEAN[0]) / STD[0]))
    first = deletion(FirstPixel(), images, one_pixel(), np.array([1, 1]), [0, 1 / 1024, 1])
    np.testing.assert_allclose(first, [[bright, 0.5, 0.5]] * 2, atol=1e-3)
    last = deletion(FirstPixel(), images, one_pixel(-1), np.array([1, 1]), [0, 1023 / 1024, 1])
    np.testing.assert_allclose(last, [[bright, bright, 0.5]] * 2, atol=1e-3)
    other_class = deletion(FirstPixel(), images, one_pixel(), np.array([0, 1]), [0])
    np.testing.assert_allclose(other_class[:, 0], [1 - bright, bright], atol=1e-3)


def test_insertion_begins_with_a_blurred_image_and_ends_with_the_image() -> None:
    images = np.zeros((2, 32, 32, 3), np.uint8)
    images[:, 0, 0] = 255  # a single bright pixel, which the blur spreads
    curve = insertion(FirstPixel(), images, one_pixel(), np.array([1, 1]), [0, 1 / 1024, 1])
    assert (curve[:, 0] < 0.25).all() and (curve[:, 1] > 0.85).all()
    np.testing.assert_array_equal(curve[:, 1], curve[:, 2])


def test_an_order_does_not_depend_on_the_scale_of_the_map_and_equal_values_fall_at_random(maps: np.ndarray) -> None:
    net, targets = as_if_trained(width=16), np.zeros(6, np.int64)
    np.testing.assert_array_equal(
        deletion(net, IMAGES, maps, targets, [0.5]), deletion(net, IMAGES, 7 * maps - 3, targets, [0.5])
    )
    blank = deletion(FirstPixel(), IMAGES, np.zeros((6, 32, 32)), np.ones(6, np.int64), [0, 0.999])
    assert not np.array_equal(blank[:, 0], blank[:, 1])  # not row by row, the first pixel among the first


def test_the_model_is_left_as_found(maps: np.ndarray) -> None:
    net = as_if_trained(width=16).train()
    before = {key: value.clone() for key, value in net.state_dict().items()}
    road(net, IMAGES, maps, np.zeros(6, np.int64), [0.5], most_relevant_first=True)
    assert net.training and all(torch.equal(before[key], value) for key, value in net.state_dict().items())


def test_the_area_under_a_line() -> None:
    assert auc(np.array([[1, 0.5, 0], [1, 1, 1]]), [0, 0.5, 1]).tolist() == [0.5, 1]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"maps": np.zeros((6, 16, 16))}, r"maps of shape \(6, 16, 16\)"),
        ({"targets": np.zeros(5, int)}, r"Targets of shape \(5,\) for 6 images"),
        ({"maps": np.full((6, 32, 32), np.nan)}, "NaN or infinite"),
        ({"targets": np.full(6, 2)}, "from 0 to 1"),
        ({"targets": np.full(6, 0.5)}, "from 0 to 1"),
        ({"shares": [0, 1.5]}, "expected values from 0 to 1"),
    ],
)
def test_what_does_not_fit_is_an_error(maps: np.ndarray, changed: dict, message: str) -> None:
    given = {"maps": maps, "targets": np.zeros(6, int), "shares": [0, 1]} | changed
    with pytest.raises(CifarcamError, match=message):
        deletion(FirstPixel(), IMAGES, **given)


def test_every_image_needs_its_class(maps: np.ndarray) -> None:
    for targets in ("predicted", "cat", 1):
        with pytest.raises(CifarcamError, match=r"Targets of shape \(\) for 6 images"):
            deletion(FirstPixel(), IMAGES, maps, targets)


def test_a_model_of_nan_has_no_curves_and_one_of_16_bits_the_curves_of_its_weights(maps: np.ndarray) -> None:
    net, targets = as_if_trained(width=16).bfloat16(), np.zeros(6, int)
    found = deletion(net, IMAGES, maps, targets, [0, 0.5])
    np.testing.assert_array_equal(found, deletion(net.float(), IMAGES, maps, targets, [0, 0.5]))
    net.linear.weight.data.fill_(float("nan"))
    with pytest.raises(CifarcamError, match="NaN or infinite logits"):
        deletion(net, IMAGES, maps, targets, [0.5])


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_imputation_keeps_the_number_format(dtype: torch.dtype) -> None:
    x = normalize(IMAGES).requires_grad_().to(dtype)
    removed = torch.zeros(6, 32, 32, dtype=torch.bool)
    removed[:, 10:20, 10:20] = True
    found = impute(x, removed)
    expected = impute(normalize(IMAGES).to(dtype).float(), removed)
    assert found.dtype == dtype
    torch.testing.assert_close(found.float(), expected, rtol=0, atol=0.02 if dtype == torch.bfloat16 else 1e-4)
