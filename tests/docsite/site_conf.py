# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the site's conf.py, which sphinx-init writes, takes from here."""

from __future__ import annotations

from docutils import nodes

ANSIBLE = "https://docs.ansible.com/projects/ansible/latest/"
# Where antsibull-docs points to in Ansible's documentation. It would look them up there each time; the site is made without a network
LABELS = {
    "action_plugins": "plugins/action.html#action-plugins",
    "ansible_configuration_settings": "reference_appendices/config.html#ansible-configuration-settings",
    "callback_plugins": "plugins/callback.html#callback-plugins",
    "common_return_values": "reference_appendices/common_return_values.html#common-return-values",
}
SETTINGS = "reference_appendices/config.html#envvar-"


def resolve(_app, _env, node, content):
    """A link to Ansible's documentation, for what is not found in the site."""
    target = node["reftarget"]
    if node["reftype"] == "envvar" and target.startswith("ANSIBLE_"):
        path = SETTINGS + target
    elif node["reftype"] == "ref" and target.lower() in LABELS:
        path = LABELS[target.lower()]
    else:
        return None
    return nodes.reference("", "", content, refuri=ANSIBLE + path, internal=False)


def setup(app):
    """As Sphinx calls it."""
    app.connect("missing-reference", resolve)
    return {"parallel_read_safe": True}
