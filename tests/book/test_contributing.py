"""The walks of CONTRIBUTING.md, carried out as they stand there, each in a copy of the repository."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from chapter_parts import markdown

from tools.book.chapters import ROOT, chapter_paths, output_text, read, write
from tools.book.execution import why_stale
from tools.book.new_chapter import REPLACE
from tools.book.prose import unsupported_numbers

WALKS = ("Add a CAM method", "Add a recipe", "Add a chapter", "Change a sentence")
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
# These try the tools on small books of their own. Whether chapters are stale is asked below, before and after.
LEFT_OUT = ("test_tools.py", "test_stale.py")

needs_make = pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")


class Block(NamedTuple):
    """A fenced block: ``bash`` to type, ``python`` or ``markdown`` to write, ``text`` to see."""

    language: str
    text: str


def section(heading: str) -> str:
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, f"CONTRIBUTING.md has no section {heading!r}"
    return found[1]


def blocks(heading: str) -> list[Block]:
    """The blocks of a section in their order, without the indentation of the list they stand in."""
    found = re.findall(r"^( *)```(\w+)\n(.*?)^\1```$", section(heading), re.MULTILINE | re.DOTALL)
    return [
        Block(language, "".join(line.removeprefix(indent) for line in text.splitlines(keepends=True)))
        for indent, language, text in found
    ]


def written(heading: str, language: str) -> str:
    (text,) = [block.text for block in blocks(heading) if block.language == language]
    return text


def to_commit(heading: str) -> set[str]:
    """The files that a walk's last step names."""
    step = re.search(r"^\d\. (Commit .*?)(?:\n\n|\Z)", section(heading), re.MULTILINE | re.DOTALL)
    assert step, f"the walk {heading!r} does not say what to commit"
    return {name for name in re.findall(r"`([^`]+)`", step[1]) if " " not in name}


class Copy(NamedTuple):
    """A copy of the repository, its environment that of the tests."""

    root: Path

    def add_to(self, path: str, name: str, line: str) -> None:
        """Puts a line at the end of the dictionary or tuple that a name of a module stands for."""
        source = (self.root / path).read_text(encoding="utf-8")
        named = [
            node
            for node in ast.parse(source).body
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name
        ]
        (value,) = [node.value for node in named]
        last = value.generators[0].iter if isinstance(value, ast.DictComp) else value
        lines = source.splitlines(keepends=True)
        lines.insert(last.end_lineno - 1, line)
        (self.root / path).write_text("".join(lines), encoding="utf-8")

    def type(self, command: str) -> str:
        """What a command prints. It runs in the environment of the tests, and make is told not to install another."""
        command = re.sub(r"^make ", "make -o install -o .venv/installed ", command, flags=re.MULTILINE)
        left_out = " ".join(f"--ignore tests/book/{name}" for name in LEFT_OUT)
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | {
            "PYTHONPATH": str(self.root),
            "PYTEST_ADDOPTS": f"-p no:cacheprovider {left_out}",
            "TQDM_DISABLE": "1",
        }
        if environment.get("CIFARCAM_DATA") == "synthetic":  # from which chapters are not published; none here needs it
            del environment["CIFARCAM_DATA"]
        ran = subprocess.run(["bash", "-euc", command], cwd=self.root, env=environment, capture_output=True, text=True)
        assert ran.returncode == 0, f"{command}\n{ran.stdout[-6000:]}\n{ran.stderr[-2000:]}"
        return ran.stdout

    def changed(self) -> set[str]:
        status = subprocess.run(
            ["git", "status", "--porcelain", "--untracked-files=all"],
            cwd=self.root,
            capture_output=True,
            text=True,
            check=True,
        )
        return {line[3:] for line in status.stdout.splitlines()}


def carry_out(copy: Copy, commands: list[Block]) -> list[str]:
    """Types the commands, and holds what each prints against the block of text below it; gives what they print."""
    printed: list[str] = []
    for block in commands:
        if block.language == "bash":
            printed.append(copy.type(block.text))
        elif block.language == "text":
            assert_shown(block.text, printed[-1])
    return printed


def assert_shown(expected: str, printed: str) -> None:
    """The lines stand in what was printed, in this order, others between them; … stands for anything in a line."""
    lines = iter(printed.splitlines())
    for wanted in expected.splitlines():
        pattern = ".*".join(map(re.escape, wanted.split("…")))
        assert any(re.fullmatch(rf"\s*{pattern}\s*", line) for line in lines), f"{wanted!r} is not in\n{printed}"


def passed(printed: str) -> int:
    """How many tests passed, by pytest's last line; one that failed would have ended the command in an error."""
    return int(re.findall(r"(\d+) passed", printed)[-1])


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Copy]:
    root = tmp_path / "repository"
    git = ("git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    listed = subprocess.run(git, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("the repository is not under git here")
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, root / name)
    (root / ".venv").mkdir()
    for entry in Path(sys.prefix).iterdir():
        if entry.name != "installed":
            (root / ".venv" / entry.name).symlink_to(entry)
    (root / ".venv" / "installed").touch()
    begun = "git init -q && git config core.compression 0 && git add -A"
    begun += " && git -c user.name=x -c user.email=x@example.org commit -qm x"
    subprocess.run(["bash", "-euc", begun], cwd=root, check=True)
    yield Copy(root)
    shutil.rmtree(root)


