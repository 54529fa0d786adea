"""Other data and other networks through the same functions: folders, CIFAR-100's kind, torchvision's networks."""

from __future__ import annotations

import hashlib
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from torchvision.datasets import CIFAR100, FakeData, ImageFolder
from torchvision.models import convnext_tiny, resnet18
from torchvision.transforms import ToTensor

from cifarcam import figures
from cifarcam.data.constants import CLASSES
from cifarcam.data.custom import Renormalize, as_split, channel_statistics
from cifarcam.data.normalization import normalize
from cifarcam.data.split import Split
from cifarcam.data.synthetic import synthetic_cifar10
from cifarcam.errors import CifarcamError
from cifarcam.maps.cam import StageMaps, stage_maps
from cifarcam.network.predictions import Predictions, predict
from cifarcam.network.resnet import ResNet18
from cifarcam.records.runs import record
from cifarcam.training.batches import Batches
from cifarcam.training.loop import fit
from cifarcam.training.recipes import BEST, ONE_CYCLE, Recipe

FRUIT = ("apple", "pear", "plum")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Drawn images of three classes, twelve each, in a folder by class."""
    for index, image in enumerate(synthetic_cifar10("test").images[:36]):
        place = tmp_path / "fruit" / FRUIT[index % 3]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(place / f"{index:02}.png")
    return tmp_path / "fruit"


def test_a_folder_of_pictures_becomes_a_split(folder: Path) -> None:
    pictures = ImageFolder(folder)
    split = as_split(pictures)
    assert tuple(pictures.classes) == FRUIT
    assert split.images.shape == (36, 32, 32, 3) and split.images.dtype == np.uint8
    assert split.labels.tolist() == [0] * 12 + [1] * 12 + [2] * 12 and split.labels.dtype == np.int64
    np.testing.assert_array_equal(
        split.images[:12], synthetic_cifar10("test").images[:36:3]
    )  # the apples needed no change
    assert as_split(pictures, side=48).images.shape == (36, 48, 48, 3)


@pytest.mark.parametrize(
    ("mode", "colour", "seen"),
    [
        ("L", 90, (90, 90, 90)),
        ("RGBA", (200, 10, 10, 0), (255, 255, 255)),
        ("I;16", 90 * 257, (90, 90, 90)),
        ("1", 1, (255, 255, 255)),
    ],
)
def test_a_picture_of_another_mode_is_turned_to_colour(
    tmp_path: Path, mode: str, colour: int | tuple, seen: tuple
) -> None:
    (tmp_path / "class").mkdir()
    Image.new(mode, (32, 32), colour).save(tmp_path / "class" / "picture.png")
    split = as_split(ImageFolder(tmp_path, loader=Image.open))
    assert (split.images == np.array(seen, np.uint8)).all()


def test_a_picture_from_a_camera_is_turned_upright(tmp_path: Path) -> None:
    lying = Image.new("RGB", (32, 32))
    lying.paste((255, 255, 255), (0, 0, 16, 32))  # white on the left, which orientation 6 turns to the top
    exif = Image.Exif()
    exif[0x0112] = 6
    (tmp_path / "class").mkdir()
    lying.save(tmp_path / "class" / "photo.png", exif=exif)
    (upright,) = as_split(ImageFolder(tmp_path)).images
    assert (upright[:15] == 255).all() and (upright[17:] == 0).all()


def test_cifar100_becomes_a_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / CIFAR100.base_folder
    folder.mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (3, 3072), np.uint8)
    contents = {
        "train": {"data": pixels, "fine_labels": [99, 0, 41]},
        "meta": {"fine_label_names": [f"class {number}" for number in range(100)]},
    }
    for name, content in contents.items():
        (folder / name).write_bytes(pickle.dumps(content))
    md5 = {name: hashlib.md5((folder / name).read_bytes()).hexdigest() for name in contents}
    monkeypatch.setattr(CIFAR100, "train_list", [["train", md5["train"]]])
    monkeypatch.setattr(CIFAR100, "test_list", [])
    monkeypatch.setattr(CIFAR100, "meta", CIFAR100.meta | {"md5": md5["meta"]})
    split = as_split(CIFAR100(tmp_path, train=True))
    assert split.labels.tolist() == [99, 0, 41]
    np.testing.assert_array_equal(split.images, pixels.reshape(3, 3, 32, 32).transpose(0, 2, 3, 1))


def test_a_picture_that_is_not_square_gives_its_middle(tmp_path: Path) -> None:
    stripes = np.zeros((32, 64, 3), np.uint8)
    stripes[:, 16:48] = 255
    (tmp_path / "class").mkdir()
    Image.fromarray(stripes).save(tmp_path / "class" / "wide.png")
    assert (as_split(ImageFolder(tmp_path)).images == 255).all()


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        (FakeData(0, (3, 32, 32)), "0 pictures"),
        (FakeData(2, (3, 32, 32), transform=ToTensor()), "Item 0 is of type Tensor, its label"),
        (FakeData(2, (3, 32, 32), target_transform=torch.Tensor.double), "is of type Image, its label"),
    ],
)
def test_a_data_set_of_another_kind_is_a_clear_error(dataset: FakeData, message: str) -> None:
    with pytest.raises(CifarcamError, match=message):
        as_split(dataset)


def test_statistics_are_those_of_numpy() -> None:
    images = np.random.default_rng(0).integers(0, 200, (5, 8, 8, 3), dtype=np.uint8)
    mean, std = channel_statistics(images)
    np.testing.assert_allclose(mean, (images / 255).mean((0, 1, 2)), rtol=1e-12)
    np.testing.assert_allclose(std, (images / 255).std((0, 1, 2)), rtol=1e-9)


def test_behind_renormalize_the_images_have_mean_0_and_std_1() -> None:
    images = synthetic_cifar10("test").images[:200]
    x = Renormalize(*channel_statistics(images))(normalize(images))
    torch.testing.assert_close(x.mean((0, 2, 3)), torch.zeros(3), atol=1e-4, rtol=0)
    torch.testing.assert_close(x.std((0, 2, 3)), torch.ones(3), atol=1e-3, rtol=0)


NAN = float("nan")


@pytest.mark.parametrize(
    "statistics", [((0.5,), (0.2,)), ((0.5, 0.5, 0.5), (0.2, 0.0, 0.2)), ((NAN, 0.5, 0.5), (0.2, 0.2, NAN))]
)
def test_statistics_that_make_no_sense_are_refused(statistics: tuple) -> None:
    with pytest.raises(CifarcamError, match="expected three numbers each"):
        Renormalize(*statistics)


@pytest.fixture
def larger() -> np.ndarray:
    """Four drawn images of 64 pixels a side."""
    return synthetic_cifar10("test").images[:4].repeat(2, axis=1).repeat(2, axis=2)


def other_networks() -> dict[str, tuple[nn.Module, dict[str, nn.Module]]]:
    torch.manual_seed(0)
    resnet, convnext = resnet18(num_classes=3), convnext_tiny(num_classes=3)
    return {
        "resnet18": (resnet, {f"layer{n}": getattr(resnet, f"layer{n}") for n in (1, 2, 3, 4)}),
        "convnext_tiny": (convnext, {f"stage {n}": convnext.features[2 * n - 1] for n in (1, 2, 3)}),
    }


@pytest.mark.parametrize("name", ["resnet18", "convnext_tiny"])
def test_torchvisions_networks_are_trained_asked_and_explained(folder: Path, name: str) -> None:
    body, layers = other_networks()[name]
    split = as_split(ImageFolder(folder), side=64)
    network = nn.Sequential(Renormalize(*channel_statistics(split.images)), body)
    before = [parameter.clone() for parameter in network.parameters()]
    recipe = Recipe(name="own", epochs=1, batch_size=12, lr=0.001, cutout=16)
    fitted = fit(recipe, split, split, model=network)
    assert fitted.model is network and len(fitted.history) == 1
    assert any(not torch.equal(old, new) for old, new in zip(before, network.parameters(), strict=True))
    predictions = Predictions(predict(network, split.images), split.labels, FRUIT)
    assert predictions.logits.shape == (36, 3) and predictions.captions([0])[0].startswith("apple, called\n")
    maps = stage_maps(network, split.images[:4], "predicted", layers)
    assert maps.maps.shape == (4, len(layers), 64, 64) and maps.stages == tuple(layers)
    assert np.isfinite(maps.maps).all() and not maps.blank.all()
    assert maps.targets.tolist() == predictions.predicted[:4].tolist()
    assert len(figures.stage_grid(split.images[:4], maps, [""] * 4).axes) == 4 * (1 + len(layers))
    assert figures.confusion(predictions.confusion(), FRUIT).axes[0].get_xticklabels()[2].get_text() == "plum"
    with pytest.raises(CifarcamError, match="class numbers from 0 to 2"):
        stage_maps(network, split.images[:4], 3, layers)


def test_layers_may_be_given_in_any_order_and_run_once(larger: np.ndarray) -> None:
    network, layers = other_networks()["resnet18"]
    images = larger[:3]
    maps = stage_maps(network.eval(), images, 1, layers)
    turned = stage_maps(network, images, 1, dict(reversed(layers.items())))
    assert turned.stages == ("layer4", "layer3", "layer2", "layer1")
    np.testing.assert_allclose(turned.maps[:, ::-1], maps.maps, atol=1e-6)
    np.testing.assert_allclose(turned.raw_maxima[:, ::-1], maps.raw_maxima, rtol=1e-4, atol=1e-7)
    for wrong, said in (
        ({}, "No layers were given"),
        ({"elsewhere": nn.ReLU()}, "a ReLU, is no part of this network"),
        ({"block": network.layer1[0].relu}, r"expected modules that run once for an image.*block \(2 times\)"),
    ):
        with pytest.raises(CifarcamError, match=said):
            stage_maps(network, images, 1, wrong)


@pytest.mark.parametrize(("layer", "said"), [("layer4", r"layer4 is \(1, 512, 1, 1\)"), ("fc", r"fc is \(1, 3\)")])
def test_a_layer_without_a_map_is_a_clear_error(layer: str, said: str) -> None:
    network, _ = other_networks()["resnet18"]
    with pytest.raises(CifarcamError, match=f"more than one place; that of {said}. Take an earlier layer, or larger"):
        stage_maps(network, synthetic_cifar10("test").images[:2], 1, {layer: getattr(network, layer)})


def test_names_of_classes_are_those_of_the_network(larger: np.ndarray) -> None:
    network, layers = other_networks()["resnet18"]
    images = larger[:3]
    plum = stage_maps(network.eval(), images, "plum", layers, FRUIT)
    assert plum.targets.tolist() == [2, 2, 2] and plum.classes == FRUIT
    with pytest.raises(CifarcamError, match="no class 'cat'; give 'predicted' or one of class 0, class 1, class 2"):
        stage_maps(network, images, "cat", layers)
    with pytest.raises(CifarcamError, match="no class 'cat'; give 'predicted' or one of apple, pear, plum"):
        stage_maps(network, images, "cat", layers, FRUIT)
    with pytest.raises(CifarcamError, match="The model has 3 classes, the names are 10: airplane"):
        stage_maps(network, images, 1, layers, CLASSES)
    with pytest.raises(CifarcamError, match="3 classes and 10 names"):
        Predictions(predict(network, images), [0, 1, 2]).captions([0])
    pairs = figures.target_pairs(images, plum, stage_maps(network, images, [0, 1, 2], layers, FRUIT))
    assert len(pairs.axes) == 6 * 5 and pairs.axes[0].get_title(loc="center") == "predicted:\nplum"


def test_a_map_of_a_torchvision_network_follows_the_formula(folder: Path) -> None:
    network, layers = other_networks()["resnet18"]
    network.eval()
    images = as_split(ImageFolder(folder), side=64).images[:3]
    kept = {}
    handle = layers["layer2"].register_forward_hook(lambda module, inputs, output: kept.update(a=output))
    logits = network(normalize(images))
    handle.remove()
    (gradient,) = torch.autograd.grad(logits[:, 1].sum(), kept["a"])
    by_hand = (gradient.mean((2, 3), keepdim=True) * kept["a"]).sum(1).relu().amax((1, 2)).detach().numpy()
    np.testing.assert_allclose(stage_maps(network, images, 1, layers).raw_maxima[:, 1], by_hand, rtol=1e-3, atol=1e-7)


def test_an_own_network_resumes_to_the_same_weights(folder: Path, tmp_path: Path) -> None:
    split = as_split(ImageFolder(folder))
    recipe = Recipe(name="own", epochs=2, batch_size=12, lr=0.01, ema_decay=0.5)

    def network() -> nn.Module:
        torch.manual_seed(0)
        return resnet18(num_classes=3)

    whole = fit(recipe, split, split, model=network())
    fit(recipe, split, split, model=network(), out=tmp_path / "run", stop_after=1)
    resumed = fit(recipe, split, split, model=network(), out=tmp_path / "run", resume=True)
    pairs = zip(whole.model.state_dict().values(), resumed.model.state_dict().values(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    with pytest.raises(CifarcamError, match="another network; give the model that the run began with"):
        fit(recipe, split, split, out=tmp_path / "run", resume=True)


@pytest.mark.parametrize("own", [resnet18(num_classes=3), ResNet18(8), ResNet18(16, num_classes=3)])
def test_a_record_keeps_the_recipes_own_network_only(tmp_path: Path, own: nn.Module) -> None:
    images = synthetic_cifar10("test").images[:12]
    split = Split(images, np.arange(12) % 3)
    fitted = fit(Recipe(name="own", width=16, epochs=1, batch_size=12), split, split, model=own)
    with pytest.raises(CifarcamError, match="is a network of your own; a record keeps the recipe's ResNet18 for 10"):
        record(fitted, split, tmp_path / "record")
    assert not (tmp_path / "record").exists()


@pytest.mark.parametrize("augmentation", ["batched", "albumentations"])
@pytest.mark.parametrize("side", [24, 48])
def test_batches_keep_the_size_of_the_images(augmentation: str, side: int) -> None:
    images = np.random.default_rng(0).integers(0, 256, (10, side, side, 3), dtype=np.uint8)
    recipe = ONE_CYCLE.replace(augmentation=augmentation, workers=0, batch_size=4)
    x, y = next(Batches(Split(images, np.arange(10) % 3), recipe, classes=3).epoch(0))
    assert x.shape == (4, 3, side, side) and y.shape == (4,)


def test_what_does_not_fit_the_images_is_a_clear_error() -> None:
    random = np.random.default_rng(0)
    small, large = (random.integers(0, 256, (10, side, side, 3), dtype=np.uint8) for side in (12, 48))
    labels = np.arange(10) % 3
    recipe = Recipe(name="own", epochs=1, batch_size=4)
    with pytest.raises(CifarcamError, match="first_side is 20: its progressive resizing is for images of 32×32"):
        Batches(Split(large, labels), BEST)
    with pytest.raises(CifarcamError, match="cutout is 16; expected at most 12 for images of 12 pixels a side"):
        Batches(Split(small, labels), ONE_CYCLE)
    with pytest.raises(CifarcamError, match="48 pixels a side, the test images 12"):
        fit(recipe, Split(large, labels), Split(small, labels))
    with pytest.raises(CifarcamError, match="expected a whole number from 0 to 2 for each"):
        fit(recipe, Split(large, labels + 1), Split(large, labels), model=resnet18(num_classes=3))


@pytest.mark.parametrize("augmentation", ["batched", "albumentations"])
@pytest.mark.parametrize(("name", "most"), [("cutout", 32), ("crop_padding", 16)])
def test_cifar10s_images_are_cut_and_padded_as_far_as_makes_sense(augmentation: str, name: str, most: int) -> None:
    split = Split(synthetic_cifar10("test").images[:8], np.arange(8))
    recipe = Recipe(name="own", epochs=1, batch_size=4, augmentation=augmentation, workers=0)
    assert next(Batches(split, recipe.replace(**{name: most})).epoch(0))[0].shape == (4, 3, 32, 32)
    with pytest.raises(CifarcamError, match=f"{name} is {most + 1}; expected at most {most} for images of 32 pixels"):
        Batches(split, recipe.replace(**{name: most + 1}))


def test_the_default_stages_are_those_of_a_resnet18() -> None:
    assert StageMaps(*[np.zeros((1, 5))] * 4).stages == ("layer0", "layer1", "layer2", "layer3", "layer4")


def test_of_thousands_of_pictures_the_damaged_one_is_named(folder: Path) -> None:
    damaged = sorted(folder.rglob("*.png"))[1]
    damaged.write_bytes(damaged.read_bytes()[:-30])
    with pytest.raises(CifarcamError, match=f"{damaged.name} cannot be read: .*Save the picture anew"):
        as_split(ImageFolder(str(folder)))


def test_data_sets_of_hugging_face_become_splits() -> None:
    pictures = [Image.new("RGB", (32, 32), colour) for colour in ("red", "blue")]
    for picture, label in (("image", "label"), ("img", "fine_label")):
        split = as_split([{picture: each, label: index} for index, each in enumerate(pictures)])
        assert split.labels.tolist() == [0, 1] and split.images[1, 0, 0].tolist() == [0, 0, 255]
    with pytest.raises(CifarcamError, match="Item 0 is no pair of a picture and its label; expected that, or a dict"):
        as_split([{"photo": pictures[0], "label": 0}])


def test_what_is_no_split_is_told_what_one_is(larger: np.ndarray) -> None:
    split = Split(larger, np.zeros(len(larger), int))
    loader = DataLoader(TensorDataset(torch.zeros(2, 3, 32, 32), torch.zeros(2)))
    for train, test in ((loader, split), (split, loader)):
        with pytest.raises(CifarcamError, match=r"split is a DataLoader; expected a Split, .* or as_split\(dataset\)"):
            fit(BEST.quick(), train, test)
