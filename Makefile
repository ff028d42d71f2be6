# nntrain: every target sets up .venv, again when setup.cfg has changed.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
BENCH  := .venv-bench
CONFIG ?= configs/quick.yaml
RUN    ?=
HOURS  ?= 1
MINUTES ?= 30
VERSIONS ?= 3.10 3.11 3.12 3.13 3.14
COMPETITION ?= digit-recognizer
MESSAGE     ?= nntrain

.DEFAULT_GOAL := help
.PHONY: stale help demo test coverage test-lowest test-pythons soak fuzz data fit predict submit lint format hooks \
        schema docs build release bench papers screenshots figures clean

help:  ## Show this help
	@echo "nntrain: Kaggle's MNIST CSVs in, a submission out"
	@echo
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /  make \1 \t/' | expand -t 22

# A stamp newer than setup.cfg: the environment has what setup.cfg requires. An environment whose Python
# is missing is rebuilt. Programs run as modules, so that the checkout can be moved.
STALE := $(shell $(BIN)/python -c '' 2>/dev/null || echo stale)
NNTRAIN := $(BIN)/python -m nntrain

$(VENV)/installed: setup.cfg pyproject.toml $(if $(STALE),stale)
	$(BIN)/python -c '' 2>/dev/null || { rm -rf $(VENV) && $(PYTHON) -m venv $(VENV); }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/installed-dev: setup.cfg pyproject.toml $(if $(STALE),stale)
	$(BIN)/python -c '' 2>/dev/null || { rm -rf $(VENV) && $(PYTHON) -m venv $(VENV); }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,tools]'
	touch $@ $(VENV)/installed

demo: $(VENV)/installed  ## Install, draw demo digits, fit, predict, evaluate
	test -e data/train.csv || $(NNTRAIN) data demo
	$(NNTRAIN) fit configs/quick.yaml
	$(NNTRAIN) predict
	test ! -e data/test_labelled.csv || $(NNTRAIN) evaluate --data data/test_labelled.csv

# Tests write into memory where there is a gigabyte of it and programs may run from there, so that they
# do not wait for disks.
MEMORY := $(shell grep -qs ' /dev/shm .*noexec' /proc/mounts || df -Pk /dev/shm 2>/dev/null | \
            awk 'NR == 2 && $$4 > 1000000 { print "/dev/shm" }')

# $(call tests,PYTHON): the suite, run by that Python. It keeps bytecode, as Python does unless it is told not
# to, so that the processes that tests start need not compile nntrain each time.
tests = folder=$$(mktemp -d $(or $(MEMORY),$${TMPDIR:-/tmp})/nntrain-XXXXXX) && trap 'rm -rf "$$folder"' EXIT INT TERM && \
        PYTHONDONTWRITEBYTECODE= TMPDIR=$$folder $(1) -m pytest --numprocesses 2 --dist worksteal

test: lint  ## Run the linters and the quick tests
	@$(call tests,$(BIN)/python)

# $(call python,3.10): that Python, on the PATH or of pyenv, whose shims may lead nowhere.
python = $(firstword $(foreach program,\
           python$(1) $(wildcard $(or $(PYENV_ROOT),$(HOME)/.pyenv)/versions/$(1).*/bin/python),\
           $(shell $(program) -c 'import sys; print(sys.executable)' 2>/dev/null)))

# The lowest versions have no wheels for later Pythons than these.
LOWEST = $(firstword $(foreach version,$(wordlist 1,2,$(VERSIONS)),$(call python,$(version))))

.venv-lowest/installed: setup.cfg pyproject.toml tests/lowest.py
	rm -rf $(@D) && $(LOWEST) -m venv $(@D)
	$(@D)/bin/python tests/lowest.py > $(@D)/constraints.txt
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check \
	  --constraint $(@D)/constraints.txt --editable '.[dev]'
	touch $@

.venv-3.%/installed: setup.cfg pyproject.toml
	rm -rf $(@D) && $(call python,3.$*) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,tools]'
	touch $@

test-lowest:  ## Run the quick tests with the lowest versions that setup.cfg allows
	@$(if $(LOWEST),,echo "there is no Python $(firstword $(VERSIONS)) to try the lowest versions with" >&2; exit 1)
	@$(MAKE) --no-print-directory .venv-lowest/installed
	@$(call tests,.venv-lowest/bin/python)

coverage: $(VENV)/installed-dev  ## Run the quick tests; print how much of the code they run
	@$(call tests,$(BIN)/python) --cov --cov-report=term

test-pythons: $(VERSIONS:%=test-python-%)  ## Run the quick tests with each of VERSIONS that is found

test-python-%:
	@$(if $(call python,$*),\
	  $(MAKE) --no-print-directory .venv-$*/installed && $(call tests,.venv-$*/bin/python),\
	  echo "Python $* is skipped: there is none")

