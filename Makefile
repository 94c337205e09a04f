PYTHON ?= python3
BIN := .venv/bin

.PHONY: check lint test test-postgres proof bench dist completions catalogs man

check: lint test test-postgres  ## everything that has to pass before a commit

lint: .venv
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy

test: .venv
	$(BIN)/python -m pytest

# The tests of the server's faults start one of their own, so they run in `test`.
OWN_SERVER := $(patsubst %,--ignore=tests/ledger/test_%.py,postgres_faults failover hosts moving)

test-postgres: .venv  ## what has to do with the ledger once more, with the ledgers on a server; most of it waits, so on 4 workers
	$(BIN)/python -m pytest --postgres -n 4 $(OWN_SERVER) tests/ledger tests/commands tests/sending tests/receiving

proof: .venv  ## the long proofs, which the normal run has a small version of: about 20 minutes on two cores
	$(BIN)/python -m pytest -m long --durations=0

bench: .venv
	$(BIN)/python -m tests.bench

dist: .venv  ## what people install, in dist/: built twice, tried with every Python that is here, and smscli.pyz
	$(BIN)/python -m tests.release

completions: .venv  ## after a change to a command's options or help
	$(BIN)/python -m smscli.completion

catalogs: .venv  ## after a change to a message: puts new ones into smscli.po, and compiles what is translated there
	$(BIN)/python -m tests.support.catalogs

man: .venv  ## after a change to a command's options or help, or to a topic
	SMSCLI_LANG=en $(BIN)/python -m smscli.manual
	SMSCLI_LANG=zh $(BIN)/python -m smscli.manual

.venv: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q -e '.[test]'
	touch .venv
