"""The tables of results say what the records say."""

from __future__ import annotations

import pytest

from cifarcam.records.measurements import published_results, recorded_benchmarks
from cifarcam.records.runs import load_run, recorded_runs
from tools.book import tables


def cells(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines()]


def test_the_pages_hold_the_tables_that_the_records_give() -> None:
    assert tables.main(["--check"]) == 0, "run python -m tools.book.tables"
    pages = "".join(page.read_text(encoding="utf-8") for page in tables.PAGES)
    assert all(table() in pages for table in tables.TABLES.values())


def test_the_results_give_every_run_and_both_write_ups_the_best_run_first() -> None:
    rows = {row[0]: row[1:] for row in cells(tables.results_table())[2:]}
    for name in recorded_runs():
        about = load_run(name).provenance
        accuracy, epochs, minutes, hardware = rows[f"`{name}`"]
        assert accuracy == f"**{100 * about['results']['test_accuracy']:.2f} %**" and int(epochs) > 0
        assert int(minutes.split()[0]) == pytest.approx(about["training_seconds"] / 60, abs=0.5)
        assert hardware == about["hardware"]
    ours = [float(row[0].strip("*% ")) for name, row in rows.items() if name.startswith("`")]
    assert ours == sorted(ours, reverse=True)
    assert rows["OneCycle write-up"][0] == "90.89 %" and rows["StepLR write-up"][0] == "88.95 %"


def test_the_records_name_seed_date_versions_and_the_command() -> None:
    table = cells(tables.records_table())
    assert table[0][1:] == [f"`{name}`" for name in recorded_runs()]
    rows = {row[0]: row[1:] for row in table[2:]}
    assert all(all(row) for row in rows.values())
    for column, name in enumerate(recorded_runs()):
        run = load_run(name)
        assert rows["seed"][column] == str(run.recipe.seed) and rows["date"][column] == run.provenance["date"]
        assert rows["PyTorch"][column] == run.provenance["versions"]["torch"]
        assert rows["command"][column].startswith(f"`cifarcam train {name}")


def test_what_others_report_is_linked_to_its_source() -> None:
    table = tables.published_table()
    for row in published_results().itertuples():
        assert f"{row.test_accuracy} %" in table
        assert (f"[{row.source}]({row.url})" in table) if row.url else (f"| {row.source} |" in table)
    assert sum(not row.url for row in published_results().itertuples()) == 2  # the two write-ups


def test_every_recorded_benchmark_has_its_ratio_its_hardware_and_its_date() -> None:
    rows = cells(tables.speed_table())[2:]
    assert len(rows) == len(recorded_benchmarks()) > 0
    for row, measured in zip(rows, recorded_benchmarks(), strict=True):
        assert float(row[3].strip("*")) == pytest.approx(measured["ratio"], abs=0.051)
        assert measured["ratio"] == pytest.approx(
            measured["rates"][measured["ours"]] / measured["rates"][measured["other"]], rel=0.01
        )
        assert measured["hardware"] in row and measured["date"] in row


@pytest.mark.parametrize(("name", "least"), [("augmentation", 5), ("stage_maps", 4.5), ("road", 10)])
def test_what_the_book_claims_to_be_faster_was_measured_so(name: str, least: float) -> None:
    measured = {each["command"]: each for each in recorded_benchmarks()}
    assert measured[f"python -m benchmarks.{name}"]["ratio"] >= least
