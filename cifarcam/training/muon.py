"""Muon: SGD whose steps of convolution filters are orthogonalised.

Jordan et al. (2024), "Muon: an optimizer for hidden layers in neural networks". PyTorch's own ``torch.optim.Muon``
takes matrices only, and leaves their norms alone.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import torch
from torch import Tensor
from torch.optim import SGD

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the quintic that takes singular values between 0 and 1 towards 1, Jordan's."""
ITERATIONS = 3
"""Of Newton-Schulz; what airbench takes for CIFAR-10. Steps need a direction, not an exact one."""


class Muon(SGD):
    """SGD in which groups with ``muon_momentum`` above 0 hold filters and take orthogonalised steps.

    Of such a group each tensor (out, in, …) is a matrix (out, in · …). Its step is its momentum (Nesterov's) with all
    singular values brought near 1. Before the step the matrix itself is brought to the Frobenius norm √out: where
    BatchNorm follows, the norm of filters changes nothing but the effect of a step, and they need no weight decay. All
    other groups take the steps of ``torch.optim.SGD``.

    Args:
        groups: parameter groups, those of filters with ``muon_momentum`` (0 to 1), ``momentum=0``, ``nesterov=False``
            and ``weight_decay=0``.
        settings: of ``torch.optim.SGD``, for groups that do not give their own.

    Examples:
        >>> import torch
        >>> from cifarcam.training.muon import Muon
        >>> filters = torch.nn.Parameter(torch.randn(8, 4, 3, 3, generator=torch.Generator().manual_seed(0)))
        >>> group = {"params": [filters], "muon_momentum": 0.6, "momentum": 0, "nesterov": False}
        >>> optimizer = Muon([group], lr=0.1)
        >>> filters.square().sum().backward()
        >>> optimizer.step()
        >>> bool(torch.linalg.matrix_norm(filters.flatten(1), ord="fro") < 8**0.5)
        True
    """

    def __init__(self, groups: list[dict], **settings: Any) -> None:
        super().__init__([{"muon_momentum": 0.0} | group for group in groups], **settings)
        self.register_step_pre_hook(_orthogonalise_gradients)  # then SGD steps by what it finds


def orthogonalised(matrices: Tensor, iterations: int = ITERATIONS) -> Tensor:
    """Matrices with the same singular vectors and singular values near 1, by a Newton-Schulz iteration.

    Inside ``torch.autocast`` the products are computed in its number format.

    Args:
        matrices: float, (N, m, n).
        iterations: after five, singular values of a hundredth of the norm and more have come to about 0.7 to 1.15.

    Returns:
        float32, (N, m, n); zeros for a matrix of zeros.

    Examples:
        >>> import torch
        >>> from cifarcam.training.muon import orthogonalised
        >>> found = orthogonalised(torch.diag(torch.tensor([3.0, 1.0]))[None], iterations=5)
        >>> bool((torch.linalg.svdvals(found) - 1).abs().max() < 0.35)
        True
    """
    a, b, c = COEFFICIENTS
    wide = matrices.shape[-2] <= matrices.shape[-1]
    x = matrices if wide else matrices.mT
    x = x / x.norm(dim=(-2, -1), keepdim=True).clamp(min=1e-7)  # no singular value is above 1 then
    for _ in range(iterations):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x if wide else x.mT).float()


@torch.no_grad()
def _orthogonalise_gradients(optimizer: Muon, args: tuple, kwargs: dict) -> None:
    for group in optimizer.param_groups:
        by_shape = defaultdict(list)  # those of one shape are one batch of matrices
        for parameter in group["params"] if group["muon_momentum"] else ():
            if parameter.grad is not None:
                by_shape[len(parameter), parameter[0].numel()].append(parameter)
        for filters in by_shape.values():
            updates = [_momentum(each, optimizer.state[each], group["muon_momentum"]).flatten(1) for each in filters]
            for parameter, update in zip(filters, orthogonalised(torch.stack(updates)), strict=True):
                parameter.grad.copy_(update.view(parameter.shape))
                parameter.mul_(len(parameter) ** 0.5 / parameter.norm())


def _momentum(parameter: Tensor, state: dict, momentum: float) -> Tensor:
    buffer = state.setdefault("muon_buffer", torch.zeros_like(parameter))
    buffer.mul_(momentum).add_(parameter.grad)
    return parameter.grad.add(buffer, alpha=momentum)
