"""The tables of results, in pages and in the notebook of results, say what the records say."""

from __future__ import annotations

import pytest

from cifarcam.records.measurements import published_results, recorded_benchmarks
from cifarcam.records.runs import load_run, recorded_runs
from tools.book import tables
from tools.book.chapters import ROOT, code_cells, read

RESULTS = ROOT / "book" / "results.ipynb"


def shown(cell_id: str) -> str:
    """The table that a cell of the page of results shows."""
    (cell,) = (cell for cell in code_cells(read(RESULTS)) if cell.id == cell_id)
    return cell.outputs[0].data["text/markdown"]


def cells(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines()]


def test_the_pages_hold_the_tables_that_the_records_give() -> None:
    assert tables.out_of_step() == {}
    pages = "".join(page.read_text(encoding="utf-8") for page in tables.pages())
    assert all(writer().strip() in pages for writer in tables.writers().values())


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
    table = cells(shown("runs"))
    assert table[0][1:] == [f"`{name}`" for name in recorded_runs()]
    rows = {row[0]: row[1:] for row in table[2:]}
    assert all(all(row) for row in rows.values())
    for column, name in enumerate(recorded_runs()):
        run = load_run(name)
        assert rows["seed"][column] == str(run.recipe.seed) and rows["date"][column] == run.provenance["date"]
        assert rows["PyTorch"][column] == run.provenance["versions"]["torch"]
        assert rows["command"][column].startswith(f"`cifarcam train {name}")


def test_what_others_report_is_linked_to_its_source() -> None:
    table = shown("published")
    for row in published_results().itertuples():
        assert f"{row.test_accuracy} %" in table
        assert (f"[{row.source}]({row.url})" in table) if row.url else (f"| {row.source} |" in table)
    assert sum(not row.url for row in published_results().itertuples()) == 2  # the two write-ups


def test_every_recorded_benchmark_has_its_ratios_its_hardware_and_its_date() -> None:
    compared = [(measured, other) for measured in recorded_benchmarks() for other in measured["ratios"]]
    rows = cells(shown("speed"))[2:]
    assert len(rows) == len(compared) > len(recorded_benchmarks()) > 0
    for row, (measured, other) in zip(rows, compared, strict=True):
        ratio, rates = measured["ratios"][other], measured["rates"]
        assert float(row[3].strip("*")) == pytest.approx(ratio, rel=0.05)
        assert ratio == pytest.approx(rates[measured["ours"]] / rates[other], rel=0.01)
        assert measured["hardware"] in row and measured["date"] in row and f"({other})" in row[2]


@pytest.mark.parametrize(
    ("name", "other", "least"),
    [
        ("augmentation", "albumentations", 5),
        ("augmentation", "albumentations, normalised by batch", 3),
        ("stage_maps", "a call for each layer", 4.5),
        ("road", "a solve for each image", 10),
    ],
)
def test_what_the_book_claims_to_be_faster_was_measured_so(name: str, other: str, least: float) -> None:
    measured = {each["command"]: each for each in recorded_benchmarks()}
    assert measured[f"python -m benchmarks.{name}"]["ratios"][other] >= least
