"""Generated text stands between marks of a page, and a mark that is wrong is named."""

from __future__ import annotations

import pytest

from cifarcam.errors import CifarcamError
from tools.book import tables
from tools.book.markers import filled

WRITERS = {"one": lambda: "| 1 |\n", "used a.b": lambda: r"\1 <b>", "never": lambda: 1 / 0}


def test_each_mark_gets_what_its_writer_gives_and_the_rest_stays() -> None:
    page = "Before\n<!-- one --> old <!-- /one -->\nbetween <!-- used a.b --><!-- /used a.b -->\n"
    expected = "Before\n<!-- one -->\n| 1 |\n<!-- /one -->\nbetween <!-- used a.b -->\n\\1 <b>\n<!-- /used a.b -->\n"
    assert filled(page, "page.md", WRITERS) == expected
    assert filled(expected, "page.md", WRITERS) == expected


def test_a_page_without_marks_stays() -> None:
    assert filled("Text, --> and <!-- not closed", "page.md", WRITERS) == "Text, --> and <!-- not closed"


@pytest.mark.parametrize(
    ("page", "message"),
    [
        ("<!-- two --><!-- /two -->", r"page\.md: nothing writes .*<!-- two -->"),
        ("<!-- /one -->", r"page\.md: nothing writes .*<!-- /one -->"),
        ("<!-- one -->", r"page\.md: <!-- one --> has no <!-- /one -->"),
        ("<!-- one --><!-- used a.b --><!-- /used a.b --><!-- /one -->", r"page\.md: <!-- one --> has no"),
        ("<!-- one --><!-- /one --><!-- one -->", r"page\.md: <!-- one --> has no"),
    ],
)
def test_a_mark_that_nothing_writes_or_that_does_not_end_is_named(page: str, message: str) -> None:
    with pytest.raises(CifarcamError, match=message):
        filled(page, "page.md", WRITERS)


def test_every_writer_of_the_book_has_a_place_in_a_page() -> None:
    pages = "".join(path.read_text(encoding="utf-8") for path in tables.pages())
    assert [name for name in tables.writers() if f"<!-- {name} -->" not in pages] == []
