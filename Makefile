# Every target makes its own environment; nothing is needed but make and Python 3.11 or newer.
# Talk goes to stderr, so that the data of `make bench BENCH_ARGS=--json` can be piped.

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input

DEMO_ARGS ?=
TEST_ARGS ?=
BENCH_ARGS ?=
MESSAGES ?= 200000
KILLS ?= 200
ZOMBIES ?= 30
BOUNCES ?= 30

# Versions of the tool that writes requirements.lock; it is installed apart, on demand.
LOCK_TOOL := uv==0.13.9
LOCK_VENV := build/lock-venv

# Compiled modules are kept, whatever the shell says: without them every process that a test starts
# compiles all that it imports, which took as long as the tests themselves.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo test test-fast test-kafka soak check format bench bench-kafka lock clean

help:
	@echo 'make setup      the environment in $(VENV), from requirements.lock'
	@echo 'make demo       the demonstration (DEMO_ARGS=--once: the whole story, then exit)'
	@echo 'make test       all tests, with branch coverage and its limits (TEST_ARGS=...)'
	@echo 'make test-fast  all tests, without coverage (TEST_ARGS=...)'
	@echo 'make check      lint, format, types, import rules'
	@echo 'make format     mend what lint and format can mend by themselves'
	@echo 'make test-kafka the long fault runs on a real Kafka, under 20 minutes (TEST_ARGS=...)'
	@echo 'make soak       the same with other counts (MESSAGES=200000 KILLS=200 ZOMBIES=30 BOUNCES=30)'
	@echo 'make bench      measurements (BENCH_ARGS=--json)'
	@echo 'make bench-kafka  the router on a real Kafka (PEERS=folder BENCH_ARGS="--json --events N")'
	@echo 'make lock       write requirements.lock anew from pyproject.toml'
	@echo 'make clean      remove the environment and every cache'

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	@python=; \
	for candidate in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
	  if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    python=$$candidate; break; \
	  fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo 'saattaen: no Python 3.11 or newer found (tried python3, python3.13, python3.12,' \
	    'python3.11). Install one, or name it: make PYTHON=/path/to/python3' >&2; exit 1; \
	fi; \
	if ! "$$python" -c 'import venv, ensurepip' 2>/dev/null; then \
	  echo "saattaen: $$python cannot make environments: its venv module is missing" \
	    '(on Debian and Ubuntu: apt-get install python3-venv).' >&2; exit 1; \
	fi; \
	if ! $(BIN)/python -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	  echo "saattaen: making $(VENV) with $$("$$python" --version)" >&2; \
	  rm -rf $(VENV) && "$$python" -m venv $(VENV) >&2 || exit 1; \
	fi
	@echo 'saattaen: installing what requirements.lock names' >&2
	@$(PIP) install --no-compile --require-hashes -r requirements.lock >&2
	@$(PIP) install --no-deps --no-build-isolation -e . >&2
	@touch $@

demo: $(STAMP)
	@$(BIN)/saattaen demo $(DEMO_ARGS)

# Two limits: the domain whole, everything together at 90 %. The second report is a table only
# where it has something to say.
test: $(STAMP)
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest --numprocesses=3 --dist=loadfile --no-loadscope-reorder $(TEST_ARGS)
	@$(BIN)/coverage combine --quiet
	@echo 'Branch coverage of streams/domain (limit 100 %):' >&2
	@$(BIN)/coverage report --include='streams/domain/*' --skip-covered --fail-under=100 >&2
	@echo 'Branch coverage of everything (limit 90 %):' >&2
	@$(BIN)/coverage report --skip-covered --fail-under=90 >&2

test-fast: $(STAMP)
	@$(BIN)/python -m pytest $(TEST_ARGS)

# One after another: two fault runs on two cores would measure each other.
test-kafka: $(STAMP)
	@$(BIN)/python -m pytest -m faults tests/kafka $(TEST_ARGS)

soak: $(STAMP)
	@SAATTAEN_FAULT_MESSAGES=$(MESSAGES) SAATTAEN_FAULT_KILLS=$(KILLS) \
	  SAATTAEN_FAULT_ZOMBIES=$(ZOMBIES) SAATTAEN_FAULT_BOUNCES=$(BOUNCES) \
	  $(BIN)/python -m pytest -m faults tests/kafka --timeout=0 $(TEST_ARGS)

check: $(STAMP)
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

format: $(STAMP)
	@$(BIN)/ruff check --quiet --fix .
	@$(BIN)/ruff format --quiet .

bench: $(STAMP)
	@$(BIN)/python -m tests.bench $(BENCH_ARGS)

bench-kafka: $(STAMP)
	@$(BIN)/python -m tests.bench.kafka $(BENCH_ARGS)

# No addresses in the lock: whoever installs chooses the index. No comments: they name paths.
lock: $(STAMP)
	@$(BIN)/python -m venv $(LOCK_VENV)
	@$(LOCK_VENV)/bin/python -m pip install --quiet --disable-pip-version-check '$(LOCK_TOOL)' >&2
	@$(LOCK_VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
	  --extra dev pyproject.toml --output-file requirements.lock

clean:
	@rm -rf $(VENV) build dist .coverage .coverage.* .hypothesis .import_linter_cache \
	  .mypy_cache .pytest_cache .ruff_cache
