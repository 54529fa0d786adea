"""The tables of results say what the records say."""

from __future__ import annotations

from cifarcam.runs import load_run, recorded_runs
from tools import tables


def test_the_pages_hold_the_table_that_the_records_give() -> None:
    assert tables.main(["--check"]) == 0
    assert all(tables.results_table() in page.read_text(encoding="utf-8") for page in tables.PAGES)


def test_the_table_gives_every_run_its_accuracy() -> None:
    head, _, accuracies, *_ = ([cell.strip() for cell in row.split("|")] for row in tables.results_table().splitlines())
    for name in recorded_runs():
        accuracy = load_run(name).provenance["results"]["test_accuracy"]
        assert accuracies[head.index(f"`{name}`")] == f"**{100 * accuracy:.2f} %**"
    assert accuracies[head.index("OneCycle write-up")] == "90.89 %"
