"""Predictions and what follows from them, against hand computations."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from known import assert_as_exact, exact_logits
from torch import Tensor, nn

from cifarcam.data.normalization import normalize
from cifarcam.errors import CifarcamError
from cifarcam.network.predictions import Predictions, predict, tta
from cifarcam.network.resnet import ResNet18

pytestmark = pytest.mark.numeric


@pytest.fixture
def model() -> ResNet18:
    torch.manual_seed(0)
    model = ResNet18(width=4, dropout=0.5)
    model.bn1.running_mean.fill_(0.3)
    return model


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (7, 32, 32, 3), dtype=np.uint8)


def by_hand() -> Predictions:
    """Five images of three classes; the probabilities are the exponentials, each row's sum being 1."""
    probabilities = torch.tensor(
        [[0.7, 0.2, 0.1], [0.6, 0.3, 0.1], [0.05, 0.05, 0.9], [0.1, 0.1, 0.8], [0.25, 0.5, 0.25]]
    )
    return Predictions(probabilities.log(), torch.tensor([0, 1, 2, 0, 1]))


def test_predict_gives_the_eval_mode_logits_of_the_normalised_images(model: ResNet18, images: np.ndarray) -> None:
    logits = predict(model.train(), images, batch_size=3)
    with torch.no_grad():
        expected = model.eval()(normalize(images))
    assert logits.shape == (7, 10) and logits.dtype == torch.float32
    assert_as_exact(logits.numpy(), expected.numpy(), exact_logits(model, normalize(images)))
    assert not logits.is_inference() and not logits.requires_grad


@pytest.mark.parametrize("training", [True, False])
def test_predict_leaves_the_mode_and_the_buffers_as_found(model: ResNet18, images: np.ndarray, training: bool) -> None:
    model.train(training)
    model.bn1.train(not training)  # one part in another mode than the rest
    modes = [part.training for part in model.modules()]
    buffers = {name: value.clone() for name, value in model.state_dict().items()}
    predict(model, images)
    assert [part.training for part in model.modules()] == modes
    assert all(torch.equal(value, buffers[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_predict_restores_the_mode_after_an_error(model: ResNet18) -> None:
    model.train()
    with pytest.raises(CifarcamError, match="expected uint8"):
        predict(model, np.zeros((2, 32, 32, 3), np.float32))
    assert all(part.training for part in model.modules())


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_predict_gives_float32_from_half_precision(model: ResNet18, images: np.ndarray, precision: str) -> None:
    exact, rough = predict(model, images), predict(model, images, precision=precision)
    assert rough.dtype == torch.float32
    assert not torch.equal(exact, rough)
    torch.testing.assert_close(rough, exact, atol=0.05, rtol=0.05)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float64])
def test_a_network_of_another_float_type_is_run_in_float32(dtype: torch.dtype, images: np.ndarray) -> None:
    torch.manual_seed(0)
    network = ResNet18(width=16).to(dtype)
    logits = predict(network, images)
    assert {parameter.dtype for parameter in network.parameters()} == {dtype}
    assert torch.equal(logits, predict(network.float(), images))


def test_mirrored_views_do_as_well() -> None:
    logits, labels = np.eye(3, dtype=np.float32)[::-1], np.array([0, 1, 2])[::-1]
    assert Predictions(logits, labels).accuracy == 1


def test_flip_average_is_the_mean_of_both_sides(model: ResNet18, images: np.ndarray) -> None:
    model.eval()
    with torch.inference_mode():
        x = normalize(images)
        expected = (model(x) + model(x.flip(3))) / 2
    exact = (exact_logits(model, normalize(images)) + exact_logits(model, normalize(images).flip(3))) / 2
    averaged = tta(predict(model, images), model, images)
    assert_as_exact(averaged.numpy(), expected.numpy(), exact)
    mirrored = np.ascontiguousarray(images[:, :, ::-1])
    of_mirror_images = tta(predict(model, mirrored), model, mirrored)
    assert_as_exact(of_mirror_images.numpy(), expected.numpy(), exact)
    assert not torch.allclose(averaged, predict(model, images))


def test_nan_weights_are_a_clear_error(model: ResNet18, images: np.ndarray) -> None:
    with torch.no_grad():
        model.linear.weight[0, 0] = float("nan")
    with pytest.raises(CifarcamError, match="NaN or infinite logits for 7 of 7 images"):
        predict(model, images)


def test_no_images_and_an_unknown_precision_are_clear_errors(model: ResNet18, images: np.ndarray) -> None:
    with pytest.raises(CifarcamError, match="Cannot predict 0 images"):
        predict(model, images[:0])
    for precision in ("auto", "bf16", "half"):
        with pytest.raises(CifarcamError, match=f"precision '{precision}'"):
            predict(model, images, precision=precision)


def test_predict_takes_any_network_that_gives_logits(images: np.ndarray) -> None:
    network = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 4))
    assert predict(network, images).shape == (7, 4)


