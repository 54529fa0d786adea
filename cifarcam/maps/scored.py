"""A network as a function from images to the scores that maps explain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn

from cifarcam.errors import CifarcamError
from cifarcam.network.layers import in_usual_order
from cifarcam.network.scores import Output, class_scores, part_of


@dataclass(frozen=True)
class Scored:
    """A network, called with normalised images, gives the scores of its classes, whatever else it returns.

    Attributes:
        model: the network.
        output: where the scores are in what it returns.
        forward: what calls it, in its place.
        target: a function from what it returns to one score for each image, which is then its only class.
    """

    model: nn.Module
    output: Output = None
    forward: Callable[[Tensor], object] | None = None
    target: Callable[[object], Tensor] | None = None

    def __call__(self, x: Tensor) -> Tensor:
        """The scores of images, (N, classes); what the network changes in place is a copy.

        Raises:
            CifarcamError: for a network or a target that gives no such scores.
        """
        returned = (self.forward or self.model)(in_usual_order(self.model, x).clone())
        if self.target is None:
            return class_scores(returned, len(x), self.output)
        score = self.target(part_of(returned, self.output))
        if not isinstance(score, Tensor) or score.shape != (len(x),) or not score.is_floating_point():
            found = tuple(score.shape) if isinstance(score, Tensor) else type(score).__name__
            raise CifarcamError(
                f"The function given as targets gives {found} for {len(x)} images; expected one score each."
            )
        return score[:, None]
