"""The network: its table, its names, its numbers against an independent implementation, its errors."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from known import Hostile, assert_as_exact, exact_logits
from torch import Tensor, nn
from torchsummary import summary
from torchvision.models import resnet18

from cifarcam.errors import CifarcamError
from cifarcam.network.resnet import STAGES, ResNet18, from_pytorch_cifar, from_state_dict, stages

pytestmark = pytest.mark.numeric

SUMMARY = Path(__file__).with_name("summary_expected.txt")


def parse_summary(text: str) -> list[str]:
    """The facts of torchsummary's table, a line each: ``Conv2d-1 64,32,32 1728``, ``Total params 11173962``."""
    facts = []
    for line in text.splitlines():
        layer = re.fullmatch(r"\s*(\w+-\d+)\s+\[-1, ([\d, ]+)\]\s+([\d,]+)\s*", line)
        total = re.fullmatch(r"(.*): ([\d.,]+)", line)
        if layer:
            facts.append(f"{layer[1]} {layer[2].replace(' ', '')} {layer[3].replace(',', '')}")
        elif total:
            facts.append(f"{total[1]} {total[2].replace(',', '')}")
    return facts


def torchvision_resnet18() -> nn.Module:
    """torchvision's ResNet-18 with the stem for small images and random BatchNorm statistics, in eval mode."""
    torch.manual_seed(3)
    model = resnet18(num_classes=10)
    model.conv1 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
    model.maxpool = nn.Identity()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            for values in (module.weight, module.bias, module.running_mean):
                nn.init.normal_(values, 0.5, 0.2)
            nn.init.uniform_(module.running_var, 0.5, 2)
    return model.eval()


