"""The page on troubleshooting: each example raises the words of its heading, and each mend works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch

from cifarcam.errors import CifarcamError

ROOT = Path(__file__).resolve().parents[2]
SETUP, *ENTRIES = re.split(
    r"^### ", (ROOT / "book" / "troubleshooting.md").read_text(encoding="utf-8"), flags=re.MULTILINE
)
BLOCK = re.compile(r"^```(?:python|\{code-block\} python\n:class: setup)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_each_entry_has_a_cause_a_reason_and_a_mend_in_this_order() -> None:
    assert len(ENTRIES) >= 20
    for entry in ENTRIES:
        heading, cause, reason, mend = re.split(r"```(?:python)?\n", entry.partition("\n## ")[0])[:4]
        assert heading.strip() and cause.strip() and len(reason.split()) > 10 and mend.strip(), entry


def test_every_example_raises_its_heading_and_every_mend_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    (setup,), names = BLOCK.findall(SETUP), {}
    exec(setup, names)
    for entry in ENTRIES:
        heading, (cause, mend) = entry.partition("\n")[0], BLOCK.findall(entry)
        with pytest.raises(CifarcamError, match=re.escape(heading)):
            exec(cause, names)
        exec(mend, names)
