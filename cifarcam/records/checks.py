"""Recorded checks of maps: for each explainer (a method or a baseline) a number for each image and stage.

``python -m tools.records.trust`` writes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from cifarcam.errors import CifarcamError
from cifarcam.files import read_arrays, write_arrays
from cifarcam.records.folders import MEASUREMENTS, SMALL_RUNS
from cifarcam.records.runs import Run, load_run

RECORDED_METHODS = (
    *("Grad-CAM", "Grad-CAM++", "XGrad-CAM", "HiResCAM", "LayerCAM", "Eigen-CAM"),
    *("Score-CAM", "Ablation-CAM"),
)
"""The methods of which there are records; ``cifarcam.maps.METHODS`` are those that can be computed."""
RECORDED_SLOW = ("Score-CAM", "Ablation-CAM")
"""Those of them that take a pass for each channel, so that they are recorded on fewer images."""
Measured = Mapping[str, Mapping[str, np.ndarray]]
"""Values by explainer and measure: float, (N, S), one for each image and stage; (parts, N, S) for the cascade.

A baseline has one map for all stages, so S is 1.
"""


def recorded_check(name: str) -> tuple[dict[str, dict[str, np.ndarray]], dict]:
    """A recorded check of maps that ships with the package, and its provenance.

    Args:
        name: of the check, one of ``cifarcam.trust.CHECKS``.

    Returns:
        The values by explainer and measure, float32 (N, S), or (parts, N, S) for the cascade, and their provenance.

    Raises:
        CifarcamError: listing the names, for a check that is not recorded.

    Examples:
        >>> from cifarcam.records import recorded_check
        >>> measured, provenance = recorded_check("pointing")
        >>> list(measured)[:3]
        ['Grad-CAM', 'Grad-CAM++', 'XGrad-CAM']
        >>> measured["Grad-CAM"]["inside"].shape
        (500, 5)
    """
    path = MEASUREMENTS / f"trust_{name}.npz"
    if not path.is_file():
        names = sorted(found.stem.removeprefix("trust_") for found in MEASUREMENTS.glob("trust_*.npz"))
        raise CifarcamError(f"There is no recorded check {name!r}; the checks are {', '.join(names) or 'none'}.")
    arrays, provenance = read_arrays(path)
    measured: dict[str, dict[str, np.ndarray]] = {}
    for key, values in arrays.items():
        explainer, _, measure = key.partition("/")
        measured.setdefault(explainer, {})[measure] = values.astype(np.float32)
    return measured, provenance


def small_run(name: str) -> Run:
    """The recorded run of a narrow network that the checks need, as ``python -m tools.records.small_runs`` trained it.

    Args:
        name: of the network.

    Raises:
        CifarcamError: listing the names, for another name.

    Examples:
        >>> from cifarcam.records import small_run
        >>> small_run("shortcut").recipe.width
        16
    """
    names = sorted(folder.name for folder in SMALL_RUNS.glob("*") if folder.is_dir())
    if name not in names:
        raise CifarcamError(f"There is no narrow network {name!r}; they are {', '.join(names) or 'none'}.")
    return load_run(SMALL_RUNS / name)


def write_check(name: str, measured: Measured, provenance: dict, folder: Path = MEASUREMENTS) -> Path:
    """Writes a check as ``trust_NAME.npz``, its numbers in 16 bits.

    Args:
        name: of the check.
        measured: the values by explainer and measure.
        provenance: what ``recorded_check`` is to give beside them.
        folder: where the file goes.

    Returns:
        The path of the file.

    Examples:
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> import numpy as np
        >>> from cifarcam.records import write_check
        >>> with TemporaryDirectory() as folder:
        ...     write_check("mine", {"edges": {"inside": np.zeros((3, 1))}}, {}, Path(folder)).name
        'trust_mine.npz'
    """
    path = folder / f"trust_{name}.npz"
    arrays = {
        f"{explainer}/{measure}": np.asarray(values).astype(np.float16)
        for explainer, measures in measured.items()
        for measure, values in measures.items()
    }
    write_arrays(path, arrays, provenance)
    return path
