"""Where a fork's site is published."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tools.book import address
from tools.book.chapters import ROOT


@pytest.mark.parametrize(
    ("repository", "site"),
    [
        ("https://github.com/some/where", "https://some.github.io/where/"),
        ("https://github.com/Some/Where", "https://some.github.io/Where/"),
        ("https://github.com/Some/some.github.io", "https://some.github.io/"),
    ],
)
def test_a_repository_has_its_pages_under_its_owners_host(repository: str, site: str) -> None:
    assert address.pages_address(repository) == site


def test_a_fork_gets_its_own_pages_and_nothing_else_changes(tmp_path: Path) -> None:
    before = (ROOT / "_config.yml").read_text(encoding="utf-8")
    (tmp_path / "_config.yml").write_text(before, encoding="utf-8")
    address.retarget("https://github.com/me/fork", tmp_path)
    old, new = yaml.safe_load(before), yaml.safe_load((tmp_path / "_config.yml").read_text(encoding="utf-8"))
    assert new["sphinx"]["config"].pop("ogp_site_url") == "https://me.github.io/fork/"
    assert new["repository"].pop("url") == "https://github.com/me/fork"
    old["sphinx"]["config"].pop("ogp_site_url")
    old["repository"].pop("url")
    assert new == old
