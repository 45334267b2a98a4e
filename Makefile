# make serve   the dashboard on localhost
# make test    every check and test, a browser included
# make bench   how fast this machine is at it
# make demo    the packaged demo's runs, trained anew (an hour)
# Each creates .venv and installs through constraints.txt first, which costs nothing when it is done.

VENV := .venv
BIN := $(VENV)/bin
PORT ?= 5006
# Words for pytest, such as: make test PYTEST="-k confusion"
PYTEST ?=
# Two files at a time; browser tests stay last, since they leave an event loop running in their process.
BESIDE ?= -n 2 --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help serve test bench demo check format wheel clean

help:
	@sed -n '1,5s/^# //p' Makefile

serve: $(VENV)/.ready
	$(BIN)/cropdash serve --port $(PORT)

test: $(VENV)/.ready-test check
	$(BIN)/python -m tests.browser.find_browser
	$(BIN)/pytest $(BESIDE) $(PYTEST)

# Figures are worth something on a quiet machine only.
bench: $(VENV)/.ready-test
	$(BIN)/pytest tests/benchmarks -o python_files='bench_*.py' --figures build/bench.json $(PYTEST)

demo: $(VENV)/.ready
	$(BIN)/cropdash demo data/demo/runs

check: $(VENV)/.ready-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: $(VENV)/.ready-test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

wheel: $(VENV)/.ready-test
	$(BIN)/python -m build --wheel

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache

$(VENV)/bin/python:
	@python=$$(for name in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11 python; do \
	  if $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$name; break; fi; done); \
	if [ -z "$$python" ]; then echo "cropdash needs Python 3.11 or newer: install it, or say where it is with make PYTHON=/path/to/python"; exit 1; fi; \
	echo "creating $(VENV) with $$($$python --version)"; \
	$$python -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "$$python cannot create a virtual environment; on Debian and Ubuntu: apt install python3-venv"; exit 1; }

# The stamps are written last, so an interrupted installation is taken up again.
$(VENV)/.ready: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.ready-test: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[test]"
	@touch $@ $(VENV)/.ready
