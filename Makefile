# Every target is described by `make help`. The work is done in Python: hdh_portal/devstack.
PYTHON ?= python3
PORT ?= 8000
PROVIDER ?= local
SPEED ?= 1
VENV := .venv/bin
DEVSTACK := -m hdh_portal.devstack
ON_SPARK := PYTHONPATH=$$(echo $(CURDIR)/var/spark/lib/python3.*/site-packages)
GATEWAY_OPTION := $(if $(GATEWAY_PORT),--gateway-port $(GATEWAY_PORT))

.DEFAULT_GOAL := help
.PHONY: help setup run stop reset code test test-browser spark test-spark specification test-faults test-cloud-faults test-relocation check fix journey lock bench-audit bench-extract bench-operations bench-load bench-pages mutants-permissions

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-19s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## install everything the portal needs (nothing is started; free when nothing changed)
	@$(PYTHON) $(DEVSTACK) setup $(if $(filter setup,$(MAKECMDGOALS)),--talkative)

run: setup ## start the whole portal: make run [PORT=8000] [GATEWAY_PORT=8001] [PROVIDER=scaleway [SPEED=10]]; Ctrl-C stops it
	@HDH_WORKSPACE_PROVIDER=$(PROVIDER) HDH_FAKE_SPEED=$(SPEED) $(VENV)/python $(DEVSTACK) run --port $(PORT) $(GATEWAY_OPTION)

stop: setup ## stop the portal that another terminal started
	@$(VENV)/python $(DEVSTACK) stop

reset: setup ## wipe the data of the portal (what is installed stays)
	@$(VENV)/python $(DEVSTACK) reset

code: setup ## the one-time code of a demonstration account: make code WHO=camille.durand@chu-demo.fr
	@$(VENV)/python $(DEVSTACK) code $(or $(WHO),$(error say whose: make code WHO=camille.durand@chu-demo.fr))

test: setup ## the whole test suite, browser and sandbox included; a part of it: make test PYTEST=tests/unit
	@$(VENV)/python -m pytest -n 2 --dist loadfile $(or $(PYTEST),--cov --cov-report= --cov-fail-under=95)

spark: setup ## install Apache Spark for the extract engine, once, into var/spark (455 MB to download)
	@$(PYTHON) $(DEVSTACK) spark

test-spark: spark ## the whole specification on Spark as well, and what concerns Spark alone, to the last branch
	@$(ON_SPARK) $(VENV)/python -m pytest --timeout=1800 -W "ignore:PySpark does not yet fully support pandas:FutureWarning" \
		$(or $(PYTEST),--cov --cov-report= tests/unit/engine/test_spark.py tests/spec)
	@$(if $(PYTEST),,$(VENV)/coverage report --include="*/backends/spark.py" --show-missing --fail-under=100)

specification: setup ## write docs/specification.md from what the tests ask
	@HDH_WRITE_SPECIFICATION=1 $(VENV)/python -m pytest -q tests/spec -k reference

test-faults: setup ## break processes, broker, database and clock under load and check that nothing is lost; HDH_FAULT_SEED=n
	@$(VENV)/python -m pytest -n 2 --dist loadfile tests/faults -o python_files="fault_*.py test_*.py" $(FAULTS)

test-cloud-faults: setup ## every fault of every step of every operation of a workspace in the imitated cloud, enumerated
	@$(VENV)/python -m pytest -n 2 --dist load tests/faults -o python_files="every_*.py" $(FAULTS)

test-browser: setup ## every browser test, the procedure's whole paths through every role included; pictures in var/pictures/
	@$(VENV)/python -m pytest tests/browser -o python_files="test_*.py check_*.py" $(PYTEST)

test-relocation: setup ## move data from Azurite, installed by npm into var/azurite, to the imitated Scaleway
	@$(VENV)/python -m pytest tests/contract/azurite -o python_files="check_*.py" $(PYTEST)

check: setup ## formatting, lint, types, layers, migrations, generated docs, translations, templates
	@$(VENV)/python $(DEVSTACK) check

fix: setup ## format, and repair what the linters can repair
	@$(VENV)/ruff check --fix --quiet . || true
	@$(VENV)/ruff format .

journey: setup ## drive the whole path over HTTP on a stack of its own; figures on the last line
	@$(VENV)/python -m tests.journeys.journey

lock: setup ## renew the locked, hashed requirements from pyproject.toml and the workspace image's list (UPGRADE=1: newest)
	@$(PYTHON) $(DEVSTACK) lock $(if $(UPGRADE),--upgrade)

mutants-permissions: setup ## delete each guard in turn and see that the permission matrix notices; figures on the last line
	@$(VENV)/python -m tests.permissions.mutants

bench-pages: setup ## every page of every role at 10,000 dossiers, queue and search at 100,000: make bench-pages [PROJECTS=…]
	@PROJECTS=$(or $(PROJECTS),10000) $(VENV)/python -m tests.benchmarks.bench_pages

bench-load: setup ## many people at once against the least the portal can answer; figures on the last line
	@$(VENV)/python -m tests.benchmarks.bench_load

bench-audit: setup ## what the audit log costs, how late its seal is, how fast it verifies, what tampering it finds
	@$(VENV)/python -m tests.benchmarks.bench_audit

bench-operations: setup ## 200 workspaces being prepared at once against the imitated cloud: none lost, steps/s, statements per step
	@$(VENV)/python -m tests.benchmarks.bench_operations

bench-extract: setup ## the extract engine against DuckDB, Polars and pandas by hand (hours; goes on where it was stopped; BENCH="--people 160000 --years 2")
	@$(VENV)/python -m tests.benchmarks.bench_extract $(BENCH)
