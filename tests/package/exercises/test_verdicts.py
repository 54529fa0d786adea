"""The verdicts of an exercise's check, whatever the answer."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from cifarcam.exercises import check
from cifarcam.exercises.verdicts import KINDS
from cifarcam.training.recipes import STEP_LR


def verdict(capsys: pytest.CaptureFixture, answer: Any, is_right: Callable, expected: str = "a number") -> str:
    check(answer, is_right, hint="count again", expected=expected)
    return capsys.readouterr().out.removesuffix("\n")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [(None, "not answered yet"), (4, "right"), (5, "not yet: count again"), (0, "not yet: count again")],
)
def test_an_answer_gets_its_verdict(answer: int | None, expected: str, capsys: pytest.CaptureFixture) -> None:
    assert verdict(capsys, answer, lambda value: value == 4) == expected


@pytest.mark.parametrize(
    "answer",
    [
        4,
        4.0,
        np.int64(4),
        np.uint8(4),
        np.float32(4),
        np.array(4),
        np.array([[4.0]]),
        torch.tensor([4]),
        pd.Series([4]),
    ],
    ids=repr,
)
def test_a_number_may_come_in_any_form(answer: Any, capsys: pytest.CaptureFixture) -> None:
    assert verdict(capsys, answer, lambda value: -(-value // 1) == 4) == "right"


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        ("four", "'four', of type str"),
        ([4], "[4], of type list"),
        (True, "True, of type bool"),
        (4j, "4j, of type complex"),
        (np.array([[4, 4], [4, 4]]), "array([[4, 4], [4, 4]]), of type ndarray"),
        (torch.tensor([4, 4]), "tensor([4, 4]), of type Tensor"),
        (lambda: 4, "<lambda>, of type function"),
        (np.ndarray, "ndarray, of type type"),
        ("9" * 100, f"'{'9' * 58}…, of type str"),
    ],
)
def test_what_is_no_number_is_named(answer: Any, shown: str, capsys: pytest.CaptureFixture) -> None:
    told = verdict(capsys, answer, lambda value: value == 4)
    assert told == f"not yet: expected a number, but the answer is {shown}"


RIGHT_OF_A_KIND = {
    "a number": 4,
    "a string": np.str_("four"),
    "a function": len,
    "a dictionary": OrderedDict(four=4),
    "a recipe": STEP_LR,
}


@pytest.mark.parametrize("expected", KINDS)
def test_each_kind_of_answer_is_told_from_the_others(expected: str, capsys: pytest.CaptureFixture) -> None:
    for kind, answer in RIGHT_OF_A_KIND.items():
        told = verdict(capsys, answer, lambda _: True, expected)
        assert told == "right" if kind == expected else told.startswith(f"not yet: expected {expected}, but ")


def test_a_kind_that_does_not_exist_is_a_mistake_of_the_chapter() -> None:
    with pytest.raises(KeyError, match="a colour"):
        check(4, lambda _: True, hint="count again", expected="a colour")


def test_a_function_that_raises_is_told_what_it_raised(capsys: pytest.CaptureFixture) -> None:
    def divided(value: float) -> float:
        return value / 0

    told = verdict(capsys, divided, lambda function: function(1) == 4, "a function")
    assert told == "not yet: checking divided ended in ZeroDivisionError: division by zero; count again"


def test_a_result_that_is_neither_true_nor_false_is_no_right_answer(capsys: pytest.CaptureFixture) -> None:
    told = verdict(capsys, lambda: np.ones(2), lambda function: function() == 1, "a function")
    assert told.startswith("not yet: checking <lambda> ended in ValueError: The truth value of an array")


def test_a_number_too_large_for_the_check_is_wrong(capsys: pytest.CaptureFixture) -> None:
    told = verdict(capsys, 10**400, lambda value: abs(value - 0.5) < 1)
    assert told.startswith(f"not yet: checking 1{'0' * 58}… ended in OverflowError: ")
