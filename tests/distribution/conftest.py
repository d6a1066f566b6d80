# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The built collection, installed as its users install it, and an emulator."""

from __future__ import annotations

import os
import pathlib
import sys

import pytest
from emulator_fixtures import aws
from emulator_fixtures import facts
from emulator_process import credentials_of
from installed import install

__all__ = ["aws", "facts"]


@pytest.fixture(scope="session")
def collections(tmp_path_factory):
    """A folder with amazon.aws, and this collection installed beside it: ansible-galaxy looks whether the one will do for the other."""
    folder = tmp_path_factory.mktemp("collections")
    (folder / "ansible_collections").mkdir()
    (folder / "ansible_collections" / "amazon").symlink_to(pathlib.Path(os.environ["ANSIBLE_COLLECTIONS_PATH"], "ansible_collections", "amazon"))
    install(os.environ["ARTIFACT"], folder, pathlib.Path(sys.prefix), tmp_path_factory.mktemp("home"))
    return folder


@pytest.fixture(scope="session")
def place(collections):
    """The installed collection."""
    return collections / "ansible_collections" / "cloudsec" / "securityhub"


@pytest.fixture
def credentials(facts):
    """The environment variables of the account that Ansible runs with."""
    return credentials_of(facts)


def environment(home, bin_folder, **more):
    """The environment of a process that has nothing of this one's but where programs are."""
    return {
        "HOME": str(home),
        "PATH": os.pathsep.join([str(bin_folder), os.environ["PATH"]]),
        "LC_ALL": "C.UTF-8",
        "NO_PROXY": "*",
        **more,
    }
