"""What html-validate finds wrong with HTML (``make check-site`` installs it into ``.node``)."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from missing import missing
from pages import ROOT

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

    Where there is no validator, the test is skipped, or fails (see ``missing``).
    """
    node = shutil.which("node")
    if node is None or not COMMAND.is_file():
        missing("html-validate is not in .node: run `make check-site`, with Node.js installed.")
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


def page_of(file: Path, body: str) -> Path:
    """Writes a minimal page around ``body``."""
    top = "<!DOCTYPE html><html lang='en'><head><title>x</title></head>"
    file.write_text(f"{top}<body>{body}</body></html>", encoding="utf-8")
    return file
