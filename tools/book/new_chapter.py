"""Begins a chapter: ``python -m tools.book.new_chapter NAME "TITLE"``.

It gets the next number, a notebook that already has every part a chapter needs, its line in the contents, its card on
the first page, and answers to its exercises for the tests. Whatever is to be written by hand says ``REPLACE``, and a
test finds what was left.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from cifarcam.errors import CifarcamError
from cifarcam.files import atomic_write
from tools.book.chapters import ROOT, chapter_paths, write

REPLACE = "REPLACE"
CONTENTS, FIRST_PAGE = Path("_toc.yml"), Path("book", "intro.md")
ANSWERS = Path("tests", "book", "answers_to_exercises.py")
CHECKED = {"tags": ["hide-input", "nbval-check-output"]}

SEE = """\
## What you will see

REPLACE: the question that this chapter answers, as a person would ask it.

After this chapter you can:

- REPLACE: do this;
- REPLACE: say why that happens;
- REPLACE: tell this from that.
"""
NEED = """\
## What you need

REPLACE: the chapters to read first, linked, what must be downloaded, and how long the cells take.
"""
STEP = """\
## REPLACE: the first step

REPLACE: what we are about to try, and why.
"""
SHOWN = "REPLACE: what this shows. Each number named here must be printed by a cell."
EXERCISE = """\
## Exercise {number}: REPLACE: what to find

REPLACE: the question.
"""
QUIZ = """\
## Quiz

One answer to each question is right. Choose first, then unfold the explanation.
"""
QUESTION = """\
**Question {number}.** REPLACE: what would you ask a reader who has understood it?

- **A.** REPLACE: one answer{a}.
- **B.** REPLACE: another answer{b}.
- **C.** REPLACE: a third answer{c}.

<details>
<summary>Answer to question {number}</summary>

**{right}.** REPLACE: why this one is right, in eight words or more.

{wrong}

</details>"""
WRONG = "- **{letter}.** REPLACE: why this one is wrong, in eight words or so."
LEARNED = """\
## What we learned

- REPLACE: the answer to the question at the top.

## Next

REPLACE: where to go from here.
"""
SOLUTIONS = """\
## Solutions (spoilers)

Each of these sets `answer`; run the exercise's check cell after it.
"""
CHECK = """\
check(
    answer,
    lambda number: number == {right},
    hint="REPLACE: where to look",
)"""
CARD = """\
:::{{grid-item-card}} {title}
:link: {stem}
:link-type: doc

REPLACE: the chapter in one sentence.
:::

"""


def skeleton(title: str) -> NotebookNode:
    """A chapter with all that the tests ask of one, and ``REPLACE`` where its author writes."""
    cells = [
        new_markdown_cell(f"# {title}", id="title"),
        new_markdown_cell(SEE.strip(), id="see"),
        new_markdown_cell(NEED.strip(), id="need"),
        new_markdown_cell(STEP.strip(), id="step"),
        new_code_cell("numbers = [3, 1, 2]\nprint(sum(numbers))", id="sum", metadata={"tags": ["nbval-check-output"]}),
        new_markdown_cell(SHOWN, id="shown"),
    ]
    for number, right in ((1, "max(numbers)"), (2, "len(numbers)")):
        source = CHECK.format(right=right)
        cells += [
            new_markdown_cell(EXERCISE.format(number=number).strip(), id=f"exercise-{number}"),
            new_code_cell("answer = None", id=f"answer-{number}"),
            new_code_cell(
                f"from cifarcam.exercises import check\n\n{source}" if number == 1 else source,
                id=f"check-{number}",
                metadata=CHECKED,
            ),
        ]
    cells.append(new_markdown_cell(QUIZ.strip(), id="quiz"))
    cells += [new_markdown_cell(_question(number, right), id=f"quiz-{number}") for number, right in enumerate("BCA", 1)]
    cells += [
        new_markdown_cell(LEARNED.strip(), id="learned"),
        new_markdown_cell(SOLUTIONS.strip(), id="solutions"),
        new_code_cell("answer = max(numbers)", id="solution-1", metadata={"tags": ["hide-cell"]}),
        new_code_cell("answer = len(numbers)", id="solution-2", metadata={"tags": ["hide-cell"]}),
    ]
    return new_notebook(cells=cells)


def _question(number: int, right: str) -> str:
    wrong = [letter for letter in "ABC" if letter != right]
    longer = {letter.lower(): ", which should not be told by its length" * (letter == wrong[0]) for letter in "ABC"}
    explained = "\n".join(WRONG.format(letter=letter) for letter in wrong)
    return QUESTION.format(number=number, right=right, wrong=explained, **longer)


def begin(name: str, title: str, root: Path = ROOT) -> list[Path]:
    """Writes a new last chapter, and gives the files it wrote or changed.

    Raises ``CifarcamError``, changing nothing, for a name that is none, or where a file no longer has the place for it.
    """
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        raise CifarcamError(f"The name is {name!r}; expected lower-case words joined by hyphens, such as my-chapter.")
    numbered = chapter_paths(root)
    if name in (path.stem[3:] for path in numbered):
        raise CifarcamError(f"There is a chapter {name!r} already; choose another name.")
    number, before = len(numbered) + 1, numbered[-1].stem
    path = root / "book" / f"{number:02}-{name}.ipynb"
    card = CARD.format(title=f"{number}. {title}", stem=path.stem)
    answers = [
        f'    ("{number:02}", {exercise}): Answers(right=("{right}",), wrong=("{wrong}",)),\n'
        for exercise, right, wrong in ((1, "3.0", "6"), (2, "1 + 2", "6"))
    ]
    texts = {
        CONTENTS: _inserted(
            root / CONTENTS, rf"^( *)- file: book/{before}\n", rf"\g<0>\g<1>- file: book/{path.stem}\n"
        ),
        FIRST_PAGE: _inserted(root / FIRST_PAGE, rf"^:link: {before}\n.*?^:::\n\n", lambda found: found[0] + card),
        ANSWERS: _inserted(
            root / ANSWERS, r"^ANSWERS = \{\n(?: [^\n]*\n)*?(?=\})", lambda found: found[0] + "".join(answers)
        ),
    }
    write(skeleton(f"{number}. {title}"), path)
    for place, text in texts.items():
        with atomic_write(root / place) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return [path, *(root / place for place in texts)]


def _inserted(path: Path, place: str, instead: str | Callable[[re.Match], str]) -> str:
    """A file's text with something put where the pattern finds its place."""
    text, found = re.subn(place, instead, path.read_text(encoding="utf-8"), count=1, flags=re.MULTILINE | re.DOTALL)
    if not found:
        raise CifarcamError(f"{path} has no place for a chapter: nothing in it matches {place!r}. Restore it from git.")
    return text


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Begin a chapter.")
    parser.add_argument("name", help="how its file is called: lower-case words joined by hyphens")
    parser.add_argument("title", help="its title, without the number")
    chosen = parser.parse_args(arguments)
    try:
        written = begin(chosen.name, chosen.title)
    except CifarcamError as error:
        sys.exit(str(error))
    for path in written:
        print(f"{path.relative_to(ROOT)}: {'written' if path == written[0] else 'added to'}")
    print(f"Now write what says {REPLACE} there, then: make execute CHAPTER={chosen.name}")


if __name__ == "__main__":
    main()
