"""The HTML of the pages is valid, by html-validate (``make check-site`` installs it into ``.node``)."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from pages import PAGES, ROOT

pytestmark = pytest.mark.browser

COMMAND = ROOT / ".node" / "node_modules" / "html-validate" / "bin" / "html-validate.mjs"
# The standard's own rules, but for what others write into our pages: MyST-NB a paragraph into the summary of a folded
# cell, pandas a style sheet beside a table.
RULES = {
    "root": True,
    "extends": ["html-validate:standard"],
    "elements": [
        "html5",
        {
            "summary": {"permittedContent": ["@phrasing", "@heading", "p"]},
            "div": {"permittedContent": ["@flow", "dt", "dd", "style"]},
        },
    ],
}


def faults(folder: Path, *files: Path) -> list[str]:
    """What is wrong with HTML files, a line for each fault; ``folder`` is for the validator's settings and report.

    Skips the test where there is no validator.
    """
    node = shutil.which("node")
    if node is None or not COMMAND.is_file():
        pytest.skip("html-validate is not in .node: run `make check-site`, with Node.js installed")
    rules, report = folder / "rules.json", folder / "report.json"
    rules.write_text(json.dumps(RULES))
    command = [node, str(COMMAND), "--config", str(rules), "--formatter", f"json={report}", *map(str, files)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode in (0, 1), ended.stderr
    return [
        f"{Path(file['filePath']).name}:{fault['line']}: {fault['ruleId']}: {fault['message']} ({fault['selector']})"
        for file in json.loads(report.read_text(encoding="utf-8"))
        for fault in file["messages"]
    ]


def test_every_page_is_valid_html(site: Path, tmp_path: Path) -> None:
    assert faults(tmp_path, *(site / page for page in PAGES)) == []


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ("<p>one<div>two</div></p>", "close-order"),
        ("<p id='a'>one</p><p id='a'>two</p>", "no-dup-id"),
        ("<ul><p>one</p></ul>", "element-permitted-content"),
        ("<p>one</b></p>", "close-order"),
        ("<img alt='x'>", "element-required-attributes"),
    ],
)
def test_a_fault_is_found(tmp_path: Path, body: str, rule: str) -> None:
    page = tmp_path / "page.html"
    page.write_text(f"<!DOCTYPE html><html lang='en'><head><title>x</title></head><body>{body}</body></html>")
    assert any(f": {rule}: " in fault for fault in faults(tmp_path, page))
