# `make demo` onboards the example client in the sandbox; `make test` passes the tests.
# Both first set up .venv from requirements.lock, once.

PYTHON ?= python3
READY  := .venv/.ready
UV     := VIRTUAL_ENV=.venv .venv/bin/uv

# What a developer has set for other programs must not matter here.
unexport PYTEST_ADDOPTS PYTHONDONTWRITEBYTECODE PYTHONHOME PYTHONPATH PYTHONSTARTUP PYTHONWARNINGS
export PYTHONUTF8 := 1

.PHONY: demo lab test browser campaign bench lint notebooks schema lock clean

demo: $(READY)
	@.venv/bin/onemata run parameters/example --action apply

# The example client's notebook of a service, in the browser, in the sandbox. What its form saves goes into a copy.
SERVICE ?= ec2
lab: $(READY)
	@mkdir -p .lab && cp -R parameters/example .lab
	@.venv/bin/onemata open .lab/example $(SERVICE)

test: $(READY)
	@.venv/bin/python -m pytest -n auto --dist loadfile

# Only the tests by clicks in Chromium.
browser: $(READY)
	@.venv/bin/python -m pytest -m browser tests/live

# Every fault at every write, and random sequences of runs. It takes half an hour.
campaign: $(READY)
	@.venv/bin/python -m pytest -n auto -m campaign tests

# What a notebook costs, beside other ways to run it. Its long run, of 1,000 clients, takes most of the time.
# Sizes: make bench OPTIONS="--clients 5 --only cpu"
bench: $(READY)
	@.venv/bin/python -m tests.benchmarks $(OPTIONS)

lint: $(READY)
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@PYTHONPATH=. .venv/bin/lint-imports --no-cache --no-logo

# After a change of what notebooks show: writes their committed outputs again.
notebooks: $(READY)
	@env -u ONEMATA_SANDBOX_URL ONEMATA_RECORDS=records .venv/bin/jupyter nbconvert --to notebook --execute --inplace \
	  --log-level=WARN --ExecutePreprocessor.record_timing=False notebooks/*.ipynb

# After a change of the record: writes its published schema again.
schema: $(READY)
	@.venv/bin/onemata schema > record.schema.json

# After a change of the dependencies in pyproject.toml: writes requirements.lock again.
lock: $(READY)
	@$(UV) pip compile --quiet pyproject.toml --group dev --universal --python-version 3.11 \
	  --generate-hashes --no-annotate --no-header --upgrade --output-file requirements.lock

clean:
	@rm -rf .venv

$(READY): requirements.lock pyproject.toml
	@echo "Setting up .venv from requirements.lock (once) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python must be 3.11 or newer: make PYTHON=python3.12 ...")'
	@$(PYTHON) -m venv --clear .venv
	@sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > .venv/uv.lock
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .venv/uv.lock
	@$(UV) pip sync --quiet --require-hashes requirements.lock
	@$(UV) pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@
