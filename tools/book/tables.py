"""Writes what is generated into the README and the site's pages: ``python -m tools.book.tables [--check]``.

A page gets what its marks name, as in ``<!-- results --> … <!-- /results -->``. The numbers come from the records that
ship with the package, those of others from ``published_results.csv``. What the chapters themselves say comes from
``tools.book.course`` and ``tools.book.reference``, the repository's address from ``tools.book.address``.
"""

from __future__ import annotations

import argparse
import dataclasses
import re
import sys
from collections.abc import Callable
from pathlib import Path

from cifarcam.errors import CifarcamError
from cifarcam.files import atomic_write
from cifarcam.records.measurements import published_results
from cifarcam.records.runs import Run, load_run, recorded_runs
from cifarcam.training.fields import EXPECTED, TEXT
from cifarcam.training.recipes import Recipe
from tools.book import address, course, reference
from tools.book.chapters import ROOT
from tools.book.markers import filled


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


def writers(root: Path = ROOT) -> dict[str, Callable[[], str]]:
    """What writes the text between the marks of each name."""
    return {
        "results": results_table,
        "recipe": recipe_table,
        **course.TABLES,
        **reference.TABLES,
        **address.writers(root),
    }


def recipe_table() -> str:
    """A row for each field of a recipe."""
    lines = ["| field | default | takes | meaning |\n", "| --- | --- | --- | --- |\n"]
    for field in dataclasses.fields(Recipe):
        default = "" if field.default is dataclasses.MISSING else f"`{field.default!r}`"
        about = field.metadata
        lines.append(f"| `{field.name}` | {default} | {about[EXPECTED]} | {about[TEXT]} |\n")
    return "".join(lines)


def pages(root: Path = ROOT) -> list[Path]:
    """The Markdown pages that may have marks."""
    book = root / "book"
    return [
        root / "README.md",
        *root.glob("CONTRIBUTING.md"),
        *sorted(book.glob("*.md")),
        *sorted((book / "api").glob("*.md")),
    ]


def out_of_step(root: Path = ROOT) -> dict[Path, str]:
    """The pages that do not hold what their marks ask for, with what they should hold.

    Raises:
        CifarcamError: for a page whose marks are wrong.
    """
    known, wanted = writers(root), {}
    for path in pages(root):
        text = path.read_text(encoding="utf-8")
        if (new := filled(text, path.relative_to(root).as_posix(), known)) != text:
            wanted[path] = new
    return wanted


def _accuracy(run: Run) -> float:
    return 100 * run.provenance["results"]["test_accuracy"]


def _minutes(run: Run) -> str:
    seconds = run.provenance["training_seconds"]
    return f"{seconds:.0f} seconds" if seconds < 90 else f"{seconds / 60:.0f} minutes"


def _hardware(run: Run) -> str:
    return run.provenance["hardware"]


def _markdown(head: list[str], rows: list[list[str]]) -> str:
    numeric = [all(re.match(r"[*]*[\d.]|$", row[column]) for row in rows) for column in range(len(head))]
    lines = [head, ["---:" if right else "---" for right in numeric], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Write what is generated into the README and the site's pages.")
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 where a page is out of step")
    check = parser.parse_args(arguments).check
    try:
        wanted = out_of_step()
    except CifarcamError as error:
        sys.exit(str(error))
    for path, text in wanted.items():
        print(f"{path.relative_to(ROOT)}: {'out of step' if check else 'written'}")
        if not check:
            with atomic_write(path) as temporary:
                temporary.write_text(text, encoding="utf-8")
    if check and wanted:
        sys.exit("Run `python -m tools.book.tables`.")


if __name__ == "__main__":
    main()
