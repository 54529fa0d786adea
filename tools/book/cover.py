"""Makes the pictures that stand for the book, in book/_static, from the recorded run: ``python -m tools.book.cover``.

The cover, the card for links that are shared, and the icon for a phone's screen. It needs the real CIFAR-10.
"""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from PIL import Image, ImageDraw

from cifarcam import figures
from cifarcam.data.cifar import cifar10
from cifarcam.figures.social_card import DPI
from cifarcam.files import atomic_write
from cifarcam.maps.cam import stage_maps
from cifarcam.records.runs import load_run

STATIC = Path(__file__).parents[2] / "book" / "_static"
COVER, CARD, ICON = STATIC / "cover.png", STATIC / "social-card.png", STATIC / "apple-touch-icon.png"
IMAGES = 3
ON_CARD = [0, 1]  # of the cover's
TITLE = "What a ResNet-18 sees in CIFAR-10"
SUBTITLE = "A book of executable chapters: from the pixels to class activation maps"
ICON_SIDE, ICON_MARGIN = 180, 22  # pixels; the phone rounds the corners off


def main() -> None:
    """Writes the pictures: the first misclassified test images with their five maps for the predicted class."""
    test = cifar10("test")
    run = load_run("best")
    predictions = run.predictions(test)
    wrong = predictions.misclassified()[:IMAGES]
    images, captions = test.images[wrong], predictions.captions(wrong)
    with atomic_write(COVER) as temporary:
        figures.stage_grid(images, stage_maps(run.model(), images, "predicted"), captions).savefig(temporary, dpi=150)
    maps = stage_maps(run.model(), images[ON_CARD], "predicted")
    lines = [captions[index].replace("\n", " ") for index in ON_CARD]
    with atomic_write(CARD) as temporary:
        figures.social_card(TITLE, SUBTITLE, images[ON_CARD], maps, lines).savefig(temporary, dpi=DPI)
    with atomic_write(ICON) as temporary:
        touch_icon().save(temporary, optimize=True)
    print(f"wrote {COVER}, {CARD.name}, {ICON.name}")


def touch_icon() -> Image.Image:
    """The squares of favicon.svg on white: a phone shows black where an icon is transparent."""
    drawn = 4  # times as large, then made smaller, so that corners are smooth
    icon = Image.new("RGB", (drawn * ICON_SIDE,) * 2, "white")
    pen = ImageDraw.Draw(icon)
    root = ElementTree.parse(STATIC / "favicon.svg").getroot()
    unit = drawn * (ICON_SIDE - 2 * ICON_MARGIN) / float(root.attrib["viewBox"].split()[2])
    for square in root.iter("{http://www.w3.org/2000/svg}rect"):
        x, y, width, height, radius = (float(square.attrib[name]) for name in ("x", "y", "width", "height", "rx"))
        left, top = (drawn * ICON_MARGIN + unit * place for place in (x, y))
        box = (left, top, left + unit * width, top + unit * height)
        pen.rounded_rectangle(box, unit * radius, fill=square.attrib["fill"])
    return icon.resize((ICON_SIDE, ICON_SIDE), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    main()
