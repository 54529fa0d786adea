"""Sphinx extension for the figures of the chapters.

A chart, which a notebook holds as SVG, becomes part of the page, so that it takes the
page's colour and type. A picture, which a notebook holds as PNG so that Colab and
GitHub show it too, becomes a lossless WebP of half the weight.
"""

from __future__ import annotations

import html
import posixpath
import re
from pathlib import Path
from typing import Any

from PIL import Image
from sphinx.application import Sphinx

IMAGE = re.compile(r'<img\b[^>]*?\bsrc="([^"]+)"[^>]*?/?>')
ALT = re.compile(r'\balt="([^"]*)"')
WIDTH = re.compile(r"\bwidth(?:=\"|: )(\d+)")
BY_NOTEBOOKS = "jupyter_execute"


def as_part_of_page(svg: str, alt: str) -> str:
    """A chart's SVG with a text that stands for it."""
    label = html.escape(html.unescape(alt))
    return svg.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)


def as_webp(png: Path, folder: Path) -> Path:
    """A lossless WebP of a picture in a folder of the site."""
    webp = folder / f"{png.stem}.webp"
    if not webp.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with Image.open(png) as picture:
            picture.convert("RGB").save(webp, lossless=True, quality=100, method=4)
    return webp


def shown(body: str, folder: str, files: dict[str, Path], images: Path) -> str:
    """A page's HTML with the figures of its cells as they are to be shown.

    Args:
        body: the page's HTML.
        folder: the page's folder in the site.
        files: by its place in the site, where each picture lies now.
        images: the site's folder of pictures.
    """

    def show(found: re.Match) -> str:
        place = posixpath.normpath(posixpath.join(folder, found[1]))
        file, alt = files.get(place), ALT.search(found[0])
        if file is None or BY_NOTEBOOKS not in file.parts:
            return found[0]
        if file.suffix == ".svg":
            return as_part_of_page(file.read_text(encoding="utf-8"), alt[1] if alt else "")
        if file.suffix != ".png":
            return found[0]
        webp = as_webp(file, images)
        source = posixpath.join(posixpath.dirname(found[1]), webp.name)
        with Image.open(webp) as picture:
            width, height = picture.size
        named = WIDTH.search(found[0])
        scale = int(named[1]) / width if named else 1
        return (
            f'<img alt="{alt[1] if alt else ""}" src="{source}" '
            f'width="{round(scale * width)}" height="{round(scale * height)}">'
        )

    return IMAGE.sub(show, body)


def show_figures(
    app: Sphinx,
    pagename: str,
    _template: str,
    context: dict[str, Any],
    _doctree: Any,
) -> None:
    if "body" in context:
        files = {f"{app.builder.imagedir}/{name}": Path(app.srcdir, path) for path, name in app.builder.images.items()}
        images = Path(app.outdir, app.builder.imagedir)
        folder = posixpath.dirname(pagename)
        context["body"] = shown(context["body"], folder, files, images)


def leave_out_png(app: Sphinx, exception: Exception | None) -> None:
    """What is shown as WebP or as part of the page needs no file of its own."""
    if exception is None and hasattr(app.builder, "imagedir"):
        for path, name in app.builder.images.items():
            if BY_NOTEBOOKS in Path(path).parts and name.endswith((".png", ".svg")):
                Path(app.outdir, app.builder.imagedir, name).unlink(missing_ok=True)


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", show_figures, priority=400)  # before image_sizes
    app.connect("build-finished", leave_out_png, priority=900)  # after it copies them
    return {"parallel_read_safe": True, "parallel_write_safe": True}
