"""Several processes train as one does: on the same images, with the same gradients, and they end together."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from cifarcam.errors import CifarcamError
from cifarcam.records.runs import load_run
from cifarcam.training import distributed

START = """
import json, os, sys
from pathlib import Path
import torch
from cifarcam.data import synthetic_cifar10
from cifarcam.network import ResNet18
from cifarcam.training import Batches, Recipe, fit
from cifarcam.training.distributed import process, process_group, processes
from cifarcam.training.loop import train_step
from cifarcam.training import state
from cifarcam.training.state import TrainingState
out = Path(sys.argv[1])
train, test = synthetic_cifar10("train").first(55), synthetic_cifar10("test").first(31)
recipe = Recipe("tiny", width=8, epochs=2, batch_size=12, lr=0.05, precision="float32")
"""

SMALL = {"OMP_NUM_THREADS": "1", "CIFARCAM_DATA": "synthetic", "TQDM_DISABLE": "1"}
HOST_NAMES = ("cifarcam-test-a", "cifarcam-test-b")


def torchrun(count: int, what: list[str], **options: object) -> subprocess.CompletedProcess:
    """What ``torchrun`` gives for so many processes, each of one thread."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={count}", *what]
    return subprocess.run(command, env=os.environ | SMALL, capture_output=True, text=True, timeout=300, **options)


def run_script(count: int, code: str, folder: Path) -> subprocess.CompletedProcess:
    """The same of a script, whose first argument is the folder."""
    folder.mkdir(exist_ok=True)
    script = folder / "script.py"
    script.write_text(START + textwrap.dedent(code))
    done = torchrun(count, [str(script), str(folder)])
    assert done.returncode == 0, done.stderr
    return done


STEPS = """
with process_group() as device:
    recipe = recipe.replace(lr=1e-12)  # so that all steps see the same weights
    torch.manual_seed(0)
    genuine = state.parallel
    state.parallel = lambda model, device: genuine(model.double(), device)  # else rounding decides
    run = TrainingState(recipe, train, device, False, ResNet18(width=8))
    run.model.eval()  # BatchNorm frozen: else its statistics are those of a share
    batches = Batches(train, recipe, device)
    gradients = []
    for (x, y), weight in zip(batches.epoch(0), batches.weights()):
        train_step(run, x.double(), y, weight)
        gradients.append({name: value.grad for name, value in run.model.named_parameters()})
    if process() == 0:
        torch.save(gradients, out / "gradients.pt")
"""


@pytest.mark.slow
def test_gradients_of_several_processes_are_those_of_one(tmp_path: Path) -> None:
    """An epoch of 55 images in batches of 12, the last of 7: two processes share it as 4 and 3, three as 3, 2 and 2."""
    gradients = {}
    for count in (1, 2, 3):
        run_script(count, STEPS, tmp_path / str(count))
        gradients[count] = torch.load(tmp_path / str(count) / "gradients.pt")
    assert len(gradients[1]) == 5
    for count in (2, 3):
        for step, (one, several) in enumerate(zip(gradients[1], gradients[count], strict=True)):
            for name, gradient in one.items():
                difference = (several[name] - gradient).norm() / gradient.norm()
                assert difference < 1e-6, f"{name} of {count} processes in step {step}"


IMAGES = """
with process_group() as device:
    for augmentation in ("batched", "albumentations"):
        changed = recipe.replace(augmentation=augmentation, cutout=4, workers=0)
        seen = [batch for epoch in (0, 1) for batch in Batches(train, changed, device).epoch(epoch)]
        torch.save(seen, out / f"{augmentation}-{process()}.pt")
"""


@pytest.mark.slow
def test_the_same_images_meet_in_the_same_step(tmp_path: Path) -> None:
    run_script(1, IMAGES, tmp_path / "one")
    run_script(2, IMAGES, tmp_path / "two")
    for augmentation in ("batched", "albumentations"):
        (one,) = [torch.load(tmp_path / "one" / f"{augmentation}-0.pt")]
        parts = [torch.load(tmp_path / "two" / f"{augmentation}-{number}.pt") for number in (0, 1)]
        assert [len(y) for _, y in one] == [12, 12, 12, 12, 7] * 2
        for (x, y), *shares in zip(one, *parts, strict=True):
            assert torch.equal(torch.cat([share[1] for share in shares]), y)
            torch.testing.assert_close(torch.cat([share[0] for share in shares]), x)


TRAINED = """
with process_group() as device:
    fitted = fit(recipe, train, test, out=out, device=device, stop_after={stop}, resume={resume})
    if process() == 0:
        (out / "history.json").write_text(json.dumps([fitted.history, fitted.hardware]))
"""


