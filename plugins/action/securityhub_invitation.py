# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action plugin of every module: the others are symbolic links to this file. Which module it is for is in the name that Ansible loads it under."""

from __future__ import annotations

from ansible_collections.cloudsec.securityhub.plugins.plugin_utils._direct import DirectAction
from ansible_collections.cloudsec.securityhub.plugins.plugin_utils._direct import load_module


class ActionModule(DirectAction):
    """Runs the module of its name in the worker of its task where that is possible."""

    MODULE = load_module(__name__.rpartition(".")[2])
