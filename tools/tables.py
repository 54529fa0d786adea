"""Writes the table of results into the README and the first page: ``python -m tools.tables [--check]``.

The numbers come from the records that ship with the package, those of the write-ups from the write-ups.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from cifarcam.files import written_whole
from cifarcam.measurements import published_one_cycle
from cifarcam.resnet import ResNet18
from cifarcam.runs import Run, load_run, recorded_runs

TOP = Path(__file__).parents[1]
PAGES = (TOP / "README.md", TOP / "book" / "intro.md")
MARKED = re.compile(r"(<!-- results -->\n).*?(<!-- /results -->)", re.DOTALL)


def results_table() -> str:
    """The table in Markdown: a column for each recorded run, and one for the published log."""
    columns = {f"`{name}`": _facts(load_run(name)) for name in recorded_runs()}
    columns["OneCycle write-up"] = _published_facts()
    columns["StepLR write-up"] = {"test accuracy": "88.95 %", "epochs": "20"}  # all that it published of these
    labels = list(next(iter(columns.values())))
    rows = [["", *columns], ["---", *["---:"] * len(columns)]]
    rows += [[label, *(facts.get(label, "") for facts in columns.values())] for label in labels]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _facts(run: Run) -> dict[str, str]:
    about, results = run.provenance, run.provenance["results"]
    return {
        "test accuracy": f"**{100 * results['test_accuracy']:.2f} %**",
        "with flip averaging": f"{100 * results['flip_average_accuracy']:.2f} %",
        "epochs": str(run.recipe.epochs),
        "parameters": f"{sum(parameter.numel() for parameter in ResNet18(run.recipe.width).parameters()):,}",
        "training": f"{about['training_seconds'] / 60:.0f} minutes",
        "hardware": about["hardware"],
        "training precision": about["precision"],
        "PyTorch": about["versions"]["torch"],
        "seed": str(run.recipe.seed),
        "date": about["date"],
        "command": f"`cifarcam train {run.recipe.command_line()}`",
    }


def _published_facts() -> dict[str, str]:
    log = published_one_cycle()
    return {
        "test accuracy": f"{100 * log['test_accuracy'].iloc[-1]:.2f} %",
        "epochs": str(len(log)),
        "parameters": "11,173,962",
        "hardware": "Colab GPU",
    }


def main(arguments: list[str] | None = None) -> int:
    """Writes the tables, or with ``--check`` says which are out of date; 1 where any is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing, say what is out of date")
    check = parser.parse_args(arguments).check
    stale = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        new = MARKED.sub(lambda found: found[1] + results_table() + found[2], text)
        if new == text:
            continue
        stale.append(page.name)
        if not check:
            with written_whole(page) as temporary:
                temporary.write_text(new, encoding="utf-8")
    if stale:
        print(f"{'out of date' if check else 'written'}: {', '.join(stale)}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
