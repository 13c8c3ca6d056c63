# make repro: set up and run the whole benchmark. make review: set up, pull what is published, recompute and compare it.
# make test: set up and run the tests.
PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready
RUN := PATH="$(CURDIR)/$(VENV)/bin:$$PATH"

.PHONY: repro review test clean

repro: $(READY)
	$(RUN) dvc repro
	$(RUN) sac index

review: $(READY)
	$(RUN) sac review

test: $(READY)
	$(RUN) pytest

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r requirements.lock
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps --editable .
	git rev-parse --git-dir >/dev/null 2>&1 || $(VENV)/bin/dvc config --local core.no_scm true   # an archive has no git
	touch $@

clean:
	rm -rf $(VENV) .zoo artifacts
