"""The command line: ``cifarcam train``, ``evaluate``, ``explain``, ``runs`` and ``range-test``."""

from __future__ import annotations

import argparse
import codecs
import dataclasses
import errno
import io
import json
import os
import sys
from pathlib import Path

import torch

from cifarcam import __version__
from cifarcam.data.cifar import STAND_IN, cifar10
from cifarcam.data.constants import CLASSES
from cifarcam.data.fetch.download import ARRAYS, FOLDER
from cifarcam.data.pictures import open_picture
from cifarcam.errors import CifarcamError
from cifarcam.figures import explanation
from cifarcam.files import atomic_write, check_writable
from cifarcam.hardware import describe, fastest_precision, training_device
from cifarcam.maps.cam import stage_maps
from cifarcam.maps.methods import CLASS_BLIND, METHODS
from cifarcam.network.predictions import Predictions, predict, tta
from cifarcam.provenance import provenance
from cifarcam.records.measurements import write_range_test
from cifarcam.records.runs import load_run, record, recorded_runs, refuse_recorded
from cifarcam.training.batches import Batches
from cifarcam.training.checkpoints import CHECKPOINT
from cifarcam.training.distributed import first_process_first, one_voice, process, process_group, processes
from cifarcam.training.fields import KIND, TEXT
from cifarcam.training.loop import fit
from cifarcam.training.lr_finder import FEWEST_POINTS, range_test
from cifarcam.training.optimizers import make_optimizer
from cifarcam.training.recipes import RECIPES, Recipe, find_recipe
from cifarcam.training.state import initial_network

