"""The settings under which the numeric tests run: six, those that this CPU can play, and a failure is told."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from tools import check_cpus


@pytest.mark.parametrize(("capability", "left_out"), [("AVX512", 0), ("AVX2", 2)])
def test_what_the_cpu_cannot_play_is_left_out_and_said(
    capability: str, left_out: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    ran: list[dict] = []
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    monkeypatch.setattr(
        check_cpus.subprocess, "run", lambda command, cwd, env: ran.append(env) or SimpleNamespace(returncode=0)
    )
    with pytest.raises(SystemExit) as ended:
        check_cpus.main()
    assert not ended.value.code and len(ran) == 6 - left_out
    assert capsys.readouterr().out.count("left out") == left_out


def test_a_failure_names_its_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    failing = {"OMP_NUM_THREADS": "2"}
    monkeypatch.setattr(
        check_cpus.subprocess,
        "run",
        lambda command, cwd, env: SimpleNamespace(returncode=int(failing.items() <= env.items())),
    )
    with pytest.raises(SystemExit, match="fail under OMP_NUM_THREADS=2 OPENBLAS_NUM_THREADS=2"):
        check_cpus.main()
