"""Writes the repository's address, which stands in ``_config.yml``, wherever else the book needs it.

    python -m tools.book.stamp            writes
    python -m tools.book.stamp --check    writes nothing; exits 1 and names the files that are out of step
    python -m tools.book.stamp --repository https://github.com/OWNER/NAME    for a fork: changes the address first

Chapters get a link to Colab (cell ``colab``), what their metadata says of their last execution (``execution-note``)
and a first code cell (``setup``) that installs the package in Colab, all right under the title, and the metadata that
Colab reads.
Markdown pages get what their markers ask for, as in ``<!-- colab --> … <!-- /colab -->``; ``CITATION.cff`` gets the
address.
"""

from __future__ import annotations

import argparse
import copy
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat
import yaml
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from cifarcam.errors import CifarcamError
from cifarcam.files import atomic_write
from tools.book import citation
from tools.book.chapters import ROOT, chapter_paths, read, title, write
from tools.book.execution_note import CELL as EXECUTION_NOTE
from tools.book.execution_note import refresh

# Of all that the package needs, Colab ships everything but these. They are installed without their dependencies,
# so that Colab's own torch and numpy stay as they are.
COLAB_LACKS = ("grad-cam", "torch-lr-finder", "ttach")
ADDRESS = re.compile(r"https://github\.com/[\w.-]+/[\w.-]+(?<!\.git)")
EXPECTED = "'https://github.com/OWNER/NAME' with no slash at the end"
STAMPED = ("colab", EXECUTION_NOTE, "setup")  # ids of the cells that are written here
METADATA = {
    "accelerator": "GPU",
    "colab": {"gpuType": "T4", "provenance": []},
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
}
SETUP = """\
# In Colab this installs the package and what Colab lacks. Elsewhere it does nothing.
import importlib.util
import sys

if "google.colab" in sys.modules and importlib.util.find_spec("cifarcam") is None:
    %pip install -q --no-deps git+{url}@{branch}
    %pip install -q --no-deps {libraries}"""


@dataclass(frozen=True)
class Repository:
    """Where the book lives: ``https://github.com/OWNER/NAME`` and the branch that readers get."""

    url: str
    branch: str

    def colab(self, chapter: Path) -> str:
        owner_and_name = self.url.removeprefix("https://github.com/")
        return f"https://colab.research.google.com/github/{owner_and_name}/blob/{self.branch}/book/{chapter.name}"


def pages_address(url: str) -> str:
    """Where GitHub Pages publishes the site of a repository."""
    owner, name = url.removeprefix("https://github.com/").split("/")
    host = f"{owner.lower()}.github.io"
    return f"https://{host}/" if name.lower() == host else f"https://{host}/{name}/"


def repository(root: Path) -> Repository:
    """The address in ``_config.yml``. Raises ``CifarcamError`` where it is missing or no address on GitHub."""
    settings = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))["repository"]
    url, branch = settings.get("url"), settings.get("branch")
    if not ADDRESS.fullmatch(str(url)) or not branch:
        raise CifarcamError(
            f"_config.yml gives repository url {url!r} and branch {branch!r}; expected {EXPECTED}, and the name of a "
            "branch."
        )
    return Repository(url, branch)


