"""Progress of a training run: printed lines, a progress bar, and an error for a loss that is not finite."""

from __future__ import annotations

import time
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from cifarcam.errors import CifarcamError
from cifarcam.network.predictions import Predictions
from cifarcam.training.batches import Batches
from cifarcam.training.state import TrainingState

SECONDS_BETWEEN_READINGS = 0.5  # of loss and accuracy: each makes a GPU wait


class EpochLog:
    """An epoch's batches behind a progress bar, and the running training loss and accuracy.

    Args:
        run: as it is before the epoch.
        batches: where its batches come from.
        epoch: from 0.
    """

    def __init__(self, run: TrainingState, batches: Batches, epoch: int) -> None:
        self.epoch, self.lr = epoch, run.optimizer.param_groups[0]["lr"]
        print(f"Epoch {epoch + 1}/{run.recipe.epochs}, learning rate {self.lr:.6f}{time_left(run)}", flush=True)
        self.started = self.read = time.perf_counter()
        self.loss = torch.zeros((), device=run.device)
        self.correct = torch.zeros((), dtype=torch.long, device=run.device)
        self.seen = self.batch = 0
        self.bar = tqdm(batches.epoch(epoch), total=len(batches), unit="batch")

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        return iter(self.bar)

    def add(self, logits: Tensor, labels: Tensor) -> None:
        """Counts a batch.

        Args:
            logits: of the batch, from before the step.
            labels: of the batch.

        Raises:
            CifarcamError: where the loss is not finite, if it is read just now.
        """
        self.loss += F.cross_entropy(logits, labels, reduction="sum")
        self.correct += (logits.argmax(1) == labels).sum()
        self.seen += len(labels)
        self.batch += 1
        if time.perf_counter() - self.read > SECONDS_BETWEEN_READINGS or self.batch == self.bar.total:
            self.read = time.perf_counter()
            loss, accuracy = self._mean_loss(), 100 * self.correct.item() / self.seen
            self.bar.set_postfix_str(f"loss={loss:.4f} batch={self.batch - 1} accuracy={accuracy:.2f}%")

    def row(self) -> dict:
        """The epoch's row of the history: its number, rate, training loss and accuracy, and seconds."""
        return {
            "epoch": self.epoch + 1,
            "lr": self.lr,
            "train_loss": self._mean_loss(),
            "train_accuracy": self.correct.item() / self.seen,
            "seconds": round(time.perf_counter() - self.started, 2),
        }

    def _mean_loss(self) -> float:
        if not self.loss.isfinite():
            raise CifarcamError(
                f"The training loss is {self.loss.item()} in epoch {self.epoch + 1}; lower the learning rate. "
                "The checkpoint of the epoch before, if there is one, is intact."
            )
        return self.loss.item() / self.seen


def time_left(run: TrainingState) -> str:
    """The estimated time until the end: an image of half the side takes a quarter of the time."""
    if not run.history:
        return ""
    areas = [run.recipe.side(epoch) ** 2 for epoch in range(run.recipe.epochs)]
    done = len(run.history)
    seconds = run.history[-1]["seconds"] / areas[done - 1] * sum(areas[done:])
    return f", about {seconds / 60:.0f} minutes left" if seconds >= 90 else f", about {seconds:.0f} seconds left"


def evaluation_row(results: Predictions) -> dict:
    """The test loss and accuracy for the history, also printed."""
    right, total = int(results.correct.sum()), len(results.labels)
    print(f"Test set: mean loss {results.loss:.4f}, Accuracy: {right}/{total} ({100 * right / total:.2f}%)", flush=True)
    return {"test_loss": results.loss, "test_accuracy": results.accuracy}
