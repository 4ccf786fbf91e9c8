# Set-up, demo and checks. `make demo` and `make test` install first where that is missing.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: install demo test check lint types imports unit again snapshots benchmarks lock wheel clean

install: $(STAMP)

# Compiled at once, as pip does it: otherwise each start compiles anew where Python may not write byte code.
$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "$$(sed -n 's/^\(uv==[^ ]*\).*/\1/p' requirements.lock)"
	$(BIN)/uv pip sync --quiet --require-hashes --compile-bytecode --python $(BIN)/python requirements.lock
	$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --python $(BIN)/python --editable .
	$(BIN)/python -m compileall -q agent_gate
	@touch $(STAMP)

# With nobody at a terminal to ask, the demo approves by itself, and says so.
demo: install
	@if [ -t 0 ] && [ -t 2 ]; then $(BIN)/agent-gate demo; else $(BIN)/agent-gate demo --yes; fi

test: install lint types imports unit

check: test

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install
	$(BIN)/mypy

imports: install
	$(BIN)/lint-imports --no-cache

unit: install
	$(BIN)/python -m pytest -n 2 --dist worksteal || $(MAKE) --no-print-directory again

# What failed while two workers shared the machine is run once more, alone: it must pass there.
again:
	$(BIN)/python -m pytest --last-failed --last-failed-no-failures=none

# Renders the snapshots of the terminal UI anew; look at them before committing.
snapshots: install
	$(BIN)/python -m pytest tests/tui --snapshot-update

benchmarks: install
	$(BIN)/python benchmarks/run.py

lock: install
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --group dev pyproject.toml --output-file requirements.lock

wheel: install
	$(BIN)/python -m build --wheel --no-isolation

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
