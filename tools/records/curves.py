"""Writes what the curves of chapter 5 show when they are touched: ``python -m tools.records.curves [--check]``.

Every run that ships with the package is in it, and the published OneCycle log.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import pandas as pd

from cifarcam.figures.display import INK
from cifarcam.figures.training import run_line
from cifarcam.files import atomic_write
from cifarcam.records.measurements import published_one_cycle
from cifarcam.records.runs import load_run, recorded_runs

DATA = Path(__file__).parents[2] / "book" / "_interactive" / "curves" / "data.js"
BEFORE, AFTER = "// Written by python -m tools.records.curves\nwindow.trainingCurves = ", ";\n"
# ``decimals`` is how many are shown; a quantity without them is shown to three significant digits.
QUANTITIES = [
    {"key": "test_accuracy", "label": "test accuracy", "unit": "%", "decimals": 2},
    {"key": "train_accuracy", "label": "training accuracy", "unit": "%", "decimals": 2},
    {"key": "test_loss", "label": "test loss", "unit": "nats", "decimals": 3},
    {"key": "train_loss", "label": "training loss", "unit": "nats", "decimals": 3},
    {"key": "lr", "label": "learning rate", "unit": ""},
    {"key": "relative_lr", "label": "learning rate / its peak", "unit": ""},
]
NOTES = {("published", "train_loss"): "last batch only"}
DASHES = {"-": "", "--": "8 4", ":": "2 3", "-.": "8 3 2 3"}  # matplotlib's names in SVG's lengths


def content() -> dict:
    """The quantities and the runs, each with how its line looks and its values by epoch."""
    logs = {name: load_run(name).history for name in recorded_runs()} | {"published": published_one_cycle()}
    return {"quantities": QUANTITIES, "runs": [_run(name, log) for name, log in logs.items()]}


def _run(name: str, log: pd.DataFrame) -> dict:
    colour, dash, marker = run_line(name)
    log = log.assign(relative_lr=log["lr"] / log["lr"].max())
    for column in ("test_accuracy", "train_accuracy"):
        log[column] *= 100
    keys = [quantity["key"] for quantity in QUANTITIES if quantity["key"] in log]
    return {
        "name": name,
        "colour": "currentColor" if colour == INK else colour,
        "dash": DASHES[dash],
        "marker": marker,
        "notes": {key: note for (run, key), note in NOTES.items() if run == name},
        "epoch": log["epoch"].tolist(),
        "values": {key: [float(f"{value:.6g}") for value in log[key]] for key in keys},
    }


def written() -> str:
    """The script that hands the content to the page: a page opened from a disk may load a script, but no data."""
    made = content()
    lines = {name: ",\n".join(f"  {json.dumps(entry)}" for entry in entries) for name, entries in made.items()}
    body = ",\n".join(f' "{name}": [\n{entries}\n ]' for name, entries in lines.items())
    return f"{BEFORE}{{\n{body}\n}}{AFTER}"


def main(arguments: list[str] | None = None) -> int:
    """Writes the data, or with ``--check`` says whether it is out of date; 1 where it is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing, say whether it is out of date")
    check = parser.parse_args(arguments).check
    text = written()
    if DATA.is_file() and DATA.read_text(encoding="utf-8") == text:
        return 0
    if not check:
        with atomic_write(DATA) as temporary:
            temporary.write_text(text, encoding="utf-8")
    print(f"{'out of date' if check else 'written'}: {DATA.parent.name}/{DATA.name}")
    return 1 if check else 0


if __name__ == "__main__":
    sys.exit(main())
