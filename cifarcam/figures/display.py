"""How a notebook shows a figure: charts as SVG in the page's own ink and type, pictures as PNG at twice the size."""

from __future__ import annotations

import hashlib
import io
import re

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

INK = "#010203"  # all but black; where a chart is shown as SVG it is the colour of the text around it
TYPE = "var(--pst-font-family-base, system-ui), sans-serif"  # the site's, else the system's
SVG = {"svg.fonttype": "none", "svg.hashsalt": "cifarcam"}  # text stays text, and the same figure gives the same file
NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))


class Chart(Figure):
    """A figure of lines, dots and bars. In a notebook it is SVG on a transparent ground, for light and dark."""

    def _ipython_display_(self) -> None:
        _display({"image/svg+xml": as_svg(self)}, self)


class Pictures(Figure):
    """A figure of images on white. In a notebook it is PNG, sharp on screens of twice the usual density."""

    def _ipython_display_(self) -> None:
        png, size = as_png(self)
        _display({"image/png": png}, self, {"image/png": size})


def as_svg(figure: Figure) -> str:
    """A figure as SVG without a ground, its ink ``currentColor`` and its type that of the page."""
    file = io.StringIO()
    with plt.rc_context(SVG):
        figure.savefig(file, format="svg", transparent=True, bbox_inches="tight", metadata=NO_METADATA)
    svg = file.getvalue()
    svg = svg[svg.index("<svg") :].replace(INK, "currentColor")
    svg = re.sub(r"<metadata>.*?</metadata>|<style[^>]*>.*?</style>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"(font-family: |font: [\w. ]*px )[^;\"]*", rf"\1{TYPE}", svg)
    return _with_own_names(svg.replace("<svg ", '<svg style="stroke-linejoin: round; stroke-linecap: butt" ', 1))


def _with_own_names(svg: str) -> str:
    """The names that something refers to become the figure's own, so that figures can stand in one page; others go."""
    own = hashlib.sha256(svg.encode()).hexdigest()[:8]
    used = set(re.findall(r"(?:url\(|href=\")#([\w.-]+)", svg))
    svg = re.sub(r' id="([\w.-]+)"', lambda found: f' id="{own}-{found[1]}"' if found[1] in used else "", svg)
    return re.sub(r"(url\(|href=\")#", rf"\1#{own}-", svg)


def as_png(figure: Figure) -> tuple[bytes, dict[str, int]]:
    """A figure as PNG at twice its resolution, and the width and height to show it at, in pixels."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=2 * figure.dpi, bbox_inches="tight")
    png = file.getvalue()
    width, height = (int.from_bytes(png[at : at + 4]) // 2 for at in (16, 20))  # where PNG's header has them
    return png, {"width": width, "height": height}


def _display(data: dict, figure: Figure, metadata: dict | None = None) -> None:
    from IPython.display import display  # here, because only a notebook needs it

    display(data | {"text/plain": repr(figure)}, metadata=metadata or {}, raw=True)
