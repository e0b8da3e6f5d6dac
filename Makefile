# `make demo` onboards the example client in the sandbox; `make test` passes the tests.
# Both first make .venv from requirements.lock, once.

PYTHON ?= python3
READY  := .venv/.ready

.PHONY: demo test lint lock clean

demo: $(READY)
	@.venv/bin/onemata run parameters/example --action apply

test: $(READY)
	@.venv/bin/python -m pytest

lint: $(READY)
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy

lock:
	@uv pip compile pyproject.toml --group dev --universal --python-version 3.11 \
	  --generate-hashes --no-annotate --no-header --quiet --upgrade -o requirements.lock

clean:
	@rm -rf .venv

$(READY): requirements.lock pyproject.toml
	@echo "Setting up .venv from requirements.lock (once) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; say which with: make PYTHON=python3.12 ...")'
	@$(PYTHON) -m venv --clear .venv
	@sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > .venv/uv.lock
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .venv/uv.lock
	@VIRTUAL_ENV=.venv .venv/bin/uv pip sync --quiet --require-hashes requirements.lock
	@VIRTUAL_ENV=.venv .venv/bin/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@
