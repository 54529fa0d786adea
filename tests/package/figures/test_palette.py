"""One palette for figures and site, for readers of any colour vision.

Colour vision deficiencies are simulated at their full severity as by Machado, Oliveira and Fernandes (2009),
"A Physiologically-based Model for Simulation of Color Vision Deficiency", doi 10.1109/TVCG.2009.113. Differences are
CIEDE2000 (Luo, Cui and Rigg 2001, doi 10.1002/col.1049), where one unit is about what is just noticed between large
patches side by side. Lines are thin and lie apart, where several times that is needed (Szafir 2018,
doi 10.1109/TVCG.2017.2744359): we ask for ten units.
"""

from __future__ import annotations

import re
from itertools import combinations

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from skimage.color import deltaE_ciede2000, rgb2lab

from cifarcam.figures import style
from cifarcam.figures.display import INK
from cifarcam.figures.training import RULE_MARKERS, RUN_LINES
from tools.book.chapters import ROOT

LEAST_DIFFERENCE = 10
LEAST_CONTRAST = 3  # WCAG 2.2, 1.4.11, for what a graphic needs to be understood

# On linear red, green and blue: table of the authors, severity 1.0.
VISION = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
# What stands together in one figure.
TOGETHER = {
    "training and test": (style.TRAIN, style.TEST),
    "runs": tuple(colour for colour, _, _ in RUN_LINES.values()),
    "rules of the learning-rate finder": tuple(colour for _, colour in RULE_MARKERS.values()),
    "series": tuple(colour for colour, _ in style.SERIES),
    "right, neutral, explained": (style.RIGHT, style.NEUTRAL, style.EXPLAINED),
}


def linear(colour: str) -> np.ndarray:
    values = np.array(to_rgb(colour))
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def seen(colour: str, vision: str) -> np.ndarray:
    """A colour in CIELAB as a reader of that vision has it."""
    light = np.clip(VISION[vision] @ linear(colour), 0, 1)
    encoded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return rgb2lab(encoded)


def luminance(colour: str) -> float:
    return float(linear(colour) @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("figure", TOGETHER)
def test_colours_of_one_figure_are_told_apart(figure: str, vision: str) -> None:
    for first, second in combinations(TOGETHER[figure], 2):
        difference = deltaE_ciede2000(seen(first, vision), seen(second, vision))
        assert difference >= LEAST_DIFFERENCE, f"{first} and {second} differ by {difference:.1f}"


def test_the_simulation_leaves_grey_as_it_is_and_takes_red_from_green() -> None:
    for vision in VISION:
        assert deltaE_ciede2000(seen("#808080", vision), seen("#808080", "normal")) < 0.1
    red, green = "#CC0000", "#5E6E00"  # far apart, but for readers without one of the two long-wave cones
    apart = {vision: deltaE_ciede2000(seen(red, vision), seen(green, vision)) for vision in VISION}
    assert apart["normal"] > 40 and min(apart["protanopia"], apart["deuteranopia"]) < apart["normal"] / 2


def test_what_is_compared_differs_in_a_marker_too() -> None:
    for markers in (
        [m for _, m in style.SERIES],
        [m for m, _ in RULE_MARKERS.values()],
        [m for *_, m in RUN_LINES.values()],
    ):
        assert len(set(markers)) == len(markers)


# ONE_CYCLE and EXPLAINED are paler than that; they stand with dashes, markers, or bars with names beside them.
@pytest.mark.parametrize("colour", [style.TRAIN, style.TEST, style.RIGHT, style.NEUTRAL, style.BEST, style.STEP_LR])
def test_colours_that_carry_a_meaning_alone_stand_out_from_white(colour: str) -> None:
    assert 1.05 / (luminance(colour) + 0.05) >= LEAST_CONTRAST


def test_the_sites_palette_is_that_of_the_figures() -> None:
    css = (ROOT / "book" / "_static" / "cifarcam.css").read_text(encoding="utf-8")
    site = dict(re.findall(r"--cifarcam-(\w+): (#[0-9a-f]{6});", css))
    named = {
        "blue": style.TRAIN,
        "vermillion": style.TEST,
        "green": style.BEST,
        "purple": style.STEP_LR,
        "sky": style.EXPLAINED,
        "orange": style.ONE_CYCLE,
    }
    assert {name: site[name] for name in named} == {name: colour.lower() for name, colour in named.items()}
    figures = {colour.lower() for colours in TOGETHER.values() for colour in colours}
    assert figures - set(site.values()) == {INK, style.NEUTRAL.lower()}
    assert set(site) - set(named) == {"yellow"}  # in the emblem alone


def test_the_emblem_is_of_the_palette() -> None:
    css = (ROOT / "book" / "_static" / "cifarcam.css").read_text(encoding="utf-8")
    site = set(re.findall(r"--cifarcam-\w+: (#[0-9a-f]{6});", css))
    for name in ("favicon.svg", "logo.svg"):
        squares = re.findall(
            r'<rect [^>]*fill="(#\w{6})"', (ROOT / "book" / "_static" / name).read_text(encoding="utf-8")
        )
        assert len(squares) == 16 and {colour.lower() for colour in squares} <= site


@pytest.mark.parametrize("name", ["explorer", "curves"])
def test_what_a_reader_can_touch_takes_its_colours_from_the_site(name: str) -> None:
    site = (ROOT / "book" / "_static" / "cifarcam.css").read_text(encoding="utf-8")
    css = (ROOT / "book" / "_interactive" / name / f"{name}.css").read_text(encoding="utf-8")
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    assert re.findall(r"#[0-9a-f]{3,8}\b|\b(?:rgb|hsl|oklch)a?\(", css, re.IGNORECASE) == []
    asked = set(re.findall(r"var\((--cifarcam-\w+)", css))
    assert asked <= set(re.findall(r"^\s*(--cifarcam-\w+):", site, re.MULTILINE))
