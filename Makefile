# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The Python to work with (3.10 or later).
PYTHON ?= python3
# "no" installs the newest releases instead of those in the locks.
LOCKED ?= yes

TOOLS := tests/tools
quoted = '$(subst ','\'',$(1))'

# The folder for everything generated: build, or the one given. As all else in a recipe, its name needs no quotes.
override BUILD := $(shell sh $(TOOLS)/build_folder.sh $(call quoted,$(value BUILD)))
ifeq ($(BUILD),)
$(error There is no folder for what is generated)
endif

PYTHON_VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
VENV := $(BUILD)/venv-run
COLLECTIONS := $(BUILD)/collections
STAGED := $(COLLECTIONS)/ansible_collections/cloudsec/securityhub
INSIDE := sh $(TOOLS)/inside.sh $(BUILD) venv-run
INSIDE_CHECKS := sh $(TOOLS)/inside.sh $(BUILD) venv-checks

# A list of requirements is a lock, NAME.txt, or the names that it is made from, NAME.in.
LIST := $(if $(filter no,$(LOCKED)),in,txt)
# A stamp that names the Python and the kind of list: another one makes the environment anew.
READY := .ready-$(PYTHON_VERSION)-$(LIST)
VENV_READY := $(VENV)/$(READY)
CHECKS_READY := $(BUILD)/venv-checks/$(READY)
AMAZON_AWS_READY := $(COLLECTIONS)/ansible_collections/amazon/aws/$(READY)

.PHONY: help
help:
	@echo 'make demo              accept invitations of many accounts on an emulator of AWS, and watch'
	@echo 'make demo-events       an invitation arrives, and the account is a member seconds later, by a rulebook'
	@echo 'make emulator          the emulator of AWS, for other tools too (ARGS=--help)'
	@echo 'make quick             a first answer in under a minute: style, units, contract'
	@echo 'make fix               format the Python, mend what ruff can mend, and write what the RETURN of all modules has in common'
	@echo 'make test              everything that gates a change, one after the other:'
	@echo '  make style           ruff: lint and format'
	@echo '  make types           mypy on plugins and tests'
	@echo '  make lint            ansible-lint, production profile; check-jsonschema on the workflows'
	@echo '  make docs            antsibull-docs and antsibull-changelog on documentation and changelog'
	@echo '  make conventions     that plugins are complete and that README and docs/ are true (BASE=commit for the changelog)'
	@echo '  make sanity          ansible-test sanity'
	@echo '  make units           ansible-test units'
	@echo '  make functional      the product through HTTP, on the emulator or a small server, with plain pytest'
	@echo '  make selftests       what the tests stand on: the emulator, the benchmark, the tools'
	@echo '  make integration     the integration targets, with ansible-playbook on the emulator (TARGET=name for one)'
	@echo '  make distribution    the built collection in ansible-builder and ansible-runner'
	@echo '  make events          the rulebooks, by ansible-rulebook on the emulator'
	@echo '  make importer        galaxy-importer on the built collection'
	@echo 'make nightly           what takes longer: docsite, guides, sanity-all, faults, matrix, newest and mutants'
	@echo '  make guides          the README and the guides, followed to the letter'
	@echo '  make sanity-all      ansible-test sanity on each Python found here'
	@echo '  make faults          every fault of every call of every module, of which functional has a sample'
	@echo '  make matrix          the tests on the built collection, with each ansible-core from 2.17 to 2.21 (ARGS="--only 14" for one)'
	@echo '  make newest          the tests with the newest releases of everything, instead of those in the locks'
	@echo '  make mutants         deliberate mistakes in the collection, and which of them no test notices (ARGS=pattern for some)'
	@echo 'make locks             tests/requirements/*.txt: the newest of what tests/requirements/versions.in leaves open'
	@echo 'make changelog         CHANGELOG.rst of the version in galaxy.yml, from changelogs/fragments'
	@echo 'make bench             what it costs, beside other ways to do the same (some 15 minutes)'
	@echo 'make docsite           the documentation as a site, in $(BUILD)/docsite; every link in it is checked'
	@echo 'make picture           docs/images/coverage.png, the picture of the coverage page'
	@echo 'make build             the collection as Galaxy takes it, in $(BUILD)/'
	@echo 'make env               only the environment: $(VENV), amazon.aws, the staged collection'
	@echo 'make clean             remove $(BUILD)/'
	@echo ''
	@echo 'PYTHON=python3.12 names the Python to use (now: $(PYTHON)), ARGS="..." goes to the tool behind a target.'

# --- The environment -----------------------------------------------------------------------------

$(BUILD)/venv-%/$(READY): tests/requirements/%.$(LIST) $(TOOLS)/make_venv.py
	@mkdir -p $(BUILD)
	@$(PYTHON) $(TOOLS)/make_venv.py $(@D) $<
	@touch $@

