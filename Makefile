# Everything rests on two folders that this file makes and git ignores: .tools (uv) and .venv.
PY ?= $(shell command -v python3.11 || command -v python3)
V := .venv
BIN := $(V)/bin
UV := .tools/bin/uv
DEMO := runs/demo

.PHONY: env demo test lint bench clean

env: $(V)/.ok  ## only set .venv up

$(UV):
	$(PY) -m pip install -q --disable-pip-version-check --root-user-action=ignore --target .tools uv

$(V)/.ok: pyproject.toml constraints.txt | $(UV)
	$(UV) venv -q --allow-existing --python $(PY) $(V)
	$(UV) pip install -q --python $(BIN)/python -e . --group dev -c constraints.txt
	@touch $@

demo: $(V)/.ok  ## synthesise, verify, replay and export 400 conversations, and show one
	@rm -rf $(DEMO)
	$(BIN)/writ synth retail airline --n 400 --seed 1 --mistakes 0.25 --out $(DEMO)
	$(BIN)/writ replay $(DEMO)
	$(BIN)/writ export $(DEMO) --format openai --out $(DEMO)/train.jsonl
	$(BIN)/writ show $(DEMO)

test: $(V)/.ok  ## all tests; those that need the benchmark's data skip where it is absent
	$(BIN)/python -m pytest

lint: $(V)/.ok  ## format, lint, types, arrows of import
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(V)/.ok  ## every claim about speed, measured here and now
	@set -e; for script in bench/*.py; do echo "== $$script"; $(BIN)/python $$script; done

clean:
	rm -rf $(V) .tools dist runs .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
