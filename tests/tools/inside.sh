#!/bin/sh
# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Usage: inside.sh BUILD VENV COMMAND [ARGUMENT...]
# Runs a command in the staged collection with a virtual environment first on PATH,
# and without anything of the machine's own AWS and Ansible settings.
set -eu

build=$(cd "$1" && pwd -P)
venv=$2
shift 2

for name in $(env | sed -nE 's/^((AWS|BOTO|ANSIBLE|MOTO|PYTEST|PYTHON)[A-Z0-9_]*)=.*/\1/p'); do
    # How this machine reaches the network stays as it is.
    [ "$name" = AWS_CA_BUNDLE ] || unset "$name"
done

# Ansible refuses to run without UTF-8, and with a locale that is not installed, whatever its name says.
export LC_ALL=C.UTF-8

export HOME="$build/home"
unset XDG_CONFIG_HOME XDG_CACHE_HOME
export PATH="$build/$venv/bin:$build/pythons:$PATH"
export VIRTUAL_ENV="$build/$venv"
# A proxy has no business between a test and its emulator.
export NO_PROXY="${NO_PROXY:+$NO_PROXY,}127.0.0.1,localhost"
export no_proxy="$NO_PROXY"
# Without this, a test that forgot its credentials would wait for a server that only EC2 has.
export AWS_EC2_METADATA_DISABLED=true

export ANSIBLE_CONFIG="$HOME/ansible.cfg"
# Their defaults are in the home of "~USER", which is not HOME's, but that of /etc/passwd.
export ANSIBLE_REMOTE_TEMP="$HOME/.ansible/tmp"
export ANSIBLE_ASYNC_DIR="$HOME/.ansible_async"
export ANSIBLE_COLLECTIONS_PATH="$build/collections"
staged="$build/collections/ansible_collections/cloudsec/securityhub"
# Else ansible-test asks the git checkout around the build folder for the files, and there they are ignored.
export ANSIBLE_TEST_CONTENT_ROOT="$staged"

cd "$staged"
exec "$@"
