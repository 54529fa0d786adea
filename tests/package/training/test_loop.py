"""Training: its log, its numbers against hand computations, exact resuming, and errors that lose nothing."""

from __future__ import annotations

import errno
import io
import random
import re
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from filelock import FileLock
from known import Hostile, assert_as_exact
from torch import Tensor, nn

from cifarcam.data.normalization import normalize
from cifarcam.data.split import Split
from cifarcam.errors import CifarcamError
from cifarcam.hardware import describe, fastest_precision, onednn_workaround
from cifarcam.network.resnet import ResNet18
from cifarcam.provenance import current_commit
from cifarcam.training import checkpoints, loop, progress, state
from cifarcam.training.batches import Batches
from cifarcam.training.loop import Fitted, fit
from cifarcam.training.optimizers import make_optimizer
from cifarcam.training.recipes import STEP_LR, Recipe
from cifarcam.training.state import TrainingState

TINY = Recipe(name="tiny", width=16, epochs=3, batch_size=16, lr=0.05, precision="float32", crop_padding=2)
NARROW = 4  # for float16, whose gradients oneDNN computes a hundred times more slowly than those of other formats
BATCHED = TINY.replace(
    nesterov=True,
    weight_decay=5e-4,
    dropout=0.3,
    ema_decay=0.9,
    schedule="one_cycle",
    flip="alternating",
    cutout=8,
    first_side=24,
    full_side_from=3,
    label_smoothing=0.1,
)
ALBUMENTATIONS = STEP_LR.replace(width=16, epochs=3, batch_size=16, dropout=0.3, precision="float32", step_epochs=1)
RECIPES = {
    "batched": BATCHED,
    "adamw": TINY.replace(optimizer="adamw", lr=0.01, l1=1e-5),
    "float16": BATCHED.replace(precision="float16", width=NARROW),
    "albumentations": ALBUMENTATIONS.replace(workers=0),
    "workers": ALBUMENTATIONS.replace(workers=2),
}


def random_split(count: int, seed: int = 0) -> Split:
    generator = np.random.default_rng(seed)
    return Split(generator.integers(0, 256, (count, 32, 32, 3), dtype=np.uint8), generator.integers(0, 10, count))


def coloured_split(count: int, seed: int = 0) -> Split:
    """Three classes, told by the brighter channel."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 3, count)
    images = generator.integers(0, 160, (count, 32, 32, 3), dtype=np.uint8)
    images[np.arange(count), :, :, labels] += 90
    return Split(images, labels)


TRAIN, TEST = random_split(40), random_split(20, seed=1)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Networks this small train several times faster on one thread, above all beside other work."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def tensors(state: object, path: str = "") -> dict[str, Tensor]:
    """All tensors of a nested state, by their path in it."""
    if isinstance(state, Tensor):
        return {path: state}
    items = state.items() if isinstance(state, dict) else enumerate(state) if isinstance(state, (list, tuple)) else ()
    return {name: value for key, inner in items for name, value in tensors(inner, f"{path}/{key}").items()}


def without_seconds(history: list[dict]) -> list[dict]:
    return [{name: value for name, value in row.items() if name != "seconds"} for row in history]


def interrupt_at_step(monkeypatch: pytest.MonkeyPatch, number: int, action=None) -> None:
    """Runs ``action`` before step ``number``, counted from 1 over all epochs; by default it is a Ctrl-C."""
    step, calls = loop.train_step, 0

    def counted(run, x: Tensor, y: Tensor, weight: float) -> Tensor:
        nonlocal calls
        calls += 1
        if calls == number:
            if action is None:
                raise KeyboardInterrupt
            action(run)
        return step(run, x, y, weight)

    monkeypatch.setattr(loop, "train_step", counted)


def stop_after_one_epoch(monkeypatch: pytest.MonkeyPatch, recipe: Recipe, out: Path) -> None:
    """A run that is interrupted by Ctrl-C in the second batch of its second epoch."""
    with monkeypatch.context() as patch:
        interrupt_at_step(patch, 3 + 2)
        with pytest.raises(KeyboardInterrupt):
            fit(recipe, TRAIN, TEST, out=out, device="cpu")


@pytest.fixture(scope="module")
def stopped(one_thread: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a BATCHED run interrupted in its second epoch. Copy it before writing to it."""
    out = tmp_path_factory.mktemp("stopped")
    with pytest.MonkeyPatch.context() as patch:
        stop_after_one_epoch(patch, BATCHED, out)
    return out