$(AMAZON_AWS_READY): tests/requirements/amazon_aws.$(LIST) $(TOOLS)/fetch_amazon_aws.py | $(VENV_READY)
	@mkdir -p $(COLLECTIONS)
	@$(VENV)/bin/python $(TOOLS)/fetch_amazon_aws.py $(COLLECTIONS) $<
	@touch $@

.PHONY: home
home: $(VENV_READY)
	@$(VENV)/bin/python $(TOOLS)/make_home.py $(BUILD)/home

.PHONY: pythons
pythons: $(VENV_READY)
	@$(VENV)/bin/python $(TOOLS)/find_pythons.py $(BUILD)/pythons

.PHONY: stage
stage: $(VENV_READY)
	@$(VENV)/bin/python $(TOOLS)/stage.py $(BUILD)

# PREPARED=yes: the environment is there already. "make test" makes it once for all gates, since some run beside others, and "make matrix" makes
# its own, with the built collection in the place of the staged one.
.PHONY: env
ifneq ($(PREPARED),yes)
env: $(VENV_READY) $(AMAZON_AWS_READY) home stage
endif

# --- The two commands ----------------------------------------------------------------------------

.PHONY: demo
demo: env
	@$(INSIDE) python $(TOOLS)/demo.py --output $(abspath $(BUILD))/demo

# Those that depend on the versions of what the collection runs with.
TESTS := units functional selftests integration
GATES := style types lint docs conventions $(TESTS) sanity distribution events importer

.PHONY: test
test: env $(CHECKS_READY)
	@PREPARED=yes $(VENV)/bin/python $(TOOLS)/gates.py --beside sanity $(MAKE) $(GATES)

# --- While working -------------------------------------------------------------------------------

.PHONY: fix
fix: $(CHECKS_READY)
	@$(PYTHON) $(TOOLS)/shared_return.py
	@$(RUFF) format --no-cache .
	@$(RUFF) check --no-cache --fix .

# Without the three tests that take half a minute.
.PHONY: quick
quick: style
	@$(PYTEST) --dist worksteal -k 'not interruption and not other_tasks_environment and not a_thousand_members' $(ARGS) tests/unit/plugins tests/functional/contract

# --- The gates -----------------------------------------------------------------------------------

RUFF = $(BUILD)/venv-checks/bin/ruff
CORES := $(shell $(PYTHON) -c 'import os; print(os.cpu_count() or 1)')
# Tests wait for something half of their time
JOBS = $(shell expr 2 '*' $(CORES))
PYTEST = $(INSIDE) env PYTHONPATH=$(abspath $(COLLECTIONS)) python -m pytest -q -rs -p no:cacheprovider -n $(JOBS) --dist loadfile

.PHONY: style
style: env $(CHECKS_READY)
	@$(INSIDE_CHECKS) ruff check --no-cache $(ARGS)
	@$(INSIDE_CHECKS) ruff format --no-cache --diff $(ARGS)

.PHONY: types
types: env $(CHECKS_READY)
	@cd $(COLLECTIONS) && $(abspath $(BUILD))/venv-checks/bin/mypy --config-file $(abspath $(STAGED))/pyproject.toml \
	--python-executable $(abspath $(VENV))/bin/python --cache-dir $(abspath $(BUILD))/mypy $(ARGS)

.PHONY: lint
lint: env $(CHECKS_READY)
	@$(INSIDE_CHECKS) ansible-lint --offline --strict --nocolor $(ARGS)
	@$(INSIDE_CHECKS) check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml

.PHONY: docs
docs: env $(CHECKS_READY)
	@$(INSIDE_CHECKS) antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs all $(ARGS) .
	@$(INSIDE_CHECKS) antsibull-changelog lint
	@$(INSIDE_CHECKS) antsibull-changelog lint-changelog-yaml changelogs/changelog.yaml

.PHONY: conventions
conventions: env
	@$(VENV)/bin/python $(TOOLS)/needs_fragment.py $(call quoted,$(BASE))
	@$(PYTEST) $(ARGS) tests/conventions

.PHONY: sanity sanity-all
sanity: SANITY_PYTHON = --python $(PYTHON_VERSION)
sanity sanity-all: env pythons
	@$(INSIDE) python $(TOOLS)/seed_get_pip.py
	@$(INSIDE) ansible-test sanity $(SANITY_PYTHON) $(ARGS)

.PHONY: units
units: env
	@$(INSIDE) ansible-test units --python $(PYTHON_VERSION) $(ARGS) tests/unit/plugins/

# They wait longer, and the longest file begins: what each worker has is in the order of the files.
.PHONY: functional
functional: JOBS = $(shell expr 3 '*' $(CORES))
functional: env
	@$(PYTEST) --no-loadscope-reorder $(ARGS) tests/functional

