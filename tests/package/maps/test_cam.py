"""Class activation maps: equal to the analytic ones and to the formula, and nothing left behind in the model."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from known import as_if_trained, assert_as_exact, exact_logits
from pytorch_grad_cam.utils.image import scale_cam_image
from torchvision.models import resnet18

from cifarcam.data.normalization import normalize
from cifarcam.data.synthetic import synthetic_cifar10
from cifarcam.errors import CifarcamError
from cifarcam.maps.cam import cam_maps, logit_contributions, stage_maps
from cifarcam.network.resnet import ResNet18, stages
from cifarcam.records.runs import load_run

pytestmark = pytest.mark.numeric


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), dtype=np.uint8)


@pytest.fixture
def net() -> ResNet18:
    return as_if_trained(width=8)


@pytest.mark.parametrize("targets", ["predicted", "cat", 7, list(range(10))])
def test_layer4_of_the_recorded_network_is_the_analytic_map(targets: str | int | list[int]) -> None:
    net, images = load_run("best").model(), synthetic_cifar10("test").images[:10]
    maps, analytic = stage_maps(net, images, targets), cam_maps(net, images, targets)
    assert not maps.blank[:, 4].all()
    raw = weighted_sum(net, "layer4", images, maps.targets, torch.float64)
    exact = scale_cam_image(scale_cam_image(raw, (32, 32)))
    assert_as_exact(maps.maps[:, 4], analytic, exact)
    assert_as_exact(analytic, maps.maps[:, 4], exact)


def test_raw_maxima_are_those_of_the_formula(net: ResNet18, images: np.ndarray) -> None:
    maps = stage_maps(net, images, 3)
    rounded, exact = (
        weighted_sum(net, "layer2", images, np.full(6, 3), dtype).max((1, 2))
        for dtype in (torch.float32, torch.float64)
    )
    assert_as_exact(maps.raw_maxima[:, 2], rounded, exact)


def weighted_sum(net: ResNet18, stage: str, images: np.ndarray, targets: np.ndarray, dtype: torch.dtype) -> np.ndarray:
    """Grad-CAM's map of a stage by its formula: neither enlarged nor scaled, (N, h, w)."""
    net, kept = copy.deepcopy(net).to(dtype), {}
    stages(net)[stage].register_forward_hook(lambda module, inputs, output: kept.update(a=output))
    logits = net(normalize(images).to(dtype))
    (gradient,) = torch.autograd.grad(logits.gather(1, torch.as_tensor(targets)[:, None]).sum(), kept["a"])
    return (gradient.mean((2, 3), keepdim=True) * kept["a"]).sum(1).relu().detach().numpy()


def test_more_images_than_a_pass_holds_give_the_maps_they_give_alone(net: ResNet18) -> None:
    images = np.random.default_rng(1).integers(0, 256, (53, 32, 32, 3), dtype=np.uint8)
    together, last = stage_maps(net, images, "predicted"), stage_maps(net, images[-1:], "predicted")
    assert together.maps.shape == (53, 5, 32, 32)
    np.testing.assert_allclose(together.maps[-1], last.maps[0], atol=1e-5)
    assert together.targets[-1] == last.targets[0]


def test_predicted_targets_are_the_largest_logits(net: ResNet18, images: np.ndarray) -> None:
    maps = stage_maps(net, images)
    with torch.no_grad():
        np.testing.assert_array_equal(maps.targets, net(normalize(images)).argmax(1).numpy())


@pytest.mark.parametrize("training", [True, False])
def test_nothing_is_left_behind(net: ResNet18, images: np.ndarray, training: bool) -> None:
    net.train(training)
    net.bn1.eval()  # a mixed mode must come back as it was
    net.conv1.weight.requires_grad_(False)
    net.linear.weight.grad = torch.ones_like(net.linear.weight)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    random_state = torch.get_rng_state()
    stage_maps(net, images, "predicted")
    cam_maps(net, images, "predicted")
    assert net.training is training and net.layer1.training is training and not net.bn1.training
    assert not net.conv1.weight.requires_grad and net.conv1.weight.grad is None and net.linear.bias.requires_grad
    assert torch.equal(net.linear.weight.grad, torch.ones_like(net.linear.weight)) and net.linear.bias.grad is None
    assert not any(module._forward_hooks or module._backward_hooks for module in net.modules())
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())
    assert torch.equal(random_state, torch.get_rng_state())


