# nntrain: every target sets up what it needs in .venv, anew when setup.cfg has changed.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
BENCH  := .venv-bench
CONFIG ?= configs/quick.yaml
RUN    ?=
COMPETITION ?= digit-recognizer
MESSAGE     ?= nntrain

.DEFAULT_GOAL := help
.PHONY: help demo test data fit predict submit lint bench clean

help:  ## Show this help
	@echo "nntrain: Kaggle's MNIST CSVs in, a submission out"
	@echo
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## /  make \1 \t/' | expand -t 18

# A stamp is newer than setup.cfg when the environment holds what setup.cfg asks for. One that was
# moved or whose Python is gone no longer runs, and is made again.
BROKEN := $(shell test -e $(VENV) && { $(BIN)/nntrain --version >/dev/null 2>&1 || echo broken; })
ifeq ($(BROKEN),broken)
$(shell rm -rf $(VENV))
endif

$(VENV)/installed: setup.cfg pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/installed-dev: setup.cfg pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@ $(VENV)/installed

demo: $(VENV)/installed  ## Install, draw demo digits, fit, predict, evaluate
	test -e data/train.csv || $(BIN)/nntrain data demo
	$(BIN)/nntrain fit configs/quick.yaml
	$(BIN)/nntrain predict
	test ! -e data/test_labelled.csv || $(BIN)/nntrain evaluate --data data/test_labelled.csv

test: lint  ## Run the linters and all tests
	$(BIN)/python -m pytest --numprocesses 2

data: $(VENV)/installed  ## Fetch real MNIST into data/
	$(BIN)/nntrain data mnist

fit: $(VENV)/installed  ## Train CONFIG=configs/quick.yaml
	$(BIN)/nntrain fit $(CONFIG)

predict: $(VENV)/installed  ## Write submission.csv with the newest run (or RUN=runs/…)
	$(BIN)/nntrain predict $(RUN)

submit: predict  ## Predict, and submit to COMPETITION=digit-recognizer through the Kaggle CLI
	@command -v kaggle >/dev/null || { \
	  echo "the Kaggle CLI is not installed: pip install kaggle, and put your API token into place" >&2; \
	  exit 1; }
	kaggle competitions submit -c $(COMPETITION) -f submission.csv -m "$(MESSAGE)"

lint: $(VENV)/installed-dev  ## Run ruff and mypy
	$(BIN)/ruff check --quiet
	$(BIN)/ruff format --check --quiet
	$(BIN)/mypy --no-error-summary

$(BENCH)/installed: benchmarks/requirements.txt setup.cfg pyproject.toml
	test -x $(BENCH)/bin/python || $(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check \
	  --requirement benchmarks/requirements.txt --editable .
	touch $@

bench: $(BENCH)/installed  ## Hold nntrain against PyTorch (in an environment of its own)
	$(BENCH)/bin/python benchmarks/optimizers.py

clean:  ## Remove environments and caches (not data/ and runs/)
	rm -rf .venv .venv-* build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
