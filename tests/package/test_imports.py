"""What is imported only where it is needed, and that importing says nothing."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

HEAVY = {
    *("albumentations", "huggingface_hub", "matplotlib", "pytorch_grad_cam"),
    *("torch_lr_finder", "torchsummary", "torchvision"),
}


def loaded_by(statement: str) -> set[str]:
    """The packages that a fresh Python has loaded after a statement; it must print and warn nothing."""
    code = f"{statement}\nimport sys\nprint(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "" and done.stdout.count("\n") == 1
    return set(done.stdout.split())


@pytest.mark.parametrize("statement", ["import cifarcam", "from cifarcam.training import BEST; BEST.quick()"])
def test_the_package_and_its_recipes_need_nothing_else(statement: str) -> None:
    assert not loaded_by(statement) & (HEAVY | {"torch", "pandas", "numpy"})


def test_the_package_is_imported_in_less_than_3_seconds() -> None:
    begun = time.monotonic()
    subprocess.run([sys.executable, "-c", "import cifarcam"], check=True)
    assert time.monotonic() - begun < 3


def test_a_record_is_read_without_what_only_training_and_drawing_need() -> None:
    assert not loaded_by("from cifarcam.records import load_run; load_run('best').test_logits") & HEAVY


SHADOWS = """
import importlib, pkgutil, types
import cifarcam
for found in pkgutil.walk_packages(cifarcam.__path__, "cifarcam."):
    importlib.import_module(found.name)
for wing in [found.name for found in pkgutil.iter_modules(cifarcam.__path__, "cifarcam.") if found.ispkg]:
    face = importlib.import_module(wing)
    print(*[f"{wing}.{name}" for name in face.__all__ if isinstance(getattr(face, name), types.ModuleType)])
"""


def test_no_module_hides_what_its_wing_exports() -> None:
    """A module that is imported before its wing exports the same name would stand in that name's place."""
    done = subprocess.run([sys.executable, "-c", SHADOWS], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
