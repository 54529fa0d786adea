"""Localisation, sanity, a planted shortcut, baselines and the bootstrap, each worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from known import as_if_trained
from pytorch_grad_cam.utils.image import scale_cam_image

from cifarcam.data.normalization import normalize
from cifarcam.data.split import Split
from cifarcam.data.synthetic import synthetic_cifar10
from cifarcam.errors import CifarcamError
from cifarcam.network.resnet import ResNet18
from cifarcam.training.recipes import find_recipe
from cifarcam.trust import (
    Mark,
    blurred_random,
    bootstrap_interval,
    centre_gaussian,
    edges,
    energy_inside,
    mosaics,
    plant,
    quadrants,
    randomised_in_cascade,
)
from cifarcam.trust.localisation import largest_share_inside
from cifarcam.trust.randomisation import CASCADE

pytestmark = pytest.mark.numeric


@pytest.fixture
def split() -> Split:
    synthetic_test = synthetic_cifar10("test")
    return Split(synthetic_test.images[:100], synthetic_test.labels[:100])


def test_energy_inside_is_the_share_of_the_sum() -> None:
    maps = np.array([[[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [0.0, 0.0]]])
    mask = np.array([[True, False], [False, True]])
    found = energy_inside(maps, mask)
    assert found[0] == pytest.approx(0.5) and np.isnan(found[1])
    assert energy_inside(maps[0], quadrants(2)).tolist() == [0.1, 0.2, 0.3, 0.4]
    with pytest.raises(CifarcamError, match="go down to -1"):
        energy_inside(-np.ones((2, 2)), mask)
    with pytest.raises(CifarcamError, match="4 values of the maps are NaN or infinite"):
        energy_inside(np.full((2, 2), np.nan), mask)


def test_no_map_of_a_coarse_stage_lies_wholly_inside_a_small_mask() -> None:
    mask = Mark(label=0).mask()
    assert largest_share_inside(mask, 32) == 1 and largest_share_inside(np.ones((32, 32), bool), 4) == 1
    by_cells = [largest_share_inside(mask, cells) for cells in (32, 16, 8, 4)]
    assert by_cells == sorted(by_cells, reverse=True) and by_cells[-1] < 0.3
    mixtures = np.random.default_rng(0).random((50, 4, 4)).astype(np.float32) ** 8
    assert energy_inside(scale_cam_image(mixtures, (32, 32)), mask).max() <= by_cells[-1]


def test_quadrants_are_the_four_quarters() -> None:
    found = quadrants(4)
    assert (found.sum(0) == 1).all() and found.sum((1, 2)).tolist() == [4] * 4
    assert found[0, 0, 0] and found[1, 0, 3] and found[2, 3, 0] and found[3, 3, 3]
    with pytest.raises(CifarcamError, match="5 pixels a side has no four equal quadrants"):
        quadrants(5)


def test_mosaics_hold_four_classes_where_they_say(split: Split) -> None:
    found = mosaics(split.images, split.labels, 20, seed=1)
    assert found.images.shape == (20, 64, 64, 3) and all(len(set(four)) == 4 for four in found.labels.tolist())
    corners = (slice(0, 32), slice(0, 32)), (slice(0, 32), slice(32, 64)), (slice(32, 64), slice(0, 32))
    for image, four in zip(found.images, found.labels, strict=True):
        for (rows, columns), label in zip([*corners, (slice(32, 64), slice(32, 64))], four, strict=True):
            members = split.images[split.labels == label]
            assert (members == image[rows, columns]).all((1, 2, 3)).any()
    assert np.array_equal(found.images, mosaics(split.images, split.labels, 20, seed=1).images)
    assert not np.array_equal(found.images, mosaics(split.images, split.labels, 20, seed=2).images)
    assert np.array_equal(found.images[:5], mosaics(split.images, split.labels, 5, seed=1).images)
    with pytest.raises(CifarcamError, match="these are of 3"):
        mosaics(split.images[:3], np.arange(3), 1)
    with pytest.raises(CifarcamError, match="2 mosaics of 3 images with 4 labels"):
        mosaics(split.images[:3], np.arange(4), 2)
    with pytest.raises(CifarcamError, match="0 mosaics"):
        mosaics(split.images, split.labels, 0)


def test_the_cascade_makes_one_part_more_random_at_each_step(split: Split) -> None:
    net = as_if_trained(width=16)
    before = {key: value.clone() for key, value in net.state_dict().items()}
    random_state = torch.get_rng_state()
    steps = list(randomised_in_cascade(net, split.images, seed=3))
    assert tuple(name for name, _ in steps) == CASCADE
    weights = [
        f"{name.replace('layer0', 'conv1')}{'.0.conv1' if name[-1] in '1234' else ''}.weight" for name in CASCADE
    ]
    for step, (_, randomised) in enumerate(steps):
        changed = [not torch.equal(randomised.state_dict()[key], before[key]) for key in weights]
        assert changed == [place <= step for place in range(6)] and not randomised.training
    assert all(torch.equal(before[key], value) for key, value in net.state_dict().items())
    assert torch.equal(random_state, torch.get_rng_state())
    again = [randomised for _, randomised in randomised_in_cascade(net, split.images, seed=3)]
    assert torch.equal(again[-1].conv1.weight, steps[-1][1].conv1.weight)


def test_the_cascade_refuses_a_network_whose_parts_it_does_not_know(split: Split) -> None:
    with pytest.raises(CifarcamError, match="a Linear; the cascade knows the parts of a ResNet18 only"):
        next(randomised_in_cascade(torch.nn.Linear(2, 2), split.images))


def test_a_random_networks_statistics_are_those_of_the_images(split: Split) -> None:
    *_, (_, net) = randomised_in_cascade(as_if_trained(width=16), split.images)
    kept = []
    net.bn1.register_forward_hook(lambda module, inputs, output: kept.append(output))
    with torch.no_grad():
        net(normalize(split.images))
    torch.testing.assert_close(kept[0].mean((0, 2, 3)), torch.zeros(16), atol=1e-3, rtol=0)
    torch.testing.assert_close(kept[0].std((0, 2, 3)), torch.ones(16), atol=1e-2, rtol=0)


def test_only_the_marks_class_carries_it(split: Split) -> None:
    mark = Mark(label=3, size=4, margin=1)
    planted = plant(split, mark)
    mask = mark.mask()
    assert mask.sum() == 16 and mask[27:31, 27:31].all()
    carries = split.labels == 3
    assert carries.any() and np.array_equal(planted.images[~carries], split.images[~carries])
    assert np.array_equal(planted.images[carries][:, ~mask], split.images[carries][:, ~mask])
    assert set(np.unique(planted.images[carries][:, mask])) == {0, 255} and planted.images[carries][0, 27, 28, 0] == 255
    assert planted.images.dtype == np.uint8 and np.array_equal(planted.labels, split.labels)
    with pytest.raises(CifarcamError, match="A mark of 40 pixels has no room"):
        Mark(0, size=40).mask()


def test_baselines_are_maps_that_know_nothing_of_a_network(split: Split) -> None:
    noise, hill, outline = blurred_random(3, seed=5), centre_gaussian(2), edges(split.images[:4])
    for maps, count in ((noise, 3), (hill, 2), (outline, 4)):
        assert maps.shape == (count, 32, 32) and maps.dtype == np.float32
        assert maps.min((1, 2)).tolist() == [0] * count and maps.max((1, 2)).tolist() == pytest.approx([1] * count)
    assert np.array_equal(noise, blurred_random(3, seed=5)) and not np.array_equal(noise[0], noise[1])
    assert np.unravel_index(hill[0].argmax(), (32, 32)) in {(15, 15), (15, 16), (16, 15), (16, 16)}
    half = np.zeros((1, 32, 32, 3), np.uint8)
    half[:, :, 16:] = 200
    assert edges(half)[0, 5].nonzero()[0].tolist() == [15, 16]
    assert np.array_equal(outline[1], edges(split.images[1:2])[0])
    assert not edges(np.full((1, 32, 32, 3), 9, np.uint8)).any()


def test_the_bootstrap_covers_the_mean_and_narrows_with_more_images() -> None:
    values = np.random.default_rng(0).normal(3, 1, size=(400, 2))
    low, high = bootstrap_interval(values)
    # Of the mean of 400 normal values the middle 95 % are 2 · 1.96 / √400 wide.
    np.testing.assert_allclose(high - low, 2 * 1.96 / 20, rtol=0.12)
    assert (low < values.mean(0)).all() and (values.mean(0) < high).all()
    assert np.array_equal(low, bootstrap_interval(values)[0])


def test_the_bootstrap_leaves_blank_maps_out() -> None:
    values = np.array([1.0, np.nan, 1.0, 1.0])
    assert [float(end) for end in bootstrap_interval(values)] == [1, 1]
    with pytest.raises(CifarcamError, match="one image or more"):
        bootstrap_interval(np.empty((0, 2)))
    for wrong in ({"level": 95}, {"resamples": 0}):
        with pytest.raises(CifarcamError, match="a level between 0 and 1"):
            bootstrap_interval(values, **wrong)


def test_the_random_weights_are_not_those_that_training_began_with(split: Split) -> None:
    torch.manual_seed(find_recipe("best").seed)
    begun = ResNet18(16)
    *_, (_, randomised) = randomised_in_cascade(begun, split.images)
    for name, weights in randomised.named_parameters():
        if weights.ndim > 1:
            correlation = torch.corrcoef(torch.stack([weights.flatten(), begun.get_parameter(name).flatten()]))[0, 1]
            assert abs(correlation) < 0.25


def test_the_interval_of_nothing_known_is_nan() -> None:
    values = np.stack([np.full(5, np.nan), np.arange(5.0)], axis=1)
    low, high = bootstrap_interval(values)
    assert np.isnan([low[0], high[0]]).all() and low[1] < 2 < high[1]
