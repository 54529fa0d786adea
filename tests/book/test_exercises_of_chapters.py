"""The check cells of the chapters: what they tell of the solution, of other right answers, of wrong ones, of none."""

from __future__ import annotations

import ast
import re
import symtable
from pathlib import Path

import pytest
from answers_to_exercises import ANSWERS, WRONG_EVERYWHERE
from chapter_parts import every_chapter, exercises, solutions
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from tools.book.chapters import ROOT, chapter_paths, code_cells, output_text, read, write
from tools.book.execute import execute


def test_right_and_wrong_answers_are_known_for_each_exercise() -> None:
    asked = [(path.name[:2], number) for path in chapter_paths() for number in exercises(read(path))]
    assert set(ANSWERS) == set(asked), "an entry of answers_to_exercises.py for each exercise, and no other"
    assert all(answers.right and answers.wrong for answers in ANSWERS.values())


def answered(notebook: NotebookNode, chapter: str) -> list[tuple[NotebookNode, str]]:
    """Cells that answer and check, appended to the notebook, each with the beginning of what it has to print."""
    checked = []
    for (number, cells), solution in zip(exercises(notebook).items(), solutions(notebook), strict=True):
        answers = ANSWERS[chapter, number]
        sources = [(solution.source, "right")]
        sources += [(f"answer = {answer}", "right") for answer in answers.right]
        sources += [(f"answer = {answer}", "not yet: ") for answer in (*answers.wrong, *WRONG_EVERYWHERE)]
        for source, verdict in sources:
            checked.append((new_code_cell(f"{source}\n\n{cells[-1].source}"), verdict))
    notebook.cells += [cell for cell, _ in checked]
    return checked


SHOWS = ("print", "figures", "fit")  # what is looked at, and trainings, whose effects no exercise asks for
GROWS = ("add", "append", "extend", "insert", "update")


def names(statement: ast.stmt) -> tuple[set[str], set[str]]:
    """The names that a statement makes, or whose objects it may change, and those that it uses."""
    table = symtable.symtable(ast.unparse(statement), "statement", "exec")
    made = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
    used = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_referenced()}
    functions = list(table.get_children())
    for function in functions:
        used |= {symbol.get_name() for symbol in function.get_symbols() if symbol.is_global()}
        functions += function.get_children()
    parts = list(ast.walk(statement))
    counting = {name for part in parts if isinstance(part, ast.For) for name in names_in(part.target)}
    return made - counting | {name for part in parts for name in changed(part)}, used


def changed(part: ast.AST) -> set[str]:
    """The names whose objects a part of a statement may change: by storing into them, or by a call for its effect."""
    if isinstance(part, ast.Subscript | ast.Attribute) and isinstance(part.ctx, ast.Store):
        return names_in(part.value)
    if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr in GROWS:
        return names_in(part.func.value)
    if isinstance(part, ast.Expr) and isinstance(part.value, ast.Call):
        first = next(name.id for name in ast.walk(part.value.func) if isinstance(name, ast.Name))
        return set() if first in SHOWS else names_in(part.value)
    return set()


def names_in(part: ast.AST) -> set[str]:
    return {name.id for name in ast.walk(part) if isinstance(name, ast.Name)}


def without_what_no_exercise_needs(notebook: NotebookNode, asked: list[NotebookNode]) -> None:
    """Takes out statements, such as figures and trainings, that neither the cells asked for use nor what those need."""
    wanted: set[str] = set()
    for cell in reversed(code_cells(notebook)):
        kept = []
        for statement in reversed(ast.parse(re.sub(r"^( *)%.*", r"\1pass", cell.source, flags=re.MULTILINE)).body):
            made, used = names(statement)
            if cell in asked or made & wanted:
                wanted |= used
                kept.insert(0, ast.unparse(statement))
        if not kept:
            notebook.cells.remove(cell)
        elif cell not in asked:
            cell.source = "\n".join(kept)


@every_chapter
@pytest.mark.slow
@pytest.mark.needs_cifar10
def test_each_answer_gets_its_verdict(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = read(path)
    expected = answered(notebook, path.name[:2])
    of_exercises = [cell for cells in exercises(notebook).values() for cell in cells]
    without_what_no_exercise_needs(notebook, [*of_exercises, *(cell for cell, _ in expected)])
    write(notebook, tmp_path / path.name)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))  # the kernel starts in an empty folder
    executed = execute(tmp_path / path.name)

    unanswered = [output_text(cells[-1]) for cells in exercises(executed).values()]
    assert unanswered == ["not answered yet\n"] * len(unanswered)
    surprises = [
        f"{cell.source}\n→ {output_text(cell)}"
        for cell, (_, verdict) in zip(executed.cells[-len(expected) :], expected, strict=True)
        if not told(output_text(cell), verdict)
    ]
    assert surprises == [], "\n\n".join(surprises)


def told(printed: str, verdict: str) -> bool:
    """Whether a cell ends in the line "right", or prints one line, which begins with "not yet: " and goes on."""
    if verdict == "right":
        return printed.splitlines()[-1] == "right"
    return printed.count("\n") == 1 and printed.startswith(verdict) and len(printed.strip()) > len(verdict)
