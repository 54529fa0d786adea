"""The three verdicts of an exercise's check."""

from __future__ import annotations

import pytest

from cifarcam.exercises import check


def test_an_answer_of_another_type_is_wrong(capsys: pytest.CaptureFixture) -> None:
    check("four", lambda value: abs(value - 4) < 1, hint="give a number")
    check(4, lambda value: value.epochs == 5, hint="give a recipe")
    assert capsys.readouterr().out == "not yet: give a number\nnot yet: give a recipe\n"


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [(None, "not answered yet"), (4, "right"), (5, "not yet: count again"), (0, "not yet: count again")],
)
def test_an_answer_gets_its_verdict(answer: int | None, verdict: str, capsys: pytest.CaptureFixture) -> None:
    check(answer, lambda value: value == 4, hint="count again")
    assert capsys.readouterr().out == f"{verdict}\n"
