# `make demo` and `make test` do everything on a fresh machine with Python 3.11 and a package registry.
PYTHON ?= python3
BIN := .venv/bin
# Two test processes on two cores: one thread each, or they wait for one another.
JOBS ?= $(shell nproc)

.PHONY: demo test lint clean

demo: .venv/installed
	mkdir -p demo-output
	$(BIN)/homologue match examples/images/fox-noto.png examples/images/fox-twemoji-turned.png \
		--points examples/images/fox-points.json --plot demo-output/match.png
	$(BIN)/python examples/03_eight_pairs.py demo-output/pairs.png
	@echo "The pictures are demo-output/match.png and demo-output/pairs.png"

test: lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(JOBS)

lint: .venv/developed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.venv/installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

.venv/developed: .venv/installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

clean:
	rm -rf .venv demo-output
