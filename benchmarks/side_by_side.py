"""Several ways of doing the same thing, timed in turns in one process, and the record of their ratios."""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Mapping

import torch

from cifarcam.errors import CifarcamError
from cifarcam.files import write_json
from cifarcam.provenance import provenance


def in_turns(ways: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """The median rate of each way, over ``rounds`` turns after one to warm up.

    Turns cancel what slows a machine down for a while. Each way returns its rate, such as images a second.
    Raises ``CifarcamError`` for no rounds.
    """
    if rounds < 1:
        raise CifarcamError(f"--rounds is {rounds}; expected 1 or more.")
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(rounds + 1):
        for name, way in ways.items():
            rate = way()
            print(f"{'warm-up' if turn == 0 else f'round {turn}':>8}  {name:<24}{rate:>12,.2f}", flush=True)
            if turn:
                rates[name].append(rate)
    return {name: statistics.median(values) for name, values in rates.items()}


def rate(work: Callable[[], object], count: int) -> Callable[[], float]:
    """A function that does the work and gives how much of it, of ``count``, was done a second."""

    def timed() -> float:
        started = time.perf_counter()
        work()
        return count / (time.perf_counter() - started)

    return timed


def report(claim: str, rates: Mapping[str, float], settings: Mapping, out: str | None) -> dict:
    """Prints how many times as fast as each other way the first is, and writes the record where ``out`` is given.

    Args:
        claim: what was measured, with the unit of the rates.
        rates: of ours, then of all that it is compared with, from ``in_turns``.
        settings: what else the record should say: all that ``about`` gives, and what was chosen.
    """
    ours, *others = rates
    measured = {
        "claim": claim,
        "rates": {name: float(f"{rate:.4g}") for name, rate in rates.items()},
        "ours": ours,
        "ratios": {other: round(rates[ours] / rates[other], 2) for other in others},
        **settings,
    }
    for other, ratio in measured["ratios"].items():
        print(f"{ours} is {ratio} times as fast as {other} ({claim}, {measured['hardware']})")
    if out:
        write_json(out, measured)
    return measured


def arguments(description: str | None, rounds: int) -> argparse.ArgumentParser:
    """The options that all benchmarks have."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rounds", type=int, default=rounds, help="how often each way takes its turn, from 1")
    parser.add_argument("--out", help="a file for the record, as JSON")
    return parser


def about(module: str, parsed: argparse.Namespace, defaults: argparse.ArgumentParser, device: torch.device) -> dict:
    """The provenance of a benchmark; its command names the options that are not its defaults."""
    words = [
        f"--{name.replace('_', '-')} {value}"
        for name, value in vars(parsed).items()
        if name != "out" and value != defaults.get_default(name)
    ]
    return provenance(" ".join(["python -m", module, *words]), device)
