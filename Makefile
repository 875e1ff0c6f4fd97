# Everything a fresh clone needs: `make ablation` and `make test` set up .venv on their own.
# uv is used where it is installed, else python3 and pip.

VENV     ?= .venv
BIN      := $(VENV)/bin
STAMP    := $(VENV)/.installed-$(EXTRAS)
PYTHON   ?=
EXTRAS   ?= dev
ARGS     ?=
PYTEST   ?= -n auto --maxprocesses 4 --dist worksteal
PACKAGES := bench methods evaluators studies reports
SOURCES  := $(wildcard $(PACKAGES) tests benchmarks tools)

.DEFAULT_GOAL := help
.PHONY: help install ablation smoke test lint format types check docs lock clean distclean

help: ## Show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12
	@echo 'Variables: PYTHON=python3.12  EXTRAS=dev,gpu  ARGS="--set dataset=imagenette"  PYTEST="-x"'

install: $(STAMP) ## Create .venv and install the pinned dependencies

ablation: $(STAMP) ## Run the main ablation on the bundled digits: make ablation ARGS="--set ipc=10"
	$(BIN)/bench run ablation $(ARGS)

smoke: $(STAMP) ## Run the same ablation in its shortest form
	$(BIN)/bench run ablation --profile smoke $(ARGS)

test: $(STAMP) ## Run the tests: make test PYTEST="-x tests/core"
	OMP_NUM_THREADS=$${OMP_NUM_THREADS:-1} $(BIN)/python -m pytest $(PYTEST)

lint: $(STAMP) ## Check style and formatting
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)

format: $(STAMP) ## Rewrite the sources in the house format
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

types: $(STAMP) ## Check types, strictly
	$(BIN)/mypy

check: lint types test ## Everything a commit must pass

# The stamp is written last, so that an interrupted installation is taken up again.
$(STAMP): pyproject.toml constraints.txt
	@set -eu; \
	python="$$(PYTHON='$(PYTHON)' sh tools/find_python.sh)"; \
	if command -v uv >/dev/null 2>&1; then \
	  echo "Setting up $(VENV) with uv on $$python"; \
	  test -x $(BIN)/python || uv venv --quiet --python "$$python" $(VENV); \
	  VIRTUAL_ENV="$(abspath $(VENV))" uv pip install --quiet -c constraints.txt -e '.[$(EXTRAS)]'; \
	else \
	  echo "Setting up $(VENV) with pip on $$python (some minutes: PyTorch is large)"; \
	  test -x $(BIN)/python || "$$python" -m venv $(VENV); \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check \
	    -c constraints.txt -e '.[$(EXTRAS)]'; \
	fi
	@touch $@

docs: $(STAMP) ## Build the documentation as a site into site/
	$(BIN)/python -m mkdocs build --quiet

lock: ## Pin the newest versions that pyproject.toml admits (needs uv)
	@command -v uv >/dev/null 2>&1 || { echo 'make lock needs uv: pip install uv' >&2; exit 1; }
	uv pip compile pyproject.toml --extra dev --extra gpu --extra viz --extra ray --universal --python-version 3.11 \
	  --no-emit-index-url --no-header --no-annotate --upgrade --quiet -o constraints.txt
	@! grep -n '://' constraints.txt || { echo 'constraints.txt names a host' >&2; exit 1; }

clean: ## Remove caches and build products; keeps .venv and the store
	rm -rf build dist site *.egg-info .pytest_cache .mypy_cache .ruff_cache
	find $(SOURCES) -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## Also remove .venv; keeps the store
	rm -rf $(VENV)