@pytest.mark.slow
def test_a_run_goes_on_with_another_number_of_processes_and_the_first_alone_speaks(tmp_path: Path) -> None:
    first = run_script(2, TRAINED.format(stop=1, resume=False), tmp_path / "run")
    assert first.stdout.count("Epoch 1/2") == 1 and first.stdout.count("/31 (") == 1  # no image twice, none left out
    again = run_script(1, TRAINED.format(stop=None, resume=True), tmp_path / "run")
    assert again.stdout.count("Epoch 2/2") == 1
    history, hardware = json.loads((tmp_path / "run" / "history.json").read_text())
    assert [row["epoch"] for row in history] == [1, 2]
    assert hardware.startswith("2 processes, each on ") and ", then " in hardware


@pytest.mark.slow
def test_the_command_line_records_one_run(tmp_path: Path) -> None:
    small = ["--width", "4", "--epochs", "1", "--train-images", "64", "--batch-size", "32", "--precision", "float32"]
    done = torchrun(2, ["-m", "cifarcam", "train", "tuned", *small, "--out", str(tmp_path / "run")])
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Recorded in") == 1
    assert load_run(tmp_path / "run").provenance["hardware"].startswith("2 processes, each on ")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--batch-size", "33"], "A batch of 33 does not divide over 2 processes"),
        (["--train-images", "65", "--batch-size", "32"], "The last batch of an epoch has 1 of 65 images"),
        (["--lr", "-1"], "The recipe's lr is -1.0"),
        (["--sync-batchnorm"], "PyTorch has that on GPUs only"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing(tmp_path: Path, words: list[str], sentence: str) -> None:
    done = torchrun(2, ["-m", "cifarcam", "train", "tuned", "--width", "4", *words, "--out", str(tmp_path / "run")])
    said = [line for line in done.stderr.splitlines() if line.startswith(("cifarcam:", "cifarcam ("))]
    assert done.returncode == 1 and len(said) == 1 and sentence in said[0]
    assert not (tmp_path / "run").exists() or not list((tmp_path / "run").glob("*.pt"))


@pytest.mark.slow
def test_a_port_in_use_is_told_by_torchrun_and_leaves_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = ["--master-addr=127.0.0.1", f"--master-port={taken.getsockname()[1]}", "--nproc-per-node=2"]
        words = [
            "-m",
            "torch.distributed.run",
            *place,
            "-m",
            "cifarcam",
            "train",
            "tuned",
            "--out",
            str(tmp_path / "run"),
        ]
        done = subprocess.run(
            [sys.executable, *words], env=os.environ | SMALL, capture_output=True, text=True, timeout=100
        )
    assert done.returncode == 1 and "EADDRINUSE" in done.stderr
    assert not (tmp_path / "run").exists()


DIFFERENT = """
from cifarcam.errors import CifarcamError
with process_group() as device:
    try:
        fit(recipe.replace(seed=process()), train, test, device=device)
    except CifarcamError as error:
        (out / f"said-{process()}.txt").write_text(str(error))
    except SystemExit as error:
        (out / f"said-{process()}.txt").write_text(f"exit {error.code}")
"""


@pytest.mark.slow
def test_processes_that_differ_are_refused_by_the_first(tmp_path: Path) -> None:
    run_script(2, DIFFERENT, tmp_path)
    assert "The processes differ in their recipe: tiny" in (tmp_path / "said-0.txt").read_text()
    assert (tmp_path / "said-1.txt").read_text() == "exit 1"


KILLED = """
import random, signal, threading, time
def die(delay, before):
    while not (out / "checkpoint.pt").exists() or (out / "checkpoint.pt").stat().st_mtime_ns == before:
        time.sleep(0.01)
    time.sleep(delay)  # from the first checkpoint of this turn on, in whatever training or writing is at then
    (out / "died").write_text(str(time.time()))
    os.kill(os.getpid(), signal.SIGKILL)
turn = int(os.environ["TURN"])
with process_group() as device:
    if turn < 5 and process() == turn % 2:  # the first process, which writes, and the second in turn
        before = (out / "checkpoint.pt").stat().st_mtime_ns if (out / "checkpoint.pt").exists() else None
        threading.Thread(target=die, args=(random.Random(turn).uniform(0, 0.4), before), daemon=True).start()
    resume = (out / "checkpoint.pt").exists()
    fitted = fit(recipe.replace(epochs=60, ema_decay=0.9), train, test, out=out, device=device, resume=resume)
    if process() == 0:
        torch.save(fitted.model.state_dict(), out / "weights.pt")
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals")
def test_a_process_that_is_killed_ends_all_and_the_run_goes_on_to_the_same_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TURN", "5")
    run_script(2, KILLED, tmp_path / "whole")
    script, done = tmp_path / "script.py", []
    script.write_text(START + KILLED)
    for turn in range(5):
        monkeypatch.setenv("TURN", str(turn))
        assert torchrun(2, [str(script), str(tmp_path)]).returncode == 1
        assert time.time() - float((tmp_path / "died").read_text()) < 30
        done.append(len(torch.load(tmp_path / "checkpoint.pt", weights_only=True)["history"]))
    assert done == sorted(set(done)) and done[-1] < 60  # each turn went on, and none came to the end
    monkeypatch.setenv("TURN", "5")
    assert torchrun(2, [str(script), str(tmp_path)]).returncode == 0
    whole, resumed = (torch.load(folder / "weights.pt") for folder in (tmp_path / "whole", tmp_path))
    assert all(torch.equal(value, resumed[name]) for name, value in whole.items())


HOSTS = """
with process_group() as device:
    fitted = fit(recipe, train, test, device=device)
    if process() == 0:
        (out / "history.json").write_text(json.dumps(fitted.history))
"""


@contextmanager
def two_hosts() -> Iterator[list[str]]:
    """Two network namespaces that reach each other by one cable and nothing else; the addresses they have."""

    def ip(*words: str) -> None:
        done = subprocess.run(["ip", *words], capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"needs to make network namespaces: {done.stderr}")

    if shutil.which("ip") is None:
        pytest.skip("needs iproute2 to make network namespaces")
    try:
        for host in HOST_NAMES:
            ip("netns", "add", host)
        ip("link", "add", "cifarcam0", "netns", HOST_NAMES[0], "type", "veth", "peer", "cifarcam1")
        ip("link", "set", "cifarcam1", "netns", HOST_NAMES[1])
        for number, host in enumerate(HOST_NAMES):
            ip("-n", host, "address", "add", f"10.97.0.{number + 1}/24", "dev", f"cifarcam{number}")
            for device in ("lo", f"cifarcam{number}"):
                ip("-n", host, "link", "set", device, "up")
        yield ["10.97.0.1", "10.97.0.2"]
    finally:
        for host in HOST_NAMES:
            subprocess.run(["ip", "netns", "delete", host], capture_output=True)


@pytest.mark.slow
def test_two_hosts_find_each_other_and_train_as_two_processes_on_one(tmp_path: Path) -> None:
    run_script(2, HOSTS, tmp_path)
    expected = json.loads((tmp_path / "history.json").read_text())
    (tmp_path / "history.json").unlink()
    with two_hosts() as addresses:
        started = []
        for number, host in enumerate(HOST_NAMES):
            where = ["--nnodes=2", "--nproc-per-node=1", "--rdzv-backend=c10d", f"--rdzv-endpoint={addresses[0]}:29400"]
            where.append(f"--rdzv-conf=is_host={number == 0}")  # their names do not resolve to their addresses
            words = [sys.executable, "-m", "torch.distributed.run", *where, f"--local-addr={addresses[number]}"]
            environment = os.environ | SMALL | {"GLOO_SOCKET_IFNAME": f"cifarcam{number}"}
            command = ["ip", "netns", "exec", host, *words, str(tmp_path / "script.py"), str(tmp_path)]
            started.append(subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True))
        for each in started:
            _, said = each.communicate(timeout=300)
            assert each.returncode == 0, said
    history = json.loads((tmp_path / "history.json").read_text())
    for ours, theirs in zip(history, expected, strict=True):
        assert ours | {"seconds": 0} == theirs | {"seconds": 0}


def test_one_process_is_all_there_is_without_torchrun() -> None:
    assert (distributed.process(), distributed.processes()) == (0, 1)
    values = torch.arange(5)
    assert torch.equal(distributed.share(values), values) and distributed.weight(5, 5) == 1
    assert distributed.total(values) is values
    with distributed.process_group() as device:
        assert device.type in ("cpu", "cuda")


def test_shares_of_a_batch_weigh_what_they_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distributed, "processes", lambda: 3)
    weights = [distributed.weight(size, 7) for size in (3, 2, 2)]
    assert sum(weights) == pytest.approx(3) and weights[0] == pytest.approx(9 / 7)
    distributed.check_shares(21, 6)
    with pytest.raises(CifarcamError, match="A batch of 7 does not divide over 3"):
        distributed.check_shares(21, 7)
    with pytest.raises(CifarcamError, match="has 2 of 20 images, too few for 3"):
        distributed.check_shares(20, 6)
