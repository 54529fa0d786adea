"""Progress of a training run: printed lines, a progress bar, and an error for a loss that is not finite."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from cifarcam.errors import NotFinite
from cifarcam.network.predictions import Predictions
from cifarcam.training.distributed import process, processes, total
from cifarcam.training.state import TrainingState

SECONDS_BETWEEN_READINGS = 0.5  # of loss and accuracy: each makes a GPU wait


class EpochLog:
    """The training loss and accuracy of an epoch as it goes on, told by a line at its start and a progress bar.

    Args:
        run: as it is before the epoch.
        batches: how many the epoch has.
        epoch: from 0.
    """

    def __init__(self, run: TrainingState, batches: int, epoch: int) -> None:
        self.epoch, self.lr = epoch, run.optimizer.param_groups[0]["lr"]
        _say(f"Epoch {epoch + 1}/{run.recipe.epochs}, learning rate {self.lr:.6f}{time_left(run)}")
        self.started = self.read = time.perf_counter()
        self.loss = torch.zeros((), device=run.device)
        self.correct = torch.zeros((), dtype=torch.long, device=run.device)
        self.seen = self.batch = 0
        self.batches = batches

    def with_bar(self, batches: Iterable[tuple[Tensor, Tensor]]) -> tqdm:
        """The same batches, behind a progress bar."""
        hidden = {"disable": True} if process() else {}  # False would override TQDM_DISABLE
        self.bar = tqdm(batches, total=self.batches, unit="batch", **hidden)
        return self.bar

    def add(self, logits: Tensor, labels: Tensor) -> None:
        """Counts a batch.

        Args:
            logits: from before the step, float32, (N, classes).
            labels: the true classes, int64, (N,).

        Raises:
            NotFinite: where the loss is not finite, if it is read just now.
        """
        self.loss += F.cross_entropy(logits, labels, reduction="sum")
        self.correct += (logits.argmax(1) == labels).sum()
        self.seen += len(labels)
        self.batch += 1
        if time.perf_counter() - self.read > SECONDS_BETWEEN_READINGS or self.batch == self.batches:
            self.read = time.perf_counter()
            loss, accuracy = self.loss.item() / self.seen, 100 * self.correct.item() / self.seen
            self.bar.set_postfix_str(f"loss={loss:.4f} batch={self.batch - 1} accuracy={accuracy:.2f}%")
            if processes() == 1:  # else they would not all read it now
                self._check(loss)

    def row(self) -> dict:
        """What a history keeps, of all processes.

        Returns:
            ``epoch``, ``lr``, ``train_loss`` (nats), ``train_accuracy`` (0 to 1), ``seconds``.

        Raises:
            NotFinite: where the loss is not finite.
        """
        seen = total(torch.tensor(self.seen, device=self.loss.device)).item()
        loss = total(self.loss).item() / seen
        self._check(loss)
        return {
            "epoch": self.epoch + 1,
            "lr": self.lr,
            "train_loss": loss,
            "train_accuracy": total(self.correct).item() / seen,
            "seconds": round(time.perf_counter() - self.started, 2),
        }

    def _check(self, loss: float) -> None:
        if not math.isfinite(loss):
            raise NotFinite(
                f"The training loss is {loss} in epoch {self.epoch + 1}; lower the learning rate. "
                "The checkpoint of the epoch before, if there is one, is intact."
            )


def time_left(run: TrainingState) -> str:
    """The estimated time until the end, as what follows a sentence; empty before the first epoch is done.

    An image of half the side takes a quarter of the time.
    """
    if not run.history:
        return ""
    areas = [run.recipe.side(epoch) ** 2 for epoch in range(run.recipe.epochs)]
    done = len(run.history)
    seconds = run.history[-1]["seconds"] / areas[done - 1] * sum(areas[done:])
    return f", about {seconds / 60:.0f} minutes left" if seconds >= 90 else f", about {seconds:.0f} seconds left"


def report_evaluation(results: Predictions) -> dict:
    """Prints the test results, and gives what the history keeps: ``test_loss`` (nats), ``test_accuracy`` (0 to 1)."""
    right, count = int(results.correct.sum()), len(results.labels)
    _say(f"Test set: mean loss {results.loss:.4f}, Accuracy: {right}/{count} ({100 * right / count:.2f}%)")
    return {"test_loss": results.loss, "test_accuracy": results.accuracy}


def _say(line: str) -> None:
    if process() == 0:
        print(line, flush=True)