@pytest.fixture
def stopped_copy(stopped: Path, tmp_path: Path) -> Path:
    (tmp_path / "checkpoint.pt").write_bytes((stopped / "checkpoint.pt").read_bytes())
    return tmp_path


@pytest.fixture(scope="module")
def learnt(one_thread: None) -> tuple[Fitted, Split]:
    train, test = coloured_split(160), coloured_split(70, seed=1)
    return fit(TINY.replace(lr=0.005, epochs=4), train, test, device="cpu"), test


def test_a_trivial_problem_is_learnt(learnt: tuple[Fitted, Split]) -> None:
    fitted, _ = learnt
    assert fitted.history[-1]["test_accuracy"] > 0.95
    assert fitted.history[-1]["train_loss"] < fitted.history[0]["train_loss"] / 2


def test_the_result_says_what_was_trained_and_on_what(learnt: tuple[Fitted, Split]) -> None:
    fitted, _ = learnt
    assert fitted.recipe == TINY.replace(lr=0.005, epochs=4) and not fitted.model.training
    assert fitted.precision == "float32" and fitted.hardware == describe(torch.device("cpu"))
    assert fitted.data_checksum == coloured_split(160).checksum()


def test_the_history_has_a_row_an_epoch(learnt: tuple[Fitted, Split]) -> None:
    fitted, _ = learnt
    keys = {"epoch", "lr", "train_loss", "train_accuracy", "test_loss", "test_accuracy", "seconds"}
    assert [set(row) for row in fitted.history] == [keys] * 4
    assert [row["epoch"] for row in fitted.history] == [1, 2, 3, 4]
    assert {row["lr"] for row in fitted.history} == {0.005}
    assert all(type(value) in (int, float) for row in fitted.history for value in row.values())


def test_the_test_loss_and_accuracy_are_the_true_means(learnt: tuple[Fitted, Split]) -> None:
    fitted, test = learnt
    with torch.no_grad():
        logits = fitted.model(normalize(test.images)).double().numpy()
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    loss = -np.log(probabilities[np.arange(70), test.labels]).mean()
    assert fitted.history[-1]["test_loss"] == pytest.approx(loss, rel=1e-4)
    assert fitted.history[-1]["test_accuracy"] == (logits.argmax(1) == test.labels).mean()


def test_the_log_has_the_learning_rate_and_the_accuracy(capsys: pytest.CaptureFixture) -> None:
    recipe = TINY.replace(epochs=2, schedule="step", step_epochs=1, gamma=0.5)
    history = fit(recipe, TRAIN, TEST, device="cpu").history
    lines = capsys.readouterr().out.splitlines()
    first, second = (line for line in lines if line.startswith("Epoch"))
    assert first == "Epoch 1/2, learning rate 0.050000"
    assert re.fullmatch(r"Epoch 2/2, learning rate 0\.025000, about \d+ seconds left", second)
    for line, row in zip(lines[1::2], history, strict=True):
        told = re.fullmatch(r"Test set: mean loss (\d+\.\d{4}), Accuracy: (\d+)/20 \((\d+\.\d\d)%\)", line)
        assert float(told[1]) == pytest.approx(row["test_loss"], abs=1e-4)
        assert int(told[2]) / 20 == row["test_accuracy"] == pytest.approx(float(told[3]) / 100)