def test_classes_probabilities_and_confidence_by_hand() -> None:
    results = by_hand()
    assert results.predicted.tolist() == [0, 0, 2, 2, 1]
    assert results.correct.tolist() == [True, False, True, False, True]
    torch.testing.assert_close(results.confidence, torch.tensor([0.7, 0.6, 0.9, 0.8, 0.5]))
    torch.testing.assert_close(results.probabilities[0], torch.tensor([0.7, 0.2, 0.1]))
    assert Predictions(results.logits + 100, results.labels).confidence.tolist() == pytest.approx(
        [0.7, 0.6, 0.9, 0.8, 0.5], abs=1e-4
    )


def test_accuracy_and_loss_by_hand() -> None:
    results = by_hand()
    assert results.accuracy == pytest.approx(3 / 5)
    assert results.loss == pytest.approx(-sum(math.log(p) for p in (0.7, 0.3, 0.9, 0.1, 0.5)) / 5)


def test_confusion_has_the_true_classes_as_rows() -> None:
    assert by_hand().confusion().tolist() == [[1, 0, 1], [1, 1, 0], [0, 0, 1]]


def test_per_class_accuracy_is_the_share_of_each_true_class() -> None:
    assert by_hand().per_class_accuracy().tolist() == [0.5, 0.5, 1.0]
    absent = Predictions(torch.eye(3)[:2], torch.tensor([0, 1])).per_class_accuracy()
    assert absent[:2].tolist() == [1, 1] and absent[2].isnan()


def test_the_misclassified_come_in_order_or_the_most_confident_first() -> None:
    results = by_hand()
    assert results.misclassified().tolist() == [1, 3]
    assert results.misclassified(by_confidence=True).tolist() == [3, 1]
    tied = Predictions(torch.tensor([[1.0, 0.0]] * 40), torch.ones(40))
    assert tied.misclassified(by_confidence=True).tolist() == list(range(40))


def test_calibration_by_hand() -> None:
    table = by_hand().calibration(bins=2)
    assert table["count"].tolist() == [1, 4]
    assert table["confidence"].tolist() == pytest.approx([0.5, (0.7 + 0.6 + 0.9 + 0.8) / 4])
    assert table["accuracy"].tolist() == pytest.approx([1.0, 0.5])
    assert by_hand().calibration_error(bins=2) == pytest.approx((1 * 0.5 + 4 * 0.25) / 5)


@pytest.mark.parametrize(
    ("logits", "labels"),
    [(torch.zeros(5, 3), torch.zeros(4)), (torch.zeros(5), torch.zeros(5)), (torch.zeros(5, 3), torch.zeros(5, 1))],
)
def test_shapes_that_do_not_belong_together_are_a_clear_error(logits: Tensor, labels: Tensor) -> None:
    with pytest.raises(CifarcamError, match=r"expected \(N, classes\) and \(N,\)"):
        Predictions(logits, labels)


@pytest.mark.parametrize("label", [-1, 3, 10])
def test_labels_outside_the_classes_are_a_clear_error(label: int) -> None:
    with pytest.raises(CifarcamError, match="between 0 and 2"):
        Predictions(torch.zeros(2, 3), torch.tensor([0, label]))


def test_numpy_arrays_do_as_well() -> None:
    results = Predictions(np.eye(3), np.array([0, 1, 1]))
    assert results.logits.dtype == torch.float32 and results.labels.dtype == torch.int64
    assert results.accuracy == pytest.approx(2 / 3)


def test_captions_give_label_prediction_and_probability() -> None:
    logits = torch.zeros(2, 10)
    logits[0, 5] = 20
    assert Predictions(logits, torch.tensor([3, 0])).captions([0, 1]) == [
        "cat, called\ndog (1.00)",
        "airplane, called\nairplane (0.10)",
    ]


def test_logits_that_are_not_finite_are_refused() -> None:
    with pytest.raises(CifarcamError, match="NaN or infinite"):
        Predictions(torch.tensor([[0.0, float("nan")]]), torch.tensor([0]))
