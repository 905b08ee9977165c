# Everything that is built or tested here. `make` alone lists it.

PYTHON ?= python3
RUN := .venv/bin/
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header
# A file's tests stay in one process; each process has a network of its own (tests/conftest.py).
SIDE_BY_SIDE := --numprocesses auto --dist loadfile

.PHONY: help venv demo lint test test-long bench servers cluster lock clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1: /p' Makefile | while IFS=: read -r name what; do \
		printf '  make %-10s%s\n' "$$name" "$$what"; done

venv: ## the virtual environment in .venv, re-made when the lock file changes
	@tools/venv $(PYTHON)

demo: venv ## see mxward at work in a miniature internet
	@$(RUN)mxward demo

lint: venv ## ruff, mypy, and the order of the layers
	$(RUN)ruff check .
	$(RUN)ruff format --check .
	$(RUN)mypy
	$(RUN)lint-imports --no-logo

test: lint servers ## everything, with the small counts; as root on Debian also with real servers
	$(RUN)pytest $(SIDE_BY_SIDE)

test-long: lint servers cluster ## the same with the full counts, and on a Spark cluster
	$(RUN)pytest $(SIDE_BY_SIDE) --long

bench: venv servers ## mxward beside HAProxy, nginx, Postfix, Exim and aiosmtpd (root on Debian)
	$(RUN)python -m benchmarks --json .cache/benchmarks.json

servers: venv
	@$(RUN)python tools/debian_cache.py || echo 'The tests with real servers will be skipped.'

cluster: venv
	@nice $(RUN)python tools/spark_cache.py || echo 'The tests with a Spark cluster will be skipped.'

lock: ## requirements/*.lock anew from pyproject.toml (needs uv)
	$(LOCK) --extra demo --output-file requirements/run.lock pyproject.toml
	$(LOCK) --extra reports --output-file requirements/reports.lock pyproject.toml
	$(LOCK) --extra reports --extra spark --output-file requirements/spark.lock pyproject.toml
	sed -n 's/^pyspark-client==\([0-9.]*\).*/pyspark==\1/p' requirements/spark.lock | \
		$(LOCK) --output-file requirements/spark-cluster.lock -
	$(LOCK) --extra demo --extra reports --group dev --output-file requirements/dev.lock pyproject.toml

clean: ## remove all that was made here
	rm -rf .venv .cache .hypothesis .*_cache dist
	find . -name __pycache__ -prune -exec rm -rf {} +
