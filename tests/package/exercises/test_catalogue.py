"""The exercises that the package checks: right answers, wrong ones, none, and names that do not exist."""

from __future__ import annotations

import numpy as np
import pytest

from cifarcam.errors import CifarcamError
from cifarcam.exercises import EXERCISES, check_answer
from cifarcam.exercises.catalogue import ANSWERS, KINDS
from cifarcam.exercises.grad_cam import blank_maps_for_the_true_class


def loop(activations: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    maps = np.zeros((len(activations), *activations.shape[2:]))
    for image, channels in enumerate(gradients):
        for channel, gradient in enumerate(channels):
            maps[image] += gradient.mean() * activations[image, channel]
    return maps.clip(0)


def test_grad_cam_is_right_however_it_is_written(capsys: pytest.CaptureFixture) -> None:
    check_answer("grad-cam", loop)
    assert capsys.readouterr().out == "right\n"


@pytest.mark.parametrize(
    "wrong",
    [
        lambda A, G: (G * A).sum(1).clip(0),
        lambda A, G: (G.mean((2, 3), keepdims=True) * A).sum(1),
        lambda A, G: (G.mean((2, 3), keepdims=True) * A).clip(0),
        lambda A, G: loop(A, G) / loop(A, G).max(),
        lambda A, G: None,
        "Grad-CAM",
    ],
)
def test_another_function_is_not_grad_cam(wrong: object, capsys: pytest.CaptureFixture) -> None:
    check_answer("grad-cam", wrong)
    assert capsys.readouterr().out.startswith("not yet: ")


@pytest.mark.needs_cifar10
def test_a_number_is_right_within_its_tolerance_and_only_there(capsys: pytest.CaptureFixture) -> None:
    name = "blank maps for the true class"
    check_answer(name, blank_maps_for_the_true_class())
    check_answer(name, blank_maps_for_the_true_class() + 1)
    right, wrong = capsys.readouterr().out.splitlines()
    assert right == "right" and wrong == f"not yet: {EXERCISES[name].hint}"


@pytest.mark.parametrize("name", EXERCISES)
def test_every_exercise_is_described_and_can_be_left_open(name: str, capsys: pytest.CaptureFixture) -> None:
    exercise = EXERCISES[name]
    assert exercise.kind in KINDS and exercise.answer in ANSWERS and len(exercise.hint.split()) >= 5
    check_answer(name, None)
    assert capsys.readouterr().out == "not answered yet\n"


def test_a_name_that_no_exercise_has_is_an_error_that_lists_them() -> None:
    with pytest.raises(CifarcamError, match="no exercise 'gradcam'; the exercises are blank maps for the true class, "):
        check_answer("gradcam", 1)
