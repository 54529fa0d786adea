"""Where the time of a training step goes, beside the least it could take by arithmetic and by memory traffic.

The floor by arithmetic is a part's multiplications and additions over the rate of a large matrix product in the same
number format; that by memory is the bytes of activations and weights it must read and write over the rate of a large
copy. Both rates are measured here. ``python -m benchmarks.step_profile``
"""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterable

import torch
from torch import nn
from torch.optim import Optimizer
from torch.profiler import ProfilerActivity, profile, record_function

from benchmarks.side_by_side import about, arguments
from cifarcam.data.cifar import cifar10
from cifarcam.files import write_json
from cifarcam.hardware import fastest_precision
from cifarcam.network.hooks import forward_hooks
from cifarcam.training.batches import Batches
from cifarcam.training.loop import train_step
from cifarcam.training.muon import ITERATIONS
from cifarcam.training.recipes import TUNED, Recipe
from cifarcam.training.state import TrainingState

CONVOLUTIONS = {"aten::mkldnn_convolution", "aten::convolution_backward", "aten::_convolution"}
BATCHNORM = {"aten::native_batch_norm", "aten::native_batch_norm_backward"}
REST = "casts, sums, ReLU, the loss, Python"
BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}


def best_of(work: Callable[[], object], repeats: int = 5) -> float:
    """The shortest time of some repeats, in seconds."""
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def machine_rates(precision: str) -> tuple[float, float]:
    """What this machine reaches: floating-point operations a second in a matrix product, bytes a second in a copy."""
    side = 2048
    a = torch.randn(side, side, dtype=getattr(torch, precision))
    source, goal = torch.zeros(2, 64_000_000, dtype=torch.float32)
    return 2 * side**3 / best_of(lambda: a @ a), 2 * source.nbytes / best_of(lambda: goal.copy_(source))


def stage_of(name: str) -> str:
    """The part of the profile that a convolution belongs to, by its name in the network."""
    return f"convolutions, {name.partition('.')[0] if '.' in name else 'layer0'}"


def floors(run: TrainingState, x: torch.Tensor, precision: str) -> dict[str, dict[str, float]]:
    """Least seconds of each part of a step, ``arithmetic`` and ``memory``, for a batch."""
    operations, bytes_ = machine_rates(precision)
    size, found = BYTES[precision], defaultdict(lambda: defaultdict(float))

    def seen(name: str) -> Callable:
        def hook(module: nn.Module, inputs: tuple, output: torch.Tensor) -> None:
            given, made = inputs[0].numel(), output.numel()
            if isinstance(module, nn.Conv2d):
                part, weights = found[stage_of(name)], module.weight.numel()
                # Forwards, backwards for the weights, and for the input unless that is the image: products of one size.
                products = 2 if name == "conv1" else 3
                part["arithmetic"] += products * 2 * made * weights / module.out_channels / operations
                part["memory"] += size * products * (given + made + weights) / bytes_
            else:  # read for the statistics, read and written; backwards the input and the gradient twice, and written
                found["BatchNorm"]["memory"] += size * (3 + 5) * made / bytes_

        return hook

    layers = {
        name: module for name, module in run.model.named_modules() if isinstance(module, (nn.Conv2d, nn.BatchNorm2d))
    }
    with forward_hooks({module: seen(name) for name, module in layers.items()}), torch.no_grad():
        run.model(x)
    numbers = sum(parameter.numel() for parameter in run.model.parameters())
    found["optimizer"]["memory"] = 4 * 5 * numbers / bytes_  # weight, gradient and momentum read, two written
    found["optimizer"]["arithmetic"] = orthogonalisations(run.optimizer) / operations
    return {part: dict(kinds) for part, kinds in found.items()}


def orthogonalisations(optimizer: Optimizer) -> int:
    """Floating-point operations of Muon's Newton-Schulz iterations in a step."""
    operations = 0
    for group in optimizer.param_groups:
        for filters in group["params"] if group.get("muon_momentum") else ():
            short, long = sorted((len(filters), filters[0].numel()))
            operations += ITERATIONS * (2 * 2 * short**2 * long + 2 * short**3)  # two with the matrix, one square
    return operations


def shape_names(model: nn.Module) -> dict[tuple, str]:
    """The stage of each convolution by the shape of its weights; those of one shape are of one stage."""
    named = {name: module for name, module in model.named_modules() if isinstance(module, nn.Conv2d)}
    return {tuple(module.weight.shape): stage_of(name) for name, module in named.items()}


def profiled(steps: Iterable[object], model: nn.Module, count: int) -> dict[str, float]:
    """Seconds of each part in a step, from so many steps under PyTorch's profiler."""
    shapes, parts = shape_names(model), defaultdict(float)
    with profile(activities=[ProfilerActivity.CPU], record_shapes=True) as profiler:
        started = time.perf_counter()
        for _ in range(count):
            next(steps)
        whole = time.perf_counter() - started
    for event in profiler.events():
        seconds = event.cpu_time_total / 1e6
        if event.name in CONVOLUTIONS and event.cpu_parent is not None:
            if event.cpu_parent.name in CONVOLUTIONS:
                continue  # counted by its parent
            found = [shapes[tuple(shape)] for shape in event.input_shapes if tuple(shape) in shapes]
            parts[found[0] if found else "other"] += seconds
        elif event.name in BATCHNORM:
            parts["BatchNorm"] += seconds
        elif event.name.startswith("Optimizer.step#"):
            parts["optimizer"] += seconds
        elif event.name == "augmentation":
            parts["augmentation"] += seconds
    parts[REST] = whole - sum(parts.values())
    return {name: seconds / count for name, seconds in parts.items()}


def endless(run: TrainingState, batches: Batches, recipe: Recipe):
    """Takes steps on and on; the making of batches is marked as ``augmentation``."""
    for epoch in range(recipe.epochs):
        made = batches.epoch(epoch)
        while True:
            with record_function("augmentation"):
                batch = next(made, None)
            if batch is None:
                break
            yield train_step(run, *batch)


def main(words: list[str] | None = None) -> dict:
    parser = arguments(__doc__, rounds=3)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--batch", type=int, default=TUNED.batch_size)
    parser.add_argument("--steps", type=int, default=4, help="optimizer steps in a round")
    parsed = parser.parse_args(words)
    device = torch.device("cpu")
    recipe = TUNED.replace(width=parsed.width, batch_size=parsed.batch, first_side=32, full_side_from=1)
    train = cifar10("train")
    run, batches = TrainingState(recipe, train, device), Batches(train, recipe, device)
    run.model.train()
    least = floors(run, next(batches.epoch(0))[0], fastest_precision(device))
    steps = endless(run, batches, recipe)
    next(steps)
    rounds = [profiled(steps, run.model, parsed.steps) for _ in range(parsed.rounds)]
    parts = [
        {"part": name, "seconds": round(statistics.median(each.get(name, 0.0) for each in rounds), 5)}
        | {f"{kind}_floor": round(value, 5) for kind, value in least.get(name, {}).items()}
        for name in rounds[0]
    ]
    parts.sort(key=lambda part: -part["seconds"])
    content = {"claim": "seconds of a training step, by part", "parts": parts, "batch_size": parsed.batch}
    content |= {"precision": fastest_precision(device), **about(__spec__.name, parsed, parser, device)}
    for part in parts:
        print(f"{part['part']:<24}" + "".join(f"{value:>12.4f}" for value in list(part.values())[1:]))
    if parsed.out:
        write_json(parsed.out, content)
    return content


if __name__ == "__main__":
    main()
