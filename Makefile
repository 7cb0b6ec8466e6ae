# GreenAsk 绿问: `make` alone lists what can be made.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

# What the editable install is built with, besides what the project itself depends on.
BUILD_TOOLS := editables hatchling setuptools
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' $(if $(UPGRADE),--upgrade)

.DEFAULT_GOAL := help
.PHONY: help start test lint format lock setup clean FORCE

help: ## show this list
	@echo 'GreenAsk 绿问 - make one of:'
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1#\2/p' Makefile | while IFS='#' read -r name what; do \
		printf '%-15s %s\n' "$$name" "$$what"; done
	@echo 'Another Python: make start PYTHON=python3.12    Some tests only: make test ARGS="-k journey"'

start: $(VENV)/.run ## set up, build the knowledge base, open the chat (and the Telegram bot)
	@$(BIN)/greenask kb build
	@$(BIN)/greenask start

test: $(VENV)/.dev ## set up and run the whole test suite
	@$(BIN)/python -m pytest -n auto --dist loadscope $(ARGS)

lint: $(VENV)/.dev ## check style, types and the direction of imports
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev ## put the code into the project's style
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

setup: $(VENV)/.dev ## set up only, for development

lock: $(VENV)/.made ## make the locks again; UPGRADE=1 takes newer versions
	@[ -x $(BIN)/uv ] || $(BIN)/python -m pip install -qq --disable-pip-version-check uv
	@printf '%s\n' $(BUILD_TOOLS) | $(COMPILE) pyproject.toml - -o requirements.lock
	@printf '%s\n' $(BUILD_TOOLS) | $(COMPILE) pyproject.toml - --group dev -c requirements.lock -o requirements-dev.lock
	@$(COMPILE) tests/telegram/emulator/telemelya.in -o tests/telegram/emulator/telemelya.lock
	@if grep -n '://' requirements.lock requirements-dev.lock tests/telegram/emulator/telemelya.lock; then \
		echo 'A lock names an address (above): it must hold names, versions and hashes only.' >&2; exit 1; fi
	@echo 'The locks are up to date.'

clean: ## remove the virtual environment and all caches (the data in .greenask stays)
	@rm -rf $(VENV) dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Set-up happens once for each lock: files inside .venv remember it. A checkout that was moved is set up anew.

$(VENV)/.made:
	@$(PYTHON) -c '' 2>/dev/null || { \
		echo 'GreenAsk needs Python 3.11 or newer, and there is no "$(PYTHON)" here.' >&2; \
		echo 'Install Python, or name the one to use: make start PYTHON=python3.12' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "GreenAsk needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1)." >&2; \
		echo 'Name a newer one: make start PYTHON=python3.12' >&2; exit 1; }
	@echo 'Making $(VENV) …'
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV) >/dev/null || { rm -rf $(VENV); \
		echo '$(PYTHON) could not make a virtual environment.' >&2; \
		echo 'On Debian and Ubuntu: sudo apt install python3-venv' >&2; exit 1; }
	@pwd > $@

ifneq ($(shell cat $(VENV)/.made 2>/dev/null),$(shell pwd))
$(VENV)/.made: FORCE
endif

$(VENV)/.run: requirements.lock pyproject.toml | $(VENV)/.made
	@$(call install,requirements.lock)
	@touch $@

$(VENV)/.dev: requirements-dev.lock pyproject.toml | $(VENV)/.made
	@$(call install,requirements-dev.lock)
	@touch $@ $(VENV)/.run

# Installs a lock and then the project: the lock's setuptools first, for the few packages that come as source.
# Output goes to .venv/setup.log; the screen gets a counter (one line when it is no terminal).
define install
	set -e; log=$(VENV)/setup.log; began=$$(date +%s); total=$$(grep -c '^[A-Za-z0-9._-]*==' $(1)); \
	pip='$(BIN)/python -m pip --disable-pip-version-check --no-input'; \
	trap 'status=$$?; if [ $$status -ne 0 ]; then echo; \
		grep -E "^ *(ERROR|error)" $$log | tail -n 5 >&2; \
		echo "Setting up failed; the whole story is in $$log. To try again, give the same command." >&2; fi' EXIT; \
	printf 'Installing up to %s packages from $(1) (a minute or two the first time) …' $$total; \
	[ -t 1 ] || echo; \
	sed -n '/^setuptools==/,/[^\\]$$/p' $(1) > $(VENV)/first.lock; \
	$$pip install --quiet --require-hashes -r $(VENV)/first.lock > $$log 2>&1; \
	rm -f $(VENV)/failed; \
	{ PYTHONUNBUFFERED=1 $$pip install --require-hashes --no-build-isolation -r $(1) 2>&1 || touch $(VENV)/failed; } \
	| { n=0; while IFS= read -r line; do \
		printf '%s\n' "$$line" >> $$log; \
		[ -t 1 ] || continue; \
		case $$line in \
			Collecting*|Processing*|Requirement\ already*) n=$$((n + 1)); \
				printf '\rFetching packages: %s of up to %s \033[K' $$n $$total;; \
			Installing\ collected*) printf '\rUnpacking %s packages … \033[K' $$n;; \
		esac; done; }; \
	[ ! -e $(VENV)/failed ]; \
	$$pip install --quiet --no-deps --no-build-isolation --editable . >> $$log 2>&1; \
	if [ -t 1 ]; then printf '\r\033[K'; fi; \
	echo "Installed in $$(( $$(date +%s) - began )) s."
endef
