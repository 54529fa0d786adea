"""Folders of the records that ship with the package."""

from __future__ import annotations

from pathlib import Path

RECORDED = Path(__file__).parents[1] / "recorded"
RUNS, SMALL_RUNS, MEASUREMENTS, ABLATIONS = (RECORDED / name for name in ("runs", "small", "measurements", "ablations"))