def test_a_model_that_fails_is_left_as_found(net: ResNet18, images: np.ndarray) -> None:
    net.train()
    with torch.no_grad():
        net.linear.weight.fill_(float("nan"))
    for maps_of in (stage_maps, cam_maps):
        with pytest.raises(CifarcamError, match="NaN"):
            maps_of(net, images)
    assert net.training and not any(module._forward_hooks for module in net.modules())


def test_maps_of_a_frozen_model_under_no_grad_inference_and_autocast(net: ResNet18, images: np.ndarray) -> None:
    expected = stage_maps(net, images, 2).maps
    net.requires_grad_(False)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        np.testing.assert_array_equal(stage_maps(net, images, 2).maps, expected)
    with torch.inference_mode():
        np.testing.assert_array_equal(stage_maps(net, images, 2).maps, expected)


def test_a_map_that_is_nowhere_positive_is_blank(net: ResNet18, images: np.ndarray) -> None:
    with torch.no_grad():
        net.linear.weight.fill_(-1.0)  # layer4 is not negative, so its weighted sum is not positive
    maps = stage_maps(net, images, 0)
    assert maps.blank[:, 4].all() and (maps.maps[:, 4] == 0).all() and (maps.raw_maxima[:, 4] == 0).all()


def test_what_the_places_add_and_the_bias_are_the_logits(net: ResNet18, images: np.ndarray) -> None:
    with torch.no_grad():
        net.linear.bias.uniform_(-1, 1)
    logits = stage_maps(net, images).logits
    exact = exact_logits(net, normalize(images))
    for label in (0, 7):
        added = logit_contributions(net, images, label)
        assert added.shape == (6, 4, 4) and added.dtype == np.float32
        assert_as_exact(added.sum((1, 2)) + net.linear.bias[label].item(), logits[:, label], exact[:, label])
    predicted = logit_contributions(net, images).sum((1, 2)) + net.linear.bias.detach().numpy()[logits.argmax(1)]
    assert_as_exact(predicted, logits.max(1), exact.max(1))


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ("lion", "no class 'lion'"),
        (10, "from 0 to 9"),
        (-1, "from 0 to 9"),
        ([1, 2], "one class for each image"),
        ([0.5] * 6, "class numbers"),
        (np.full(6, True), "class numbers"),
    ],
)
def test_targets_that_do_not_fit_are_refused(net: ResNet18, images: np.ndarray, targets: object, message: str) -> None:
    for maps_of in (stage_maps, cam_maps):
        with pytest.raises(CifarcamError, match=message):
            maps_of(net, images, targets)


def test_a_network_of_other_classes_has_maps_for_its_own_and_no_others(images: np.ndarray) -> None:
    many, few = ResNet18(width=4, num_classes=20), ResNet18(width=4, num_classes=5)
    assert (stage_maps(many, images, 15).targets == 15).all()
    for maps_of in (stage_maps, cam_maps):
        with pytest.raises(CifarcamError, match="from 0 to 4"):
            maps_of(few, images, 7)


def test_mirrored_views_are_taken_as_they_look(net: ResNet18, images: np.ndarray) -> None:
    mirrored = images[:, :, ::-1]
    np.testing.assert_array_equal(stage_maps(net, mirrored, 1).maps, stage_maps(net, mirrored.copy(), 1).maps)


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((2, 32, 32, 3), np.float32),
        np.zeros((2, 3, 32, 32), np.uint8),
        np.zeros((32, 32, 3), np.uint8),
        np.zeros((0, 32, 32, 3), np.uint8),
        np.zeros((1, 8, 8, 3), np.uint8),
        [[1, 2, 3]],
    ],
)
def test_images_that_do_not_fit_are_refused(net: ResNet18, images: object) -> None:
    for maps_of in (stage_maps, cam_maps):
        with pytest.raises(CifarcamError, match="expected"):
            maps_of(net, images)


def test_contributions_need_the_packages_linear_layer(images: np.ndarray) -> None:
    with pytest.raises(CifarcamError, match="ResNet has no layer called linear; expected a ResNet18"):
        logit_contributions(resnet18(), images)


def test_a_model_without_stages_is_refused(images: np.ndarray) -> None:
    with pytest.raises(CifarcamError, match="has no bn1"):
        stage_maps(torch.nn.Linear(2, 2), images)
