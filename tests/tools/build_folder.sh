#!/bin/sh
# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Usage: build_folder.sh [BUILD]
# Prints the folder for everything generated: BUILD or, without one, the folder "build" here.
#
# make splits names at spaces, a script's first line ends Python's path at one, a colon ends a folder on PATH, and
# Ansible hands the path of its temporary files to a shell unquoted. No quoting here would mend them all. So where
# this folder has such a name, what is generated goes to another one, and all that runs, runs there, on the staged copy.
set -eu

is_plain() {
    [ "$(printf %s "$1" | LC_ALL=C tr -d 'A-Za-z0-9_./+@\200-\377-' | wc -c)" -eq 0 ]
}

given=${1:-}
# The dot keeps a line's end that is part of the name.
here=$(pwd -P && echo .)
here=${here%??}
case $given in
    /*) path=$given ;;
    *) path=$here/${given:-build} ;;
esac
if is_plain "$path"; then
    echo "${given:-build}"
    exit
fi
if [ "$given" ]; then
    printf 'BUILD is %s: its whole path may have letters, digits and any of _ . / + @ - only.\n' "$path" >&2
    exit 1
fi

user=$(id -u)
for base in "${XDG_CACHE_HOME:-${HOME:-/dev/null}/.cache}" "${TMPDIR:-/tmp}" /tmp; do
    folder=$base/cloudsec.securityhub-$user
    is_plain "$folder" || continue
    mkdir -p "$base" 2>/dev/null || continue
    mkdir -m 700 "$folder" 2>/dev/null || :
    # What lies there is run: it must be nobody else's.
    if [ -w "$folder" ] && [ "$(find "$folder" -prune -type d -user "$user" -perm 700)" ]; then
        printf '%s/%s\n' "$folder" "$(printf %s "$here" | cksum | tr ' ' -)"
        exit
    fi
done
echo 'Found no folder for what is generated; name one: make BUILD=/some/where' >&2
exit 1
