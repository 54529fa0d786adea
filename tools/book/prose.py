"""The numbers in a chapter's prose, held against the numbers its cells print.

A number is checked when it could be a result: it has a decimal point, a percent sign, three digits or more, or a word
such as million after it. Smaller whole numbers (ten classes, 32 by 32, 4 places) are free, and so is what is no
result: code, formulas, addresses, names such as CIFAR-100, versions such as 2.11.0, years of publications. A number
is supported when a printed number, rounded to as many digits, equals it; a percentage may be printed as a fraction.
The cell ``execution-note`` is left out: it is written from the metadata, and held to it by a test of its own.
"""

from __future__ import annotations

import re
from decimal import Decimal

from nbformat import NotebookNode

from tools.book.chapters import code_cells, output_text
from tools.book.execution_note import CELL as EXECUTION_NOTE

# Facts that no chapter has to print: the data set's sizes, a byte's range and number of values, the network's
# widths, the megabytes of the data set's archive, and the side of the photographs that ResNet was made for.
FACTS = frozenset(map(Decimal, (100, 1000, 5000, 6000, 10000, 50000, 60000, 255, 256, 128, 512, 170, 224)))
SCALES = {"thousand": 3, "million": 6, "billion": 9}

_FREE = re.compile(
    r"""
    ```.*?```                                           # code blocks
    | (?<!`)(`+)(?!`).+?(?<!`)\1(?!`)                   # code spans
    | \$\$.+?\$\$ | (?<!\\)\$[^$\n]+\$                  # formulas
    | \]\([^)]*\) | https?://\S+ | <[^>\n]+>            # addresses and HTML
    | arXiv[:\s]\s?\d{4}\.\d{4,5}
    | \bFigure\ \d+\.\d+                               # the numbers of figures
    | \b[A-Za-z]+-\d[\d.]*                              # names: ResNet-18, CIFAR-100
    | \b\d+(?:\.\d+){2,}                                # versions
    | (?:\(|(?:\b[A-Z]\w+|et\ al\.),?\s\(?)(?:19|20)\d\d(?![\d,.]\d)   # (2016), Smith 2017, et al. (2016), June 2026
    """,
    re.VERBOSE | re.DOTALL,
)
# Possessive quantifiers: without them a failed end would let "41s" pass as 4, or "1234.5s" as 1234.
_NUMBER = r"(?<![\w.])(?P<digits>\d{1,3}(?:,\d{3})++|\d++)(?P<fraction>\.\d++)?+(?P<exponent>[eE][-+]?\d++)?+"
_IN_PROSE = re.compile(_NUMBER + r"(?!\w)(?P<percent>\s?%)?(?:\s(?P<scale>thousand|million|billion)\b)?")
_IN_OUTPUT = re.compile(_NUMBER)


def prose(notebook: NotebookNode) -> str:
    """A chapter's Markdown cells and figure captions."""
    parts = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.get("id") != EXECUTION_NOTE:
            parts.append(cell.source)
        parts.append(cell.metadata.get("mystnb", {}).get("figure", {}).get("caption", ""))
    return "\n\n".join(parts)


def unsupported_numbers(notebook: NotebookNode) -> list[str]:
    """The numbers in a chapter's prose, as written, that none of its text outputs supports."""
    return unsupported(prose(notebook), "\n".join(output_text(cell) for cell in code_cells(notebook)))


def unsupported(text: str, printed: str) -> list[str]:
    """The numbers in ``text`` that could be results and that no number in ``printed`` supports."""
    figures_left_out = re.sub(r"<(?:Figure|Chart|Pictures) size[^>]*>", " ", printed)
    numbers = [_value(match) for match in _IN_OUTPUT.finditer(figures_left_out)]
    matches = _IN_PROSE.finditer(_FREE.sub(" ", text))
    return [match[0] for match in matches if _could_be_result(match) and not _supported(match, numbers)]


def _could_be_result(match: re.Match) -> bool:
    marked = match["fraction"] or match["exponent"] or match["percent"] or match["scale"]
    return bool(marked) or (len(match["digits"].replace(",", "")) >= 3 and _value(match) not in FACTS)


def _supported(match: re.Match, printed: list[Decimal]) -> bool:
    scale = Decimal(10) ** SCALES.get(match["scale"], 0)
    stated = _value(match)
    last_digit = Decimal(10) ** stated.as_tuple().exponent if match["fraction"] or match["exponent"] else Decimal(1)
    tolerance = last_digit / 2 * scale
    readings = (Decimal(1), Decimal(100)) if match["percent"] else (Decimal(1),)
    return any(abs(number * reading - stated * scale) <= tolerance for number in printed for reading in readings)


def _value(match: re.Match) -> Decimal:
    return Decimal(match["digits"].replace(",", "") + (match["fraction"] or "") + (match["exponent"] or ""))
