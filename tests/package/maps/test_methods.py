"""Every method of class activation maps: equal to the library's, and nothing left behind."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from known import EPSILON, as_if_trained, assert_as_exact
from pytorch_grad_cam import (
    AblationCAM,
    EigenCAM,
    GradCAM,
    GradCAMPlusPlus,
    HiResCAM,
    LayerCAM,
    ScoreCAM,
    XGradCAM,
    base_cam,
    eigen_cam,
    hirescam,
    layer_cam,
)
from pytorch_grad_cam.utils.image import scale_cam_image
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from pytorch_grad_cam.utils.svd_on_activations import get_2d_projection

from cifarcam.data.normalization import normalize
from cifarcam.data.synthetic import synthetic_cifar10
from cifarcam.errors import CifarcamError
from cifarcam.hardware import onednn_workaround
from cifarcam.maps import cam
from cifarcam.maps.cam import stage_maps
from cifarcam.maps.methods import METHODS, SLOW, first_component
from cifarcam.network.resnet import ResNet18, stages
from cifarcam.records.runs import load_run

pytestmark = pytest.mark.numeric

TARGETS = [2, 8]
LIBRARY = {
    "Grad-CAM": GradCAM,
    "Grad-CAM++": GradCAMPlusPlus,
    "XGrad-CAM": XGradCAM,
    "HiResCAM": HiResCAM,
    "LayerCAM": LayerCAM,
    "Eigen-CAM": EigenCAM,
    "Score-CAM": ScoreCAM,
    "Ablation-CAM": AblationCAM,
}


@pytest.fixture
def net() -> ResNet18:
    return as_if_trained(width=2)


@pytest.fixture
def images() -> np.ndarray:
    return synthetic_cifar10("test").images[:2]


def first_component_by_svd(activations: np.ndarray) -> np.ndarray:
    """By NumPy's singular value decomposition, uncentred and turned to a positive sum; the library's centres first."""
    positions = activations.reshape(*activations.shape[:2], -1).swapaxes(1, 2).astype(np.float64)
    left, singular_values, _ = np.linalg.svd(positions, full_matrices=False)
    scores = left[:, :, 0] * singular_values[:, :1]
    turned = scores * np.sign(scores.sum(1, keepdims=True))
    return turned.reshape(-1, *activations.shape[2:])


@pytest.fixture
def uncentred_library(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (base_cam, eigen_cam, hirescam, layer_cam):
        monkeypatch.setattr(module, "get_2d_projection", first_component_by_svd)


def by_the_library(
    net: ResNet18, images: np.ndarray, name: str, stage: int, dtype: torch.dtype = torch.float32, **smoothing: bool
) -> np.ndarray:
    """The maps of one stage, in batches of the size that ``stage_maps`` takes: another batch rounds in another way."""
    net = copy.deepcopy(net).to(dtype)
    layer = list(stages(net).values())[stage]
    size = 1 if name in SLOW else len(images)
    maps = []
    for start in range(0, len(images), size):
        part = slice(start, start + size)
        with onednn_workaround(net), LIBRARY[name](net, [layer]) as alone:
            x = normalize(images[part]).to(dtype).requires_grad_()
            maps.extend(alone(x, [ClassifierOutputTarget(target) for target in TARGETS[part]], **smoothing))
    return scale_cam_image(maps)  # smoothed by augmentation they are not


@pytest.mark.usefixtures("uncentred_library")
@pytest.mark.parametrize("smoothing", [{}, {"aug_smooth": True}, {"eigen_smooth": True}], ids=str)
@pytest.mark.parametrize("name", LIBRARY)
def test_five_maps_equal_five_calls_of_the_library(
    net: ResNet18, images: np.ndarray, name: str, smoothing: dict[str, bool]
) -> None:
    net.linear.bias.data.fill_(5)  # positive logits: what others do to Ablation-CAM has a test of its own
    maps = stage_maps(net, images, TARGETS, method=name, **smoothing)
    assert maps.maps.shape == (2, 5, 32, 32) and maps.targets.tolist() == TARGETS
    for stage in range(5):
        rounded, exact = (
            by_the_library(net, images, name, stage, dtype, **smoothing) for dtype in (torch.float32, torch.float64)
        )
        assert_as_exact(maps.maps[:, stage], rounded, exact)
        assert exact.any((1, 2)).all() or stage < 4  # blank ones would be compared with nothing


@pytest.mark.parametrize(("channels", "side"), [(64, 32), (512, 4), (16, 4), (1, 8), (8, 1)])
def test_the_first_component_is_numpys_uncentred_and_sums_to_a_positive_number(channels: int, side: int) -> None:
    activations = np.random.default_rng(0).normal(0.1, 1, (6, channels, side, side)).astype(np.float32)
    found = first_component(activations)
    assert found.dtype == np.float32 and (found.sum((1, 2)) > 0).all()
    # In float64 both are exact to 1e-12 or so; what is left is the rounding of the result to float32.
    np.testing.assert_allclose(found, first_component_by_svd(activations), rtol=0, atol=EPSILON * found.max())
    np.testing.assert_array_equal(first_component(-activations), found)
    assert not first_component(np.zeros_like(activations)).any()


def test_the_librarys_component_is_ours_of_centred_channels_up_to_sign() -> None:
    activations = np.random.default_rng(0).random((4, 16, 8, 8), np.float32)
    centred = activations - activations.mean((2, 3), keepdims=True)
    of_library, of_centred = get_2d_projection(activations), first_component(centred)
    signs = np.sign((of_library * of_centred).sum((1, 2), keepdims=True))
    # The library decomposes in float32: a gap between the first two singular values turns its rounding into an angle.
    gaps = [-np.diff(np.linalg.svd(each.reshape(16, -1), compute_uv=False)[:2])[0] for each in centred]
    sizes = np.linalg.norm(centred.reshape(4, -1), axis=1)
    bound = EPSILON * 16 * sizes**2 / np.array(gaps)
    assert (np.abs(of_library - signs * of_centred).max((1, 2)) < bound).all()
    assert (np.abs(np.abs(of_library) - first_component(activations)).max((1, 2)) > 100 * bound).all()


@pytest.mark.parametrize("name", METHODS)
def test_nothing_is_left_behind(net: ResNet18, images: np.ndarray, name: str) -> None:
    net.train()
    net.bn1.eval()
    net.linear.weight.grad = torch.ones_like(net.linear.weight)
    before = {key: value.clone() for key, value in net.state_dict().items()}
    parts, random_state, numpys = list(net.modules()), torch.get_rng_state(), np.random.get_state()[1].copy()
    seen = []
    own = net.layer2.register_forward_hook(lambda module, inputs, output: seen.append(1))
    stage_maps(net, images, "predicted", method=name)
    assert seen and list(net.layer2._forward_hooks) == [own.id]
    own.remove()
    assert net.training and net.layer1.training and not net.bn1.training
    assert all(mine is then for mine, then in zip(net.modules(), parts, strict=True))
    assert not any(module._forward_hooks or module._backward_hooks for module in net.modules())
    assert all(torch.equal(before[key], value) for key, value in net.state_dict().items())
    assert torch.equal(net.linear.weight.grad, torch.ones_like(net.linear.weight)) and net.conv1.weight.grad is None
    assert all(parameter.requires_grad for parameter in net.parameters())
    assert torch.equal(random_state, torch.get_rng_state()) and (numpys == np.random.get_state()[1]).all()


@pytest.mark.parametrize("name", METHODS)
def test_a_model_that_gives_nan_is_an_error_and_left_as_found(net: ResNet18, images: np.ndarray, name: str) -> None:
    parts = list(net.modules())
    with torch.no_grad():
        net.bn1.weight.fill_(float("nan"))
    with pytest.raises(CifarcamError, match="NaN"):
        stage_maps(net, images, 1, method=name)
    assert all(mine is then for mine, then in zip(net.modules(), parts, strict=True))
    assert not any(module._forward_hooks for module in net.modules())


@pytest.mark.parametrize("passes", [3, 4, 9])
def test_a_method_that_fails_half_way_leaves_the_model_as_it_was(
    net: ResNet18, images: np.ndarray, passes: int
) -> None:
    parts, done = list(net.modules()), []

    def fail(module: torch.nn.Module, inputs: tuple) -> None:
        done.append(1)
        if len(done) == passes:
            raise MemoryError

    handle = net.register_forward_pre_hook(fail)
    with pytest.raises(MemoryError):
        stage_maps(net, images, 1, method="Ablation-CAM")
    handle.remove()
    assert all(mine is then for mine, then in zip(net.modules(), parts, strict=True))
    assert not any(module._forward_hooks for module in net.modules())


def test_an_index_error_in_a_method_of_ones_own_is_not_swallowed(net: ResNet18) -> None:
    calls = []

    def fails_in_the_second_batch(activations: np.ndarray, gradients: np.ndarray) -> np.ndarray:
        calls.append(1)
        return gradients.mean((2, 3) if len(calls) <= 5 else 7)

    images = synthetic_cifar10("test").images[:52]
    with pytest.raises(IndexError):
        stage_maps(net, images, 1, method=fails_in_the_second_batch)
    assert len(calls) == 6


@pytest.mark.parametrize("eigen_smooth", [False, True])
def test_weights_that_are_nan_are_an_error_even_where_smoothing_would_hide_them(
    net: ResNet18, images: np.ndarray, eigen_smooth: bool
) -> None:
    with pytest.raises(CifarcamError, match="NaN"):
        stage_maps(net, images, 1, method=lambda a, g: np.full(a.shape[:2], np.nan), eigen_smooth=eigen_smooth)


@pytest.mark.parametrize("name", METHODS)
def test_a_model_of_16_bits_gives_float32_maps_and_keeps_its_weights(
    net: ResNet18, images: np.ndarray, name: str
) -> None:
    net.bfloat16()
    widened = ResNet18(width=2)
    widened.load_state_dict({key: value.float() for key, value in net.state_dict().items()})
    maps = stage_maps(net, images, TARGETS, method=name)
    assert maps.maps.dtype == np.float32 and net.conv1.weight.dtype == net.bn1.running_mean.dtype == torch.bfloat16
    np.testing.assert_array_equal(maps.maps, stage_maps(widened.eval(), images, TARGETS, method=name).maps)


def test_a_map_that_is_nowhere_positive_is_blank_by_any_method_of_gradients(net: ResNet18, images: np.ndarray) -> None:
    with torch.no_grad():
        net.linear.weight.fill_(-1.0)  # layer4 is not negative, so its weighted sum is not positive
    for name in ("Grad-CAM", "Grad-CAM++", "XGrad-CAM", "HiResCAM", "LayerCAM", "Ablation-CAM"):
        maps = stage_maps(net, images, 0, method=name)
        assert maps.blank[:, 4].all() and not maps.maps[:, 4].any(), name


@pytest.mark.parametrize(("name", "blank"), [("Eigen-CAM", False), ("Score-CAM", True)])
def test_a_stage_that_is_the_same_everywhere_has_an_empty_map(
    net: ResNet18, images: np.ndarray, name: str, blank: bool
) -> None:
    with torch.no_grad():
        net.bn1.weight.zero_()
        net.bn1.bias.fill_(-1.0)
    maps = stage_maps(net, images, 0, method=name)
    assert not maps.maps[:, 0].any() and (maps.blank[:, 0] == blank).all()


@pytest.mark.parametrize(("aug_smooth", "expected"), [(False, "10/10"), (True, "60/60")])
def test_a_slow_method_counts_its_maps_and_a_fast_one_shows_no_bar(
    net: ResNet18,
    images: np.ndarray,
    aug_smooth: bool,
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    bar = cam.tqdm
    monkeypatch.setattr(cam, "tqdm", lambda **options: bar(**{"disable": False} | options))
    stage_maps(net, images, 0, method="Grad-CAM", aug_smooth=aug_smooth)
    assert capsys.readouterr().err == ""
    stage_maps(net, images, 0, method="Score-CAM", aug_smooth=aug_smooth)
    shown = capsys.readouterr().err
    assert "Score-CAM" in shown and expected in shown


def test_hirescam_and_xgrad_cam_are_grad_cam_at_layer4_because_the_gradient_is_the_same_everywhere_there() -> None:
    net, images = load_run("best").model(), synthetic_cifar10("test").images[:10]
    grad_cam = stage_maps(net, images)
    for name in ("HiResCAM", "XGrad-CAM"):
        other = stage_maps(net, images, method=name)
        np.testing.assert_allclose(other.maps[:, 4], grad_cam.maps[:, 4], atol=1e-5)
        assert np.abs(other.maps[:, 3] - grad_cam.maps[:, 3]).max() > 0.1


def test_a_function_from_activations_and_gradients_to_weights_is_a_method(net: ResNet18, images: np.ndarray) -> None:
    own = stage_maps(net, images, TARGETS, method=lambda activations, gradients: gradients.mean((2, 3)))
    np.testing.assert_array_equal(own.maps, stage_maps(net, images, TARGETS).maps)
    for wrong in (lambda a, g: g.mean(3), lambda a, g: g.mean((1, 2, 3)), lambda a, g: g[..., :1]):
        with pytest.raises(CifarcamError, match=r"weights of shape .* for activations of shape \(2, 2, 32, 32\)"):
            stage_maps(net, images, TARGETS, method=wrong)


def test_a_function_may_weigh_every_position_by_itself(net: ResNet18, images: np.ndarray) -> None:
    own = stage_maps(net, images, TARGETS, method=lambda activations, gradients: gradients)
    np.testing.assert_array_equal(own.maps, stage_maps(net, images, TARGETS, method="HiResCAM").maps)


def test_ablation_cam_shows_the_same_for_a_positive_and_a_negative_logit(net: ResNet18, images: np.ndarray) -> None:
    found = []
    for bias in (5, -5):
        net.linear.bias.data.fill_(bias)
        found.append(stage_maps(net, images, TARGETS, method="Ablation-CAM"))
    assert (found[0].logits > 0).all() and (found[1].logits < 0).all()
    np.testing.assert_allclose(found[0].maps, found[1].maps, atol=2e-2)
    assert (found[0].raw_maxima > 0).any()


def test_with_aug_smooth_too_a_map_reaches_from_0_to_1(net: ResNet18, images: np.ndarray) -> None:
    maps = stage_maps(net, images, aug_smooth=True)
    there = maps.maps[~maps.blank]
    np.testing.assert_allclose(there.max((1, 2)), 1, atol=1e-5)
    np.testing.assert_allclose(there.min((1, 2)), 0, atol=1e-5)


def test_an_unknown_method_is_an_error_that_lists_them(net: ResNet18, images: np.ndarray) -> None:
    with pytest.raises(CifarcamError, match="no method 'GradCAM'; the methods are Grad-CAM, Grad-CAM"):
        stage_maps(net, images, method="GradCAM")
    with pytest.raises(CifarcamError, match="GradCAM is a class; give the method's name, one of Grad-CAM"):
        stage_maps(net, images, method=GradCAM)
    assert set(SLOW) < set(METHODS)