def pytorch_cifar_names(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """torchvision's state dict under the names of kuangliu/pytorch-cifar."""
    return {
        re.sub(r"^fc\.", "linear.", name.replace("downsample", "shortcut")): value for name, value in weights.items()
    }


@pytest.fixture(scope="module")
def narrow() -> ResNet18:
    torch.manual_seed(0)
    return ResNet18(width=4).eval()


def test_torchsummary_prints_exactly_the_expected_table(capsys: pytest.CaptureFixture) -> None:
    summary(ResNet18().eval(), (3, 32, 32), device="cpu")
    facts = parse_summary(capsys.readouterr().out)
    facts.remove("Non-trainable params 0")
    assert facts == SUMMARY.read_text().splitlines()
    assert "Total params 11173962" in facts
    assert len(facts) == 49 + 6


def test_names_and_shapes_are_those_of_pytorch_cifar() -> None:
    expected = pytorch_cifar_names(torchvision_resnet18().state_dict())
    actual = ResNet18().state_dict()
    assert {name: value.shape for name, value in actual.items()} == {
        name: value.shape for name, value in expected.items()
    }
    assert {"conv1.weight", "bn1.running_var", "layer1.0.conv1.weight", "layer2.0.shortcut.0.weight"} <= set(actual)
    assert {"layer4.1.bn2.bias", "linear.weight", "linear.bias"} <= set(actual)
    assert not any(name.startswith("layer1.0.shortcut") for name in actual)


def test_a_pytorch_cifar_checkpoint_gives_torchvisions_logits(tmp_path: Path) -> None:
    oracle = torchvision_resnet18()
    weights = {f"module.{name}": value for name, value in pytorch_cifar_names(oracle.state_dict()).items()}
    torch.save({"net": weights, "acc": 93.0, "epoch": 5}, tmp_path / "ckpt.pth")
    model = from_pytorch_cifar(tmp_path / "ckpt.pth")
    assert not model.training
    x = torch.randn(4, 3, 32, 32)
    with torch.no_grad():
        expected, actual = oracle(x), model(x)
    assert expected.std() > 0.1
    assert_as_exact(actual.numpy(), expected.numpy(), exact_logits(oracle, x))


def test_a_bare_state_dict_file_loads_with_its_own_width_and_classes(tmp_path: Path) -> None:
    torch.manual_seed(0)
    saved = ResNet18(width=4, num_classes=3).eval()
    torch.save(saved.state_dict(), tmp_path / "bare.pth")
    loaded = from_pytorch_cifar(tmp_path / "bare.pth")
    x = torch.randn(2, 3, 32, 32)
    assert torch.equal(loaded(x), saved(x))


def test_half_precision_weights_load_as_float32(narrow: ResNet18) -> None:
    halves = {name: value.half() if value.is_floating_point() else value for name, value in narrow.state_dict().items()}
    loaded = from_state_dict(halves, "halves")
    assert {value.dtype for value in loaded.parameters()} == {torch.float32}
    assert torch.equal(loaded.conv1.weight, halves["conv1.weight"].float())


def other_network() -> dict[str, Tensor]:
    weights = ResNet18(width=4).state_dict()
    return {name: value for name, value in weights.items() if not name.startswith("layer3")}


@pytest.mark.parametrize(
    "content",
    [
        {"net": {"conv1.weight": torch.zeros(64, 3, 3, 3), "fc.weight": torch.zeros(10, 512)}, "acc": 70.0},
        {"net": other_network()},
        {"net": {"conv1.weight": torch.zeros(4, 3, 5, 5), "linear.weight": torch.zeros(10, 32)}},
        {"net": torch.zeros(3)},
        {1: torch.zeros(3)},
        torch.zeros(3),
        [1, 2],
        {},
    ],
    ids=["torchvision names", "stage missing", "other shapes", "tensor as net", "number as name", "tensor", "list", ""],
)
def test_a_checkpoint_of_another_network_is_a_clear_error(tmp_path: Path, content: object) -> None:
    path = tmp_path / "other.pth"
    torch.save(content, path)
    with pytest.raises(CifarcamError, match=r"other\.pth holds"):
        from_pytorch_cifar(path)


def test_weights_without_dimensions_are_those_of_another_network(narrow: ResNet18) -> None:
    weights = narrow.state_dict() | {"conv1.weight": torch.tensor(1.0)}
    with pytest.raises(CifarcamError, match="holds no ResNet18"):
        from_state_dict(weights, "this")


def test_a_missing_checkpoint_is_a_clear_error(tmp_path: Path) -> None:
    for path in (tmp_path / "none.pth", tmp_path):
        with pytest.raises(CifarcamError, match="There is no checkpoint file"):
            from_pytorch_cifar(path)


def test_a_garbage_or_truncated_checkpoint_is_a_clear_error(tmp_path: Path, narrow: ResNet18) -> None:
    path = tmp_path / "ckpt.pth"
    torch.save({"net": narrow.state_dict()}, path)
    whole = path.read_bytes()
    for damaged in (b"", b"not a checkpoint at all", whole[: len(whole) // 2]):
        path.write_bytes(damaged)
        with pytest.raises(CifarcamError, match="is damaged, or no checkpoint"):
            from_pytorch_cifar(path)


def test_a_hostile_checkpoint_is_refused_and_not_executed(tmp_path: Path) -> None:
    trace = tmp_path / "executed"
    torch.save({"net": Hostile(trace)}, tmp_path / "hostile.pth")
    with pytest.raises(CifarcamError, match="without executing code"):
        from_pytorch_cifar(tmp_path / "hostile.pth")
    assert not trace.exists()


@pytest.mark.parametrize("size", [(32, 32), (64, 64), (40, 56), (33, 35)])
def test_any_input_from_32_pixels_up_gives_one_row_of_logits_an_image(size: tuple[int, int]) -> None:
    model = ResNet18(width=4, num_classes=3).eval()
    assert model(torch.randn(2, 3, *size)).shape == (2, 3)


@pytest.mark.parametrize(
    "shape", [(3, 32, 32), (2, 1, 32, 32), (2, 32, 32, 3), (2, 3, 8, 32), (2, 3, 32), (2, 3, 32, 32, 1), ()]
)
def test_a_wrong_shape_is_a_clear_error(narrow: ResNet18, shape: tuple[int, ...]) -> None:
    with pytest.raises(CifarcamError, match=re.escape(f"shape {shape}; expected (N, 3, H, W)")):
        narrow(torch.zeros(shape))


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int64, torch.bool])
def test_whole_numbers_are_a_clear_error(narrow: ResNet18, dtype: torch.dtype) -> None:
    with pytest.raises(CifarcamError, match="expected floats, as cifarcam.data.normalize gives"):
        narrow(torch.zeros(2, 3, 32, 32, dtype=dtype))


def test_stages_are_bn1_and_the_four_layers_in_order(narrow: ResNet18) -> None:
    found = stages(narrow)
    assert tuple(found) == STAGES == ("layer0", "layer1", "layer2", "layer3", "layer4")
    expected = (narrow.bn1, narrow.layer1, narrow.layer2, narrow.layer3, narrow.layer4)
    assert all(module is other for module, other in zip(found.values(), expected, strict=True))


def test_stages_of_a_foreign_model_is_a_clear_error() -> None:
    with pytest.raises(CifarcamError, match="Sequential has no bn1, layer1, layer2, layer3, layer4"):
        stages(nn.Sequential(nn.Conv2d(3, 4, 3)))


def test_what_a_hook_kept_is_what_the_layer_returned(narrow: ResNet18) -> None:
    """Nothing after bn1, bn2 or a stage writes into its output."""
    kept, copies = {}, {}
    watched = stages(narrow) | {"bn2": narrow.layer2[1].bn2}

    def keep(name: str):
        def hook(module: nn.Module, inputs: tuple[Tensor], output: Tensor) -> None:
            kept[name], copies[name] = output, (inputs[0].clone(), output.clone())

        return hook

    handles = [module.register_forward_hook(keep(name)) for name, module in watched.items()]
    try:
        with torch.no_grad():
            narrow(torch.randn(2, 3, 32, 32))
    finally:
        for handle in handles:
            handle.remove()
    assert all(torch.equal(kept[name], output) for name, (_, output) in copies.items())
    bn2 = watched["bn2"]
    own = F.batch_norm(copies["bn2"][0], bn2.running_mean, bn2.running_var, bn2.weight, bn2.bias)
    torch.testing.assert_close(kept["bn2"], own)
    assert kept["bn2"].min() < 0


def test_dropout_acts_in_training_only() -> None:
    torch.manual_seed(0)
    model = ResNet18(width=4, dropout=0.5).eval()
    x = torch.randn(2, 3, 32, 32)
    assert torch.equal(model(x), model(x))
    for module in model.modules():  # so that BatchNorm's batch statistics are not what differs
        module.training = module is model
    assert not torch.equal(model(x), model(x))


def test_what_a_profiler_or_a_compiler_left_in_a_checkpoint_does_not_matter(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    model = ResNet18(width=4).eval()
    weights = {name: value for name, value in model.state_dict().items() if "num_batches" not in name}
    profiled = {"total_ops": torch.zeros(1), "layer1.0.total_params": torch.zeros(1)}
    named = {f"module._orig_mod.{name}": value for name, value in (weights | profiled).items()}
    torch.save({"net": named}, tmp_path / "profiled.pth")
    loaded = from_pytorch_cifar(tmp_path / "profiled.pth")
    x = torch.randn(1, 3, 32, 32)
    assert torch.equal(loaded(x), model(x))
    assert "2 entries are left out that are no weights, total_ops for one" in capsys.readouterr().out
