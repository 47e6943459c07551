# Needs Python 3.11 or newer and nothing else; everything is installed from the hashed locks: into .venv, and for `make
# test` one server of another make into .venv-fhir.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

ifndef PYTHON
PYTHON := $(firstword $(foreach name,python3.11 python3,$(shell \
	$(name) -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $(name))))
endif

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
PACKAGES := cards cds_service fhir_profiles
COMPILE := CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe \
	--strip-extras --no-emit-index-url --no-emit-trusted-host --no-emit-find-links $(if $(UPGRADE),--upgrade)

# A stamp carries the checksum of what it was made from and where: another lock, another folder or a broken interpreter
# asks for another stamp, whatever the dates of the files say.
key = $(shell { cat $(1) pyproject.toml; echo '$(CURDIR)'; } | cksum | tr -d ' ')
RUNTIME_READY := $(VENV)/.ready-runtime-$(call key,requirements.txt)
DEV_READY := $(VENV)/.ready-dev-$(call key,requirements-dev.txt)
FHIR_VENV := .venv-fhir
FHIR_READY := $(FHIR_VENV)/.ready-$(shell { cat requirements-fhir-server.txt; echo '$(CURDIR)'; } | cksum | tr -d ' ')
BROKEN := $(shell $(BIN)/python -c 'import pip' >/dev/null 2>&1 || echo broken)

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(RUNTIME_READY) ## invented patients in the terminal, then a demo EHR in the browser; CHART=bundle.json judges yours too
	@$(BIN)/cotsom-cds demo $(if $(CHART),--chart "$(CHART)")

.PHONY: test
test: MAY_INSTALL := yes
test: postgresql browser lint $(FHIR_READY) ## everything: style, types, layers, the whole test suite
	$(BIN)/python -m pytest -n auto --dist loadgroup

.PHONY: load
load: postgresql $(DEV_READY) $(FHIR_READY) ## eight clients for 30 s on the whole installation, and while a part of it is away
	$(BIN)/python -m pytest -q -s --load-seconds 30 tests/load

.PHONY: check
check: postgresql lint ## the inner loop, under a minute: as test, without the slow tests
	$(BIN)/python -m pytest -n auto --dist loadgroup -m "not slow"

.PHONY: lint
lint: $(DEV_READY) ## style, types and layers only
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict $(PACKAGES) tests
	$(BIN)/lint-imports

.PHONY: bench
bench: $(DEV_READY) ## measure the speed of the hot path
	$(BIN)/python -m benchmarks

.PHONY: docs
docs: $(DEV_READY) ## write the generated pages of docs/ anew
	$(BIN)/python -m tests.generate_docs

.PHONY: screenshots
screenshots: browser $(DEV_READY) ## take the pictures of docs/tour.md anew; ALL=folder takes every page on every screen
	$(BIN)/python -m tests.browser.screenshots $(if $(ALL),"$(ALL)")

.PHONY: lock
lock: $(DEV_READY) ## write the lock files anew; UPGRADE=1 takes the newest versions
	$(COMPILE) --output-file=requirements.txt pyproject.toml requirements.in
	$(COMPILE) --output-file=requirements-dev.txt pyproject.toml requirements-dev.in
	$(COMPILE) --output-file=requirements-fhir-server.txt requirements-fhir-server.in
	@! grep -nE '://|index-url|find-links|trusted-host|(^|[ =])/' requirements*.txt \
		|| { echo 'A lock file names a host or a path of this machine.' >&2; exit 1; }

.PHONY: clean
clean: ## remove both environments, caches and build output
	rm -rf $(VENV) $(FHIR_VENV) build dist *.egg-info .coverage htmlcov .hypothesis .import_linter_cache .mypy_cache \
		.pytest_cache .ruff_cache
	find $(PACKAGES) tests benchmarks -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

$(RUNTIME_READY): LOCK := requirements.txt
$(DEV_READY): LOCK := requirements-dev.txt
$(RUNTIME_READY) $(DEV_READY): $(if $(BROKEN),rebuild-venv)
	@echo "Installing $(LOCK) into $(VENV) ..."
	@rm -f $(VENV)/.ready-*
	@$(PIP) install --require-hashes --no-deps -r $(LOCK)
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $(RUNTIME_READY) $@

# The FHIR server that fetching is tested against lives apart: its dependencies are not ours.
$(FHIR_READY): | venv-module
	@echo "Installing requirements-fhir-server.txt into $(FHIR_VENV) ..."
	@rm -rf $(FHIR_VENV)
	@$(PYTHON) -m venv $(FHIR_VENV)
	@$(FHIR_VENV)/bin/python -m pip --disable-pip-version-check -qq install --require-hashes --no-deps \
		-r requirements-fhir-server.txt
	@touch $@

.PHONY: rebuild-venv
rebuild-venv: venv-module
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)

.PHONY: venv-module
venv-module: python
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null && exit 0; \
	package=$$($(PYTHON) -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])'); \
	if [[ "$(MAY_INSTALL)" == yes && $$(id -u) == 0 ]] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$package; \
	else \
		echo "$(PYTHON) has no venv module. On Debian or Ubuntu: apt-get install $$package" >&2; exit 1; \
	fi

# Tests of the store of used tokens run against a real server. Without one they fail, and say what to install.
.PHONY: postgresql
postgresql:
	@command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 && exit 0; \
	if [[ "$(MAY_INSTALL)" == yes && $$(id -u) == 0 ]] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql; \
	else \
		echo "PostgreSQL is missing, which tests of the store of used tokens need. On Debian or Ubuntu: apt-get install postgresql" >&2; \
	fi

# The tests of the pages need a browser and a font with Hangul; without them those tests are left out.
BROWSER := $(firstword $(foreach name,chromium chromium-browser google-chrome,$(shell command -v $(name) 2>/dev/null)))
HANGUL := $(shell fc-list :lang=ko 2>/dev/null | head -n 1)
BROWSER_PACKAGES := $(if $(BROWSER),,chromium) $(if $(HANGUL),,fontconfig fonts-noto-cjk)

.PHONY: browser
browser:
	@[[ -z "$(strip $(BROWSER_PACKAGES))" ]] && exit 0; \
	if [[ "$(MAY_INSTALL)" == yes && $$(id -u) == 0 ]] && command -v apt-get >/dev/null; then \
		echo "Installing $(strip $(BROWSER_PACKAGES)) for the tests of the pages ..."; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
			$(BROWSER_PACKAGES) >/dev/null; \
	else \
		echo "The tests of the pages want a browser and a Korean font. On Debian or Ubuntu:" \
			"apt-get install $(strip $(BROWSER_PACKAGES))" >&2; \
	fi

.PHONY: python
python:
	@[[ -n "$(PYTHON)" ]] && $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Python 3.11 or newer is needed and was not found$(if $(PYTHON), as '$(PYTHON)')." \
			"Install it (Debian 12: apt-get install python3.11-venv) or name it: make PYTHON=/path/to/python3.11" >&2; \
		exit 1; }