def test_the_bar_shows_loss_batch_and_accuracy(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    bar = progress.tqdm
    monkeypatch.setattr(
        progress, "tqdm", lambda *args, **options: bar(*args, **options | {"disable": False, "mininterval": 0})
    )
    history = fit(TINY.replace(epochs=1), TRAIN, TEST, device="cpu").history
    shown = capsys.readouterr().err
    assert "3/3" in shown
    accuracy = 100 * history[0]["train_accuracy"]
    assert f"loss={history[0]['train_loss']:.4f} batch=2 accuracy={accuracy:.2f}%" in shown


def test_the_time_left_goes_by_the_area_of_the_images_to_come() -> None:
    run = TrainingState(BATCHED, TRAIN, torch.device("cpu"))  # sides 24, 28, 32
    assert progress.time_left(run) == ""
    run.history = [{"seconds": 60.0}]
    assert progress.time_left(run) == f", about {(28**2 + 32**2) / 24**2:.0f} minutes left"
    run.history *= 3
    assert progress.time_left(run) == ", about 0 seconds left"


def fresh_model(recipe: Recipe) -> ResNet18:
    torch.manual_seed(recipe.seed)
    return ResNet18(recipe.width).to(memory_format=torch.channels_last)


@pytest.mark.numeric
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"label_smoothing": 0.2},
        {"l1": 1e-3},
        {"weight_decay": 0.1, "weight_decay_on": "weights"},
        {"weight_decay": 0.1, "weight_decay_on": "all"},
    ],
    ids=lambda changes: "-".join(map(str, changes.values())) or "plain",
)
def test_one_step_is_the_hand_computed_one(changes: dict) -> None:
    recipe = TINY.replace(flip="none", crop_padding=0, epochs=1, batch_size=64, momentum=0.0, **changes)
    rounded, _ = one_step_by_hand(recipe, torch.float32)
    exact, plain = one_step_by_hand(recipe, torch.float64)
    fitted = fit(recipe, TRAIN, TEST, device="cpu")
    for name, parameter in fitted.model.named_parameters():
        assert_as_exact(parameter.detach().numpy(), rounded[name], exact[name])
    assert fitted.history[0]["train_loss"] == pytest.approx(plain, rel=1e-4)


def one_step_by_hand(recipe: Recipe, dtype: torch.dtype) -> tuple[dict[str, np.ndarray], float]:
    """The parameters after the step, and the cross-entropy before it."""
    model = fresh_model(recipe).train().to(dtype)
    ((x, y),) = Batches(TRAIN, recipe).epoch(0)  # in another order the sums round differently
    log_probabilities = model(x.to(dtype)).log_softmax(1)
    target = F.one_hot(y, 10) * (1 - recipe.label_smoothing) + recipe.label_smoothing / 10
    loss = -(target * log_probabilities).sum(1).mean()
    weights = [p for p in model.parameters() if p.ndim > 1]
    loss = loss + recipe.l1 * sum(weight.abs().sum() for weight in weights)
    decayed = list(model.parameters()) if recipe.weight_decay_on == "all" else weights
    loss = loss + recipe.weight_decay / 2 * sum((p**2).sum() for p in decayed)
    loss.backward()
    after = {name: (p.detach() - recipe.lr * p.grad).numpy() for name, p in model.named_parameters()}
    return after, -log_probabilities[torch.arange(len(y)), y].mean().item()


def test_weight_decay_groups_hold_every_parameter_once() -> None:
    model = ResNet18(width=16)
    recipe = TINY.replace(weight_decay=5e-4, nesterov=True)
    decayed, free = make_optimizer(model, recipe).param_groups
    assert (decayed["weight_decay"], free["weight_decay"]) == (5e-4, 0)
    assert all(p.ndim > 1 for p in decayed["params"]) and all(p.ndim == 1 for p in free["params"])
    assert len(decayed["params"]) + len(free["params"]) == len(list(model.parameters()))
    assert decayed["nesterov"] and decayed["momentum"] == 0.9
    (everything,) = make_optimizer(model, recipe.replace(weight_decay_on="all")).param_groups
    assert len(everything["params"]) == len(list(model.parameters())) and everything["weight_decay"] == 5e-4


def test_adamw_takes_its_first_beta_from_momentum() -> None:
    optimizer = make_optimizer(ResNet18(width=16), TINY.replace(optimizer="adamw", momentum=0.8))
    assert isinstance(optimizer, torch.optim.AdamW) and optimizer.param_groups[0]["betas"] == (0.8, 0.999)


def test_the_history_follows_the_step_schedule() -> None:
    recipe = TINY.replace(epochs=5, schedule="step", step_epochs=2, gamma=0.1, train_images=16)
    rates = [row["lr"] for row in fit(recipe, TRAIN, TEST, device="cpu").history]
    assert rates == pytest.approx([0.05, 0.05, 0.005, 0.005, 0.0005])


