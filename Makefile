PYTHON ?= python3
BIN := .venv/bin

.PHONY: check lint test proof bench dist completions

check: lint test  ## everything that has to pass before a commit

lint: .venv
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy

test: .venv
	$(BIN)/python -m pytest

proof: .venv  ## the long proofs, which the normal run has a small version of: about 20 minutes on two cores
	$(BIN)/python -m pytest -m long --durations=0

bench: .venv
	$(BIN)/python -m tests.bench

dist: .venv  ## what people install, in dist/: built twice, tried with every Python that is here, and smscli.pyz
	$(BIN)/python -m tests.release

completions: .venv  ## after a change to a command's options or help
	$(BIN)/python -m smscli.completion

.venv: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q -e '.[test]'
	touch .venv
