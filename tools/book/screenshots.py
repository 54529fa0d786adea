"""Pictures of the built site: the pages of the book, light and dark, wide and narrow.

    python -m tools.book.screenshots OUT [PAGE ...]

A PAGE is named from the top of the site, such as ``book/07-grad-cam.html``; without one, every chapter and every
page beside the chapters is taken, not those of the reference.
The site must have been built (``make book``), and Chromium must be there: Debian's package ``chromium``, another on the
PATH, the one playwright installs for itself, or the file that the environment variable ``CHROMIUM`` names.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, Playwright, sync_playwright

SITE = Path(__file__).resolve().parents[2] / "_build" / "html"
WIDTHS = {"wide": 1280, "narrow": 360}
SCHEMES = ("light", "dark")
HEIGHT = 900

# Containers and continuous integration have no sandbox and no GPU; the rest keeps Chromium's own traffic off the line.
LAUNCH_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def launch(playwright: Playwright) -> Browser | None:
    """A headless Chromium, or None where the machine has none."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if found is None and not Path(playwright.chromium.executable_path).is_file():
        return None
    return playwright.chromium.launch(executable_path=found, args=LAUNCH_ARGUMENTS)


def settle(page: Page) -> None:
    """Waits until everything ``page`` asked for has arrived and its mathematics is set."""
    page.wait_for_load_state("networkidle")
    page.evaluate("async () => { await window.MathJax?.startup?.promise; await document.fonts.ready }")


def picture(browser: Browser, file: Path, scheme: str, width: int, out: Path) -> None:
    """Writes a screenshot of the whole page ``file`` to ``out``."""
    page = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": HEIGHT})
    page.goto(file.as_uri())
    settle(page)
    height = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": width, "height": height})  # or the sticky sidebars are cut where the window ends
    page.screenshot(path=out, full_page=True)
    page.close()


def pictures(browser: Browser, files: list[Path], out: Path) -> None:
    """Writes one picture for each page, scheme and width into the folder ``out`` and prints its path."""
    out.mkdir(parents=True, exist_ok=True)
    for file in files:
        for scheme in SCHEMES:
            for name, width in WIDTHS.items():
                path = out / f"{file.stem}-{scheme}-{name}.png"
                picture(browser, file, scheme, width, path)
                print(path)


def main(arguments: list[str]) -> str | None:
    """Takes the pictures; returns what went wrong in one sentence, or None."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, metavar="OUT", help="folder for the pictures")
    parser.add_argument("pages", nargs="*", metavar="PAGE", help="page, named from the top of the site")
    options = parser.parse_args(arguments)
    files = [SITE / name for name in options.pages] or sorted((SITE / "book").glob("*.html"))
    missing = [str(file) for file in files if not file.is_file()]
    if missing or not files:
        return f"There is no page {', '.join(missing) or SITE}: build the site with `make book` or name another page."
    with sync_playwright() as playwright:
        browser = launch(playwright)
        if browser is None:
            return "There is no Chromium: install Debian's package chromium, or name one in the variable CHROMIUM."
        pictures(browser, files, options.out)
        browser.close()
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
