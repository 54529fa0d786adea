"""A network's logits for the images of a split, and what is computed from them: accuracy, confusion, calibration."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cifarcam.data.constants import CLASSES
from cifarcam.data.normalization import as_tensor, normalize
from cifarcam.errors import CifarcamError, NotFinite
from cifarcam.hardware import PRECISIONS, autocast
from cifarcam.network.layers import check_network, in_usual_order
from cifarcam.network.restore import device_of, exact_float32, in_float32, modes_restored
from cifarcam.network.scores import Output, class_scores


def predict(
    model: nn.Module,
    images: np.ndarray,
    *,
    batch_size: int = 500,
    precision: str = "float32",
    output: Output = None,
    forward: Callable[[Tensor], object] | None = None,
) -> Tensor:
    """The logits of all images, computed on the device where the model is.

    Args:
        model: takes normalised (N, 3, H, W) and gives logits, (N, classes), or (N, 1) for two classes (see
            ``class_scores``); run in eval mode and float32, left in the modes and the float type it had.
        images: uint8, (N, H, W, 3).
        batch_size: images a forward pass.
        precision: ``"float32"``, or ``"bfloat16"`` or ``"float16"`` for autocast.
        output: where the logits are in what the model returns, if it is no tensor: a key, an index, or a function.
        forward: a function of the normalised images that calls the model, where it takes more than them.

    Returns:
        float32 logits, (N, classes), on the CPU.

    Raises:
        CifarcamError: for no images, no whole number of images a pass, another precision, a model that gives no logits,
            or where a logit is not a number.

    Examples:
        >>> from cifarcam.data import synthetic_cifar10
        >>> from cifarcam.network import ResNet18, predict
        >>> predict(ResNet18(width=9), synthetic_cifar10("test").images[:3]).shape
        torch.Size([3, 10])
    """
    if len(images) == 0 or precision not in PRECISIONS:
        raise CifarcamError(
            f"Cannot predict {len(images)} images in precision {precision!r}; expected an image or more, and one of "
            f"{', '.join(PRECISIONS)}."
        )
    check_network(model, lazy=True)
    if not isinstance(batch_size, int) or batch_size < 1:
        raise CifarcamError(f"The batch_size is {batch_size!r}; expected how many images a pass takes, 1 or more.")
    device = device_of(model)
    pieces = []
    with (
        modes_restored(model),
        in_float32(model),
        exact_float32(),
        torch.no_grad(),  # what a model keeps of a pass in inference mode could not be trained with
        torch.autocast(**autocast(device, precision)),
    ):
        model.eval()
        for start in range(0, len(images), batch_size):
            x = in_usual_order(model, normalize(images[start : start + batch_size], device))
            pieces.append(class_scores((forward or model)(x), len(x), output).float().cpu())
    logits = torch.cat(pieces)
    if not logits.isfinite().all():
        bad = int((~logits.isfinite()).any(1).sum())
        raise NotFinite(f"The model gives NaN or infinite logits for {bad} of {len(images)} images.")
    return logits


def tta(logits: Tensor, model: nn.Module, images: np.ndarray) -> Tensor:
    """Test-time augmentation: the mean of the logits of images and of their mirror images.

    Args:
        logits: of the images as they are, float32, (N, classes), as from ``predict``.
        model: takes normalised (N, 3, H, W) and gives logits; run in eval mode and float32, left in the modes and the
            float type it had.
        images: uint8, (N, H, W, 3).

    Returns:
        float32, (N, classes).

    Raises:
        CifarcamError: for no images, or where a logit is not a number.

    Examples:
        >>> from cifarcam.data import synthetic_cifar10
        >>> from cifarcam.network import ResNet18, predict, tta
        >>> model, images = ResNet18(width=9), synthetic_cifar10("test").images[:3]
        >>> tta(predict(model, images), model, images).shape
        torch.Size([3, 10])
    """
    return (logits + predict(model, np.ascontiguousarray(images[:, :, ::-1]))) / 2


@dataclass(frozen=True)
class Predictions:
    """The logits of a split beside its true labels.

    Attributes:
        logits: float32, (N, classes).
        labels: int64, (N,), the true classes.
        classes: their names.

    Raises:
        CifarcamError: where logits and labels do not belong together.

    Examples:
        >>> from cifarcam.network import Predictions
        >>> predictions = Predictions([[2.0, 0.0], [1.0, 3.0], [4.0, 1.0]], [0, 1, 1], ("cat", "dog"))
        >>> round(predictions.accuracy, 2), predictions.misclassified().tolist()
        (0.67, [2])
        >>> predictions.confusion().tolist()
        [[1, 0], [1, 1]]
    """

    logits: Tensor
    labels: Tensor
    classes: Sequence[str] = CLASSES

    def __post_init__(self) -> None:
        object.__setattr__(self, "logits", as_tensor(self.logits).float())
        object.__setattr__(self, "labels", as_tensor(self.labels).long())
        if self.logits.ndim != 2 or self.labels.shape != self.logits.shape[:1]:
            raise CifarcamError(
                f"Logits of shape {tuple(self.logits.shape)} and labels of shape {tuple(self.labels.shape)}; "
                "expected (N, classes) and (N,)."
            )
        if not self.logits.isfinite().all():
            raise CifarcamError("Logits are NaN or infinite; nothing follows from them.")
        if len(self.labels) and not 0 <= int(self.labels.min()) <= int(self.labels.max()) < self.logits.shape[1]:
            raise CifarcamError(f"Labels must lie between 0 and {self.logits.shape[1] - 1}, the last class.")

    @property
    def predicted(self) -> Tensor:
        """The class with the largest logit, int64, (N,)."""
        return self.logits.argmax(1)

    @property
    def probabilities(self) -> Tensor:
        """Softmax of the logits, (N, classes)."""
        return self.logits.softmax(1)

    @property
    def confidence(self) -> Tensor:
        """The probability of the predicted class, (N,), 0 to 1."""
        return self.probabilities.amax(1)

    @property
    def correct(self) -> Tensor:
        """Whether each prediction is right, bool, (N,)."""
        return self.predicted == self.labels

    @property
    def accuracy(self) -> float:
        """Share of right predictions, 0 to 1."""
        return self.correct.double().mean().item()

    @property
    def loss(self) -> float:
        """Mean cross-entropy over the images, in nats."""
        return F.cross_entropy(self.logits, self.labels).item()

    def misclassified(self, by_confidence: bool = False) -> Tensor:
        """Indices of the wrongly predicted images, in the split's order or the most confident mistake first."""
        wrong = torch.nonzero(~self.correct).flatten()
        return wrong[self.confidence[wrong].argsort(descending=True, stable=True)] if by_confidence else wrong

    def captions(self, indices: Iterable[int]) -> list[str]:
        """For each image its label, the predicted class and that class's probability, on two lines.

        Raises:
            CifarcamError: where there are more or fewer names than classes.
        """
        if len(self.classes) != self.logits.shape[1]:
            raise CifarcamError(
                f"{self.logits.shape[1]} classes and {len(self.classes)} names: {', '.join(self.classes)}. Give "
                "Predictions the names of the classes."
            )
        return [
            f"{self.classes[self.labels[i]]}, called\n{self.classes[self.predicted[i]]} ({self.confidence[i]:.2f})"
            for i in indices
        ]

    def confusion(self) -> Tensor:
        """Counts, int64, (classes, classes): row the true class, column the predicted one."""
        classes = self.logits.shape[1]
        return torch.bincount(self.labels * classes + self.predicted, minlength=classes**2).view(classes, classes)

    def per_class_accuracy(self) -> Tensor:
        """Share of each true class that is predicted right, (classes,); NaN for a class without images."""
        confusion = self.confusion().double()
        return confusion.diagonal() / confusion.sum(1)

    def calibration(self, bins: int = 10) -> pd.DataFrame:
        """The images sorted into equal bins of confidence (Guo et al. 2017, arXiv 1706.04599).

        Returns:
            A row for each bin that holds images, with ``low`` and ``high`` bounds, ``count``, mean ``confidence`` and
            ``accuracy``, shares from 0 to 1.
        """
        edges = torch.linspace(0, 1, bins + 1)
        which = torch.bucketize(self.confidence, edges[1:-1], right=False)
        rows = []
        for index in which.unique().tolist():
            inside = which == index
            rows.append(
                {
                    "low": edges[index].item(),
                    "high": edges[index + 1].item(),
                    "count": int(inside.sum()),
                    "confidence": self.confidence[inside].double().mean().item(),
                    "accuracy": self.correct[inside].double().mean().item(),
                }
            )
        return pd.DataFrame(rows)

    def calibration_error(self, bins: int = 10) -> float:
        """Expected calibration error: mean gap between confidence and accuracy, bins weighted by their counts."""
        table = self.calibration(bins)
        return float((table["count"] * (table["confidence"] - table["accuracy"]).abs()).sum() / table["count"].sum())
