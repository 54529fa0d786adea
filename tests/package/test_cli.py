"""The commands, run in this process on tiny data."""

from __future__ import annotations

import errno
import os
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cifarcam import cli
from cifarcam.data.constants import CLASSES
from cifarcam.data.split import Split
from cifarcam.records.runs import load_run, recorded_runs
from cifarcam.training.lr_finder import RangeTest
from cifarcam.training.recipes import RECIPES, Recipe

TINY = Recipe(name="tiny", width=16, epochs=2, batch_size=16, lr=0.05)


@pytest.fixture(autouse=True)
def tiny_world(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    splits = {
        name: Split(random.integers(0, 256, (count, 32, 32, 3), dtype=np.uint8), random.integers(0, 10, count))
        for name, count in (("train", 48), ("test", 20))
    }
    monkeypatch.setattr(cli, "cifar10", splits.__getitem__)
    monkeypatch.setitem(RECIPES, "tiny", TINY)


def test_train_prints_its_settings_and_ends_with_the_record(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    out = tmp_path / "mine"
    assert cli.main(["train", "tiny", "--epochs", "1", "--seed", "5", "--lr", "0.01", "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "lr  0.01" in printed and f"Recorded in {out}" in printed and "Accuracy: " in printed
    run = load_run(out)
    assert (run.recipe.epochs, run.recipe.seed, run.recipe.lr) == (1, 5, 0.01)
    assert not (out / "checkpoint.pt").exists()


def test_train_into_a_finished_record_is_refused_before_training(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert cli.main(["train", "tiny", "--epochs", "1", "--out", str(tmp_path)]) == 0
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    capsys.readouterr()
    assert cli.main(["train", "tiny", "--out", str(tmp_path)]) == 1
    captured = capsys.readouterr()
    assert "holds a recorded run already" in captured.err and "Epoch" not in captured.out
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_ctrl_c_is_explained(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, tmp_path: Path) -> None:
    def interrupted(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "fit", interrupted)
    assert cli.main(["train", "tiny", "--out", str(tmp_path / "x")]) == 130
    assert capsys.readouterr().err == "cifarcam: stopped.\n"  # in the first epoch there is nothing to resume
    (tmp_path / "checkpoint.pt").touch()
    assert cli.main(["train", "tiny", "--out", str(tmp_path)]) == 130
    assert "--resume" in capsys.readouterr().err


def test_a_path_that_the_system_refuses_gets_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    def refused(name: str) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", name)

    monkeypatch.setattr(cli, "load_run", refused)
    assert cli.main(["evaluate", "somewhere"]) == 1
    expected = "cifarcam: somewhere: Permission denied. Check the path and its permissions.\n"
    assert capsys.readouterr().err == expected


def test_a_range_test_that_breaks_off_leaves_no_file(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = RangeTest(np.geomspace(1e-4, 1, 5), np.linspace(2, 1, 5), diverged=True)
    monkeypatch.setattr(cli, "range_test", lambda *args, **kwargs: short)
    assert cli.main(["range-test", "tiny", "--out", str(tmp_path / "curve.json")]) == 1
    assert "a suggestion needs 17" in capsys.readouterr().err and not list(tmp_path.iterdir())


def test_resume_without_a_checkpoint_is_an_error(capsys: pytest.CaptureFixture, tmp_path: Path) -> None:
    assert cli.main(["train", "tiny", "--out", str(tmp_path / "x"), "--resume"]) == 1
    assert "nothing to resume" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "bset"], "no recipe 'bset'"),
        (["train", "tiny", "--lr", "-1"], "recipe's lr is -1.0"),
        (["evaluate", "bset"], "no recorded run 'bset'"),
        (["train", "tiny", "--data", ""], "--data is ''"),
        (["train", "tiny", "--data", "nowhere"], "--data is 'nowhere'"),
        (["range-test", "bset"], "no recipe 'bset'"),
    ],
)
def test_what_does_not_exist_gets_one_sentence(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture
) -> None:
    assert cli.main(arguments) == 1
    captured = capsys.readouterr()
    assert message in captured.err and "Traceback" not in captured.err and captured.err.count("\n") == 1


def test_evaluate_prints_recorded_and_recomputed_side_by_side(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    cli.main(["train", "tiny", "--epochs", "1", "--out", str(tmp_path)])
    capsys.readouterr()
    assert cli.main(["evaluate", str(tmp_path)]) == 0
    lines = {line[:24].strip(): line[24:].split() for line in capsys.readouterr().out.splitlines()}
    compared = {"accuracy (%)", "with flip averaging (%)", "mean loss (nats)", "calibration error (%)", *CLASSES}
    assert compared <= set(lines)
    assert all(lines[name][0] == lines[name][1] for name in compared)


def test_evaluate_says_when_the_weights_do_not_give_what_the_record_says(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli.main(["train", "tiny", "--epochs", "1", "--out", str(tmp_path)])
    monkeypatch.setattr(cli, "predict", lambda model, images, **options: load_run(tmp_path).test_logits.roll(1, 1))
    assert cli.main(["evaluate", str(tmp_path)]) == 1
    assert "the record says" in capsys.readouterr().err


def test_evaluate_on_other_images_than_the_records_is_refused(capsys: pytest.CaptureFixture) -> None:
    assert cli.main(["evaluate", recorded_runs()[0]]) == 1
    assert "not those of the record" in capsys.readouterr().err


def test_range_test_refuses_too_few_steps_and_an_existing_file(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert cli.main(["range-test", "tiny", "--steps", "5", "--out", str(tmp_path / "new.json")]) == 1
    assert "expected 17 or more" in capsys.readouterr().err and not (tmp_path / "new.json").exists()
    (tmp_path / "old.json").write_text("kept")
    assert cli.main(["range-test", "tiny", "--out", str(tmp_path / "old.json")]) == 1
    assert "exists already" in capsys.readouterr().err and (tmp_path / "old.json").read_text() == "kept"


@pytest.fixture
def own_run(tmp_path: Path, capsys: pytest.CaptureFixture) -> Path:
    cli.main(["train", "tiny", "--epochs", "1", "--out", str(tmp_path / "run")])
    capsys.readouterr()
    return tmp_path / "run"


def a_photograph(path: Path) -> Path:
    pixels = np.random.default_rng(3).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def test_explain_makes_a_figure_and_says_what_it_did(
    own_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    photograph = a_photograph(tmp_path / "cat.png")
    monkeypatch.chdir(tmp_path)
    assert cli.main(["explain", str(photograph), "--run", str(own_run), "--class", "cat"]) == 0
    printed = capsys.readouterr().out
    assert "middle 60×60" in printed and "resized to 32×32" in printed
    assert "Maps for cat by Grad-CAM: cat-explained.png" in printed
    shares = {line.split()[0]: float(line.split()[1]) for line in printed.splitlines() if line.endswith("%")}
    assert set(shares) == set(CLASSES) and sum(shares.values()) == pytest.approx(100, abs=0.1)
    assert list(shares.values()) == sorted(shares.values(), reverse=True)
    assert Image.open(tmp_path / "cat-explained.png").size[0] > 1000


def test_explain_takes_a_method(own_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    photograph, out = a_photograph(tmp_path / "cat.png"), tmp_path / "maps.png"
    told = ["explain", str(photograph), "--run", str(own_run), "--out", str(out), "--method"]
    assert cli.main([*told, "Grad-CAM--"]) != 0
    assert "no method 'Grad-CAM--'; the methods are Grad-CAM, Grad-CAM++" in capsys.readouterr().err
    assert cli.main([*told, "LayerCAM"]) == 0
    assert "by LayerCAM: " in capsys.readouterr().out and out.exists()


def test_a_method_that_knows_no_class_names_none(own_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    photograph, out = a_photograph(tmp_path / "cat.png"), tmp_path / "maps.png"
    told = ["explain", str(photograph), "--run", str(own_run), "--out", str(out), "--method", "Eigen-CAM"]
    assert cli.main([*told, "--class", "cat"]) == 1
    assert "Eigen-CAM takes no notice of a class; leave out --class" in capsys.readouterr().err and not out.exists()
    assert cli.main(told) == 0
    assert "Maps for no class by Eigen-CAM: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"image": "nothing.png"}, "nothing.png does not exist"),
        ({"--class": "unicorn"}, "no class 'unicorn'"),
        ({"--run": "bset"}, "no recorded run 'bset'"),
        ({"--out": "figure.txt"}, "expected one that ends in"),
        ({"--out": "cat.png"}, "exists already"),
    ],
)
def test_explain_refuses_what_it_cannot_do_and_leaves_nothing(
    changed: dict, message: str, own_run: Path, tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    photograph = a_photograph(tmp_path / "cat.png").read_bytes()
    chosen = {"image": "cat.png", "--run": str(own_run)} | changed
    image = chosen.pop("image")
    before = sorted(path.name for path in tmp_path.iterdir())
    assert cli.main(["explain", image, *(word for option in chosen.items() for word in option)]) == 1
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert (tmp_path / "cat.png").read_bytes() == photograph


def test_runs_lists_what_ships(capsys: pytest.CaptureFixture) -> None:
    assert cli.main(["runs"]) == 0
    rows = capsys.readouterr().out.splitlines()[1:]
    assert [row.split()[0] for row in rows] == recorded_runs()


def test_range_test_writes_the_curve(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    out = tmp_path / "curve.json"
    assert cli.main(["range-test", "tiny", "--steps", "40", "--out", str(out)]) == 0
    assert out.exists() and '"valley"' in capsys.readouterr().out


def command(*words: str, **options: object) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "cifarcam", *words], capture_output=True, **options)


def test_who_reads_one_line_of_the_runs_gets_it_and_no_traceback() -> None:
    words = f"{shlex.quote(sys.executable)} -m cifarcam runs | head -1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", words], capture_output=True, text=True)
    assert done.stdout.startswith("run") and done.stderr == "" and done.returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_output_that_cannot_be_written_is_one_sentence() -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "cifarcam", "runs"], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and "the disk is full. Make room." in done.stderr


def test_a_terminal_that_knows_ascii_alone_is_spoken_to_in_ascii(tmp_path: Path) -> None:
    Image.new("RGB", (60, 40)).save(tmp_path / "wide.png")
    plain = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = command("explain", "wide.png", cwd=tmp_path, env=plain | {"PYTHONPATH": str(Path(cli.__file__).parents[1])})
    assert done.returncode == 0 and b"60x40 pixels" in done.stdout and b"Traceback" not in done.stderr


def test_a_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    Image.new("RGB", (32, 32)).save(tmp_path / "x.png")
    assert cli.main(["explain", str(tmp_path / "x.png"), "--out=~/explained.png"]) == 0
    assert (tmp_path / "explained.png").is_file() and not Path("~").exists()
