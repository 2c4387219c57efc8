# Yunjian 云间证. `make help` lists everything; each target does its own set-up.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PACKAGES := core signing identity miniapp_bridge papers services wallet push payments api app.py flows.py timers.py resources.py manage.py

.PHONY: help setup run serve test test-quick test-sqlite test-postgres check fix migrate migrations bench screens vendor clean

help: ## Show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

$(VENV)/run.stamp: requirements.txt
	@$(PYTHON) tools/check_python.py
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/dev.stamp: requirements.txt requirements-dev.txt
	@$(PYTHON) tools/check_python.py
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@ $(VENV)/run.stamp

setup: $(VENV)/dev.stamp ## Make .venv with everything that tests and checks need

run: $(VENV)/run.stamp ## Start the demo: own database, own Valkey, demo people; prints addresses and log-ins
	@$(BIN)/python manage.py demo

serve: $(VENV)/run.stamp ## Start a server with the settings of the environment (see .env.example)
	@$(BIN)/python manage.py serve

test: $(VENV)/dev.stamp ## Run every test, on SQLite and on PostgreSQL, with a real Valkey and browser
	@$(BIN)/python tools/run_tests.py

test-quick: $(VENV)/dev.stamp ## Run the quick tests of a room on SQLite: make test-quick T=tests/wallet
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile -m "not slow and not web" $(or $(T),tests/architecture tests/core)

test-sqlite: $(VENV)/dev.stamp ## Run the tests on SQLite only; T=path picks some
	@$(BIN)/python -m pytest $(T)

test-postgres: $(VENV)/dev.stamp ## Run the tests on PostgreSQL only; T=path picks some
	@TEST_DATABASE=postgres $(BIN)/python -m pytest $(T)

check: $(VENV)/dev.stamp ## Lint, formatting and types of Python and of the pages; writes nothing
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python tools/vendor_web.py --check
	@$(BIN)/python tools/check_web.py

fix: $(VENV)/dev.stamp ## Format and mend what can be mended by itself
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .
	@$(BIN)/python tools/check_web.py --fix

migrate: $(VENV)/run.stamp ## Bring the database up to date
	@$(BIN)/python manage.py migrate

migrations: $(VENV)/run.stamp ## Write migrations for changed tables
	@$(BIN)/python manage.py makemigrations

bench: $(VENV)/dev.stamp ## Run every bench of bench/README.md
	@$(BIN)/python -m bench

screens: $(VENV)/dev.stamp ## Photograph the main screens into docs/screens
	@$(BIN)/python -m tests.web.take_screens

vendor: $(VENV)/dev.stamp ## Fetch the browser libraries of web/vendor again (needs Node.js and npm)
	@$(BIN)/python tools/vendor_web.py

clean: ## Remove .venv and all data of the demo
	rm -rf $(VENV) var .pytest_cache .mypy_cache .ruff_cache
