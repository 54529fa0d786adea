"""Each chapter as Colab opens it: the notebook alone, what Colab ships, the package from the repository.

All of them where something that decides has changed since they last passed (see ``tools.book.colab``) or
``COLAB_EVERY`` is 1, else two. Google's own parts are stood in for by an empty module ``google.colab``, which the
kernel has loaded before the first cell, as there. The address of the repository leads to this checkout's last commit.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from packaging.utils import canonicalize_name

from tools.book.address import repository
from tools.book.chapters import ROOT, chapter_paths, read
from tools.book.colab import passed
from tools.book.stamp import COLAB_LACKS
from tools.limits import limit

ENVIRONMENT = os.environ.get("COLAB_ENVIRONMENT", "")
EVERY = os.environ.get("COLAB_EVERY") == "1" or not passed()
ALWAYS = ["01", "07"]
PYTHON = str(Path(ENVIRONMENT, "bin", "python"))
SHIPPED = Path(__file__).parent / "shipped.txt"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not ENVIRONMENT, reason="`make check-colab` builds Colab's environment and names it"),
]


class ColabKernel(KernelSpecManager):
    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        return KernelSpec(argv=[PYTHON, "-m", "ipykernel_launcher", "-f", "{connection_file}"])


def pip(*arguments: str) -> str:
    return subprocess.run([PYTHON, "-m", "pip", *arguments], capture_output=True, text=True, check=True).stdout


def installed() -> dict[str, str]:
    """The versions in Colab's environment by package."""
    lines = (line.split("==") for line in pip("list", "--format=freeze").splitlines())
    return {canonicalize_name(name): version.partition("+")[0] for name, version in lines}  # not 2.11.0+cpu


def as_new() -> None:
    """Takes out of Colab's environment what the chapters install."""
    pip("uninstall", "-q", "-y", "cifarcam", *COLAB_LACKS)


@pytest.fixture(scope="module")
def shipped_versions() -> dict[str, str]:
    as_new()
    return installed()


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository whose branch for readers is what is checked out here."""
    folder = tmp_path_factory.mktemp("repository")
    subprocess.run(["git", "clone", "-q", "--bare", ROOT, folder], check=True)
    head = subprocess.run(["git", "-C", ROOT, "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    branch = f"refs/heads/{repository(ROOT).branch}"
    subprocess.run(["git", "-C", folder, "update-ref", branch, head.stdout.strip()], check=True)
    return folder


@pytest.fixture
def colab(
    published: Path, shipped_versions: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, str]]:
    """Colab as a new machine: nothing of the book is installed; gives the versions that it ships."""
    module = tmp_path / "machine" / "google" / "colab"
    startup = tmp_path / "ipython" / "profile_default" / "startup"
    for folder in (module, startup):
        folder.mkdir(parents=True)
    (module / "__init__.py").touch()
    (startup / "00-colab.py").write_text("import google.colab\n", encoding="utf-8")
    monkeypatch.setenv("IPYTHONDIR", str(startup.parents[1]))
    monkeypatch.setenv("PYTHONPATH", str(module.parents[1]))
    monkeypatch.setenv("PATH", f"{Path(PYTHON).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.{published.as_uri()}.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", repository(ROOT).url)
    yield shipped_versions
    as_new()


def test_the_environment_is_the_one_that_is_pinned(colab: dict[str, str]) -> None:
    pins = (line.split("==") for line in SHIPPED.read_text(encoding="utf-8").splitlines() if "==" in line)
    assert {canonicalize_name(name): version for name, version in pins}.items() <= colab.items()
    version = subprocess.run([PYTHON, "--version"], capture_output=True, text=True, check=True).stdout
    assert version.startswith("Python 3.13.")


@pytest.mark.parametrize("path", chapter_paths(chosen=None if EVERY else ALWAYS), ids=lambda path: path.stem)
def test_a_chapter_runs_alone_and_changes_nothing_that_colab_ships(
    path: Path, colab: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "content").mkdir()
    NotebookClient(
        read(path),
        km=AsyncKernelManager(kernel_name="python3", kernel_spec_manager=ColabKernel()),
        resources={"metadata": {"path": str(tmp_path / "content")}},
        timeout=int(limit(600)),
    ).execute()
    after = installed()
    assert {name: after.get(name) for name in colab} == colab
    assert after.keys() - colab.keys() == {"cifarcam", *COLAB_LACKS}
