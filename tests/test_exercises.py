"""The three verdicts of an exercise's check."""

from __future__ import annotations

import pytest

from cifarcam.exercises import check


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [(None, "not answered yet"), (4, "right"), (5, "not yet: count again"), (0, "not yet: count again")],
)
def test_an_answer_gets_its_verdict(answer: int | None, verdict: str, capsys: pytest.CaptureFixture) -> None:
    check(answer, lambda value: value == 4, hint="count again")
    assert capsys.readouterr().out == f"{verdict}\n"