def test_averaging_gives_the_moving_average_of_the_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    step, after = loop.train_step, []

    def watched(run, x: Tensor, y: Tensor, weight: float) -> Tensor:
        logits = step(run, x, y, weight)
        after.append({name: value.clone() for name, value in run.model.state_dict().items()})
        return logits

    monkeypatch.setattr(loop, "train_step", watched)
    fitted = fit(TINY.replace(epochs=1, ema_decay=0.75), TRAIN, TEST, device="cpu")
    assert len(after) == 3
    for name in ("conv1.weight", "layer4.1.bn2.bias", "linear.weight", "bn1.running_mean"):
        average = after[0][name]
        for weights in after[1:]:
            average = 0.75 * average + 0.25 * weights[name]
        torch.testing.assert_close(fitted.model.state_dict()[name], average)
        assert not torch.allclose(average, after[-1][name])


@pytest.mark.numeric
@pytest.mark.parametrize("name", RECIPES)
def test_a_resumed_run_equals_an_uninterrupted_one_bit_for_bit(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = RECIPES[name]
    whole = fit(recipe, TRAIN, TEST, out=tmp_path / "whole", device="cpu")
    stop_after_one_epoch(monkeypatch, recipe, tmp_path / "stopped")
    saved = torch.load(tmp_path / "stopped" / "checkpoint.pt", weights_only=True)
    assert len(saved["history"]) == 1
    torch.manual_seed(999)
    resumed = fit(recipe, TRAIN, TEST, out=tmp_path / "stopped", resume=True, device="cpu")
    assert without_seconds(resumed.history) == without_seconds(whole.history)
    ends = [torch.load(tmp_path / out / "checkpoint.pt", weights_only=True) for out in ("whole", "stopped")]
    of_whole, of_resumed = tensors(ends[0]), tensors(ends[1])
    assert of_whole.keys() == of_resumed.keys() and len(of_whole) > 100
    assert [path for path in of_whole if not torch.equal(of_whole[path], of_resumed[path])] == []
    assert ends[0]["schedule"] == ends[1]["schedule"]
    models = [fitted.model.state_dict() for fitted in (whole, resumed)]
    assert all(torch.equal(value, models[1][part]) for part, value in models[0].items())


def test_resuming_a_finished_run_trains_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = TINY.replace(epochs=1)
    finished = fit(recipe, TRAIN, TEST, out=tmp_path, device="cpu")
    monkeypatch.setattr(loop, "train_step", None)
    again = fit(recipe, TRAIN, TEST, out=tmp_path, resume=True, device="cpu")
    assert again.history == finished.history
    assert torch.equal(again.model.linear.weight, finished.model.linear.weight)


def test_another_seed_gives_other_weights_and_the_same_seed_the_same() -> None:
    recipe = TINY.replace(epochs=1)
    first, again, other = (fit(recipe.replace(seed=seed), TRAIN, TEST, device="cpu") for seed in (1, 1, 2))
    assert torch.equal(first.model.linear.weight, again.model.linear.weight)
    assert not torch.equal(first.model.linear.weight, other.model.linear.weight)


@pytest.mark.parametrize("name", ["batched", "workers"])
def test_global_random_states_are_left_alone(name: str) -> None:
    random.seed(7), np.random.seed(7), torch.manual_seed(7)
    before = random.getstate(), np.random.get_state()[1].copy(), torch.get_rng_state()
    fit(RECIPES[name].replace(epochs=1, full_side_from=2), TRAIN, TEST, device="cpu")
    assert random.getstate() == before[0]
    assert np.array_equal(np.random.get_state()[1], before[1])
    assert torch.equal(torch.get_rng_state(), before[2])


def test_an_existing_checkpoint_is_not_overwritten(stopped_copy: Path) -> None:
    checkpoint = stopped_copy / "checkpoint.pt"
    before = checkpoint.read_bytes()
    with pytest.raises(CifarcamError, match=r"checkpoint\.pt exists already; resume that run"):
        fit(BATCHED, TRAIN, TEST, out=stopped_copy, device="cpu")
    assert checkpoint.read_bytes() == before


@pytest.mark.parametrize("changes", [{"lr": 0.1}, {"seed": 3}, {"epochs": 4}, {"cutout": 4}, {"width": 8}])
def test_a_checkpoint_of_another_recipe_is_an_error_that_names_the_field(stopped: Path, changes: dict) -> None:
    before = (stopped / "checkpoint.pt").read_bytes()
    ((name, value),) = changes.items()
    told = f"its {name} is {getattr(BATCHED, name)!r}, this one's {value!r}"
    with pytest.raises(CifarcamError, match=re.escape(told)):
        fit(BATCHED.replace(**changes), TRAIN, TEST, out=stopped, resume=True, device="cpu")
    assert (stopped / "checkpoint.pt").read_bytes() == before


def test_a_checkpoint_of_other_data_is_a_clear_error(stopped: Path) -> None:
    with pytest.raises(CifarcamError, match=f"data_checksum {TRAIN.checksum()}, now it is {TEST.checksum()}"):
        fit(BATCHED, TEST, TEST, out=stopped, resume=True, device="cpu")


def test_a_checkpoint_of_another_precision_than_its_recipes_is_a_clear_error(stopped_copy: Path) -> None:
    saved = torch.load(stopped_copy / "checkpoint.pt", weights_only=True)
    torch.save(saved | {"precision": "bfloat16"}, stopped_copy / "checkpoint.pt")
    with pytest.raises(CifarcamError, match="precision bfloat16, now it is float32"):
        fit(BATCHED, TRAIN, TEST, out=stopped_copy, resume=True, device="cpu")


@pytest.mark.parametrize(("began", "elsewhere"), [("float16", "bfloat16"), ("float32", "float16")])
def test_a_run_goes_on_in_the_precision_it_began_with_on_other_hardware(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, began: str, elsewhere: str
) -> None:
    recipe = TINY.replace(precision="auto", epochs=2, width=NARROW)
    monkeypatch.setattr(state, "fastest_precision", lambda device: began)
    whole = fit(recipe, TRAIN, TEST, device="cpu")
    fit(recipe, TRAIN, TEST, out=tmp_path, stop_after=1, device="cpu")
    monkeypatch.setattr(state, "fastest_precision", lambda device: elsewhere)
    resumed = fit(recipe, TRAIN, TEST, out=tmp_path, resume=True, device="cpu")
    assert resumed.precision == began
    assert without_seconds(resumed.history) == without_seconds(whole.history)
    assert torch.equal(resumed.model.linear.weight, whole.model.linear.weight)


def test_a_damaged_or_foreign_checkpoint_is_a_clear_error(stopped_copy: Path) -> None:
    checkpoint = stopped_copy / "checkpoint.pt"
    whole = checkpoint.read_bytes()
    for damaged in (b"", b"not a checkpoint", whole[: len(whole) // 2], whole[:-30]):
        checkpoint.write_bytes(damaged)
        with pytest.raises(CifarcamError, match="is damaged or no checkpoint"):
            fit(BATCHED, TRAIN, TEST, out=stopped_copy, resume=True, device="cpu")
        assert checkpoint.read_bytes() == damaged
    of_no_known_precision = torch.load(io.BytesIO(whole), weights_only=True) | {"precision": "float8"}
    for foreign in ({"net": {}}, [1], torch.zeros(3), of_no_known_precision):
        torch.save(foreign, checkpoint)
        with pytest.raises(CifarcamError, match="is damaged or no checkpoint"):
            fit(BATCHED, TRAIN, TEST, out=stopped_copy, resume=True, device="cpu")


def test_a_hostile_checkpoint_is_refused_and_not_executed(stopped_copy: Path, tmp_path: Path) -> None:
    trace = tmp_path / "executed"
    saved = torch.load(stopped_copy / "checkpoint.pt", weights_only=True)
    torch.save(saved | {"history": Hostile(trace)}, stopped_copy / "checkpoint.pt")
    with pytest.raises(CifarcamError, match="is damaged or no checkpoint"):
        fit(BATCHED, TRAIN, TEST, out=stopped_copy, resume=True, device="cpu")
    assert not trace.exists()


def poison(run) -> None:
    with torch.no_grad():
        run.model.linear.bias.fill_(float("nan"))


def test_a_nan_loss_is_a_clear_error_and_the_checkpoint_before_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_after_one_epoch(monkeypatch, BATCHED, tmp_path)
    before = (tmp_path / "checkpoint.pt").read_bytes()
    interrupt_at_step(monkeypatch, 2, poison)
    with pytest.raises(CifarcamError, match="training loss is nan in epoch 2; lower the learning rate"):
        fit(BATCHED, TRAIN, TEST, out=tmp_path, resume=True, device="cpu")
    assert (tmp_path / "checkpoint.pt").read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} - {checkpoints.LOCK} == {"checkpoint.pt"}


def test_a_learning_rate_that_diverges_is_a_clear_error() -> None:
    with pytest.raises(CifarcamError, match=r"training loss is (nan|inf)|NaN or infinite logits"):
        fit(TINY.replace(lr=1e6, l1=1.0, epochs=10), TRAIN, TEST, device="cpu")


@pytest.mark.parametrize("deeper", ["", "deeper/still"])
def test_an_unwritable_folder_is_found_out_before_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deeper: str
) -> None:
    (tmp_path / "blocker").write_text("a file")
    monkeypatch.setattr(loop, "train_step", None)
    with pytest.raises(CifarcamError, match=r"Cannot write .*Choose a folder you may write to"):
        fit(TINY, TRAIN, TEST, out=tmp_path / "blocker" / deeper, device="cpu")
    assert (tmp_path / "blocker").read_text() == "a file"


def test_a_disk_that_fills_up_is_a_clear_error_and_the_checkpoint_before_stays(
    stopped_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (stopped_copy / "checkpoint.pt").read_bytes()

    def full(path: Path, content: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(CifarcamError, match=r"Cannot write .*No space left on device"):
        fit(BATCHED, TRAIN, TEST, out=stopped_copy, resume=True, device="cpu")
    assert (stopped_copy / "checkpoint.pt").read_bytes() == before
    assert {path.name for path in stopped_copy.iterdir()} - {checkpoints.LOCK} == {"checkpoint.pt"}


@pytest.mark.parametrize("out", [None, "empty"])
def test_resuming_from_nothing_is_an_error(out: str | None, tmp_path: Path) -> None:
    with pytest.raises(CifarcamError, match="nothing to resume"):
        fit(TINY, TRAIN, TEST, out=out and tmp_path / out, resume=True, device="cpu")


def test_resuming_from_nothing_makes_no_folder(tmp_path: Path) -> None:
    with pytest.raises(CifarcamError, match="nothing to resume"):
        fit(TINY, TRAIN, TEST, out=tmp_path / "new", resume=True, device="cpu")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("resume", [False, True])
def test_two_runs_do_not_train_into_one_folder(
    stopped_copy: Path, monkeypatch: pytest.MonkeyPatch, resume: bool
) -> None:
    before = (stopped_copy / "checkpoint.pt").read_bytes()
    step = loop.train_step
    monkeypatch.setattr(loop, "WAIT", 0.1)

    def another_begins(run: TrainingState, x: Tensor, y: Tensor, weight: float) -> Tensor:
        monkeypatch.setattr(loop, "train_step", step)
        with pytest.raises(CifarcamError, match="Another run is training in .* now"):
            fit(BATCHED, TRAIN, TEST, out=stopped_copy, resume=resume, device="cpu")
        assert (stopped_copy / "checkpoint.pt").read_bytes() == before
        return step(run, x, y, weight)

    monkeypatch.setattr(loop, "train_step", another_begins)
    fit(BATCHED, TRAIN, TEST, out=stopped_copy, resume=True, device="cpu")
    assert {path.name for path in stopped_copy.iterdir()} - {checkpoints.LOCK} == {"checkpoint.pt"}


def test_where_there_are_no_locks_a_line_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    def without_locks(self: FileLock) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(FileLock, "_acquire", without_locks)
    fit(TINY, TRAIN, TEST, out=tmp_path, stop_after=1, device="cpu")
    assert re.search(rf"{re.escape(str(tmp_path))} cannot be locked \(.*No locks available", capsys.readouterr().out)
    assert (tmp_path / "checkpoint.pt").exists()


def test_a_checkpoint_that_cannot_be_read_is_not_called_damaged(
    stopped_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(*args: object, **kwargs: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(torch, "load", unreadable)
    with pytest.raises(CifarcamError, match=r"cannot be read: Input/output error\. Try again"):
        fit(BATCHED, TRAIN, TEST, out=stopped_copy, resume=True, device="cpu")


def test_a_run_with_numpys_numbers_is_resumed(tmp_path: Path) -> None:
    recipe = TINY.replace(lr=np.float64(0.05), epochs=2)
    fit(recipe, TRAIN, TEST, out=tmp_path, stop_after=1, device="cpu")
    assert len(fit(recipe, TRAIN, TEST, out=tmp_path, resume=True, device="cpu").history) == 2


def test_stop_after_no_epoch_is_an_error() -> None:
    with pytest.raises(CifarcamError, match="stop_after is 0"):
        fit(TINY, TRAIN, TEST, stop_after=0, device="cpu")


def test_a_checkpoint_that_lacks_a_part_is_a_clear_error(stopped_copy: Path) -> None:
    saved = torch.load(stopped_copy / "checkpoint.pt", weights_only=True)
    del saved["schedule"]
    torch.save(saved, stopped_copy / "checkpoint.pt")
    with pytest.raises(CifarcamError, match="is damaged"):
        fit(BATCHED, TRAIN, TEST, out=stopped_copy, resume=True, device="cpu")


def test_a_run_resumed_elsewhere_names_both_machines(stopped_copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "describe", lambda device: "another machine")
    fitted = fit(BATCHED, TRAIN, TEST, out=stopped_copy, resume=True, device="cpu")
    first, second = fitted.hardware.split(", then ")
    assert "cores" in first and second == "another machine"


def test_a_run_resumed_by_other_code_names_both_commits(stopped_copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = current_commit()
    monkeypatch.setattr(loop, "current_commit", lambda: "another")
    resumed = fit(BATCHED, TRAIN, TEST, out=stopped_copy, resume=True, device="cpu")
    assert resumed.commit == f"{begun or 'unknown'}, then another"


def test_a_finished_run_taken_up_again_names_only_the_code_that_trained_it(tmp_path: Path, monkeypatch) -> None:
    recipe = TINY.replace(epochs=1)
    whole = fit(recipe, TRAIN, TEST, out=tmp_path, device="cpu")
    monkeypatch.setattr(loop, "current_commit", lambda: "another")
    monkeypatch.setattr(loop, "describe", lambda device: "another machine")
    again = fit(recipe, TRAIN, TEST, out=tmp_path, resume=True, device="cpu")
    assert (again.commit, again.hardware) == (whole.commit, whole.hardware)


def test_a_checkpoint_that_does_not_tell_its_commit_is_resumed_and_says_so(stopped_copy: Path) -> None:
    saved = torch.load(stopped_copy / "checkpoint.pt", weights_only=True)
    del saved["commits"]
    torch.save(saved, stopped_copy / "checkpoint.pt")
    resumed = fit(BATCHED, TRAIN, TEST, out=stopped_copy, resume=True, device="cpu")
    assert resumed.commit == f"unknown, then {current_commit() or 'unknown'}"


def test_more_images_than_there_are_is_an_error() -> None:
    with pytest.raises(CifarcamError, match=f"train_images is 5000; there are only {len(TRAIN.labels)}"):
        fit(TINY.replace(train_images=5_000), TRAIN, TEST, device="cpu")


WRONG_SPLITS = {
    "float images": (Split(TEST.images.astype(np.float32), TEST.labels), "images are float32"),
    "channels first": (Split(TEST.images.transpose(0, 3, 1, 2), TEST.labels), "of shape (20, 3, 32, 32)"),
    "not square": (Split(TEST.images[:, :28], TEST.labels), "of shape (20, 28, 32, 3)"),
    "float labels": (Split(TEST.images, TEST.labels.astype(np.float32)), "labels, float32"),
    "no images": (Split(TEST.images[:0], TEST.labels[:0]), "of shape (0, 32, 32, 3)"),
    "too few labels": (Split(TEST.images, TEST.labels[:19]), "labels, int64 of shape (19,)"),
    "label 10": (Split(TEST.images, np.full(20, 10)), "a whole number from 0 to 9 for each of the 20 images"),
}


@pytest.mark.parametrize("wrong", WRONG_SPLITS)
def test_a_split_of_another_form_is_found_out_before_training(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "train_step", None)
    split, told = WRONG_SPLITS[wrong]
    for name, train, test in (("training", split, TEST), ("test", TRAIN, split)):
        with pytest.raises(CifarcamError, match=f"The {name} .*{re.escape(told)}"):
            fit(TINY, train, test, device="cpu")


@pytest.mark.numeric
@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_half_precision_trains_on_the_cpu_with_float32_weights(precision: str) -> None:
    recipe = TINY.replace(epochs=1, width=NARROW)
    rough, exact = (
        fit(recipe.replace(precision=chosen), TRAIN, TEST, device="cpu") for chosen in (precision, "float32")
    )
    assert rough.precision == precision
    assert {p.dtype for p in rough.model.parameters()} == {torch.float32}
    assert rough.history[0]["train_loss"] != exact.history[0]["train_loss"]
    assert rough.history[0]["train_loss"] == pytest.approx(exact.history[0]["train_loss"], rel=0.02)


def test_float16_keeps_its_gradient_scale_in_the_checkpoint(tmp_path: Path) -> None:
    fit(TINY.replace(epochs=1, precision="float16", width=NARROW), TRAIN, TEST, out=tmp_path, device="cpu")
    saved = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert saved["scaler"]["scale"] == state.FIRST_SCALE and saved["scaler"]["_growth_tracker"] == 3


@pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler.step")
def test_gradients_too_large_for_float16_skip_the_step_and_halve_the_scale(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "FIRST_SCALE", 2.0**40)
    run = TrainingState(TINY.replace(precision="float16", width=NARROW), TRAIN, torch.device("cpu"))
    before = {name: value.clone() for name, value in run.model.named_parameters()}
    x, y = next(Batches(TRAIN, run.recipe).epoch(0))
    with onednn_workaround(run.model):
        loop.train_step(run, x, y)
    assert all(torch.equal(before[name], value) for name, value in run.model.named_parameters())
    assert run.scaler.get_scale() == 2.0**39


def test_auto_precision_is_the_hardwares_fastest() -> None:
    fitted = fit(TINY.replace(epochs=1, precision="auto"), TRAIN, TEST, device="cpu")
    assert fitted.precision == fastest_precision(torch.device("cpu")) in ("float32", "bfloat16")


def test_dropout_is_active_in_training() -> None:
    recipe = TINY.replace(epochs=1, flip="none", crop_padding=0)
    plain, dropped = (fit(recipe.replace(dropout=dropout), TRAIN, TEST, device="cpu") for dropout in (0.0, 0.5))
    assert not torch.equal(plain.model.linear.weight, dropped.model.linear.weight)
    assert dropped.model.dropout == 0.5


def test_training_images_are_those_of_the_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    sides, shown = [], []
    step = loop.train_step

    def watched(run, x: Tensor, y: Tensor, weight: float) -> Tensor:
        sides.append(x.shape[-1])
        shown.append(len(y))
        return step(run, x, y, weight)

    monkeypatch.setattr(loop, "train_step", watched)
    fit(BATCHED.replace(train_images=20), TRAIN, TEST, device="cpu")
    assert shown == [16, 4] * 3
    assert sides == [24, 24, 28, 28, 32, 32]


def test_every_size_of_a_compiled_run_is_compiled_also_after_others(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[tuple[int, ...]] = []

    def backend(graph: torch.fx.GraphModule, inputs: list[Tensor]) -> Callable:
        compiled.extend(tuple(each.shape) for each in inputs if each.ndim == 4 and each.shape[1] == 3)
        return graph.forward

    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend=backend))
    recipe = TINY.replace(epochs=5, batch_size=64, first_side=16, full_side_from=5)
    for _ in range(2):
        compiled.clear()
        net = nn.Sequential(nn.Conv2d(3, 10, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        fit(recipe, random_split(96), TEST, model=net, device="cpu", compiled=True)
        batches = [shape for shape in compiled if shape[2] == shape[3] and shape[1] == 3 and shape[0] in (64, 32)]
        assert batches == [(count, 3, side, side) for side in (16, 20, 24, 28, 32) for count in (64, 32)]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile wants a C++ compiler on a CPU")
@pytest.mark.filterwarnings("ignore:.torch.jit.script_method. is deprecated")
def test_a_compiled_network_trains_and_resumes_only_compiled(tmp_path: Path) -> None:
    recipe = TINY.replace(epochs=2, batch_size=len(TRAIN.labels))  # one step an epoch: rounding grows from step to step
    fitted = fit(recipe, TRAIN, TEST, device="cpu", out=tmp_path, stop_after=1, compiled=True)
    plain = fit(recipe, TRAIN, TEST, device="cpu", stop_after=1)
    assert fitted.compiled and not plain.compiled
    for measure in ("train_loss", "test_loss"):  # before and after the step
        assert fitted.history[0][measure] == pytest.approx(plain.history[0][measure], rel=1e-5)
    with pytest.raises(CifarcamError, match="compiled True, now it is False"):
        fit(recipe, TRAIN, TEST, device="cpu", out=tmp_path, resume=True)
