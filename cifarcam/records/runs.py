"""Recorded training runs: recipe, history, provenance, logits of the test split, and weights.

A record is a folder: ``recipe.json``, ``history.csv``, ``provenance.json``, ``test_logits.safetensors`` and, where the
weights are kept, ``model.safetensors``. The records that ship with the package are found by name.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from cifarcam.data.constants import CLASSES
from cifarcam.data.split import Split
from cifarcam.errors import CifarcamError
from cifarcam.files import atomic_write, write_json
from cifarcam.network.predictions import Predictions, predict, tta
from cifarcam.network.resnet import ResNet18, from_state_dict
from cifarcam.provenance import PROVENANCE, provenance
from cifarcam.records.folders import RUNS
from cifarcam.training.loop import Fitted
from cifarcam.training.recipes import Recipe

RECIPE, HISTORY = "recipe.json", "history.csv"
REQUIRED = {"command", "commit", "hardware", "versions", "date", "precision", "training_seconds"}
REQUIRED |= {"train_checksum", "test_checksum", "results", "checksums"}
LOGITS, WEIGHTS = "test_logits.safetensors", "model.safetensors"
CHECKED = (RECIPE, HISTORY, LOGITS, WEIGHTS)
MOST_ROUNDING = 2e-6  # of results, which are kept with six decimals


@dataclass(frozen=True)
class Run:
    """A recorded run.

    Attributes:
        folder: where the record lies.
        recipe: what was trained.
        history: a row an epoch; the columns are those of ``Fitted.history``.
        provenance: command, commit, hardware, versions and date, see ``cifarcam.provenance``; precision, seconds of
            training, SHA-256 of the data and of the other files, and the results in float32.

    Examples:
        >>> from cifarcam.records import load_run
        >>> run = load_run("best")
        >>> run.test_logits.shape, len(run.history) == run.recipe.epochs
        (torch.Size([10000, 10]), True)
    """

    folder: Path
    recipe: Recipe
    history: pd.DataFrame
    provenance: dict

    @property
    def has_weights(self) -> bool:
        """Whether the record holds the trained weights."""
        return (self.folder / WEIGHTS).is_file()

    @property
    def test_logits(self) -> Tensor:
        """Logits of the test split by the weights as recorded: float32, (N, 10).

        Raises:
            CifarcamError: where the record holds none, or they are damaged.
        """
        check_unchanged(self.folder, LOGITS, self.provenance)
        tensors = _load_tensors(self.folder / LOGITS)
        if "logits" not in tensors:
            raise CifarcamError(f"{self.folder / LOGITS} holds no logits; restore it, or train the run anew.")
        return tensors["logits"]

    @property
    def weights_path(self) -> Path:
        """The file of the weights.

        Raises:
            CifarcamError: where the record holds none.
        """
        if not self.has_weights:
            raise CifarcamError(f"The run in {self.folder} keeps no weights; train it, or use another run.")
        return self.folder / WEIGHTS

    def weights_checksum(self) -> str:
        """SHA-256 of the file of the weights, in hexadecimal."""
        return hashlib.sha256(self.weights_path.read_bytes()).hexdigest()

    def model(self) -> ResNet18:
        """The network, float32, in eval mode.

        Raises:
            CifarcamError: where the record holds no weights, damaged ones, or those of another width or other classes.
        """
        check_unchanged(self.folder, self.weights_path.name, self.provenance)
        model = from_state_dict(_load_tensors(self.weights_path), str(self.weights_path))
        width = model.conv1.out_channels
        if width != self.recipe.width:
            raise CifarcamError(
                f"{self.weights_path} is of width {width}, the record's recipe of {self.recipe.width}; restore it."
            )
        if model.linear.out_features != len(CLASSES):
            raise CifarcamError(
                f"{self.weights_path} is for {model.linear.out_features} classes; expected {len(CLASSES)}. Restore it."
            )
        return model

    def recorded_on(self, test: Split) -> bool:
        """Whether the recorded logits are those of this split."""
        return test.checksum() == self.provenance["test_checksum"]

    def check_recorded_on(self, test: Split) -> None:
        """Checks that the recorded logits are those of this split.

        Raises:
            CifarcamError: for another split.
        """
        if not self.recorded_on(test):
            raise CifarcamError("These test images are not those of the record; is CIFARCAM_DATA set to the stand-in?")

    def can_predict(self, test: Split) -> bool:
        """Whether ``predictions`` works for a split: its logits are recorded, or there are weights."""
        return self.has_weights or self.recorded_on(test)

    def predictions(self, test: Split) -> Predictions:
        """The recorded logits beside the labels of the split they were computed on.

        For any other split, such as the synthetic stand-in, the logits are computed now, and a line says so.

        Raises:
            CifarcamError: where the recorded results are not those of the recorded logits.
        """
        if self.recorded_on(test):
            recorded = Predictions(self.test_logits, test.labels)
            for name, value in _results("test", recorded).items():
                told = self.provenance["results"].get(name)
                if not isinstance(told, int | float) or not abs(told - value) <= MOST_ROUNDING:
                    raise CifarcamError(
                        f"{self.folder / PROVENANCE} is damaged: its {name} is {told!r}, that of the logits {value}. "
                        "Restore it."
                    )
            return recorded
        print(f"These {len(test.labels)} images are not those of the record: computing their logits now.")
        return Predictions(predict(self.model(), test.images), test.labels)


def load_run(name_or_path: str | Path) -> Run:
    """A recorded run, by its name or by the path of its folder.

    Args:
        name_or_path: one of ``recorded_runs``, or a folder that ``record`` wrote.

    Raises:
        CifarcamError: for an unknown name, a folder without a whole record, or a damaged record.

    Examples:
        >>> from cifarcam.records import load_run
        >>> load_run("one_cycle").recipe.batch_size
        512
        >>> type(load_run("best").model()).__name__
        'ResNet18'
    """
    shipped = RUNS / str(name_or_path)
    folder = shipped if shipped.is_dir() and str(name_or_path) in recorded_runs() else Path(name_or_path)
    missing = [name for name in (RECIPE, HISTORY, PROVENANCE, LOGITS) if not (folder / name).is_file()]
    if missing:
        found = f"it lacks {', '.join(missing)}" if folder.is_dir() else "it does not exist"
        raise CifarcamError(
            f"There is no recorded run {str(name_or_path)!r}: the names are {', '.join(recorded_runs()) or 'none'}, "
            f"and as a folder {found}. Give a name or a folder that `cifarcam train` has finished."
        )
    try:
        recipe = Recipe(**json.loads((folder / RECIPE).read_text(encoding="utf-8")))
        about = json.loads((folder / PROVENANCE).read_text(encoding="utf-8"))
        history = pd.read_csv(folder / HISTORY)
        missing = REQUIRED - set(about)
    except (ArithmeticError, CifarcamError, RecursionError, TypeError, ValueError) as error:
        raise CifarcamError(f"The record in {folder} is damaged: {error}. Restore it, or train anew.") from error
    if missing:
        raise CifarcamError(f"{folder / PROVENANCE} is damaged: it lacks {', '.join(sorted(missing))}. Restore it.")
    for name in (RECIPE, HISTORY):
        check_unchanged(folder, name, about)
    return Run(folder, recipe, history, about)


def checksum(path: Path) -> str:
    """SHA-256 of a file of a record, in hexadecimal, whatever ends the lines of a text."""
    content = path.read_bytes()
    return hashlib.sha256(content if path.suffix == ".safetensors" else content.replace(b"\r\n", b"\n")).hexdigest()


def check_unchanged(folder: Path, name: str, provenance: dict) -> None:
    """Checks that a file of a record is the one that the run was recorded with.

    Raises:
        CifarcamError: where it is not.
    """
    known = provenance["checksums"]
    if not isinstance(known, dict) or known.get(name) != checksum(folder / name):
        raise CifarcamError(
            f"{folder / name} is damaged: it is not the file that the run was recorded with. Restore it, or train anew."
        )


def recorded_runs() -> list[str]:
    """The names of the runs that ship with the package.

    Examples:
        >>> from cifarcam.records import recorded_runs
        >>> recorded_runs()
        ['best', 'one_cycle', 'step_lr']
    """
    return sorted(folder.name for folder in RUNS.iterdir() if (folder / PROVENANCE).is_file())


def refuse_recorded(folder: Path) -> None:
    """Checks that a folder holds no recorded run.

    Raises:
        CifarcamError: where it holds one.
    """
    if (folder / PROVENANCE).exists():
        raise CifarcamError(f"{folder} holds a recorded run already; choose another folder.")


def record(fitted: Fitted, test: Split, folder: str | Path, command: str | None = None) -> Run:
    """Writes a finished run into a folder and gives it back as loaded from there.

    The weights are kept in 16 bits (BatchNorm's vectors in 32); logits and results are those of the weights as kept,
    computed in float32. ``provenance.json`` comes last, so a record that was cut off is not taken for one.

    Args:
        fitted: a finished run.
        test: the split that its results are of.
        folder: where the record goes.
        command: what made the run; by default ``cifarcam train`` with the recipe.

    Returns:
        The run, as from ``load_run``.

    Raises:
        CifarcamError: for an unfinished run, a network other than the recipe's, and where the folder holds a record
            already or cannot be written to.

    Examples:
        >>> from tempfile import TemporaryDirectory
        >>> from cifarcam.data import synthetic_cifar10
        >>> from cifarcam.records import record
        >>> from cifarcam.training import Recipe, fit
        >>> few, recipe = synthetic_cifar10("test").first(16), Recipe("tiny", width=9, epochs=1, batch_size=8)
        >>> fitted = fit(recipe, few, few)
        Epoch 1/1, ...
        >>> with TemporaryDirectory() as folder:
        ...     record(fitted, few, folder).test_logits.shape
        torch.Size([16, 10])
    """
    folder = Path(folder)
    if not _is_the_recipes(fitted.model, fitted.recipe):
        raise CifarcamError(
            f"This run's {type(fitted.model).__name__} is a network of your own; a record keeps the recipe's ResNet18 "
            f"for {len(CLASSES)} classes. Save its weights with torch.save(fitted.model.state_dict(), path)."
        )
    if len(fitted.history) < fitted.recipe.epochs:
        raise CifarcamError(
            f"This run has {len(fitted.history)} of its {fitted.recipe.epochs} epochs; resume it, then record it."
        )
    refuse_recorded(folder)
    with atomic_write(folder / WEIGHTS) as temporary:
        temporary.write_bytes(save(_in_16_bits(fitted.model)))
    model = from_state_dict(_load_tensors(folder / WEIGHTS), str(folder / WEIGHTS))
    model.to(next(fitted.model.parameters()).device)
    logits = predict(model, test.images)
    with atomic_write(folder / LOGITS) as temporary:
        temporary.write_bytes(save({"logits": logits}))
    results = {
        **_results("test", Predictions(logits, test.labels)),
        **_results("tta", Predictions(tta(logits, model, test.images), test.labels)),
    }
    with atomic_write(folder / HISTORY) as temporary:
        pd.DataFrame(fitted.history).to_csv(temporary, index=False)
    write_json(folder / RECIPE, dataclasses.asdict(fitted.recipe))
    checksums = {name: checksum(folder / name) for name in CHECKED}
    write_json(folder / PROVENANCE, _provenance(fitted, test, command) | {"results": results, "checksums": checksums})
    return load_run(folder)


def _is_the_recipes(model: nn.Module, recipe: Recipe) -> bool:
    if not isinstance(model, ResNet18):
        return False
    return model.conv1.out_channels == recipe.width and model.linear.out_features == len(CLASSES)


def _results(name: str, predictions: Predictions) -> dict:
    return {f"{name}_accuracy": round(predictions.accuracy, 6), f"{name}_loss": round(predictions.loss, 6)}


def _provenance(fitted: Fitted, test: Split, command: str | None) -> dict:
    command = command or f"cifarcam train {fitted.recipe.command_line()}{' --compile' if fitted.compiled else ''}"
    return provenance(command, fitted.hardware, ("torchvision", "numpy", "albumentations"), fitted.commit) | {
        "precision": fitted.precision,
        "compiled": fitted.compiled,
        "training_seconds": round(sum(row["seconds"] for row in fitted.history), 1),
        "train_checksum": fitted.data_checksum,
        "test_checksum": test.checksum(),
    }


def _in_16_bits(model: nn.Module) -> dict[str, Tensor]:
    weights = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    return {name: value.half() if value.ndim > 1 else value.clone() for name, value in weights.items()}


def _load_tensors(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise CifarcamError(f"{path} is damaged or missing: {error}. Restore it, or train the run anew.") from error
