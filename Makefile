# Everything a newcomer types. Each target sets up what it needs; the first one takes a minute or two to install.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
export DAGSTER_HOME ?= $(CURDIR)

.PHONY: help demo test ui check bench reliability lock clean
.DEFAULT_GOAL := help

help: ## what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed: make PYTHON=python3.11 ...")'
	@echo "Installing the pinned dependencies into $(VENV) (once, a minute or two) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock 2> >(grep -v 'is ignored' >&2)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . 2> >(grep -v 'is ignored' >&2)
	@touch $@

demo: $(READY) ## land the simulated market's files, run the whole graph, say what was found
	@$(BIN)/marketdata demo

test: $(READY) ## every test, offline
	@$(BIN)/python -m pytest -n 2 --dist worksteal

ui: $(READY) ## the Dagster UI on http://127.0.0.1:3000
	@$(BIN)/dagster dev -w workspace.yaml -h 127.0.0.1 -p 3000

check: $(READY) ## lint, types, import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(READY) ## measure, side by side in one run
	@$(BIN)/python -m bench

reliability: $(READY) ## the long form of the reliability suite
	@$(BIN)/python -m pytest marketdata_tests/reliability -m "full or not full" -n 2

lock: $(READY) ## pin the dependencies anew
	@$(BIN)/uv pip compile pyproject.toml --extra dev --generate-hashes --no-emit-index-url --no-strip-extras --python-version 3.11 -o requirements.lock -q --upgrade

clean: ## remove the environment and everything generated; landing files and lakes stay
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info
