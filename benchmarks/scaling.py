"""Images a second in training by one process and by two, of one thread each, and what a model makes of more.

Every process takes batches of the same size, so that two should do twice the work in the time of one, but for the
all-reduce of the gradients. The model is the time of a step alone plus that of a ring all-reduce, in which each of N
processes sends and receives 2·(N - 1)/N of the gradients; its latency and bandwidth are fitted to all-reduces timed
here. What it says of 1 to 64 GPUs is calculated, not measured. ``python -m benchmarks.scaling``
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from itertools import islice

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor

from benchmarks.side_by_side import about, arguments, in_turns
from cifarcam.data.cifar import cifar10
from cifarcam.files import write_json
from cifarcam.training.batches import Batches
from cifarcam.training.distributed import process, process_group, processes
from cifarcam.training.loop import train_step
from cifarcam.training.recipes import TUNED
from cifarcam.training.state import TrainingState

SIZES = (1, 4, 16, 44.7)
"""MB of the all-reduces that are timed; the last is the gradients of the network at full width."""
GPUS = (1, 2, 4, 8, 16, 32, 64)


def all_reduce_seconds(megabytes: float, repeats: int = 5) -> float:
    """The median time of an all-reduce of float32."""
    values, seconds = torch.zeros(int(megabytes * 250_000)), []
    for _ in range(repeats + 1):
        dist.barrier()
        started = time.perf_counter()
        dist.all_reduce(values)
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds[1:])


def work(parsed: argparse.Namespace) -> None:
    """What each process does, started by ``torchrun``: the first one prints what it timed."""
    with process_group() as device:
        recipe = TUNED.replace(
            width=parsed.width, batch_size=parsed.batch * processes(), first_side=32, full_side_from=1
        )
        train = cifar10("train")
        run, batches = TrainingState(recipe, train, device), Batches(train, recipe, device)
        run.model.train()
        steps = (train_step(run, x, y) for x, y in batches.epoch(0))
        next(steps)
        started = time.perf_counter()
        images = sum(len(logits) for logits in islice(steps, parsed.steps)) * processes()
        timed = {"images_a_second": images / (time.perf_counter() - started)}
        if processes() > 1:
            timed["all_reduce_seconds"] = [all_reduce_seconds(size) for size in SIZES]
        if process() == 0:
            print(json.dumps(timed))


def started(count: int, parsed: argparse.Namespace) -> dict:
    """What so many processes of one thread each time."""
    words = [f"--{name}={getattr(parsed, name)}" for name in ("width", "batch", "steps")]
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={count}"]
    done = subprocess.run(
        [*command, "-m", "benchmarks.scaling", "--work", *words],
        env=os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def ring(
    megabytes: float | np.ndarray, count: int | np.ndarray, latency: float, bandwidth: float
) -> Tensor | np.ndarray:
    """Seconds of a ring all-reduce: 2·(count - 1) messages of 1/count of the bytes, at ``bandwidth`` MB/s."""
    return 2 * (count - 1) * (latency + megabytes / count / bandwidth)


def fitted(seconds: list[float]) -> tuple[float, float]:
    """Latency (s) and bandwidth (MB/s) of the ring, by least squares over all-reduces of two processes."""
    by_size, base = np.polyfit(SIZES, seconds, 1)
    return max(0.0, base / 2), 1 / by_size


def predicted(step: float, megabytes: float, latency: float, bandwidth: float) -> dict[int, float]:
    """Calculated efficiency by the number of GPUs: images a second of each, as a share of those of one alone."""
    return {n: round(float(step / (step + ring(megabytes, n, latency, bandwidth))), 3) for n in GPUS}


def main(words: list[str] | None = None) -> dict | None:
    parser = arguments(__doc__, rounds=3)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--batch", type=int, default=128, help="images a step and process")
    parser.add_argument("--steps", type=int, default=4, help="optimizer steps in a turn")
    parser.add_argument(
        "--gpu-step", type=float, default=0.02, help="seconds of a GPU's step alone, for what is calculated"
    )
    parser.add_argument("--gpu-bandwidth", type=float, default=10_000, help="MB/s between GPUs, for what is calculated")
    parser.add_argument("--gpu-latency", type=float, default=2e-5, help="seconds a message, for what is calculated")
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    parsed = parser.parse_args(words)
    if parsed.work:
        return work(parsed)
    timed: dict[int, list[dict]] = {1: [], 2: []}

    def turn(count: int) -> float:
        timed[count].append(started(count, parsed))
        return timed[count][-1]["images_a_second"]

    rates = in_turns({"one process": lambda: turn(1), "two processes": lambda: turn(2)}, parsed.rounds)
    seconds = np.median([each["all_reduce_seconds"] for each in timed[2][1:]], axis=0).tolist()
    latency, bandwidth = fitted(seconds)
    step = parsed.batch / rates["one process"]
    megabytes = SIZES[-1] * (parsed.width / 64) ** 2
    content = {
        "claim": "images a second in training by processes of one thread each",
        "rates": {name: float(f"{rate:.4g}") for name, rate in rates.items()},
        "all_reduce": {"megabytes": list(SIZES), "seconds": [float(f"{each:.3g}") for each in seconds]},
        "model": {
            "latency_seconds": float(f"{latency:.2g}"),
            "megabytes_a_second": round(bandwidth),
            "two_processes_images_a_second": float(
                f"{2 * parsed.batch / (step + ring(megabytes, 2, latency, bandwidth)):.4g}"
            ),
        },
        "calculated_efficiency": predicted(parsed.gpu_step, megabytes, parsed.gpu_latency, parsed.gpu_bandwidth),
        "calculated_for": {
            "step_seconds": parsed.gpu_step,
            "megabytes_a_second": parsed.gpu_bandwidth,
            "latency_seconds": parsed.gpu_latency,
        },
        **about(__spec__.name, parsed, parser, torch.device("cpu")),
    }
    print(json.dumps(content, indent=1))
    if parsed.out:
        write_json(parsed.out, content)
    return content


if __name__ == "__main__":
    main()
