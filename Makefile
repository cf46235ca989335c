# Every target does its own set-up from a clean clone: a virtual environment inside the project, nothing outside it.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help run chat index test lint bench train browser clean
.DEFAULT_GOAL := help

help: ## list what can be done
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

run: $(VENV)/.serve ## install, build the index if needed, serve the web chat on http://127.0.0.1:8000 (Telegram if TELEGRAM_TOKEN is set)
	@$(BIN)/motcua index --quiet
	@$(BIN)/motcua serve

chat: $(VENV)/.serve ## talk to the assistant in the terminal
	@$(BIN)/motcua index --quiet
	@$(BIN)/motcua chat

index: $(VENV)/.serve ## build and publish the search index from knowledge_base/data
	@$(BIN)/motcua index

test: $(VENV)/.test browser lint ## everything: imports, types, style, all tests (SQLite, PostgreSQL, Chromium)
	$(BIN)/pytest -n 3 --dist loadfile

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

bench: $(VENV)/.bench ## measure the finder beside the usual tools, on the same questions
	$(BIN)/motcua index --quiet
	$(BIN)/python -m benchmarks.finder
	$(BIN)/python -m benchmarks.growth

train: $(VENV)/.test ## train the encoder anew from the residents' phrases
	$(BIN)/motcua train

browser:
	@command -v chromium >/dev/null || { \
	  echo "chromium is needed for the browser tests; installing it"; \
	  SUDO=$$([ $$(id -u) = 0 ] || echo sudo); \
	  $$SUDO apt-get update -qq && $$SUDO apt-get install -y -qq --no-install-recommends chromium fonts-noto-core; }

$(VENV)/.serve: pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing what serving needs (about a minute the first time)"
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.test: pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing what serving, training and testing need (some minutes the first time)"
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[train,test]'
	@touch $@ $(VENV)/.serve

$(VENV)/.bench: pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[train,bench]'
	@touch $@ $(VENV)/.serve

clean: ## remove the environment and everything built
	rm -rf $(VENV) var build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
