# `make demo` and `make test` do everything on a fresh machine with Python 3.11 and a package registry.
PYTHON ?= python3
BIN := .venv/bin
# Two test processes on two cores: one thread each, or they wait for one another.
JOBS ?= $(shell nproc)
NODE_IS_THERE := command -v npm > /dev/null \
	&& node --eval 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2> /dev/null

.PHONY: demo test lint javascript node chromium docs screenshots package clean

demo: .venv/installed
	mkdir -p demo-output
	$(BIN)/homologue match examples/images/tabby.jpg examples/images/kitten.jpg \
		--points examples/images/tabby-points.json --plot demo-output/match.png
	$(BIN)/homologue match examples/images/kitten.jpg examples/images/cat-noto.png \
		--points examples/images/kitten-points.json --plot demo-output/drawing.png
	$(BIN)/python examples/03_pairs.py demo-output/pairs.png
	@echo "The pictures are match.png, drawing.png and pairs.png in demo-output/"

test: lint javascript chromium
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(JOBS)

lint: .venv/developed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The viewer's JavaScript: types, lint, unit tests (package.json).
javascript: node
	@if $(NODE_IS_THERE); then \
		$(MAKE) --no-print-directory node_modules/installed && npm test --silent; \
	else \
		echo "There is no Node.js 20 or later with npm, and it could not be installed:" \
			"the viewer's JavaScript is not checked. Install Debian's packages nodejs and npm," \
			"or Node.js from nodejs.org, to check it."; \
	fi

node:
	@$(NODE_IS_THERE) \
		|| { apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
			apt-get install -qq -y --no-install-recommends nodejs npm; } > /dev/null 2>&1 \
		|| true

node_modules/installed: package.json package-lock.json
	npm ci --no-audit --no-fund --silent
	touch $@

# The browser of the viewer's tests. Where it cannot be installed, they are skipped.
chromium:
	@command -v chromium > /dev/null \
		|| { apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
			apt-get install -qq -y --no-install-recommends chromium fonts-dejavu-core; } > /dev/null \
		|| echo "There is no chromium, and it could not be installed: the browser tests are skipped." \
			"Install Debian's package chromium to run them."

# The documentation site, docs/_build/html/index.html. It needs no network; warnings are errors.
docs: .venv/documented
	$(BIN)/python -m sphinx -b html -W --keep-going -n -q docs docs/_build/html
	@echo "The documentation is docs/_build/html/index.html"

# Pictures of the viewer in docs/; look at them afterwards.
screenshots: .venv/developed chromium
	$(BIN)/python tools/screenshots.py docs

# The source distribution, and the wheel that is built from it, as a release uploads them.
package: .venv/packaging
	rm -rf dist
	$(BIN)/python -m build --no-isolation
	$(BIN)/python -m twine check --strict dist/*

.venv/installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

.venv/developed: .venv/installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

.venv/documented: .venv/installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[docs]'
	touch $@

# Needs neither torch nor the package itself.
.venv/packaging: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt build hatchling twine
	touch $@

clean:
	rm -rf .venv demo-output dist docs/_build node_modules