def test_the_page_has_the_four_walks_and_each_can_be_typed() -> None:
    assert re.findall(r"^## ((?:Add|Change) .+)$", PAGE, re.MULTILINE) == list(WALKS)
    for walk in WALKS:
        steps = [int(number) for number in re.findall(r"^(\d)\. ", section(walk), re.MULTILINE)]
        assert steps == list(range(1, len(steps) + 1)) and len(steps) <= 6, walk
        assert {"bash", "text"} <= {block.language for block in blocks(walk)} and to_commit(walk), walk


def test_two_commands_set_up() -> None:
    clone, install = (block.text for block in blocks("Set up"))
    assert clone.startswith("git clone https://github.com/") and install == "make install\n"


def test_every_make_target_that_the_page_names_exists() -> None:
    targets = set(re.findall(r"^([a-z -]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    known = {name for line in targets for name in line.split()}
    named = set(re.findall(r"(?:`|^ *)make ([a-z-]+)", PAGE, re.MULTILINE))
    assert named and named <= known


@pytest.mark.slow
def test_a_method_is_added(copy: Copy) -> None:
    walk = "Add a CAM method"
    copy.add_to("cifarcam/maps/methods.py", "METHODS", written(walk, "python"))
    _, tested = carry_out(copy, blocks(walk))
    assert passed(tested) >= 5
    assert (copy.root / "runs" / "positive.png").is_file()
    assert copy.changed() == to_commit(walk)
    copy.type(".venv/bin/ruff check cifarcam && .venv/bin/ruff format --check cifarcam")


@pytest.mark.slow
def test_a_recipe_is_added(copy: Copy) -> None:
    walk = "Add a recipe"
    copy.add_to("cifarcam/training/recipes.py", "RECIPES", written(walk, "python"))
    _, tested = carry_out(copy, blocks(walk))
    assert passed(tested) > 100
    assert copy.changed() == to_commit(walk)
    copy.type(".venv/bin/ruff check cifarcam && .venv/bin/ruff format --check cifarcam")


@needs_make
@pytest.mark.slow
def test_a_chapter_is_added(copy: Copy) -> None:
    walk = "Add a chapter"
    commands = blocks(walk)
    begin = 2  # what is typed and seen before the author writes
    carry_out(copy, commands[:begin])
    (path,) = chapter_paths(copy.root, ["colours"])
    assert path.name[:2] == f"{sum(path.name[0].isdigit() for path in chapter_paths()) + 1:02}"
    notebook = read(path)
    assert markdown(notebook).count(REPLACE) > 10
    for cell in notebook.cells:
        cell.source = cell.source.replace(f"{REPLACE}: ", "")
    write(notebook, path)
    card = copy.root / "book" / "intro.md"
    card.write_text(card.read_text(encoding="utf-8").replace(f"{REPLACE}: ", ""), encoding="utf-8")

    carry_out(copy, commands[begin:])
    executed = read(path)
    assert why_stale(executed, copy.root / "cifarcam" / "recorded") == []
    assert [output_text(cell) for cell in executed.cells if cell.id == "sum"] == ["6\n"]
    assert copy.changed() == to_commit(walk) | {f"book/{path.name}", f"book/text/{path.stem}.py"}
    for page in ("README.md", "book/teachers.md"):
        assert f"{path.name})" in (copy.root / page).read_text(encoding="utf-8")
    copy.type(".venv/bin/ruff check . && .venv/bin/ruff format --check .")


@needs_make
@pytest.mark.slow
def test_a_sentence_is_changed(copy: Copy) -> None:
    walk = "Change a sentence"
    (name,) = re.findall(r"`(book/[^`]+\.ipynb)`", section(walk))
    records = copy.root / "cifarcam" / "recorded"
    notebook = read(copy.root / name)
    before = why_stale(notebook, records)
    cell = next(cell for cell in notebook.cells if cell.source.startswith("## What you need"))
    cell.source += "\n\n" + written(walk, "markdown").strip()
    write(notebook, copy.root / name)
    carry_out(copy, blocks(walk))
    assert why_stale(read(copy.root / name), records) == before
    assert {name} <= copy.changed() <= {name} | to_commit(walk)
    cell.source += " It was right 12.345 % of the time."
    assert unsupported_numbers(notebook) == ["12.345 %"]


def test_what_is_shown_may_leave_out_parts_of_a_line_and_whole_lines_but_no_wrong_ones() -> None:
    printed = "  name  gentle\n  lr  0.1\nRecorded in runs/moment: 10.00% are right.\n"
    assert_shown("name  gentle\nRecorded in …: … are right.\n", printed)
    for wrong in ("lr  0.2", "lr  0.1\nname  gentle", "lr", "Recorded in …: … are wrong."):
        with pytest.raises(AssertionError, match="is not in"):
            assert_shown(wrong, printed)
