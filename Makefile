# make repro: set up and run the whole benchmark, saying how far it is. make review: set up, recompute what is published and compare it.
# make test: set up and run all tests but the slow ones, five to eleven minutes on two cores. make slow: set up and run the slow ones.
# make check: set up; lint, format, types, wiring, and the coverage.
# make docs: set up and build the pages as a site, build/site/index.html; a broken link fails.
PYTHON ?= python3
VENV := .venv
FLOOR := 95  # of all lines and branches, in per cent, without the tests of the scratch repository
READY := $(VENV)/.ready
RUN := PATH="$(CURDIR)/$(VENV)/bin:$$PATH"

.PHONY: repro review test slow lint check docs lock notice clean

repro: $(READY)
	@$(RUN) sac check
	@$(RUN) sac repro
	@$(RUN) sac spent

review: $(READY)
	$(RUN) sac review

test: $(READY)
	$(RUN) pytest -m "not slow"

slow: $(READY)
	$(RUN) pytest -m slow

lint: $(READY)
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy
	$(RUN) sac wire --check

check: lint
	$(RUN) pytest -m "not dvc" --cov --cov-report=term --cov-fail-under=$(FLOOR)

docs: $(READY)
	$(RUN) NO_MKDOCS_2_WARNING=1 mkdocs build --strict

$(READY): requirements.lock pyproject.toml
	@echo "Installing $$(grep -c '==' requirements.lock) packages (PyTorch among them, about 2 GB) into $(VENV): one to five minutes"
	@if command -v uv >/dev/null; then \
	  uv venv --quiet --allow-existing --seed --python $(PYTHON) $(VENV) && uv pip install --quiet --python $(VENV) -r requirements.lock && \
	  uv pip install --quiet --python $(VENV) --no-deps --editable .; \
	else \
	  $(PYTHON) -m venv $(VENV) && $(VENV)/bin/pip install --quiet --disable-pip-version-check --no-compile -r requirements.lock && \
	  $(VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps --editable .; \
	fi
	git rev-parse --git-dir >/dev/null 2>&1 || $(VENV)/bin/dvc config --local core.no_scm true   # an archive has no git
	touch $@

# Pin the versions anew, with their sums; then NOTICE, from what is installed. Needs uv.
lock:
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --no-annotate --no-strip-extras --python-version 3.11 \
	  --extra dev pyproject.toml -o requirements.lock

notice: $(READY)
	$(RUN) python -m benchmarks.notice

clean:
	rm -rf $(VENV) .zoo artifacts build .coverage .mypy_cache
