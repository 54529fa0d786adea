"""Writes what is generated into the README and the site's pages: ``python -m tools.book.tables [--check]``.

A page gets the table that its markers name, as in ``<!-- results --> … <!-- /results -->``. The numbers come from the
records that ship with the package, those of others from ``published_results.csv``. What the chapters themselves say
comes from ``tools.book.course`` and ``tools.book.reference``.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from pathlib import Path

from cifarcam.files import atomic_write
from cifarcam.network.resnet import ResNet18
from cifarcam.records.measurements import published_results, recorded_benchmarks
from cifarcam.records.runs import Run, load_run, recorded_runs
from tools.book import course, reference

TOP = Path(__file__).parents[2]
PAGES = (
    TOP / "README.md",
    TOP / "book" / "intro.md",
    TOP / "book" / "results.md",
    course.PAGE,
    reference.BIBLIOGRAPHY,
    *reference.PAGES,
)


def results_table() -> str:
    """A row for each recorded run, the best first, then one for each of the two write-ups."""
    runs = sorted(map(load_run, recorded_runs()), key=_accuracy, reverse=True)
    rows = [
        [f"`{run.recipe.name}`", f"**{_accuracy(run):.2f} %**", str(run.recipe.epochs), _minutes(run), _hardware(run)]
        for run in runs
    ]
    rows += [
        [row.source, f"{row.test_accuracy} %", str(row.epochs), "", ""]
        for row in published_results().itertuples()
        if not row.url
    ]
    return _markdown(["run", "test accuracy", "epochs", "training", "on"], rows)


def records_table() -> str:
    """The main facts of each record, a column for each run."""
    facts = {name: _facts(load_run(name)) for name in recorded_runs()}
    rows = [[label, *(column[label] for column in facts.values())] for label in next(iter(facts.values()))]
    return _markdown(["", *(f"`{name}`" for name in facts)], rows)


def published_table() -> str:
    """What others report, each with its source."""
    rows = [
        [
            f"[{row.source}]({row.url})" if row.url else row.source,
            row.network,
            str(row.epochs),
            f"{row.test_accuracy} %",
        ]
        for row in published_results().itertuples()
    ]
    return _markdown(["source", "network", "epochs", "test accuracy"], rows)


def speed_table() -> str:
    """A row for each recorded benchmark."""
    rows = [
        [
            measured["claim"],
            f"{_rate(measured['rates'][measured['ours']])} ({measured['ours']})",
            f"{_rate(measured['rates'][measured['other']])} ({measured['other']})",
            f"**{measured['ratio']:.1f}**",
            measured["hardware"],
            measured["date"],
        ]
        for measured in recorded_benchmarks()
    ]
    return _markdown(["what", "ours", "instead", "ratio", "on", "date"], rows)


TABLES: dict[str, Callable[[], str]] = {
    "results": results_table,
    "records": records_table,
    "published": published_table,
    "speed": speed_table,
    **course.TABLES,
    **reference.TABLES,
}


def _facts(run: Run) -> dict[str, str]:
    about, results = run.provenance, run.provenance["results"]
    return {
        "test accuracy": f"**{_accuracy(run):.2f} %**",
        "with flip averaging": f"{100 * results['tta_accuracy']:.2f} %",
        "mean test loss (nats)": f"{results['test_loss']:.4f}",
        "epochs": str(run.recipe.epochs),
        "parameters": f"{sum(parameter.numel() for parameter in ResNet18(run.recipe.width).parameters()):,}",
        "training": _minutes(run),
        "hardware": _hardware(run),
        "training precision": about["precision"],
        "seed": str(run.recipe.seed),
        "date": about["date"],
        "Python": about["versions"]["python"],
        "PyTorch": about["versions"]["torch"],
        "commit": _commits(about["commit"]),
        "command": f"`{about['command']}`",
    }


def _commits(commits: str | None) -> str:
    """The commits of a run, shortened; one that was interrupted may have several."""
    short = (re.sub(r"^([0-9a-f]{7})[0-9a-f]+", r"\1", commit) for commit in (commits or "none").split(", then "))
    return ", then ".join(f"`{commit}`" for commit in short)


def _accuracy(run: Run) -> float:
    return 100 * run.provenance["results"]["test_accuracy"]


def _minutes(run: Run) -> str:
    seconds = run.provenance["training_seconds"]
    return f"{seconds:.0f} seconds" if seconds < 90 else f"{seconds / 60:.0f} minutes"


def _rate(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.3g}"


def _hardware(run: Run) -> str:
    return run.provenance["hardware"]


def _markdown(head: list[str], rows: list[list[str]]) -> str:
    numeric = [all(re.match(r"[*]*[\d.]|$", row[column]) for row in rows) for column in range(len(head))]
    lines = [head, ["---:" if right else "---" for right in numeric], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def filled(text: str) -> str:
    """A Markdown page with each of the tables that its markers name."""
    for name, table in TABLES.items():
        between = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        text = between.sub(lambda found, table=table: found[1] + table() + found[2], text)
    return text


def main(arguments: list[str] | None = None) -> int:
    """Writes the tables, or with ``--check`` says which pages are out of date; 1 where any is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing, say what is out of date")
    check = parser.parse_args(arguments).check
    stale = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        if filled(text) == text:
            continue
        stale.append(page.name)
        if not check:
            with atomic_write(page) as temporary:
                temporary.write_text(filled(text), encoding="utf-8")
    if stale:
        print(f"{'out of date' if check else 'written'}: {', '.join(stale)}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
