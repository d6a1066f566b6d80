# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ansible-rulebook gets from those who run it here."""

from __future__ import annotations

import os

from emulator_process import credentials_of

INVENTORY = "all: {hosts: {localhost: {ansible_connection: local}}}\n"


def environment(prepared, facts, **more):
    """The environment of a user who has installed the collections by ansible-galaxy and set nothing for Ansible.

    prepared: what prepare_events.py has written. facts: the emulator's. more: further variables.
    """
    return {
        **{name: os.environ[name] for name in ("LC_ALL", "NO_PROXY", "no_proxy", "JAVA_HOME") if name in os.environ},
        "PATH": os.pathsep.join([prepared["bin"], os.environ["PATH"]]),
        "HOME": prepared["home"],
        **credentials_of(facts),
        **more,
    }
