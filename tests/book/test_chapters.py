"""The chapters as they ship: executed, described, true to their outputs, and built to one template."""

from __future__ import annotations

import re
from itertools import takewhile
from pathlib import Path

from chapter_parts import END, TEMPLATES, every_chapter, every_notebook, exercises, headings, markdown, solutions
from nbformat import NotebookNode

from cifarcam.exercises.catalogue import KINDS
from tools.book import stamp
from tools.book.address import repository
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
    numbers = [int(path.name[:2]) for path in chapter_paths()]
    assert numbers and numbers == list(range(1, len(numbers) + 1))


@every_chapter
def test_a_title_begins_with_the_chapters_number(path: Path) -> None:
    assert title(read(path)).startswith(f"{path.name[:2].lstrip('0')}. ")


@every_notebook
def test_every_cell_was_executed_in_order(path: Path) -> None:
    counts = [cell.execution_count for cell in code_cells(read(path))]
    assert counts == list(range(1, len(counts) + 1))


@every_notebook
def test_no_cell_failed_or_wrote_to_stderr(path: Path) -> None:
    outputs = [output for cell in code_cells(read(path)) for output in cell.outputs]
    assert [output for output in outputs if output.output_type == "error" or output.get("name") == "stderr"] == []


@every_notebook
def test_every_figure_has_alt_text(path: Path) -> None:
    for cell in code_cells(read(path)):
        if shows_a_figure(cell):
            alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
            assert len(alt.split()) >= 5, f"no alt text that describes the figure of: {cell.source}"


@every_notebook
def test_every_number_in_the_prose_is_printed_by_a_cell(path: Path) -> None:
    assert unsupported_numbers(read(path)) == []


@every_chapter
def test_nothing_is_left_of_the_skeleton_that_a_chapter_begins_with(path: Path) -> None:
    card = (ROOT / FIRST_PAGE).read_text(encoding="utf-8").partition(f":link: {path.stem}\n")[2].partition("\n:::")[0]
    sources = [*(cell.source for cell in read(path).cells), card]
    assert [line for source in sources for line in source.splitlines() if REPLACE in line] == []


@every_notebook
def test_markdown_is_plain_so_that_colab_renders_it(path: Path) -> None:
    directive_or_role = r"^\s*(?:```+|~~~+|:::+)\s*\{|^:::|\{[a-z:-]+\}`|^\([\w-]+\)=\s*$|^%\s"
    assert re.findall(directive_or_role, markdown(read(path)), re.MULTILINE) == []


@every_notebook
def test_a_chapter_is_small_and_names_no_folder_of_the_machine_it_ran_on(path: Path) -> None:
    assert path.stat().st_size < 2_000_000
    texts = "\n".join(output_text(cell) for cell in code_cells(read(path)))
    assert re.findall(r"(?:/root|/home/\w+|/Users/\w+|/tmp)/\S+|site-packages", texts) == []


@every_chapter
def test_headings_follow_the_template(path: Path) -> None:
    notebook = read(path)
    found = headings(notebook)
    assert title(notebook)
    (template,) = (template for template in TEMPLATES if template[0] == found[0])
    assert [heading for heading in found if heading in template] == template
    after = len(template) - 2
    assert found[:2] == template[:2] and found[-after:] == template[-after:] and found[-len(END) :] == END
    steps = list(takewhile(lambda heading: not heading.startswith("Exercise "), found[2:-after]))
    assert steps, "a chapter needs steps between what it needs and its exercises"
    assert all(heading.startswith("Exercise ") for heading in found[2 + len(steps) : -after])


@every_chapter
def test_every_figure_has_a_caption_and_captions_are_numbered(path: Path) -> None:
    notebook, number = read(path), path.name[:2].lstrip("0")
    captions = re.findall(r"\*\*Figure (\d+)\.(\d+)\.\*\*", markdown(notebook))
    assert captions == [(number, str(place + 1)) for place in range(len(captions))]
    figures = [cell for cell in code_cells(notebook) if shows_a_figure(cell)]
    assert len(captions) == len(figures)


def shows_a_figure(cell: NotebookNode) -> bool:
    return any(kind.startswith("image/") for output in cell.outputs for kind in output.get("data", {}))


def test_a_chapter_in_the_new_format_shows_its_picture_before_it_says_when_it_was_executed() -> None:
    notebooks = [read(path) for path in chapter_paths()]
    new = [notebook for notebook in notebooks if any(cell.id == "standfirst" for cell in notebook.cells)]
    assert new
    for notebook in new:
        ids = [cell.id for cell in notebook.cells]
        assert ids[1:6] == ["setup", "standfirst", "picture", "picture-caption", "execution-note"]
        prompts = [cell for cell in notebook.cells if re.match(r"## Exercise \d", cell.source)]
        kinds = [cell.metadata.exercise.kind for cell in prompts]
        assert len(kinds) == 4 and set(kinds) == set(KINDS)
        checkers = [cell.source for cell in code_cells(notebook) if "checker" in tags(cell)]
        assert len(checkers) == 3
        assert all(re.search(r"^check_answer\(\"[\w -]+\", answer\)$", source, re.MULTILINE) for source in checkers)


@every_chapter
def test_exercises_can_be_answered_checked_and_looked_up(path: Path) -> None:
    notebook = read(path)
    found = exercises(notebook)
    assert list(found) in ([1, 2], [1, 2, 3])
    for number, cells in found.items():
        assert cells[0].source.strip() == "answer = None", f"exercise {number} begins with the cell `answer = None`"
        checks = [cell for cell in cells[1:] if re.search(r"check(?:_answer)?\(.*?\banswer\b", cell.source, re.DOTALL)]
        assert len(checks) == 1 and output_text(checks[0]).strip() == "not answered yet", f"exercise {number}"
    hidden = [cell for cell in solutions(notebook) if "hide-cell" in tags(cell)]
    assert len(hidden) == len(solutions(notebook)) == len(found)
    assert all(re.search(r"^answer = ", cell.source, re.MULTILINE) for cell in hidden)


def test_the_address_is_in_step_everywhere() -> None:
    assert [path.name for path in stamp.out_of_step()] == []


def test_the_address_stands_nowhere_but_where_the_stamp_writes_it() -> None:
    address = repository(ROOT).url.removeprefix("https://")
    pages = [path for pattern in PAGES for path in ROOT.glob(pattern)]
    stamped = re.compile(r"<!-- (colab|clone|cite|attribution) -->.*?<!-- /\1 -->", re.DOTALL)
    assert [path.name for path in pages if address in stamped.sub("", path.read_text(encoding="utf-8"))] == []


@every_chapter
def test_colab_gets_a_gpu_and_first_of_all_the_setup_cell(path: Path) -> None:
    notebook = read(path)
    assert notebook.metadata.accelerator == "GPU"
    assert code_cells(notebook)[0].id == "setup"
