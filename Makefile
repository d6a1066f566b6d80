# Copyright: Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

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
	@echo 'make test              everything that gates a change, one after the other:'
	@echo '  make sanity          ansible-test sanity'
	@echo '  make units           ansible-test units'
	@echo '  make emulator-tests  the tests of the emulator and other helpers of the tests, with plain pytest'
	@echo '  make integration     the integration targets, with ansible-playbook on the emulator (TARGET=name for one)'
	@echo '  make lint            ansible-lint, production profile'
	@echo '  make docs            antsibull-docs and antsibull-changelog on documentation and changelog'
	@echo '  make importer        galaxy-importer on the built collection'
	@echo 'make matrix            units, emulator-tests and integration on each Python 3.10 to 3.13 found here'
	@echo 'make newest            the same three with the newest releases of everything, instead of those in the locks'
	@echo 'make locks             tests/requirements/*.txt: the newest of what tests/requirements/versions.in leaves open'
	@echo 'make changelog         CHANGELOG.rst of the version in galaxy.yml, from changelogs/fragments'
	@echo 'make bench             what it costs, beside a thread pool and the playbook of today (some 6 minutes)'
	@echo 'make mutants           deliberate mistakes in the collection, and which of them no test notices (ARGS=pattern for some)'
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

.PHONY: env
env: $(VENV_READY) $(AMAZON_AWS_READY) home stage

# --- The two commands ----------------------------------------------------------------------------

.PHONY: demo
demo: env
	@$(INSIDE) python $(TOOLS)/demo.py --output $(abspath $(BUILD))/demo

# Those that depend on the versions of what the collection runs with.
TESTS := units emulator-tests integration
GATES := sanity units emulator-tests integration lint docs importer

.PHONY: test
test: env $(CHECKS_READY)
	@$(VENV)/bin/python $(TOOLS)/gates.py $(MAKE) $(GATES)

# --- The gates -----------------------------------------------------------------------------------

.PHONY: sanity
sanity: env pythons
	@$(INSIDE) python $(TOOLS)/seed_get_pip.py
	@$(INSIDE) ansible-test sanity $(ARGS)

.PHONY: units
units: env
	@$(INSIDE) ansible-test units --python $(PYTHON_VERSION) $(ARGS) tests/unit/plugins/

# Each folder beside the plugins' unit tests is a suite for plain pytest.
SUITES = $(sort $(patsubst %/,%,$(dir $(wildcard tests/unit/*/test_*.py))))

.PHONY: emulator-tests
emulator-tests: env
	@$(INSIDE) env PYTHONPATH=tests:$(abspath $(COLLECTIONS)) python -m pytest -q -rs -p no:cacheprovider -n auto --dist loadfile $(ARGS) $(SUITES)

.PHONY: integration
integration: env
	@$(INSIDE) python $(TOOLS)/integration.py --output $(abspath $(BUILD))/integration --arguments=$(call quoted,$(ARGS)) $(TARGET)

.PHONY: lint
lint: env $(CHECKS_READY)
	@$(INSIDE_CHECKS) ansible-lint --offline --strict --nocolor $(ARGS)

.PHONY: docs
docs: env $(CHECKS_READY)
	@$(INSIDE_CHECKS) antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs all $(ARGS) .
	@$(INSIDE_CHECKS) antsibull-changelog lint
	@$(INSIDE_CHECKS) antsibull-changelog lint-changelog-yaml changelogs/changelog.yaml

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

.PHONY: bench
bench: env
	@$(INSIDE) env PYTHONPATH=tests python -m bench $(ARGS)

.PHONY: mutants
mutants: env
	@$(INSIDE) env PYTHONPATH=tests python -m mutants --output $(abspath $(BUILD))/mutants $(ARGS)

.PHONY: matrix
matrix: env
	@$(VENV)/bin/python $(TOOLS)/matrix.py $(MAKE) $(BUILD) $(TESTS)

# Made anew each time: what is newest changes.
.PHONY: newest
newest:
	@rm -rf $(BUILD)/newest
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/newest LOCKED=no $(TESTS)

.PHONY: locks
locks: $(BUILD)/venv-locks/$(READY)
	@$(BUILD)/venv-locks/bin/python $(TOOLS)/make_locks.py

.PHONY: clean
clean:
	rm -rf $(BUILD)
