# Every target does its own set-up: a fresh machine needs Python 3.11+ and a package registry.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
DEMO := build/demo

# Read by tests/peers.py; what they depend on would change versions that are pinned here.
PEERS := mosaicml-streaming catalogue cramjam pillow python-snappy zstd

.PHONY: demo test test-all lint types fix golden bench matrix clean

.venv/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(PIP) -c constraints.txt -e ".[dev]"
	$(PIP) -c constraints.txt --no-deps --target .venv/peers $(PEERS)
	touch $@

demo: .venv/.ready  ## builds, verifies and queries the bundled sample
	rm -rf $(DEMO) && mkdir -p $(DEMO)
	$(BIN)/lowbg sample $(DEMO)/sample.warc.gz
	$(BIN)/lowbg build $(DEMO)/sample.warc.gz --name sample --store $(DEMO)/store
	$(BIN)/lowbg verify sample --independent --store $(DEMO)/store
	$(BIN)/lowbg sql sample "select host, year, count(*) as documents from documents group by all order by all" --store $(DEMO)/store
	$(BIN)/lowbg sql sample "select charset, charset_reason, left(title, 40) as title from documents order by captured_at limit 10" --store $(DEMO)/store

test: .venv/.ready  ## the tests that every change must pass
	$(BIN)/pytest -n 2 -m "not slow"

test-all: .venv/.ready  ## the long ones too
	$(BIN)/pytest -n 2

lint: .venv/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: .venv/.ready
	$(BIN)/mypy

fix: .venv/.ready
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

golden: .venv/.ready  ## writes the golden files anew; read the difference before you commit it
	$(BIN)/python -m tests.golden.make_rows
	$(BIN)/python -m tests.golden.make_commands
	$(BIN)/python -m tests.golden.make_sessions

bench: .venv/.ready  ## prints tables; needs a few minutes and LOWBG_TEST_DATA
	$(BIN)/python -m tests.bench.build
	$(BIN)/python -m tests.bench.feed

matrix: .venv/.ready  ## one content root under the oldest and newest pyarrow and duckdb admitted
	$(BIN)/python -m tests.matrix

clean:
	rm -rf build .venv
