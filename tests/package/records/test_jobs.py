"""Runs of an experiment: each once, in order, by as many processes as asked."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import torch

from cifarcam.errors import CifarcamError
from tools.records.jobs import results


def square(number: int) -> dict:
    return {"square": number**2, "process": os.getpid(), "threads": torch.get_num_threads()}


def refuse(number: int) -> dict:
    raise ValueError(f"not {number}")


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_are_in_order_and_what_has_a_file_is_not_computed_again(tmp_path: Path, jobs: int) -> None:
    files = {tmp_path / f"{number}.json": (number,) for number in (3, 1, 2)}
    kept = {"square": "kept", "commit": None}
    (tmp_path / "1.json").write_text(json.dumps({"arguments": "(1,)", "result": kept}))
    found = results(square, files, jobs, "squares")
    assert [row["square"] for row in found] == [9, "kept", 4] and "commit" in found[0]
    assert found == results(refuse, files, jobs, "squares")  # all from their files
    if jobs == 2:
        assert os.getpid() not in (found[0]["process"], found[2]["process"])
        assert found[0]["threads"] == found[2]["threads"] == 1


def test_a_result_of_other_arguments_is_refused(tmp_path: Path) -> None:
    results(square, {tmp_path / "run.json": (3,)}, 1, "squares")
    with pytest.raises(CifarcamError, match=r"run.json holds a run of other settings: \(3,\)"):
        results(square, {tmp_path / "run.json": (4,)}, 1, "squares")


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_error_in_a_run_is_raised_and_leaves_no_file(tmp_path: Path, jobs: int) -> None:
    with pytest.raises(ValueError, match="not 4"):
        results(refuse, {tmp_path / "4.json": (4,)}, jobs, "refused")
    assert not list(tmp_path.iterdir())