def retarget(url: str, root: Path = ROOT) -> None:
    """Writes another address into ``_config.yml``, and where its site is published by GitHub Pages.

    Raises ``CifarcamError`` where it is no address on GitHub.
    """
    if not ADDRESS.fullmatch(url):
        raise CifarcamError(f"--repository is {url!r}; expected {EXPECTED}.")
    path = root / "_config.yml"
    text, found = re.subn(
        r"^(repository:\n  url: ).*$", rf"\g<1>{url}", path.read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    if not found:
        raise CifarcamError("_config.yml has no 'repository:' with 'url:' right below it; write the address there.")
    text = re.sub(r"^( *ogp_site_url: ).*$", rf"\g<1>{pages_address(url)}", text, flags=re.MULTILINE)
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def setup_source(root: Path, home: Repository) -> str:
    """The source of the setup cell, with the versions that ``requirements.txt`` locks."""
    lock = (root / "requirements.txt").read_text(encoding="utf-8")
    locked = dict(re.findall(r"^([\w.-]+)==(\S+)", lock, re.MULTILINE))
    libraries = " ".join(f"{name}=={locked[name]}" for name in COLAB_LACKS)
    return SETUP.format(url=home.url, branch=home.branch, libraries=libraries)


def stamped(notebook: NotebookNode, link: str, setup: str) -> NotebookNode:
    """A copy of a chapter with link, note, setup cell and metadata; its outputs and other cells as they were."""
    notebook = copy.deepcopy(notebook)
    old = {cell.id: cell for cell in notebook.cells}
    colab_cell = old.get("colab") or new_markdown_cell(id="colab")
    colab_cell.source = f"[Open this chapter in Colab]({link})"
    setup_cell = old.get("setup") or new_code_cell(id="setup")
    setup_cell.source = setup
    setup_cell.metadata["tags"] = ["remove-cell"]
    title_cell, *others = _title_apart([cell for cell in notebook.cells if cell.id not in STAMPED])
    notebook.cells = [title_cell, colab_cell, setup_cell, *others]
    notebook.metadata.update(nbformat.from_dict(METADATA))
    refresh(notebook)
    return notebook


def _title_apart(cells: list[NotebookNode]) -> list[NotebookNode]:
    """The cells, with what stands below the title in the first of them moved to a cell of its own."""
    if not cells or not cells[0].source.startswith("# "):
        raise CifarcamError("expected the first cell to be Markdown that begins with '# ' and the title.")
    heading, _, below = cells[0].source.partition("\n")
    if not below.strip():
        return cells
    cells[0].source = heading
    return [cells[0], new_markdown_cell(below.strip(), id=f"{cells[0].id}-below"), *cells[1:]]


def blocks(root: Path, home: Repository) -> dict[str, str]:
    """What belongs between the markers of each name in a Markdown page."""
    rows = ["| chapter | in Colab |", "| --- | --- |"]
    for path in chapter_paths(root):
        rows.append(f"| [{title(read(path))}](book/{path.name}) | [open]({home.colab(path)}) |")
    folder = home.url.rsplit("/", 1)[1]
    contents = {"colab": "\n".join(rows), "clone": f"```bash\ngit clone {home.url}\ncd {folder}\n```"}
    if (root / "CITATION.cff").is_file():
        contents |= {"cite": citation.bibtex(root, home.url), "attribution": citation.attribution(root, home.url)}
    return contents


def filled(page: str, contents: dict[str, str]) -> str:
    """A Markdown page with new contents between its markers."""
    for name, content in contents.items():
        between = re.compile(rf"(<!-- {name} -->).*?(<!-- /{name} -->)", re.DOTALL)
        page = between.sub(lambda marks, content=content: f"{marks[1]}\n\n{content}\n\n{marks[2]}", page)
    return page


def out_of_step(root: Path = ROOT) -> dict[Path, NotebookNode | str]:
    """The files that do not say what ``_config.yml`` says, with what they should hold."""
    home = repository(root)
    setup, contents = setup_source(root, home), blocks(root, home)
    wanted = {}
    for path in chapter_paths(root):
        notebook = read(path)
        try:
            new = stamped(notebook, home.colab(path), setup)
        except CifarcamError as error:
            raise CifarcamError(f"{path.name}: {error}") from error
        if new != notebook:
            wanted[path] = new
    for path in [root / "README.md", *root.glob("CONTRIBUTING.md"), *sorted((root / "book").glob("*.md"))]:
        page = path.read_text(encoding="utf-8")
        if path.name == "README.md" and "<!-- colab -->" not in page:
            raise CifarcamError("README.md has no '<!-- colab -->' and '<!-- /colab -->' for the links to Colab.")
        if filled(page, contents) != page:
            wanted[path] = filled(page, contents)
    cff = root / "CITATION.cff"
    if cff.is_file() and citation.with_address(text := cff.read_text(encoding="utf-8"), home.url) != text:
        wanted[cff] = citation.with_address(text, home.url)
    return wanted


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Write the repository's address wherever the book needs it.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where something is out of step")
    parser.add_argument("--repository", help="the address of a fork, to be written into _config.yml first")
    parsed = parser.parse_args(arguments)
    check = parsed.check
    try:
        if parsed.repository:
            retarget(parsed.repository)
        wanted = out_of_step()
        for path, content in wanted.items():
            print(f"{path.relative_to(ROOT)}: {'out of step' if check else 'stamped'}")
            if not check:
                _write(content, path)
    except CifarcamError as error:
        sys.exit(str(error))
    if check and wanted:
        sys.exit("Run `python -m tools.book.stamp`.")


def _write(content: NotebookNode | str, path: Path) -> None:
    if isinstance(content, str):
        with atomic_write(path) as temporary:
            temporary.write_text(content, encoding="utf-8")
    else:
        write(content, path)


if __name__ == "__main__":
    main()
