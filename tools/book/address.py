"""The repository's address, which stands in ``_config.yml``, and what the book's pages say with it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import yaml

from cifarcam.errors import CifarcamError
from cifarcam.files import atomic_write
from tools.book import citation
from tools.book.chapters import ROOT, chapter_paths, read, title

ADDRESS = re.compile(r"https://github\.com/[\w.-]+/[\w.-]+(?<!\.git)")
EXPECTED = "'https://github.com/OWNER/NAME' with no slash at the end"


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


def writers(root: Path) -> dict[str, Callable[[], str]]:
    """What writes, between the marks of each name, what a page says with the address."""
    home = repository(root)
    return {
        "colab": partial(colab_table, root, home),
        "clone": lambda: f"```bash\ngit clone {home.url}\ncd {home.url.rsplit('/', 1)[1]}\n```",
        "cite": partial(citation.bibtex, root, home.url),
        "attribution": partial(citation.attribution, root, home.url),
    }


def colab_table(root: Path, home: Repository) -> str:
    """A row for each chapter, with the link that opens it in Colab."""
    rows = ["| chapter | in Colab |", "| --- | --- |"]
    for path in chapter_paths(root):
        rows.append(f"| [{title(read(path))}](book/{path.name}) | [open]({home.colab(path)}) |")
    return "\n".join(rows)