.PHONY: selftests
selftests: env
	@$(PYTEST) $(ARGS) tests/selftests

# Rulebooks, in an environment of their own. EVENTS has it, or says what this machine lacks.
EVENTS := $(abspath $(BUILD))/events

.PHONY: events-env
events-env: build
	@$(INSIDE) python $(TOOLS)/prepare_events.py $(EVENTS) $(abspath $(BUILD))/$(ARTIFACT) $(LIST)

.PHONY: events
events: events-env
	@$(INSIDE) env EVENTS=$(EVENTS) python -m pytest -q -rs -p no:cacheprovider -n 2 --dist loadgroup $(ARGS) tests/events

.PHONY: demo-events
demo-events: events-env
	@$(INSIDE) env PYTHONPATH=tests:tests/tools python $(TOOLS)/demo_events.py --output $(EVENTS)

# The built collection where others run it. ARTIFACT is its file.
.PHONY: distribution
distribution: build
	@$(INSIDE) env ARTIFACT=$(abspath $(BUILD))/$(ARTIFACT) python -m pytest -q -rs -p no:cacheprovider -n 2 $(ARGS) tests/distribution

# The README and the guides, to the letter.
.PHONY: guides
guides: build
	@$(INSIDE) env ARTIFACT=$(abspath $(BUILD))/$(ARTIFACT) python -m pytest -q -rs -p no:cacheprovider $(ARGS) tests/guides

# ALL=yes: also the ways that a change is not tested in, but a release is.
.PHONY: integration
integration: env
	@$(INSIDE) python $(TOOLS)/integration.py $(if $(filter yes,$(ALL)),--all) --output $(abspath $(BUILD))/integration --arguments=$(call quoted,$(ARGS)) $(TARGET)

.PHONY: importer
importer: build $(CHECKS_READY)
	@$(INSIDE_CHECKS) python $(TOOLS)/importer.py $(abspath $(BUILD))/$(ARTIFACT)

# --- The rest ------------------------------------------------------------------------------------

ARTIFACT = cloudsec-securityhub-$(shell sed -n 's/^version: *//p' galaxy.yml).tar.gz

.PHONY: build
build: env
	@$(INSIDE) ansible-galaxy collection build --force --output-path $(abspath $(BUILD)) .

# The changelog of the version in galaxy.yml, from changelogs/fragments, which this uses up.
.PHONY: changelog
changelog: env $(CHECKS_READY)
	@$(INSIDE_CHECKS) antsibull-changelog release --update-existing --reload-plugins
	@cp $(STAGED)/CHANGELOG.rst .
	@cp $(STAGED)/changelogs/changelog.yaml changelogs/
	@for fragment in changelogs/fragments/*; do [ -e "$(STAGED)/$$fragment" ] || rm "$$fragment"; done

# Until Ctrl-C.
.PHONY: emulator
emulator: env
	@exec $(INSIDE) env PYTHONPATH=tests python -m emulator $(ARGS)

DOCSITE_READY := $(BUILD)/venv-docsite/$(READY)

.PHONY: docsite
docsite: env $(DOCSITE_READY)
	@sh $(TOOLS)/inside.sh $(BUILD) venv-docsite python tests/docsite --output $(abspath $(BUILD))/docsite $(ARGS)

.PHONY: picture
picture: env
	@$(INSIDE) env PYTHONPATH=tests:tests/tools:$(abspath $(COLLECTIONS)) python $(TOOLS)/picture.py $(abspath $(BUILD))/coverage.png
	@cp $(BUILD)/coverage.png docs/images/

.PHONY: bench
bench: env
	@$(INSIDE) env PYTHONPATH=tests:tests/tools:$(abspath $(COLLECTIONS)) python -m bench $(ARGS)

.PHONY: mutants
mutants: env
	@$(INSIDE) env PYTHONPATH=tests python -m mutants --output $(abspath $(BUILD))/mutants $(ARGS)

.PHONY: nightly
nightly: env
	@$(VENV)/bin/python $(TOOLS)/gates.py $(MAKE) docsite guides sanity-all faults matrix newest mutants

.PHONY: faults
faults: env
	@FAULTS=all $(PYTEST) $(ARGS) tests/functional/faults

.PHONY: matrix
matrix: build
	@$(VENV)/bin/python $(TOOLS)/matrix.py $(MAKE) $(BUILD) $(BUILD)/$(ARTIFACT) $(LIST) units functional integration $(ARGS)

# Made anew each time: what is newest changes.
.PHONY: newest
newest:
	@rm -rf $(BUILD)/newest
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/newest LOCKED=no ALL=yes $(TESTS)

.PHONY: locks
locks: $(BUILD)/venv-locks/$(READY)
	@$(BUILD)/venv-locks/bin/python $(TOOLS)/make_locks.py

.PHONY: clean
clean:
	rm -rf $(BUILD)
