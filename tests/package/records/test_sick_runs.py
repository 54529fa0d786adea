"""Each sick run has the one thing wrong that its name says."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from cifarcam.data.normalization import normalize
from cifarcam.data.split import Split
from cifarcam.errors import CifarcamError
from cifarcam.training.batches import Batches
from tools.records import sick_runs
from tools.records.networks import network

BASE = sick_runs.BASE.replace(width=4, epochs=2, train_images=200, batch_size=20, precision="float32")
RANDOM = np.random.default_rng(0)


@pytest.fixture
def splits() -> tuple[Split, Split]:
    def split(count: int) -> Split:
        return Split(RANDOM.integers(0, 256, (count, 32, 32, 3), dtype=np.uint8), RANDOM.integers(0, 10, count))

    return split(200), split(30)


def test_a_network_that_does_not_normalise_sees_the_pixels(splits: tuple[Split, Split]) -> None:
    images = splits[1].images
    seen = []
    sick_runs.NotNormalised(lambda x: seen.append(x))(normalize(images))  # type: ignore[arg-type]
    np.testing.assert_allclose(seen[0].permute(0, 2, 3, 1).numpy(), images, atol=1e-3)


def test_batchnorm_that_is_left_in_training_mode_stays_there() -> None:
    model = sick_runs.AlwaysTraining(network(4, 0)).eval()
    assert all(module.training for module in model.modules())


def test_labels_are_shuffled_none_lost(splits: tuple[Split, Split]) -> None:
    train, held_out = splits
    sick = sick_runs.shuffled_labels(train, held_out)
    assert sorted(sick.labels) == sorted(train.labels) and (sick.labels != train.labels).mean() > 0.8


def test_a_held_out_image_is_a_hundred_times_among_the_training_images(splits: tuple[Split, Split]) -> None:
    train, held_out = splits
    sick = sick_runs.with_copies_of_a_held_out_image(train, held_out)
    same = (sick.images == held_out.images[0]).all((1, 2, 3))
    assert same.sum() == 100 and (sick.labels[same] == held_out.labels[0]).all() and len(sick.labels) == 200


def test_augmented_images_are_still_images_of_the_same_classes(splits: tuple[Split, Split]) -> None:
    held_out = splits[1]
    sick = sick_runs.augmented(held_out)
    assert sick.images.dtype == np.uint8 and sick.images.shape == held_out.images.shape
    assert not (sick.images == held_out.images).all((1, 2, 3)).any() and (sick.labels == held_out.labels).all()


def test_images_come_in_class_order_and_all_of_them(splits: tuple[Split, Split]) -> None:
    batches = sick_runs.InClassOrder(splits[0], BASE)
    labels = torch.cat([y for _, y in batches.epoch(1)])
    assert torch.equal(labels, torch.as_tensor(splits[0].labels).sort().values)
    shuffled = torch.cat([y for _, y in Batches(splits[0], BASE).epoch(1)])
    assert not torch.equal(labels, shuffled)


def test_the_record_has_every_run_and_goes_on_where_it_was_cut_off(
    tmp_path: Path, splits: tuple[Split, Split], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sick_runs, "splits", lambda: splits)
    monkeypatch.setattr(sick_runs, "HELD_OUT", 30)
    monkeypatch.setattr(sick_runs, "BASE", BASE)
    monkeypatch.setattr(sick_runs, "CHECKPOINTS", tmp_path)
    sick_runs.record(tmp_path / "sick.json", 1)
    rows = json.loads((tmp_path / "sick.json").read_text())["rows"]
    assert [row["run"] for row in rows] == list(sick_runs.RUNS)
    assert all("diverged" in row or len(row["history"]["train_loss"]) == 2 for row in rows)
    monkeypatch.setattr(sick_runs, "one_run", lambda *given: pytest.fail("trained again"))
    sick_runs.record(tmp_path / "again.json", 1)
    with pytest.raises(CifarcamError, match="exists already"):
        sick_runs.record(tmp_path / "sick.json", 1)
