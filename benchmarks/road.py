"""Images a second in ROAD's imputation: a whole batch at once, against the library's solve for each image.

The same images with the same pixels removed, those that Grad-CAM at layer4 calls most relevant, and fillings that must
be equal. ``python -m benchmarks.road``
"""

from __future__ import annotations

import torch
from pytorch_grad_cam.metrics.road import NoisyLinearImputer
from torch import Tensor

from benchmarks.side_by_side import about, arguments, in_turns, rate, report
from cifarcam.data.cifar import cifar10
from cifarcam.data.normalization import normalize
from cifarcam.errors import CifarcamError
from cifarcam.maps.cam import stage_maps
from cifarcam.records.runs import load_run
from cifarcam.trust import impute

SHARES = (0.1, 0.3, 0.5, 0.7, 0.9)
MOST_DIFFERENCE = 1e-3  # of normalised images


def by_the_library(x: Tensor, removed: Tensor) -> Tensor:
    """The images, (N, C, H, W), with removed pixels, (N, H, W), filled in by the library, one after the other."""
    imputer = NoisyLinearImputer(noise=0)
    return torch.stack([imputer(image, (~gone).float()) for image, gone in zip(x, removed, strict=True)])


def main(words: list[str] | None = None) -> dict:
    parser = arguments(__doc__, rounds=3)
    parser.add_argument("--images", type=int, default=50)
    parser.add_argument("--run", default="best", help="a run with weights")
    parsed = parser.parse_args(words)
    images = cifar10("test").images[: parsed.images]
    maps = torch.as_tensor(stage_maps(load_run(parsed.run).model(), images).maps[:, 4])
    cut = maps.flatten(1).quantile(1 - torch.tensor(SHARES), dim=1)
    removed = torch.cat([maps >= threshold[:, None, None] for threshold in cut])
    x = normalize(images).contiguous().repeat(len(SHARES), 1, 1, 1)
    difference = (impute(x, removed) - by_the_library(x, removed)).abs().max().item()
    if not difference <= MOST_DIFFERENCE:
        raise CifarcamError(f"The fillings differ by {difference:.2g}; expected at most {MOST_DIFFERENCE:.0e}.")
    ways = {
        "whole batch": rate(lambda: impute(x, removed), len(x)),
        "a solve for each image": rate(lambda: by_the_library(x, removed), len(x)),
    }
    rates = in_turns(ways, parsed.rounds)
    settings = about(__spec__.name, parsed, parser, torch.device("cpu")) | {"batch_size": len(x)}
    return report("images a second, ROAD's imputation", rates, settings, parsed.out)


if __name__ == "__main__":
    main()
