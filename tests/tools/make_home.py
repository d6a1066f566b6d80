# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a home folder of the tests' own, so that they neither read nor change the user's.

Ansible, boto3 and ansible-test keep settings and caches in the home folder. Only pip's settings
come along: ansible-test runs pip, passes it none of the PIP_ variables, and it must find the same package index.
"""

from __future__ import annotations

import argparse
import configparser
import os


def user_settings():
    """The files that pip reads in the user's home folder, least important first."""
    home = os.path.expanduser("~")
    return [
        os.path.join(home, ".pip", "pip.conf"),
        os.path.join(os.environ.get("XDG_CONFIG_HOME") or os.path.join(home, ".config"), "pip", "pip.conf"),
        os.environ.get("PIP_CONFIG_FILE") or os.devnull,
    ]


def pip_settings():
    settings = configparser.RawConfigParser()
    settings.read(user_settings())
    if not settings.has_section("global"):
        settings.add_section("global")
    for name, value in os.environ.items():
        if name.startswith("PIP_") and name != "PIP_CONFIG_FILE" and value:
            settings.set("global", name[len("PIP_") :].lower().replace("_", "-"), value)
    # Errors only: between the tests' own words, a report of each download is in the way.
    settings.set("global", "quiet", "2")
    return settings


def link(name, home):
    """Let a file or folder of the user's home be seen in the tests' own as well."""
    there, here = os.path.join(os.path.expanduser("~"), name), os.path.join(home, name)
    if os.path.lexists(here):
        os.unlink(here)
    if os.path.exists(there):
        os.makedirs(os.path.dirname(here), exist_ok=True)
        os.symlink(there, here)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home")
    args = parser.parse_args()

    home = os.path.abspath(args.home)
    os.makedirs(os.path.join(home, ".config", "pip"), exist_ok=True)
    # May hold an index's password.
    os.chmod(home, 0o700)
    with open(os.path.join(home, ".config", "pip", "pip.conf"), "w", encoding="utf-8") as stream:
        pip_settings().write(stream)
    with open(os.path.join(home, "ansible.cfg"), "w", encoding="utf-8") as stream:
        stream.write("# Empty, in the place of the machine's own.\n")
    link(".netrc", home)
    link(os.path.join(".cache", "pip"), home)


if __name__ == "__main__":
    main()
