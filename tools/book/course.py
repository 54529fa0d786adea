"""The teacher's page: what each chapter teaches and how long it takes, read from the chapters themselves.

``python -m tools.book.tables`` writes it into the page.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from nbformat import NotebookNode

from tools.book.chapters import ROOT, chapter_paths, code_cells, read, tags, title

PAGE = ROOT / "book" / "teachers.md"
# How long a class is expected to take: the page states the rule.
WORDS_A_MINUTE = 150
MINUTES_A_CELL = 1
MINUTES_AN_EXERCISE = 10
PLANS = {
    "two": (("Lecture 1", "01 02"), ("Lecture 2", "06 07")),
    "week": (
        ("Monday", "01 02"),
        ("Tuesday", "03 04"),
        ("Wednesday", "05 06"),
        ("Thursday", "07 08"),
        ("Friday", "09 10 11"),
    ),
    "six": (
        ("Week 1", "01 02"),
        ("Week 2", "03 04"),
        ("Week 3", "05 06"),
        ("Week 4", "07 08"),
        ("Week 5", "09 10"),
        ("Week 6", "11"),
    ),
}
WHOLE = ("week", "six")  # the plans that hold every chapter


def section(notebook: NotebookNode, heading: str) -> str:
    """The prose under a heading of the second level, up to the next."""
    prose = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", prose, re.MULTILINE | re.DOTALL)
    return found[1].strip() if found else ""


def goals(notebook: NotebookNode) -> list[str]:
    """What a learner can do afterwards: the items of the list "After this chapter you can:"."""
    said = section(notebook, "What you will be able to do") or section(notebook, "What you will see")
    _, _, listed = said.partition("After this chapter you can:")
    return [" ".join(item.split()) for item in re.findall(r"^- (.+?)(?=^- |\n\n|\Z)", listed, re.MULTILINE | re.DOTALL)]


def exercises(notebook: NotebookNode) -> int:
    """How many exercises a chapter has."""
    return sum(len(re.findall(r"^## Exercise \d", cell.source, re.MULTILINE)) for cell in notebook.cells)


def minutes(notebook: NotebookNode) -> int:
    """Minutes that a class is expected to take, to the next five: reading, a minute a cell, ten an exercise."""
    prose, solutions = [], False
    for cell in notebook.cells:
        solutions = solutions or "## Solutions (spoilers)" in cell.source
        if cell.cell_type == "markdown" and not solutions:
            prose.append(cell.source)
    words = len(re.findall(r"\w[\w'’.,-]*", re.sub(r"\$[^$]*\$|\([^)]*\)", " ", "\n".join(prose))))
    cells = [cell for cell in code_cells(notebook) if not {"hide-cell", "remove-cell"} & set(tags(cell))]
    of_exercises = re.compile(r"^answer = None$|^check(_answer)?\(", re.MULTILINE)
    shown = [cell for cell in cells if not of_exercises.search(cell.source)]
    total = words / WORDS_A_MINUTE + MINUTES_A_CELL * len(shown) + MINUTES_AN_EXERCISE * exercises(notebook)
    return -5 * int(-total // 5)


def course_table() -> str:
    """A row for each chapter: minutes in class and exercises."""
    lines = ["| chapter | minutes in class | exercises |\n", "| --- | ---: | ---: |\n"]
    for path in chapter_paths():
        notebook = read(path)
        lines.append(f"| {_link(path)} | {minutes(notebook)} | {exercises(notebook)} |\n")
    total = sum(minutes(read(path)) for path in chapter_paths())
    return "".join([*lines, f"| together | {total} | {sum(exercises(read(path)) for path in chapter_paths())} |\n"])


def goals_list() -> str:
    """For each chapter what a learner can do afterwards, and what the chapter says it needs."""
    parts = []
    for path in chapter_paths():
        notebook = read(path)
        parts.append(f"### {title(notebook)}\n\n[Open the chapter]({path.name}). Afterwards a learner can:\n\n")
        parts.append("".join(f"- {goal}\n" for goal in goals(notebook)))
        parts.append(f"\n*Needs:* {section(notebook, 'What you need')}\n\n")
    return "".join(parts)


def sessions(name: str, numbers: list[str]) -> list[tuple[str, list[str]]]:
    """The sessions of a plan, each with those of the chapters that it takes.

    In a plan of the whole course a chapter that ``PLANS`` does not name follows the one before it.
    """
    planned = [(session, [number for number in listed.split() if number in numbers]) for session, listed in PLANS[name]]
    for before, number in pairwise(numbers):
        if name in WHOLE and not any(number in taken for _, taken in planned):
            taken = next(taken for _, taken in planned if before in taken)
            taken.insert(taken.index(before) + 1, number)
    return planned


def plan_table(name: str) -> str:
    """One course plan: the chapters of each session that there are, and their minutes."""
    by_number = {path.name[:2]: path for path in chapter_paths()}
    lines = ["| session | chapters | minutes |\n", "| --- | --- | ---: |\n"]
    for session, numbers in sessions(name, list(by_number)):
        paths = [by_number[number] for number in numbers]
        total = sum(minutes(read(path)) for path in paths)
        lines.append(f"| {session} | {'; '.join(map(_link, paths)) or 'the projects'} | {total or ''} |\n")
    return "".join(lines)


def _link(path: Path) -> str:
    return f"[{title(read(path))}]({path.name})"


TABLES: dict[str, Callable[[], str]] = {
    "course": course_table,
    "goals": goals_list,
    **{f"plan {name}": lambda name=name: plan_table(name) for name in PLANS},
}
