"""What the page for teachers tells to do: that the files, commands and places it names exist."""

from __future__ import annotations

import re

import yaml

from tools.book.chapters import ROOT, chapter_paths

TEACHERS = (ROOT / "book" / "teachers.md").read_text(encoding="utf-8")


def test_the_commands_for_teachers_name_files_and_modules_that_exist() -> None:
    files = set(re.findall(r"\B-r (\S+\.txt)", TEACHERS))
    assert files and all((ROOT / name).is_file() for name in files)
    modules = set(re.findall(r"python -m (tools[.\w]*\w)", TEACHERS))
    assert modules and all((ROOT / f"{name.replace('.', '/')}.py").is_file() for name in modules)


def test_packages_are_carried_as_wheels_to_where_nothing_can_be_built() -> None:
    assert "pip wheel -r requirements-cpu.txt . -w wheels" in TEACHERS and "pip download" not in TEACHERS


def test_a_chapter_stands_in_the_places_that_the_recipe_for_leaving_it_out_names() -> None:
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    listed = {chapter["file"] for part in contents["parts"] for chapter in part["chapters"]}
    cards = (ROOT / "book" / "intro.md").read_text(encoding="utf-8")
    for path in chapter_paths():
        assert f"book/{path.stem}" in listed and f":link: {path.stem}\n" in cards
