# make demo   three phase diagrams and the atlas: HDF5 files and figures    make test   the fast tests
PYTHON ?= python3
VENV   ?= .venv
BIN     = $(VENV)/bin
BOTH    = -n 2 --dist worksteal  # each core takes whole files: what their tests share is made once
PAGES   = sims/atlas_tests.py sims/atlas.py  # made of what the other scripts measured

.PHONY: demo smoke test test-slow gpu-test lint bench clean

demo: $(VENV)/.demo
	for script in hopfield_phases generalization_map pspin_map; do \
	  $(BIN)/python sims/$$script.py run && $(BIN)/python sims/$$script.py plot || exit 1; done
	$(BIN)/python sims/atlas.py

smoke: $(VENV)/.dev
	for script in $(filter-out $(PAGES),$(wildcard sims/*.py)); do \
	  $(BIN)/python $$script run --smoke --quiet && $(BIN)/python $$script plot --smoke || exit 1; done
	for script in $(PAGES); do $(BIN)/python $$script --smoke || exit 1; done

test: $(VENV)/.dev
	$(BIN)/python -m pytest $(BOTH) -m "not slow and not gpu"

test-slow: $(VENV)/.dev
	$(BIN)/python -m pytest $(BOTH) -m slow

gpu-test: $(VENV)/.dev
	$(BIN)/python -m pytest -m gpu

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: $(VENV)/.dev
	$(BIN)/python -m statmech bench

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "statmech needs Python >= 3.11: make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[xarray]'
	touch $@

$(VENV)/.dev: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@ $(VENV)/.demo

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache  # never results/: they may be days of work
