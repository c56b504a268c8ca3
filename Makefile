# Two commands for users: `make run` and `make test`. Everything else is a step of theirs.
SHELL := /bin/sh
BIN := .venv/bin
WORKER := cloudflare-worker
worker_sources := $(shell find $(WORKER)/src $(WORKER)/scripts -type f 2>/dev/null) $(WORKER)/package.json
web_sources := $(shell find web/src web/public -type f 2>/dev/null) web/index.html web/vite.config.ts web/package.json

.DELETE_ON_ERROR:
.PHONY: run test check test-python test-worker test-web test-postgres soak audit conformance lock types wheel clean

run: .venv/.run $(WORKER)/dist/manifest.json web/dist/index.html
	@exec $(BIN)/collab-server serve

# Installs what the tests need, checks style, types and structure, and ends with pytest's summary line.
test: .venv/.test check test-worker test-web test-python

check: .venv/.test $(WORKER)/.installed web/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/generate_types.py --check
	$(BIN)/python scripts/write_docs.py --check
	$(BIN)/python scripts/write_scanning.py --check
	scripts/npm.sh --prefix $(WORKER) run --silent typecheck
	scripts/npm.sh --prefix web run --silent typecheck
	scripts/npm.sh --prefix $(WORKER) run --silent lint

test-worker: $(WORKER)/.installed $(WORKER)/dist/manifest.json
	scripts/npm.sh --prefix $(WORKER) test --silent

test-web: web/.installed
	scripts/npm.sh --prefix web test --silent

test-python: .venv/.test $(WORKER)/dist/manifest.json web/dist/index.html tests/clients/.installed
	$(BIN)/python -m pytest -m "not soak"

soak: .venv/.test $(WORKER)/dist/manifest.json web/dist/index.html tests/clients/.installed
	$(BIN)/python -m pytest -m soak

# The stories once more, every server on PostgreSQL.
test-postgres: .venv/.test $(WORKER)/dist/manifest.json web/dist/index.html tests/clients/.installed
	TEST_DATABASE=postgresql $(BIN)/python -m pytest -m "not soak" tests/stories

# Asks the public lists of vulnerabilities about all that is locked; needs the network.
audit: .venv/.run
	PYTHON=$(BIN)/python scripts/audit.sh

# Runs every conformance program and writes docs/conformance.md.
conformance: .venv/.test $(WORKER)/dist/manifest.json
	$(BIN)/python scripts/write_conformance.py

# Writes the TypeScript types of the events from their one definition.
types: .venv/.run
	$(BIN)/python scripts/generate_types.py

# Packages in dist/ that serve without a checkout, Node or a compiler; workerd is fetched at the first start.
wheel: .venv/.run $(WORKER)/dist/manifest.json web/dist/index.html
	rm -rf collab_server/built dist && mkdir collab_server/built
	cp -r web/dist collab_server/built/web && cp -r $(WORKER)/dist collab_server/built/worker
	$(BIN)/python -m hatchling build -t sdist -t wheel
	rm -rf collab_server/built

lock:
	scripts/lock.sh

.venv/.run: requirements/run.txt pyproject.toml
	scripts/python.sh run
	@touch $@

.venv/.test: requirements/test.txt pyproject.toml
	scripts/python.sh test
	@touch .venv/.run $@

# `install --no-save` goes by the lock file as `ci` does, but takes one in which optional packages of other platforms are missing.
# What building needs; the stamp lies beside the folder that npm empties.
$(WORKER)/.built-with: $(WORKER)/package-lock.json | .venv/.run
	scripts/npm.sh --prefix $(WORKER) install --no-save --omit=dev --loglevel=error
	@touch $@

web/.built-with: web/package-lock.json | .venv/.run
	scripts/npm.sh --prefix web install --no-save --omit=dev --loglevel=error
	@touch $@

# What testing needs as well.
$(WORKER)/.installed: $(WORKER)/package-lock.json | .venv/.test
	scripts/npm.sh --prefix $(WORKER) install --no-save --loglevel=error
	@touch $(WORKER)/.built-with $@

web/.installed: web/package-lock.json | .venv/.test
	scripts/npm.sh --prefix web install --no-save --loglevel=error
	@touch web/.built-with $@

tests/clients/.installed: tests/clients/package-lock.json | .venv/.test
	scripts/npm.sh --prefix tests/clients install --no-save --loglevel=error
	@touch $@

$(WORKER)/dist/manifest.json: $(worker_sources) $(WORKER)/.built-with
	scripts/npm.sh --prefix $(WORKER) run --silent build
	@touch $@

web/dist/index.html: $(web_sources) web/.built-with
	scripts/npm.sh --prefix web run --silent build
	@touch $@

clean:
	rm -rf .venv $(WORKER)/node_modules $(WORKER)/dist $(WORKER)/.built-with $(WORKER)/.installed web/node_modules web/dist web/.built-with web/.installed
