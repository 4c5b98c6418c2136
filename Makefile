# `make demo` and `make test` do all the set-up by themselves; `make` alone lists the targets.
#
# PYTHON       the interpreter that makes .venv, 3.11 or newer
# TORCH_INDEX  where torch's wheel comes from; empty: pip's default, which on Linux is the CUDA build (gigabytes).
#              The CPU build: make demo TORCH_INDEX=https://download.pytorch.org/whl/cpu
# TRIAL_SITE   a site-packages folder that `make release` borrows dependencies from; empty: it installs them anew
PYTHON ?= python3
TORCH_INDEX ?=
TRIAL_SITE ?=

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help venv install demo test test-long lint peers docs release clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

# The environment is made anew, never mended, so an interrupted or outdated one cannot linger.
.venv/locked: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=...")'
	$(PYTHON) -m venv --clear .venv
	$(PIP) install --no-deps $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) $$(grep '^torch==' requirements.lock)
	$(PIP) install --requirement requirements.lock
	@touch $@

# setuptools is in the lock, so building needs no second download.
.venv/installed: .venv/locked pyproject.toml
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

venv: .venv/locked ## make .venv with the versions of requirements.lock
install: .venv/installed ## install the package into .venv, editable

demo: install ## restore the bundled photographs and print PSNR and SSIM, before and after
	$(BIN)/python examples/demo.py

# One process per core and one thread per process: small tensors gain nothing from threads. A file's tests stay together.
test: lint ## lint, types and all tests that take seconds
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile

# Not in the lock, since nothing else needs them. The browser is the system's, /usr/bin/chromium; without it they skip.
.venv/page-tests: .venv/installed
	$(PIP) install --constraint requirements.lock --no-build-isolation --editable '.[page-tests]'
	@touch $@

test-long: .venv/page-tests ## the tests that take minutes; those of the page need Chromium
	$(BIN)/python -m pytest -m long

lint: install ## ruff and basedpyright
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/basedpyright --pythonpath $(BIN)/python

# An environment of its own: spandrel holds the published architectures and would bring torchvision, which a stub replaces.
# Then: PYTHONPATH=src:benchmarks/stubs .venv-peers/bin/python -m harmonic bench peers --table x4 ...
peers: ## an environment for `harmonic bench peers`; time our presets beside published networks in it
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) $$(grep '^torch==' requirements.lock)
	.venv-peers/bin/python -m pip install numpy pillow pyyaml rich einops safetensors pydantic typer matplotlib
	.venv-peers/bin/python -m pip install --no-deps spandrel==0.4.2
	PYTHONPATH=src:benchmarks/stubs .venv-peers/bin/python benchmarks/peers.py

docs: install ## write what is generated: docs/commands.md, docs/benchmarks.md, model cards, the schema of recipes, pictures of presets
	$(BIN)/python -m harmonic.cli.reference > docs/commands.md
	$(BIN)/python benchmarks/page.py
	$(BIN)/python benchmarks/cards.py
	$(BIN)/harmonic train --schema > recipes/recipe.schema.json
	$(BIN)/harmonic info fast --svg docs/network-fast.svg
	$(BIN)/harmonic info base --svg docs/network-base.svg

# Of the newest commit. What is built, checked and refused: docs/releasing.md.
release: install ## build wheel and sdist into dist/, check and try them; hashes, bill of materials, licences
	$(BIN)/python -m release dist $(if $(TORCH_INDEX),--torch-index $(TORCH_INDEX)) $(if $(TRIAL_SITE),--borrow $(TRIAL_SITE))

clean: ## remove .venv, .venv-peers, caches and demo results; never runs/
	rm -rf .venv .venv-peers .pytest_cache .ruff_cache .hypothesis build dist demo-results src/*.egg-info
	find src tests examples -name __pycache__ -type d -prune -exec rm -rf {} +
