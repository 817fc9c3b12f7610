# `make demo` and `make test` are all that a new machine needs. Works with GNU make 3.81 (macOS) and newer.
.DEFAULT_GOAL := help
SHELL := /bin/sh
export PATH := $(PATH):/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin
PY := .venv/bin/python
PYTEST := $(PY) -m pytest
RUN := .venv/.run.stamp
DEV := .venv/.dev.stamp
DEMO ?=
STORM ?= meranti-2016 --devices 250 --for 36h --faults all
ARGS ?=

.PHONY: help setup dev demo storm test check lint format types coverage e2e faults bench docs lock wheel clean

help: ## This list
	@awk 'BEGIN { FS = ":.*## " } /^[a-z0-9]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(RUN) ## Set up .venv with what running needs (Python >= 3.11, nothing else)
	@echo "set up: .venv/bin/sensing --help"

dev: $(DEV)

STORM_SHOWN = --storm meranti-2016 --speed 60 --devices 200
demo: $(RUN) ## Set up, then run the city in small under Typhoon Meranti, an hour a minute (DEMO="--http-port 8081")
	.venv/bin/sensing up --demo $(STORM_SHOWN) $(DEMO)

storm: $(RUN) ## A drill: Typhoon Meranti with faults, scored, with a report (STORM="gulei-leak --devices 500")
	.venv/bin/sensing --data data/drill storm run $(STORM)

test: $(DEV) ## Set up, then run the unit, property and contract tests (ARGS="-k sl651")
	$(PYTEST) -n auto --dist worksteal tests/unit tests/property tests/contract $(ARGS)

check: lint types test ## Everything that must be green before a commit

lint: $(DEV) ## Style: ruff's rules and format
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

format: $(DEV) ## Let ruff mend what it can
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

types: $(DEV) ## Types: mypy, strict
	$(PY) -m mypy

coverage: $(DEV) ## Lines and branches that the tests of `make test` reach
	$(PY) -m coverage run -m pytest -q tests/unit tests/property tests/contract
	$(PY) -m coverage report --skip-covered

e2e: $(DEV) ## Real processes, brokers, browsers (needs mosquitto, victoria-metrics, postgresql, chromium; installs them where apt is at hand)
	scripts/need.sh mosquitto mosquitto_pub:mosquitto-clients victoria-metrics psql:postgresql chromium /usr/share/fonts/truetype/wqy:fonts-wqy-zenhei
	$(PYTEST) -n 2 --dist loadfile tests/e2e --timeout 600 $(ARGS)

faults: $(DEV) ## Kills, power cuts, full disks, storms of junk (SHORT=1: a fiftieth of each)
	scripts/need.sh mosquitto mosquitto_pub:mosquitto-clients victoria-metrics
	SENSING_FAULTS=$(if $(SHORT),short,full) $(PYTEST) $(if $(SHORT),-n 2 --dist loadfile) tests/faults --timeout 3600 $(ARGS)

bench: $(DEV) ## Speed, beside what one would use instead (needs mosquitto, postgresql)
	scripts/need.sh mosquitto mosquitto_pub:mosquitto-clients psql:postgresql
	.venv/bin/python -m tests.bench $(ARGS)

docs: $(DEV) ## Write the generated parts of docs/ anew, and take the README's picture (needs chromium)
	$(PY) scripts/generate_docs.py
	scripts/need.sh chromium
	$(PY) scripts/screenshot.py

lock: ## Resolve the dependencies anew (needs uv)
	$(UV) pip compile pyproject.toml --group build $(LOCKING) -o locks/run.lock
	$(UV) pip compile pyproject.toml --group dev $(LOCKING) -o locks/dev.lock
UV ?= $(or $(wildcard .venv/bin/uv),uv)
LOCKING := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --upgrade --quiet

wheel: $(DEV) ## Build dist/*.whl
	$(PY) -m hatchling build -t wheel

clean: ## Remove what was built and cached; keeps data/ and .venv
	rm -rf dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage artefacts

# The stamps make a second run instant. The dev lock holds all of the run lock, so it serves both.
$(RUN): locks/run.lock pyproject.toml scripts/venv.sh
	@scripts/venv.sh run
	@touch $@

$(DEV): locks/dev.lock pyproject.toml scripts/venv.sh
	@scripts/venv.sh dev
	@touch $@ $(RUN)
