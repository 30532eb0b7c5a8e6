# Everything rests on two folders that this file makes and git ignores: .tools (uv) and .venv.
PY ?= $(shell command -v python3.11 || command -v python3)
V := .venv
BIN := $(V)/bin

.PHONY: env demo test lint bench clean

env: $(V)/.ok

.tools/bin/uv:
	$(PY) -m pip install -q --disable-pip-version-check --root-user-action=ignore --target .tools uv

$(V)/.ok: pyproject.toml constraints.txt | .tools/bin/uv
	.tools/bin/uv venv -q --clear --python $(PY) $(V)
	.tools/bin/uv pip install -q --python $(BIN)/python -e . --group dev -c constraints.txt
	touch $@
