# Two commands: `make lab` opens JupyterLab on the tutorials, `make test` runs every test. Each makes .venv by itself.
# Needed beforehand: make, and Python 3.11 or newer (PYTHON=python3.12 chooses another one).

PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable

NOTEBOOKS := $(wildcard tutorials/en/*.ipynb tutorials/ko/*.ipynb tutorials/solutions/*/*.ipynb)

.PHONY: help lab test binder lint bench clean

help:
	@echo "make lab    open JupyterLab on the first tutorial, in a copy: npusdk-tutorials"
	@echo "make test   run every test"
	@echo "make binder build what binder/ describes and run the first tutorial in it (part of make test)"
	@echo "make lint   check style and types"
	@echo "make bench  measure against onnxruntime and onnx.reference"
	@echo "make clean  remove .venv and caches"

lab: .venv/lab.stamp
	$(BIN)/npusdk lab -- $(LAB_FLAGS)

test: .venv/test.stamp
	PYTHONWARNDEFAULTENCODING=1 $(BIN)/python -m pytest --numprocesses=auto --dist=loadgroup
	$(BIN)/python -m pytest --numprocesses=auto --dist=loadfile --nbval --nbval-current-env --nbval-cell-timeout=120 $(NOTEBOOKS)
	@$(MAKE) --no-print-directory binder

binder: .venv/binder.stamp

lint: .venv/dev.stamp
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

bench: .venv/test.stamp
	$(BIN)/python -m tests.benchmarks

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis dist

.venv/python.stamp:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "npusdk needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv .venv
	touch $@

.venv/binder.stamp: .venv/test.stamp $(wildcard binder/* tests/binder/*.py) $(firstword $(NOTEBOOKS))
	$(BIN)/python -m tests.binder $@

.venv/%.stamp: .venv/python.stamp pyproject.toml constraints.txt
	@echo "Installing npusdk[$*] into .venv ..."
	$(INSTALL) '.[$*]'
	touch $@
