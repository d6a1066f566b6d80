# Copyright: Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# The Python to work with (3.10 or later), and the folder for everything generated.
PYTHON ?= python3
BUILD ?= build

PYTHON_VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>&1)
VENV := $(BUILD)/venv
COLLECTIONS := $(BUILD)/collections
STAGED := $(COLLECTIONS)/ansible_collections/cloudsec/securityhub
TOOLS := tests/tools
INSIDE := sh $(TOOLS)/inside.sh $(BUILD) venv

# A stamp that names the Python: another one makes the environment anew.
VENV_READY := $(VENV)/.ready-$(PYTHON_VERSION)
AMAZON_AWS_READY := $(COLLECTIONS)/ansible_collections/amazon/aws/.ready-$(PYTHON_VERSION)

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
	@echo 'make build             the collection as Galaxy takes it, in $(BUILD)/'
	@echo 'make env               only the environment: $(VENV), amazon.aws, the staged collection'
	@echo 'make clean             remove $(BUILD)/'
	@echo ''
	@echo 'PYTHON=python3.12 names the Python to use (now: $(PYTHON)), ARGS="..." goes to the tool behind a target.'

# --- The environment -----------------------------------------------------------------------------

$(VENV)/.ready-%: tests/requirements/run.txt $(TOOLS)/make_venv.py
	@mkdir -p $(BUILD)
	@$(PYTHON) $(TOOLS)/make_venv.py $(VENV) $<
	@touch $@

$(COLLECTIONS)/ansible_collections/amazon/aws/.ready-%: $(TOOLS)/fetch_amazon_aws.py | $(VENV_READY)
	@mkdir -p $(COLLECTIONS)
	@$(VENV)/bin/python $(TOOLS)/fetch_amazon_aws.py $(COLLECTIONS)
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

# --- The gates -----------------------------------------------------------------------------------

.PHONY: sanity
sanity: env pythons
	@$(INSIDE) python $(TOOLS)/seed_get_pip.py
	@$(INSIDE) ansible-test sanity $(ARGS)

.PHONY: units
units: env
	@$(INSIDE) ansible-test units --python $(PYTHON_VERSION) $(ARGS) tests/unit/plugins/

# Each folder beside the plugins' unit tests is a suite for plain pytest.
SUITES = $(filter-out tests/unit/plugins,$(patsubst %/__init__.py,%,$(wildcard tests/unit/*/__init__.py)))

.PHONY: emulator-tests
emulator-tests: env
	@$(INSIDE) env PYTHONPATH=tests python -m pytest -q -p no:cacheprovider $(ARGS) $(SUITES)

.PHONY: integration
integration: env
	@$(INSIDE) env python $(TOOLS)/integration.py --output $(abspath $(BUILD))/integration --arguments='$(ARGS)' $(TARGET)

.PHONY: clean
clean:
	rm -rf $(BUILD)
