"""The HTML of the pages is valid."""

from __future__ import annotations

from pathlib import Path

import pytest
from missing import missing
from pages import PAGES
from validator import faults, page_of

pytestmark = pytest.mark.browser

FAULTS = [
    ("<p>one<div>two</div></p>", "close-order"),
    ("<p id='a'>one</p><p id='a'>two</p>", "no-dup-id"),
    ("<ul><p>one</p></ul>", "element-permitted-content"),
    ("<p>one</b></p>", "close-order"),
    ("<img alt='x'>", "element-required-attributes"),
]


def test_every_page_is_valid_html(site: Path, tmp_path: Path) -> None:
    assert faults(tmp_path, *(site / page for page in PAGES)) == []


def test_every_fault_is_found(tmp_path: Path) -> None:
    files = [page_of(tmp_path / f"{place}.html", body) for place, (body, _) in enumerate(FAULTS)]
    found = faults(tmp_path, *files)
    missed = [
        (body, rule)
        for file, (body, rule) in zip(files, FAULTS, strict=True)
        if not any(fault.startswith(f"{file.name}:") and f": {rule}: " in fault for fault in found)
    ]
    assert missed == []


@pytest.mark.parametrize(("required", "outcome"), [("", pytest.skip.Exception), ("1", pytest.fail.Exception)])
def test_what_is_missing_skips_a_test_but_fails_one_of_check_site(
    monkeypatch: pytest.MonkeyPatch, required: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setenv("SITE_REQUIRED", required)
    with pytest.raises(outcome, match="There is no validator."):
        missing("There is no validator.")
