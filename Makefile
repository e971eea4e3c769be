# Every target may be run again at any time: what is up to date is left alone.
.PHONY: demo test test-warehouses dev check lock postgresql

VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Libraries that are not compiled once, into the environment, are compiled by every process: five seconds each time.
unexport PYTHONDONTWRITEBYTECODE
export UV_SYSTEM_CERTS ?= 1
export DAGSTER_DISABLE_TELEMETRY ?= yes

# Which warehouse to run on; what it needs besides is in the extra of that name.
WAREHOUSE ?= $(or $(CDP_WAREHOUSE),duckdb)
EXTRAS := postgres snowflake bigquery
ifeq (,$(filter $(WAREHOUSE),duckdb $(EXTRAS)))
$(error WAREHOUSE is $(WAREHOUSE); it must be one of: duckdb $(EXTRAS))
endif
demo dev: export CDP_WAREHOUSE := $(WAREHOUSE)
INSTALL = uv pip install --quiet --python $(BIN)/python --verify-hashes -c requirements.lock --build-constraints requirements.lock

demo: $(VENV)/$(WAREHOUSE).ok
	@echo "[2/3] writing the sample exports"
	@cdp sample
	@echo "[3/3] materialising the whole graph"
	@cdp run --as-of sample

test: $(VENV)/dev.ok
	@echo "[3/3] running the tests"
	@pytest -n auto --dist loadscope

test-warehouses: export CDP_TEST_WAREHOUSES ?= duckdb postgres snowflake bigquery
test-warehouses: $(VENV)/dev.ok $(EXTRAS:%=$(VENV)/%.ok) postgresql
	@echo "[3/3] running the warehouses' tests on $(CDP_TEST_WAREHOUSES)"
	@pytest -n auto --dist loadscope cdp_assets_tests/contracts/warehouses cdp_assets_tests/unit/warehouses \
		cdp_assets_tests/integration/warehouses

# The tests start a cluster of their own; only the server's programs are needed.
postgresql:
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || { \
		echo "installing PostgreSQL with apt-get"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y postgresql >/dev/null; } || { \
		echo "PostgreSQL's server is not installed, and this user cannot install it: apt-get install postgresql"; exit 1; }

dev: $(VENV)/$(WAREHOUSE).ok
	@cdp dev

check: $(VENV)/dev.ok
	@echo "[3/3] ruff, mypy, definitions"
	@ruff check .
	@ruff format --check .
	@mypy
	@dg check yaml
	@dg check defs

lock: $(VENV)/uv.ok
	@uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --all-extras \
		setup.cfg pyproject.toml --output-file requirements.lock

$(VENV)/uv.ok: requirements.lock
	@echo "[1/3] making the environment in $(VENV)"
	@python3 -c "import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))" || \
		{ echo "python3 is $$(python3 --version); Python 3.11, 3.12 or 3.13 is needed"; exit 1; }
	@python3 -m venv $(VENV) || { echo "python3 cannot make an environment; on Debian: apt-get install python3-venv"; exit 1; }
	@awk '/^[^ #]/ {on = /^uv==/} on && !/#/' requirements.lock > $(VENV)/uv.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(VENV)/uv.txt
	@touch $@

$(VENV)/runtime.ok: $(VENV)/uv.ok setup.cfg
	@echo "[1/3] installing what the platform needs, from requirements.lock"
	@$(INSTALL) -e '.[destinations]'
	@touch $@

$(VENV)/duckdb.ok: $(VENV)/runtime.ok
	@touch $@

$(EXTRAS:%=$(VENV)/%.ok): $(VENV)/%.ok: $(VENV)/runtime.ok
	@echo "[1/3] installing what $* needs, from requirements.lock"
	@$(INSTALL) -e '.[$*]'
	@touch $@

$(VENV)/dev.ok: $(VENV)/runtime.ok
	@echo "[2/3] installing what the tests need, from requirements.lock"
	@$(INSTALL) -e '.[dev]'
	@touch $@
