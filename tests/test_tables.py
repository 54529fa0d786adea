"""The tables of results say what the records say."""

from __future__ import annotations

from cifarcam.runs import load_run, recorded_runs
from tools import tables


def test_the_pages_hold_the_table_that_the_records_give() -> None:
    assert tables.main(["--check"]) == 0
    assert all(tables.results_table() in page.read_text(encoding="utf-8") for page in tables.PAGES)


def test_the_table_names_every_run_with_its_accuracy() -> None:
    rows = tables.results_table().splitlines()
    for name in recorded_runs():
        (row,) = (row for row in rows if row.startswith(f"| `{name}`"))
        assert f"{100 * load_run(name).provenance['results']['test_accuracy']:.2f} %" in row
