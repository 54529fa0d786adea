"""Records the maps of the slow methods that chapter 8 shows: ``python -m tools.record_maps``.

They are those of the first mistakes of the run ``best``, for the classes that it predicts.
"""

from __future__ import annotations

import argparse
import sys
from datetime import date
from importlib.metadata import version

import torch

from cifarcam.data import cifar10
from cifarcam.errors import CifarcamError
from cifarcam.hardware import describe
from cifarcam.recorded_maps import SLOW_MAPS, write_slow_maps
from cifarcam.runs import load_run

MISTAKES = 10


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    try:
        run, test = load_run("best"), cifar10("test")
        if test.checksum() != run.provenance["test_checksum"]:
            raise CifarcamError("These test images are not those of the record; is CIFARCAM_DATA set to the stand-in?")
        images = test.images[run.predictions(test).misclassified()[:MISTAKES]]
        provenance = {
            "command": "python -m tools.record_maps",
            "run": "best",
            "hardware": describe(torch.device("cpu")),
            "torch": torch.__version__,
            "grad-cam": version("grad-cam"),
            "date": date.today().isoformat(),
        }
        write_slow_maps(run, images, provenance)
    except CifarcamError as error:
        sys.exit(str(error))
    print(f"written: {SLOW_MAPS}")


if __name__ == "__main__":
    main()