FIGURE_FORMATS = (".png", ".svg", ".pdf", ".jpg", ".jpeg")
MOST_DRIFT = 0.0002  # another machine's rounding moves a borderline image or two in 10,000
PLAIN = {"×": "x", "–": "-", "−": "-", "…": "...", "’": "'"}
OVERRIDES = [field for field in dataclasses.fields(Recipe) if field.name != "name"]


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; 0 when it succeeded, 1 after an error it explains in a sentence, 130 after Ctrl-C."""
    codecs.register_error("plain", _plain)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="plain")
    parsed = _parser().parse_args(arguments)
    try:
        if getattr(parsed, "data", None) is not None:
            os.environ["CIFARCAM_DATA"] = _data_place(parsed.data)
        parsed.command(parsed)
        sys.stdout.flush()
    except CifarcamError as error:
        number = f" (process {process()} of {processes()})" if process() else ""
        print(f"cifarcam{number}: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # who reads the output has seen enough, as head -1 has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python would try once more at its end
    except OSError as error:
        if error.filename is None and error.errno == errno.ENOSPC:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            resume = " Then go on with --resume." if _can_resume(parsed) else ""
            print(f"cifarcam: what is printed cannot be written: the disk is full. Make room.{resume}", file=sys.stderr)
            return 1
        if error.filename is None:  # nothing to do with a path
            raise
        print(f"cifarcam: {error.filename}: {error.strerror}. Check the path and its permissions.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        resume = " Training goes on from its last whole epoch with --resume." if _can_resume(parsed) else ""
        print(f"cifarcam: stopped.{resume}", file=sys.stderr)
        return 130
    return 0


def _plain(error: UnicodeError) -> tuple[str, int]:
    """What stands in a terminal for characters that it does not know."""
    unknown = error.object[error.start : error.end]
    return "".join(PLAIN.get(character, "?") for character in unknown), error.end


def train(parsed: argparse.Namespace) -> None:
    with process_group() as device:
        with one_voice():
            recipe = recipe_of(parsed)
            out = _run_folder(parsed)
            refuse_recorded(out)
        if process() == 0:
            for name, value in dataclasses.asdict(recipe).items():
                print(f"{name:>18}  {value}")
            print(f"{'processes':>18}  {processes()}\n{'hardware':>18}  {describe(device)}\n{'out':>18}  {out}")
        with first_process_first():
            train, test = cifar10("train"), cifar10("test")
        fitted = fit(recipe, train, test, out=out, resume=parsed.resume, device=device, compiled=parsed.compiled)
    if process():
        return
    run = record(fitted, test, out)
    (out / CHECKPOINT).unlink()
    print(f"Recorded in {out}: {100 * run.provenance['results']['test_accuracy']:.2f}% of the test images are right.")


def _run_folder(parsed: argparse.Namespace) -> Path:
    return Path(parsed.out or Path("runs") / parsed.recipe).expanduser()


def _can_resume(parsed: argparse.Namespace) -> bool:
    return parsed.command is train and (_run_folder(parsed) / CHECKPOINT).exists()


def evaluate(parsed: argparse.Namespace) -> None:
    run = load_run(parsed.run)
    model = run.model().to(training_device())
    test = cifar10("test")
    run.check_recorded_on(test)
    recorded, now = run.predictions(test), Predictions(predict(model, test.images), test.labels)
    flipped = Predictions(tta(now.logits, model, test.images), test.labels)
    print(f"{'':>24}{'recorded':>10}{'now':>10}")
    _row("accuracy (%)", 100 * recorded.accuracy, 100 * now.accuracy)
    flip_recorded = run.provenance["results"]["tta_accuracy"]
    _row("with flip averaging (%)", 100 * flip_recorded, 100 * flipped.accuracy)
    _row("mean loss (nats)", recorded.loss, now.loss, decimals=4)
    _row("calibration error (%)", 100 * recorded.calibration_error(), 100 * now.calibration_error())
    for name, before, after in zip(CLASSES, recorded.per_class_accuracy(), now.per_class_accuracy(), strict=True):
        _row(name, 100 * before.item(), 100 * after.item())
    for what, found, told in (
        ("accuracy", now.accuracy, recorded.accuracy),
        ("accuracy with flip averaging", flipped.accuracy, flip_recorded),
    ):
        if round(abs(found - told), 6) > MOST_DRIFT:
            raise CifarcamError(
                f"The {what} is {100 * found:.2f} %, the record says {100 * told:.2f} %; expected at most "
                f"{100 * MOST_DRIFT:.2f} points between them. Restore the record in {run.folder}."
            )


def _row(label: str, recorded: float, now: float, decimals: int = 2) -> None:
    print(f"{label:>24}{recorded:>10.{decimals}f}{now:>10.{decimals}f}")


def explain(parsed: argparse.Namespace) -> None:
    picture = open_picture(parsed.image)
    out = Path(parsed.out or f"{Path(parsed.image).stem}-explained.png").expanduser()
    if out.suffix.lower() not in FIGURE_FORMATS:
        raise CifarcamError(f"{out} is no figure's name; expected one that ends in {', '.join(FIGURE_FORMATS)}.")
    if out.exists():
        raise CifarcamError(f"{out} exists already; choose another file with --out.")
    if parsed.method in CLASS_BLIND and parsed.target != "predicted":
        raise CifarcamError(f"{parsed.method} takes no notice of a class; leave out --class, or take another --method.")
    for note in picture.notes:
        print(note)
    model = load_run(parsed.run).model().to(training_device())
    images = picture.image[None]
    maps = stage_maps(model, images, parsed.target, method=parsed.method)
    probabilities = torch.as_tensor(maps.logits[0]).softmax(0)
    for index in probabilities.argsort(descending=True).tolist():
        print(f"{CLASSES[index]:>12}{100 * probabilities[index]:>8.2f} %")
    figure = explanation(picture, probabilities, maps)
    with atomic_write(out) as temporary:
        figure.savefig(temporary, dpi=200)
    print(f"Maps for {maps.subject(0)} by {parsed.method}: {out}")


def runs(parsed: argparse.Namespace) -> None:
    print(f"{'run':<12}{'accuracy':>10}{'epochs':>8}{'seconds':>9}  {'date':<11} hardware")
    for name in recorded_runs():
        run = load_run(name)
        about = run.provenance
        accuracy = f"{100 * about['results']['test_accuracy']:.2f}%"
        print(
            f"{name:<12}{accuracy:>10}{run.recipe.epochs:>8}{about['training_seconds']:>9.0f}  "
            f"{about['date']:<11} {about['hardware']}"
        )


def measure_range_test(parsed: argparse.Namespace) -> None:
    recipe, out = recipe_of(parsed), Path(parsed.out).expanduser()
    if out.exists():
        raise CifarcamError(f"{out} exists already; choose another file with --out.")
    if parsed.steps < FEWEST_POINTS:
        raise CifarcamError(f"--steps is {parsed.steps}; expected {FEWEST_POINTS} or more, or nothing can be read off.")
    check_writable(out)
    device, train = training_device(), cifar10("train")
    torch.manual_seed(recipe.seed)  # for dropout
    model = initial_network(recipe, train).to(device, memory_format=torch.channels_last)
    precision = fastest_precision(device)
    batches = Batches(train, recipe, device)
    curve = range_test(model, make_optimizer(model, recipe), batches, steps=parsed.steps, precision=precision)
    suggestions = curve.suggestions()
    about = provenance(f"cifarcam range-test {recipe.command_line()} --steps {parsed.steps}", device)
    write_range_test(curve, recipe, about | {"precision": precision, "train_checksum": train.checksum()}, out)
    print(json.dumps(suggestions, indent=2))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cifarcam", description="Train ResNet-18 on CIFAR-10 and look at the records."
    )
    parser.add_argument("--version", action="version", version=f"cifarcam {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    training = commands.add_parser("train", help="train a recipe and record the run")
    add_recipe(training)
    training.add_argument("--out", help="folder of the record; runs/RECIPE by default")
    training.add_argument("--resume", action="store_true", help="go on from the checkpoint in that folder")
    training.add_argument("--compile", dest="compiled", action="store_true", help="use torch.compile, for a GPU")
    _add_data(training)
    training.set_defaults(command=train)

    evaluating = commands.add_parser("evaluate", help="recompute a run's results beside the recorded ones")
    evaluating.add_argument("run", help="a recorded run's name, or the folder of one")
    _add_data(evaluating)
    evaluating.set_defaults(command=evaluate)

    explaining = commands.add_parser("explain", help="class probabilities and the five-stage maps of a picture")
    explaining.add_argument("image", help="an image file of any size")
    explaining.add_argument("--run", default="best", help="a run with weights: its name or folder; best by default")
    explaining.add_argument(
        "--class", dest="target", default="predicted", help="the class to explain; the predicted one by default"
    )
    explaining.add_argument("--method", default="Grad-CAM", help=f"one of {', '.join(METHODS)}; Grad-CAM by default")
    explaining.add_argument("--out", help="the figure to write; IMAGE-explained.png in this folder by default")
    explaining.set_defaults(command=explain)

    listing = commands.add_parser("runs", help="list the recorded runs")
    listing.set_defaults(command=runs)

    testing = commands.add_parser("range-test", help="measure and record a learning-rate range test")
    add_recipe(testing)
    testing.add_argument("--steps", type=int, default=200)
    testing.add_argument("--out", default="runs/range_test.json", help="the file to write")
    _add_data(testing)
    testing.set_defaults(command=measure_range_test)
    return parser


def add_recipe(parser: argparse.ArgumentParser) -> None:
    """A recipe's name, and an option for each of its fields."""
    parser.add_argument("recipe", help=f"one of {', '.join(RECIPES)}")
    fields = parser.add_argument_group("fields of the recipe, to be changed")
    for field in OVERRIDES:
        switch = field.metadata[KIND] is bool
        given = {"action": argparse.BooleanOptionalAction} if switch else {"type": field.metadata[KIND]}
        fields.add_argument(f"--{field.name.replace('_', '-')}", help=field.metadata[TEXT].replace("%", "%%"), **given)


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data",
        help=f"the folder that holds {FOLDER} or {ARRAYS}, or {STAND_IN} for the synthetic stand-in; in place of "
        "the environment variable CIFARCAM_DATA",
    )


def _data_place(named: str) -> str:
    """What ``--data`` names, as CIFARCAM_DATA takes it."""
    if named == STAND_IN:
        return named
    if not named or not Path(named).is_dir():
        raise CifarcamError(
            f"--data is {named!r}; expected {STAND_IN}, or the folder that holds {FOLDER} or {ARRAYS}. Correct it, or "
            "leave it out."
        )
    return str(Path(named).absolute())


def recipe_of(parsed: argparse.Namespace) -> Recipe:
    """The named recipe with the fields that options change."""
    given = {field.name: getattr(parsed, field.name) for field in OVERRIDES}
    changes = {name: value for name, value in given.items() if value is not None}
    return find_recipe(parsed.recipe).replace(**changes)


if __name__ == "__main__":
    sys.exit(main())