soak: $(VENV)/installed-dev  ## All checks: slow tests, more examples, all platforms; then kill and resume for MINUTES=30
	@$(MAKE) --no-print-directory lint PLATFORMS="linux darwin win32"
	@$(call tests,$(BIN)/python) -m "slow or not slow" --hypothesis-profile thorough
	$(BIN)/python benchmarks/soak.py --minutes $(MINUTES)

fuzz: $(VENV)/installed-dev  ## Fuzz the readers of CSVs, configurations and checkpoints for MINUTES=30
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[fuzz]'
	$(BIN)/python -m tests.fuzz.fuzz --minutes $(MINUTES)

data: $(VENV)/installed  ## Fetch real MNIST into data/
	$(NNTRAIN) data mnist

fit: $(VENV)/installed  ## Train CONFIG=configs/quick.yaml
	$(NNTRAIN) fit $(CONFIG)

predict: $(VENV)/installed  ## Write submission.csv with the newest run (or RUN=runs/…)
	$(NNTRAIN) predict $(RUN)

submit: $(VENV)/installed  ## Predict, and submit to COMPETITION=digit-recognizer through the Kaggle CLI
	@PATH="$(CURDIR)/$(BIN):$$PATH"; command -v kaggle >/dev/null || { \
	  echo "the Kaggle CLI is not installed: pip install kaggle, and put your API token into place" >&2; \
	  exit 1; }
	$(NNTRAIN) predict $(RUN) --competition $(COMPETITION)
	PATH="$(CURDIR)/$(BIN):$$PATH" kaggle competitions submit -c $(COMPETITION) -f submission.csv -m "$(MESSAGE)"

figures: $(VENV)/installed-dev  ## Draw the figures of docs/lecture.md and docs/optimizers.md
	$(BIN)/python docs/figures/lecture.py
	$(BIN)/python docs/figures/optimizers.py

screenshots: $(VENV)/installed-dev  ## Take the pictures of reports and the lesson in README and docs/ (needs Chromium)
	$(BIN)/python docs/figures/screenshots.py

# Of the platforms that mypy checks for: this one in `make test`, all in `make soak`. One cache each: mypy does not
# reuse one of another platform.
PLATFORMS ?= $$($(BIN)/python -c 'import sys; print(sys.platform)')

lint: $(VENV)/installed-dev  ## Check style, spelling and workflows, and with mypy types for PLATFORMS="linux darwin win32" (default: this one)
	$(BIN)/python -m ruff check --quiet
	$(BIN)/python -m ruff format --check --quiet
	$(BIN)/python -m codespell_lib
	$(BIN)/python -m check_jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@if $(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then \
	  for platform in $(PLATFORMS); do \
	    echo $(BIN)/python -m mypy --no-error-summary --platform $$platform; \
	    $(BIN)/python -m mypy --no-error-summary --platform $$platform \
	      --cache-dir .mypy_cache/$$platform || exit 1; \
	  done; \
	else \
	  echo "types are checked with Python 3.11 or later only, whose NumPy has more precise ones"; \
	fi

format: $(VENV)/installed-dev  ## Format the code, and mend what ruff can mend
	$(BIN)/python -m ruff check --quiet --fix-only
	$(BIN)/python -m ruff format

hooks: $(VENV)/installed-dev  ## Let git check style and spelling at each commit, and the commit's message
	$(BIN)/python -m pre_commit install

schema: $(VENV)/installed  ## Write the JSON Schema of the configuration, after a change of its keys
	$(NNTRAIN) config schema > $(VENV)/schema.json
	mv $(VENV)/schema.json nntrain/config/schema.json

docs: $(VENV)/installed-dev  ## Build the documentation as a site in site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet --strict --config-file docs/site/mkdocs.yml
	@echo "site/ has the pages; to search in them: $(BIN)/python -m http.server --directory site"

build: $(VENV)/installed-dev  ## Build wheel and sdist in dist/
	rm -rf dist
	SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct)} $(BIN)/python -m build

release:  ## Check, build and tag the version of nntrain/version.py; uploads nothing
	.ci/release

$(BENCH)/installed: benchmarks/requirements.txt setup.cfg pyproject.toml
	test -x $(BENCH)/bin/python || $(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check \
	  --requirement benchmarks/requirements.txt --editable '.[onnx,safetensors,sweep]'
	touch $@

bench: $(BENCH)/installed  ## Compare nntrain with PyTorch, JAX and scikit-learn (in .venv-bench)
	$(BENCH)/bin/python benchmarks/check_convolutions.py
	$(BENCH)/bin/python benchmarks/check_statistics.py
	$(BENCH)/bin/python benchmarks/check_export.py
	$(BENCH)/bin/python benchmarks/optimizers.py
	$(BENCH)/bin/python benchmarks/run.py

papers: $(VENV)/installed  ## Train the networks of papers for HOURS=1, into docs/papers.md
	$(BIN)/python benchmarks/papers.py --hours $(HOURS) $(if $(TEST),--test $(TEST))

clean:  ## Remove environments and caches (not data/ and runs/)
	rm -rf .venv .venv-* build dist site *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
