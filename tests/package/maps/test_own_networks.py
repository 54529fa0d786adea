"""Maps and predictions of networks of one's own: as pytorch-grad-cam gives them, or refused in a sentence."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable

import numpy as np
import pytest
import torch
from known import as_if_trained
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import BinaryClassifierOutputTarget, ClassifierOutputTarget
from torch import Tensor, nn
from torchvision import models
from torchvision.models.swin_transformer import SwinTransformer
from torchvision.models.vision_transformer import VisionTransformer

from cifarcam import figures
from cifarcam.data.normalization import normalize
from cifarcam.data.split import Split
from cifarcam.errors import CifarcamError
from cifarcam.maps.cam import StageMaps, stage_maps
from cifarcam.maps.methods import METHODS
from cifarcam.network.predictions import Predictions, predict
from cifarcam.network.resnet import ResNet18

pytestmark = pytest.mark.numeric
CLASSES = 5


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), dtype=np.uint8)


def seeded(make: Callable[..., nn.Module], *arguments: object, **options: object) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = make(*arguments, **options)
        for parameter in model.parameters():  # a head of zeros has no gradients
            if not parameter.any():
                nn.init.normal_(parameter, std=0.1)
    return model.eval()


def swin() -> nn.Module:
    sizes = {"patch_size": [4, 4], "embed_dim": 24, "depths": [1, 1], "num_heads": [2, 2], "window_size": [4, 4]}
    return seeded(SwinTransformer, **sizes, num_classes=CLASSES)


def vit() -> nn.Module:
    return seeded(VisionTransformer, 64, 16, 2, 2, 24, 48, num_classes=CLASSES)


def without_in_place(model: nn.Module) -> nn.Module:
    model = copy.deepcopy(model)
    for module in model.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = False
    return model


def of_library(
    model: nn.Module, layer: str, images: np.ndarray, target: object, places: Callable | None = None
) -> np.ndarray:
    cam = GradCAM(model=model, target_layers=[model.get_submodule(layer)], reshape_transform=places)
    return cam(input_tensor=normalize(images).contiguous(), targets=[target] * len(images))


def assert_same(maps: StageMaps, expected: np.ndarray) -> None:
    assert not maps.blank.any() and expected.any()
    np.testing.assert_allclose(maps.maps[:, 0], expected, atol=1e-4)


@pytest.mark.parametrize(
    ("make", "layer"), [(models.resnet18, "bn1"), (models.vgg11, "features.8"), (models.alexnet, "features.6")]
)
def test_a_layer_that_is_changed_in_place_afterwards_has_the_map_it_has_without(
    make: Callable, layer: str, images: np.ndarray
) -> None:
    model = seeded(make, num_classes=CLASSES)
    expected = of_library(without_in_place(model), layer, images, ClassifierOutputTarget(3))
    assert_same(stage_maps(model, images, 3, layer), expected)


def test_channels_last_is_seen_and_asked_for_and_right_once_it_is_given(images: np.ndarray) -> None:
    model = swin()
    with pytest.raises(
        CifarcamError, match=r"features.1 is \(1, 16, 16, 24\), which looks like .*layout='channels_last'"
    ):
        stage_maps(model, images, 3, "features.1")
    expected = of_library(model, "features.1", images, ClassifierOutputTarget(3), lambda t: t.permute(0, 3, 1, 2))
    assert_same(stage_maps(model, images, 3, "features.1", layout="channels_last"), expected)


def test_tokens_are_asked_for_and_right_once_they_are_given(images: np.ndarray) -> None:
    model, layer = vit(), "encoder.layers.encoder_layer_1.ln_1"
    with pytest.raises(CifarcamError, match=r"\(1, 17, 24\).*layout='tokens'"):
        stage_maps(model, images, 3, layer)

    def places(tokens: Tensor) -> Tensor:
        return tokens[:, 1:].reshape(len(tokens), 4, 4, 24).permute(0, 3, 1, 2)

    expected = of_library(model, layer, images, ClassifierOutputTarget(3), places)
    assert_same(stage_maps(model, images, 3, layer, layout="tokens"), expected)


def test_a_layer_of_which_the_class_token_alone_is_read_is_refused(images: np.ndarray) -> None:
    with pytest.raises(CifarcamError, match="no patch has a gradient; take an earlier layer"):
        stage_maps(vit(), images, 3, "encoder.ln", layout="tokens")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("make", "layer", "layout"), [(swin, "features.3", "channels_last"), (vit, None, "tokens")])
def test_every_method_takes_every_layout(
    make: Callable, layer: str | None, layout: str, method: str, images: np.ndarray
) -> None:
    maps = stage_maps(
        make(), images[:1], 1, layer or "encoder.layers.encoder_layer_1.ln_1", layout=layout, method=method
    )
    assert maps.maps.shape == (1, 1, 64, 64) and np.isfinite(maps.maps).all()


class Registers(nn.Module):
    """A vision transformer's tokens as timm's have them, with a class token and registers in front of the patches."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 8, 8, 8)
        self.front = nn.Parameter(torch.randn(1, 5, 8))
        self.norm, self.head = nn.LayerNorm(8), nn.Linear(8, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        patches = self.patches(x).flatten(2).mT
        tokens = self.norm(torch.cat([self.front.expand(len(x), -1, -1), patches], 1))
        return self.head(tokens.tanh().mean(1))


def test_registers_are_dropped_as_the_class_token_is_in_pictures_that_are_not_square(images: np.ndarray) -> None:
    model, wide = seeded(Registers), images[:, :32]
    expected = of_library(
        model, "norm", wide, ClassifierOutputTarget(1), lambda t: t[:, 5:].reshape(-1, 4, 8, 8).permute(0, 3, 1, 2)
    )
    assert_same(stage_maps(model, wide, 1, "norm", layout="tokens"), expected)


@pytest.mark.parametrize(
    ("layout", "message"),
    [
        ("channels_frist", "The layout is 'channels_frist'; expected one of channels_first"),
        ("channels_last", r"layer3 is \(1, 256, 4, 4\), which looks like \(N, channels, h, w\)"),
        ("tokens", r"A map needs an output of \(N, tokens, channels\)"),
    ],
)
def test_a_layout_that_a_layer_does_not_have_is_refused(layout: str, message: str, images: np.ndarray) -> None:
    with pytest.raises(CifarcamError, match=message):
        stage_maps(seeded(models.resnet18, num_classes=CLASSES), images, 3, "layer3", layout=layout)


def test_where_the_shape_cannot_tell_the_layout_the_layer_does_or_is_asked_for(images: np.ndarray) -> None:
    relu = nn.Sequential(nn.Conv2d(3, 64, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    assert stage_maps(relu, images, 3, "0").maps.shape == (3, 1, 64, 64)
    with pytest.raises(CifarcamError, match=r"1 is \(1, 64, 64, 64\), which may be or not be \(N, h, w, channels\)"):
        stage_maps(relu, images, 3, "1")
    assert stage_maps(relu, images, 3, "1", layout="channels_first").maps.shape == (3, 1, 64, 64)


def test_names_must_be_as_many_as_classes_and_are_numbers_where_none_are_given(images: np.ndarray) -> None:
    model = seeded(models.resnet18, num_classes=12)
    for targets in ("predicted", 5):
        with pytest.raises(CifarcamError, match="has 12 classes, the names are 2: cat, dog"):
            stage_maps(model, images, targets, "layer3", ("cat", "dog"))
    assert stage_maps(model, images, 5, "layer3").subject(0) == "class 5"
    assert stage_maps(as_if_trained(9), images, 5).subject(0) == "dog"


@pytest.mark.parametrize("target", [0, 1])
def test_one_logit_tells_two_classes(target: int, images: np.ndarray) -> None:
    model = seeded(models.resnet18, num_classes=1)
    expected = of_library(without_in_place(model), "layer3", images, BinaryClassifierOutputTarget(target))
    maps = stage_maps(model, images, target, "layer3", ("cat", "dog"))
    assert_same(maps, expected)
    assert maps.subject(0) == ("cat", "dog")[target]
    probabilities = Predictions(predict(model, images), [0, 1, 1], ("cat", "dog")).probabilities
    with torch.no_grad():
        np.testing.assert_allclose(probabilities[:, 1], model(normalize(images)).sigmoid()[:, 0], atol=1e-5)


class Returning(nn.Module):
    """A network that returns what it is told to make of its logits."""

    def __init__(self, made: Callable[[Tensor], object]) -> None:
        super().__init__()
        self.net, self.made = as_if_trained(9), made

    def forward(self, x: Tensor) -> object:
        return self.made(self.net(x))


@pytest.mark.parametrize(
    ("made", "output"),
    [
        (lambda logits: {"aux": 0, "logits": logits}, "logits"),
        (lambda logits: (logits, logits[:, :3]), 0),
        (lambda logits: [logits[:, :3], {"x": logits}], lambda returned: returned[1]["x"]),
        (lambda logits: Split(logits, None), "images"),
        (lambda logits: logits[:, :, None, None], None),
    ],
)
def test_what_a_network_returns_holds_its_scores_where_output_says(
    made: Callable, output: object, images: np.ndarray
) -> None:
    model = Returning(made)
    found = stage_maps(model, images, 3, "net.layer3", output=output)
    np.testing.assert_allclose(found.maps, stage_maps(model.net, images, 3, "layer3").maps, atol=1e-6)
    torch.testing.assert_close(predict(model, images, output=output), predict(model.net, images))


@pytest.mark.parametrize(
    ("made", "output", "message"),
    [
        (lambda logits: {"out": logits}, None, "a dict with 'out'; expected the scores.*output='out'"),
        (lambda logits: {"out": logits}, "logits", "a dict with 'out', and output='logits' is none of it"),
        (lambda logits: (logits, logits), None, "a tuple of 2 parts.*output=0"),
        (lambda logits: (logits, logits), 2, "output=2 is none of it"),
        (lambda logits: None, None, "returns a NoneType"),
        (lambda logits: logits[:1], None, r"shape \(1, 10\) for 3 images|shape \(1, 10\)"),
        (lambda logits: logits.mean(), None, r"shape \(\)"),
        (lambda logits: logits.long(), None, "torch.int64"),
    ],
)
def test_what_holds_no_scores_is_refused_by_naming_what_it_is(
    made: Callable, output: object, message: str, images: np.ndarray
) -> None:
    model = Returning(made)
    with pytest.raises(CifarcamError, match=message):
        predict(model, images, output=output)
    with pytest.raises(CifarcamError, match=message):
        stage_maps(model, np.concatenate([images] * 2), 3, "net.layer3", output=output)


def test_a_function_of_what_the_network_returns_is_what_the_map_explains(images: np.ndarray) -> None:
    def third_class(returned: dict) -> Tensor:
        return returned["out"][:, 3]

    model = Returning(lambda logits: {"out": logits})
    found = stage_maps(model, images, third_class, "net.layer3")
    np.testing.assert_allclose(found.maps, stage_maps(model.net, images, 3, "layer3").maps, atol=1e-6)
    assert found.subject(0) == "third_class" and found.logits.shape == (3, 1)
    with pytest.raises(CifarcamError, match=r"targets gives \(3, 10\) for 3 images|gives \(1, 10\) for 1 images"):
        stage_maps(model, images, lambda returned: returned["out"], "net.layer3")


def test_a_network_of_several_inputs_is_called_by_forward(images: np.ndarray) -> None:
    class Shifted(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = as_if_trained(9)

        def forward(self, x: Tensor, shift: Tensor) -> Tensor:
            return self.net(x) + shift

    model, shift = Shifted(), torch.arange(10.0)
    found = stage_maps(model, images, 3, "net.layer3", forward=lambda x: model(x, shift))
    np.testing.assert_allclose(found.maps, stage_maps(model.net, images, 3, "layer3").maps, atol=1e-6)
    torch.testing.assert_close(
        predict(model, images, forward=lambda x: model(x, shift)), predict(model.net, images) + shift
    )


def test_layers_are_found_by_name_as_modules_and_in_lists(images: np.ndarray) -> None:
    model = as_if_trained(9)
    for layers in ("layer3", model.layer3, ["layer3"], (model.layer3,), {"mine": "layer3"}, {"mine": model.layer3}):
        found = stage_maps(model, images, 3, layers)
        assert found.stages == (("mine",) if isinstance(layers, dict) else ("layer3",))
        np.testing.assert_array_equal(found.maps[:, 0], stage_maps(model, images, 3).maps[:, 3])


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ("layr4", "no layer 'layr4'; the nearest names are layer4"),
        (["layer1", 7], "no layer 7"),
        (nn.ReLU(), "a ReLU, is no part of this network"),
        ([], "No layers were given"),
        ({}, "No layers were given"),
    ],
)
def test_layers_that_are_none_of_the_network_are_refused(layers: object, message: str, images: np.ndarray) -> None:
    with pytest.raises(CifarcamError, match=message):
        stage_maps(as_if_trained(9), images, 3, layers)


@pytest.mark.parametrize("wrap", [torch.compile, nn.DataParallel])
def test_a_wrapped_network_has_the_maps_of_the_network_in_it(wrap: Callable, images: np.ndarray) -> None:
    model = as_if_trained(9)
    np.testing.assert_array_equal(stage_maps(wrap(model), images, 3).maps, stage_maps(model, images, 3).maps)


def test_a_network_that_keeps_no_hooks_is_refused_and_predicts_all_the_same(images: np.ndarray) -> None:
    model = nn.Sequential(nn.Conv2d(3, 10, 3), nn.AdaptiveAvgPool2d(1))
    traced = torch.jit.trace(model, torch.zeros(1, 3, 64, 64))
    torch.testing.assert_close(predict(traced, images), predict(model, images))
    with pytest.raises(CifarcamError, match="A scripted network shows no layer's output; give the network"):
        stage_maps(traced, images, 3, "0")


def test_what_is_no_network_is_refused(images: np.ndarray) -> None:
    model = nn.Sequential(nn.Conv2d(3, 10, 3), nn.AdaptiveAvgPool2d(1))
    exported = torch.export.export(model, (torch.zeros(3, 3, 64, 64),)).module()
    for wrong, message in ((exported, "An exported network has no modes"), (predict, "is a function; expected a net")):
        for ask in (predict, lambda wrong, images: stage_maps(wrong, images, 3, "0")):
            with pytest.raises(CifarcamError, match=message):
                ask(wrong, images)


class Frozen(nn.Module):
    """It changes its input in place, and runs its first part under no_grad."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone, self.head = nn.Conv2d(3, 6, 3), nn.Conv2d(6, 8, 3)
        self.linear, self.unused = nn.Linear(8, 10), nn.Conv2d(6, 8, 3)

    def forward(self, x: Tensor) -> Tensor:
        x.mul_(0.5)
        with torch.no_grad():
            features = self.backbone(x)
        self.unused(features)
        return self.linear(self.head(features).relu().mean((2, 3)))


def test_a_backbone_under_no_grad_and_an_input_changed_in_place_make_no_difference(images: np.ndarray) -> None:
    model = seeded(Frozen)
    maps = stage_maps(model, images, 3, ["backbone", "head"])

    class Plain(Frozen):
        def forward(self, x: Tensor) -> Tensor:
            return self.linear(self.head(self.backbone(0.5 * x)).relu().mean((2, 3)))

    plain = Plain().eval()
    plain.load_state_dict(model.state_dict())
    np.testing.assert_allclose(maps.maps, stage_maps(plain, images, 3, ["backbone", "head"]).maps, atol=1e-6)


def test_a_layer_that_the_scores_do_not_depend_on_is_refused(images: np.ndarray) -> None:
    with pytest.raises(CifarcamError, match="do not depend on unused"):
        stage_maps(seeded(Frozen), images, 3, "unused")


def test_threads_on_one_network_get_the_maps_of_one_thread(images: np.ndarray) -> None:
    model = as_if_trained(9).train()
    expected = {name: stage_maps(model, images, 3, method=name).maps for name in ("Grad-CAM", "LayerCAM")}
    logits, wrong = predict(model, images), []

    def ask(name: str) -> None:
        for _ in range(5):
            if not np.array_equal(stage_maps(model, images, 3, method=name).maps, expected[name]):
                wrong.append(name)
            if not torch.equal(predict(model, images), logits):
                wrong.append("logits")

    threads = [threading.Thread(target=ask, args=(name,)) for name in expected for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong and model.training and all(parameter.requires_grad for parameter in model.parameters())
    assert not any(module._forward_hooks for module in model.modules())


def test_a_lazy_network_trains_after_it_has_predicted(images: np.ndarray) -> None:
    model = nn.Sequential(nn.LazyConv2d(8, 3), nn.ReLU(), nn.Flatten(), nn.LazyLinear(10))
    predict(model, images)
    model(normalize(images)).sum().backward()
    assert model[0].weight.grad.any()


def test_a_network_without_parameters_has_logits(images: np.ndarray) -> None:
    class Mean(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.mean((2, 3))

    assert predict(Mean(), images).shape == (3, 3)


def test_another_default_dtype_leaves_nothing_behind() -> None:
    image = np.zeros((1, 32, 32, 3), np.uint8)
    expected = normalize(image, torch.device("cpu"))
    normalize.__globals__["_mean_and_std"].cache_clear()
    torch.set_default_dtype(torch.float64)
    try:
        assert torch.equal(normalize(image), expected)
    finally:
        torch.set_default_dtype(torch.float32)
    assert torch.equal(normalize(image), expected)


def test_names_with_dollars_are_shown_as_they_are(images: np.ndarray) -> None:
    names = ("$5", "a$b$c", *map(str, range(8)))
    maps = stage_maps(as_if_trained(9), images, 1, classes=names)
    figure = figures.stage_grid(images, maps, ["$x_1", "$\\frac$", "z"])
    figure.canvas.draw()
    figure = figures.confusion(np.eye(2, dtype=int), names[:2])
    figure.canvas.draw()
    with pytest.raises(CifarcamError, match="shows 2 classes, and there are 10 names"):
        figures.confusion(np.eye(2, dtype=int))


def test_labels_may_be_a_list(images: np.ndarray) -> None:
    split = Split(images, [0, 1, 1])
    drawn = figures.class_samples(split, 2, classes=("a", "b"))
    assert sum(bool(axes.images) for axes in drawn.axes) == 3
    assert [len(part.labels) for part in split.train_val_split(1)] == [2, 1]


def test_a_network_of_width_nine_is_not_mistaken_for_channels_last() -> None:
    image = np.zeros((1, 32, 32, 3), np.uint8)
    assert stage_maps(ResNet18(width=32), image, 1).maps.shape == (1, 5, 32, 32)


class Twofold(nn.Module):
    """The logits are the mean of those of an image and of its mirror image, in one pass of both."""

    def __init__(self) -> None:
        super().__init__()
        self.net = as_if_trained(16)

    def forward(self, x: Tensor) -> Tensor:
        return self.net(torch.cat([x, x.flip(3)])).unflatten(0, (2, -1)).mean(0)


def test_a_layer_that_sees_more_rows_than_images_is_refused(images: np.ndarray) -> None:
    with pytest.raises(CifarcamError, match=r"net.layer3 is a torch.float32 tensor of shape \(2, .* for 1 image"):
        stage_maps(Twofold(), images, 3, "net.layer3")


@pytest.mark.parametrize("size", [(64, 32), (32, 32)])
def test_the_grid_of_tokens_is_that_of_the_convolution_that_made_them(size: tuple[int, int]) -> None:
    class Overlapping(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem, self.norm, self.head = nn.Conv2d(3, 8, 7, 4, 3), nn.LayerNorm(8), nn.Linear(8, CLASSES)

        def forward(self, x: Tensor) -> Tensor:
            return self.head(self.norm(self.stem(x).flatten(2).mT).tanh().mean(1))

    model, (height, width) = seeded(Overlapping), size
    images = np.random.default_rng(0).integers(0, 256, (2, height, width, 3), dtype=np.uint8)

    def places(tokens: Tensor) -> Tensor:
        return tokens.unflatten(1, (height // 4, width // 4)).permute(0, 3, 1, 2)

    expected = of_library(model, "norm", images, ClassifierOutputTarget(1), places)
    assert_same(stage_maps(model, images, 1, "norm", layout="tokens"), expected)


def test_the_grid_of_tokens_is_asked_for_where_no_convolution_tells(images: np.ndarray) -> None:
    class Linear(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed, self.front = nn.Linear(192, 8), nn.Parameter(torch.randn(1, 9, 8))
            self.norm, self.head = nn.LayerNorm(8), nn.Linear(8, CLASSES)

        def forward(self, x: Tensor) -> Tensor:
            patches = x.unfold(2, 8, 8).unfold(3, 8, 8).permute(0, 2, 3, 1, 4, 5).flatten(3).flatten(1, 2)
            tokens = torch.cat([self.front.expand(len(x), -1, -1), self.embed(patches)], 1)
            return self.head(self.norm(tokens).tanh().mean(1))

    model = seeded(Linear)
    with pytest.raises(CifarcamError, match=r"has 73 tokens; expected a square of them. .* layout=\(14, 14\)"):
        stage_maps(model, images, 1, "norm", layout="tokens")
    expected = of_library(
        model, "norm", images, ClassifierOutputTarget(1), lambda t: t[:, 9:].unflatten(1, (8, 8)).permute(0, 3, 1, 2)
    )
    assert_same(stage_maps(model, images, 1, "norm", layout=(8, 8)), expected)


def test_channels_as_many_as_rows_do_not_hide_that_they_come_last(images: np.ndarray) -> None:
    sizes = {"patch_size": [4, 4], "embed_dim": 16, "depths": [1, 1], "num_heads": [2, 2], "window_size": [4, 4]}
    model = seeded(SwinTransformer, **sizes, num_classes=CLASSES)
    with pytest.raises(CifarcamError, match=r"features.0 is \(1, 16, 16, 16\), which may be or not be"):
        stage_maps(model, images, 3, "features.0")


def test_a_function_of_a_place_is_not_asked_of_mirrored_images(images: np.ndarray) -> None:
    with pytest.raises(CifarcamError, match="aug_smooth mirrors the images"):
        stage_maps(as_if_trained(16), images, lambda scores: scores[:, 0], aug_smooth=True)


def test_threads_get_the_maps_of_one_thread_also_through_a_wrapper_and_another_head(images: np.ndarray) -> None:
    net, wrong = as_if_trained(16).train(), []
    asked = {"wrapped": nn.DataParallel(net), "behind": nn.Sequential(net), "alone": net}
    layers = {"wrapped": "layer3", "behind": "0.layer3", "alone": "layer3"}
    expected = stage_maps(net, images, 3, "layer3").maps
    before = {name: value.clone() for name, value in net.state_dict().items()}

    def ask(name: str) -> None:
        for _ in range(4):
            predict(asked[name], images)
            if not np.allclose(stage_maps(asked[name], images, 3, layers[name]).maps, expected, atol=1e-5):
                wrong.append(name)

    threads = [threading.Thread(target=ask, args=(name,)) for name in asked]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong and net.training and all(parameter.requires_grad for parameter in net.parameters())
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())


class SkipsItself(nn.Module):
    """A shortcut that does nothing gives its input; the gradient through the other branch is not the shortcut's."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.shortcut, self.other = nn.Conv2d(3, 6, 3), nn.Sequential(), nn.Conv2d(6, 6, 3, padding=1)
        self.head = nn.Linear(6, 10)

    def forward(self, x: Tensor) -> Tensor:
        h = self.conv(x)
        return self.head((self.shortcut(h).relu() + self.other(h).relu() * 3).tanh().mean((2, 3)))


def test_a_shortcut_that_does_nothing_has_a_map_of_its_own(images: np.ndarray) -> None:
    model = seeded(SkipsItself)
    found = stage_maps(model, images, 3, "shortcut", method=lambda activations, gradients: gradients).maps[:, 0]
    kept = model.conv(normalize(images)).detach()
    through = kept.clone().requires_grad_()
    score = model.head((through.relu() + model.other(kept).relu() * 3).tanh().mean((2, 3)))[:, 3].sum()
    (gradient,) = torch.autograd.grad(score, through)
    expected = stage_maps(model, images, 3, "shortcut", method=lambda *_: gradient.numpy()).maps[:, 0]
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_where_keeping_a_layers_output_would_change_the_network_it_is_refused(images: np.ndarray) -> None:
    class Aliased(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.drop, self.head = nn.Conv2d(3, 6, 3), nn.Dropout(), nn.Linear(6, 10)

        def forward(self, x: Tensor) -> Tensor:
            h = self.conv(x)
            dropped = self.drop(h)
            dropped.relu_()
            return self.head((dropped + h).mean((2, 3)))

    with pytest.raises(CifarcamError, match="To keep what drop gives changes the network's scores"):
        stage_maps(seeded(Aliased), images, 3, "drop")


def test_a_network_made_in_inference_mode_is_refused(images: np.ndarray) -> None:
    with torch.inference_mode():
        model = ResNet18(width=16)
    with pytest.raises(CifarcamError, match="made inside torch.inference_mode"):
        stage_maps(model, images, 3)
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_compiled_parts_are_seen_through(images: np.ndarray) -> None:
    model = as_if_trained(16)
    expected = [stage_maps(model, images, 3, "layer4.0", method=method).maps for method in ("Grad-CAM", "Ablation-CAM")]
    model.layer4 = torch.compile(model.layer4)
    for method, maps in zip(("Grad-CAM", "Ablation-CAM"), expected, strict=True):
        found = stage_maps(model, images, 3, "layer4._orig_mod.0", method=method).maps
        np.testing.assert_allclose(found, maps, atol=1e-4)


def test_a_network_that_counts_on_the_usual_order_in_memory_works(images: np.ndarray) -> None:
    class LeNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.linear = nn.Conv2d(3, 6, 5, 4), nn.Linear(6 * 15 * 15, 10)

        def forward(self, x: Tensor) -> Tensor:
            return self.linear(self.conv(x).relu().view(-1, 6 * 15 * 15))

    model = seeded(LeNet)
    assert predict(model, images).shape == (3, 10) and stage_maps(model, images, 3, "conv").maps.any()


def test_a_lazy_network_is_to_be_called_before_it_has_maps(images: np.ndarray) -> None:
    model = nn.Sequential(nn.LazyConv2d(8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.LazyLinear(10))
    with pytest.raises(CifarcamError, match="call predict"):
        stage_maps(model, images, 3, "0")
    predict(model, images)
    assert stage_maps(model, images, 3, "0").maps.any()


def test_a_layer_that_gives_no_tensor_and_one_of_two_names(images: np.ndarray) -> None:
    class Attended(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.attention = nn.Conv2d(3, 8, 8, 8), nn.MultiheadAttention(8, 1, batch_first=True)
            self.head = self.last = nn.Linear(8, 10)

        def forward(self, x: Tensor) -> Tensor:
            tokens = self.conv(x).flatten(2).mT
            return self.last(self.attention(tokens, tokens, tokens)[0].mean(1))

    model = seeded(Attended)
    with pytest.raises(CifarcamError, match="attention is a tuple for 1 image"):
        stage_maps(model, images, 3, "attention", layout="tokens")
    with pytest.raises(CifarcamError, match=r"more than one place; that of last is \(1, 10\)"):
        stage_maps(model, images, 3, "last")
