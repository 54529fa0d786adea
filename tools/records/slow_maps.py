"""Records the maps of the slow methods that chapter 8 shows: ``python -m tools.records.slow_maps``.

They are those of the first mistakes of the run ``best``, for the classes that it predicts.
"""

from __future__ import annotations

import argparse
import sys

import torch

from cifarcam.data.cifar import cifar10
from cifarcam.errors import CifarcamError
from cifarcam.maps.recorded_maps import SLOW_MAPS, write_slow_maps
from cifarcam.provenance import provenance
from cifarcam.records.runs import load_run

MISTAKES = 10


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    try:
        run, test = load_run("best"), cifar10("test")
        run.check_recorded_on(test)
        images = test.images[run.predictions(test).misclassified()[:MISTAKES]]
        about = provenance("python -m tools.records.slow_maps", torch.device("cpu"), ["grad-cam"])
        write_slow_maps(run, images, about | {"run": "best"})
    except CifarcamError as error:
        sys.exit(str(error))
    print(f"written: {SLOW_MAPS}")


if __name__ == "__main__":
    main()
