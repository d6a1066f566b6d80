# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action plugin of the module of this file's name."""

from __future__ import annotations

from ansible_collections.cloudsec.securityhub.plugins.plugin_utils._direct import DirectAction
from ansible_collections.cloudsec.securityhub.plugins.plugin_utils._direct import load_module


class ActionModule(DirectAction):
    """Runs the module of its name in the worker of its task where that is possible."""

    MODULE = load_module(__name__.rpartition(".")[2])
