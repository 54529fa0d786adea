"""Makes the book's first picture, book/_static/cover.png, from the recorded run: ``python -m tools.cover``.

It needs the real CIFAR-10.
"""

from __future__ import annotations

from pathlib import Path

from cifarcam import figures
from cifarcam.cam import stage_maps
from cifarcam.data import cifar10
from cifarcam.files import written_whole
from cifarcam.runs import load_run

COVER = Path(__file__).parents[1] / "book" / "_static" / "cover.png"
IMAGES = 3


def main() -> None:
    """Writes the picture: the first misclassified test images with their five maps for the predicted class."""
    test = cifar10("test")
    run = load_run("best")
    predictions = run.predictions(test)
    wrong = predictions.misclassified()[:IMAGES]
    images = test.images[wrong]
    maps = stage_maps(run.model(), images, "predicted")
    with written_whole(COVER) as temporary:
        figures.stage_grid(images, maps, predictions.captions(wrong)).savefig(temporary, dpi=150)
    print(f"wrote {COVER}")


if __name__ == "__main__":
    main()
