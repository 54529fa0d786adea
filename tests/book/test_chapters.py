"""The chapters as they ship: executed, described, true to their outputs, and built to one template."""

from __future__ import annotations

import re
from itertools import takewhile
from pathlib import Path

from chapter_parts import TEMPLATE, every_chapter, exercises, headings, markdown, solutions

from tools.book import stamp
from tools.book.chapters import ROOT, chapter_paths, code_cells, output_text, read, tags, title
from tools.book.new_chapter import FIRST_PAGE, REPLACE
from tools.book.prose import unsupported_numbers

# Where the repository's address may stand only between the stamp's markers.
PAGES = [
    "README.md",
    "CONTRIBUTING.md",
    "pyproject.toml",
    "book/*.md",
    "cifarcam/**/*.py",
    "tools/*.py",
    ".github/**/*.yml",
]


def test_there_are_chapters_numbered_from_one_without_gaps() -> None:
    numbers = [int(path.name[:2]) for path in chapter_paths() if path.name[0].isdigit()]
    assert numbers and numbers == list(range(1, len(numbers) + 1))


@every_chapter
def test_a_title_begins_with_the_chapters_number_or_the_appendixs_letter(path: Path) -> None:
    number = path.name[:2].lstrip("0") if path.name[0].isdigit() else path.name[0]
    assert title(read(path)).startswith(f"{number}. ")


@every_chapter
def test_every_cell_was_executed_in_order(path: Path) -> None:
    counts = [cell.execution_count for cell in code_cells(read(path))]
    assert counts == list(range(1, len(counts) + 1))


@every_chapter
def test_no_cell_failed_or_wrote_to_stderr(path: Path) -> None:
    outputs = [output for cell in code_cells(read(path)) for output in cell.outputs]
    assert [output for output in outputs if output.output_type == "error" or output.get("name") == "stderr"] == []


@every_chapter
def test_every_figure_has_alt_text(path: Path) -> None:
    for cell in code_cells(read(path)):
        if any(kind.startswith("image/") for output in cell.outputs for kind in output.get("data", {})):
            alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
            assert len(alt.split()) >= 5, f"no alt text that describes the figure of: {cell.source}"


@every_chapter
def test_every_number_in_the_prose_is_printed_by_a_cell(path: Path) -> None:
    assert unsupported_numbers(read(path)) == []


@every_chapter
def test_nothing_is_left_of_the_skeleton_that_a_chapter_begins_with(path: Path) -> None:
    card = (ROOT / FIRST_PAGE).read_text(encoding="utf-8").partition(f":link: {path.stem}\n")[2].partition("\n:::")[0]
    sources = [*(cell.source for cell in read(path).cells), card]
    assert [line for source in sources for line in source.splitlines() if REPLACE in line] == []


@every_chapter
def test_markdown_is_plain_so_that_colab_renders_it(path: Path) -> None:
    directive_or_role = r"^\s*(?:```+|~~~+|:::+)\s*\{|^:::|\{[a-z:-]+\}`|^\([\w-]+\)=\s*$|^%\s"
    assert re.findall(directive_or_role, markdown(read(path)), re.MULTILINE) == []


@every_chapter
def test_a_chapter_is_small_and_names_no_folder_of_the_machine_it_ran_on(path: Path) -> None:
    assert path.stat().st_size < 2_000_000
    texts = "\n".join(output_text(cell) for cell in code_cells(read(path)))
    assert re.findall(r"(?:/root|/home/\w+|/Users/\w+|/tmp)/\S+|site-packages", texts) == []


@every_chapter
def test_headings_follow_the_template(path: Path) -> None:
    notebook = read(path)
    found = headings(notebook)
    assert title(notebook)
    assert [heading for heading in found if heading in TEMPLATE] == TEMPLATE
    assert found[:2] == TEMPLATE[:2] and found[-4:] == TEMPLATE[-4:]
    steps = list(takewhile(lambda heading: not heading.startswith("Exercise "), found[2:-4]))
    assert steps, "a chapter needs steps between what it needs and its exercises"
    assert all(heading.startswith("Exercise ") for heading in found[2 + len(steps) : -4])


@every_chapter
def test_exercises_can_be_answered_checked_and_looked_up(path: Path) -> None:
    notebook = read(path)
    found = exercises(notebook)
    assert list(found) in ([1, 2], [1, 2, 3])
    for number, cells in found.items():
        assert cells[0].source.strip() == "answer = None", f"exercise {number} begins with the cell `answer = None`"
        checks = [cell for cell in cells[1:] if re.search(r"check\(\s*answer", cell.source)]
        assert len(checks) == 1 and output_text(checks[0]).strip() == "not answered yet", f"exercise {number}"
    hidden = [cell for cell in solutions(notebook) if "hide-cell" in tags(cell)]
    assert len(hidden) == len(solutions(notebook)) == len(found)
    assert all(re.search(r"^answer = ", cell.source, re.MULTILINE) for cell in hidden)


def test_the_address_is_in_step_everywhere() -> None:
    assert [path.name for path in stamp.out_of_step()] == []


def test_the_address_stands_nowhere_but_where_the_stamp_writes_it() -> None:
    address = stamp.repository(ROOT).url.removeprefix("https://")
    pages = [path for pattern in PAGES for path in ROOT.glob(pattern)]
    stamped = re.compile(r"<!-- (colab|clone|cite|attribution) -->.*?<!-- /\1 -->", re.DOTALL)
    assert [path.name for path in pages if address in stamped.sub("", path.read_text(encoding="utf-8"))] == []


@every_chapter
def test_colab_gets_a_gpu_and_first_of_all_the_setup_cell(path: Path) -> None:
    notebook = read(path)
    assert notebook.metadata.accelerator == "GPU"
    assert code_cells(notebook)[0].id == "setup"
