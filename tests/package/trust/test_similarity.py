"""Measures of maps, each against a library or worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr
from skimage.metrics import structural_similarity

from cifarcam.errors import CifarcamError
from cifarcam.trust import rank_correlation, ssim

pytestmark = pytest.mark.numeric


@pytest.fixture
def pairs() -> tuple[np.ndarray, np.ndarray]:
    """Maps of two images at three stages, some pixels equal, as in enlarged maps."""
    random = np.random.default_rng(0)
    a = random.random((2, 3, 16, 12)).round(1)
    return a, (0.6 * a + 0.4 * random.random(a.shape)).astype(np.float32)


def test_rank_correlation_is_scipys_spearman(pairs: tuple[np.ndarray, np.ndarray]) -> None:
    a, b = pairs
    found = rank_correlation(a, b)
    assert found.shape == (2, 3)
    for place in np.ndindex(2, 3):
        assert found[place] == pytest.approx(spearmanr(a[place].ravel(), b[place].ravel()).statistic, abs=1e-12)


def test_rank_correlation_worked_by_hand() -> None:
    a = np.array([[1.0, 2.0], [3.0, 4.0]])
    b = np.array([[10.0, 30.0], [20.0, 40.0]])  # ranks 1 3 2 4: 1 − 6 · (0 + 1 + 1 + 0) / (4 · 15)
    assert rank_correlation(a, b) == pytest.approx(0.8)
    assert rank_correlation(a, -(a**3)) == pytest.approx(-1) and rank_correlation(a, np.exp(a)) == pytest.approx(1)


def test_a_map_without_an_order_has_no_rank_correlation() -> None:
    maps = np.stack([np.zeros((8, 8)), np.eye(8)])
    assert np.isnan(rank_correlation(maps, maps)).tolist() == [True, False]


def test_ssim_is_scikit_images(pairs: tuple[np.ndarray, np.ndarray]) -> None:
    a, b = pairs
    found = ssim(a, b)
    assert found.shape == (2, 3)
    for place in np.ndindex(2, 3):
        expected = structural_similarity(a[place].astype(float), b[place].astype(float), data_range=1.0)
        assert found[place] == pytest.approx(expected, abs=1e-9)


def test_equal_maps_have_an_ssim_of_one_and_two_blank_ones_have_none() -> None:
    assert ssim(np.eye(8), np.eye(8)) == pytest.approx(1) and np.isnan(ssim(np.zeros((8, 8)), np.zeros((8, 8))))
    assert ssim(np.zeros((8, 8)), np.ones((8, 8))) == pytest.approx(1e-4 / (1 + 1e-4))


@pytest.mark.parametrize("measure", [rank_correlation, ssim])
def test_maps_that_do_not_fit_are_an_error(measure) -> None:
    with pytest.raises(CifarcamError, match=r"shapes \(2, 8, 8\) and \(8, 8\)"):
        measure(np.zeros((2, 8, 8)), np.zeros((8, 8)))


@pytest.mark.parametrize("measure", [rank_correlation, ssim])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_maps_that_are_nan_are_not_taken_for_blank(measure, value: float) -> None:
    maps = np.eye(8)
    maps[2, 3] = value
    for pair in ((maps, np.eye(8)), (np.eye(8), maps)):
        with pytest.raises(CifarcamError, match="1 values of the maps are NaN or infinite"):
            measure(*pair)


def test_ssim_needs_a_whole_window() -> None:
    with pytest.raises(CifarcamError, match="maps of 7×7 or more; these are 4×9"):
        ssim(np.zeros((4, 9)), np.zeros((4, 9)))
