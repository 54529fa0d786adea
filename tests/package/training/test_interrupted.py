"""A training run that is killed, again and again, ends with the weights of one that was left in peace."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

COMMAND = [
    sys.executable,
    "-m",
    "cifarcam.cli",
    "train",
    "best",
    "--width",
    "16",
    "--epochs",
    "4",
    "--data",
    "synthetic",
]
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1", "TQDM_DISABLE": "1"}


def start(out: Path, *options: str) -> subprocess.Popen:
    return subprocess.Popen(
        [*COMMAND, "--out", str(out), *options],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs ignore it
    )


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals")
def test_killed_at_three_random_moments_it_resumes_to_the_same_weights(tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    printed, error = start(whole).communicate()
    assert f"Recorded in {whole}" in printed, error

    moments = random.Random(0)
    for epoch, how in ((2, signal.SIGKILL), (3, signal.SIGINT), (4, signal.SIGKILL)):
        running = start(broken, *(["--resume"] if epoch > 2 else []))
        while not running.stdout.readline().startswith(f"Epoch {epoch}/4"):
            assert running.poll() is None, running.stderr.read()
        time.sleep(moments.uniform(0, 1))
        os.killpg(running.pid, how)
        _, error = running.communicate()
        assert running.returncode == (130 if how == signal.SIGINT else -how), error
        assert not (broken / "provenance.json").exists()
    printed, error = start(broken, "--resume").communicate()
    assert f"Recorded in {broken}" in printed, error

    for name in ("model.safetensors", "test_logits.safetensors", "recipe.json"):
        assert (broken / name).read_bytes() == (whole / name).read_bytes(), name
