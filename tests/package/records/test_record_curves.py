"""The curves that a reader can touch show what the records say."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from cifarcam.figures.training import RUN_LINES
from cifarcam.records import runs
from cifarcam.records.measurements import published_one_cycle
from cifarcam.records.runs import load_run, recorded_runs
from tools.records import curves


def shipped() -> dict:
    """What the page loads, as its script would read it."""
    text = curves.DATA.read_text(encoding="utf-8")
    return json.loads(text.removeprefix(curves.BEFORE).removesuffix(curves.AFTER))


def test_the_data_are_in_step_with_the_records() -> None:
    assert curves.main(["--check"]) == 0


def test_every_recorded_run_and_the_published_log_have_every_value_of_every_epoch() -> None:
    logs = {name: load_run(name).history for name in recorded_runs()} | {"published": published_one_cycle()}
    shown = {run["name"]: run for run in shipped()["runs"]}
    assert list(shown) == list(logs)
    for name, log in logs.items():
        values = shown[name]["values"]
        assert shown[name]["epoch"] == list(log["epoch"])
        for key in {"train_accuracy", "test_accuracy"}:
            assert values[key] == pytest.approx(list(100 * log[key]), rel=1e-5)
        for key in {"train_loss", "test_loss", "lr"} & set(log.columns):
            assert values[key] == pytest.approx(list(log[key]), rel=1e-5)
        assert values["relative_lr"] == pytest.approx(list(log["lr"] / log["lr"].max()), rel=1e-5)
    assert "test_loss" not in shown["published"]["values"] and shown["published"]["notes"].keys() == {"train_loss"}


def test_a_run_appears_when_its_record_ships(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(runs.RUNS, tmp_path / "runs")
    shutil.copytree(runs.RUNS / "one_cycle", tmp_path / "runs" / "another", dirs_exist_ok=True)
    monkeypatch.setattr(runs, "RUNS", tmp_path / "runs")
    assert "another" in [run["name"] for run in curves.content()["runs"]]


def test_a_stale_file_is_named_and_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(curves, "DATA", tmp_path / "curves" / "data.js")
    assert curves.main(["--check"]) == 1 and not curves.DATA.exists()
    assert "out of date: curves/data.js" in capsys.readouterr().out
    assert curves.main([]) == 0 and curves.main(["--check"]) == 0


def test_no_two_runs_share_a_dash_or_a_marker() -> None:
    for part in range(3):
        assert len({line[part] for line in RUN_LINES.values()}) == len(RUN_LINES)
    assert {line[1] for line in RUN_LINES.values()} <= curves.DASHES.keys()
