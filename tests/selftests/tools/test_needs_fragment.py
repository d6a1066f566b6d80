# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A change to what users have asks for a changelog fragment, once a version is published."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest

TOOL = pathlib.Path(__file__).parents[2] / "tools" / "needs_fragment.py"
IDENTITY = ["-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"]


@pytest.fixture(name="repository")
def _repository(tmp_path):
    """change(path...) commits a new file at each path; git(word...) is the command."""

    class Repository:
        def git(self, *words):
            subprocess.run(["git", *IDENTITY, *words], cwd=tmp_path, check=True, capture_output=True)

        def change(self, *paths):
            for path in paths:
                (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
                (tmp_path / path).write_text(path, encoding="utf-8")
            self.git("add", ".")
            self.git("commit", "--message=change")

        def asked(self, base="main"):
            return subprocess.run([sys.executable, str(TOOL), base], cwd=tmp_path, capture_output=True, text=True, check=False)

    repository = Repository()
    repository.git("init", "--initial-branch=main")
    repository.change("README.md")
    return repository


def test_before_the_first_version_nothing_is_asked_for(repository):
    repository.git("checkout", "-b", "work")
    repository.change("plugins/modules/x.py")
    ended = repository.asked()
    assert (ended.returncode, "no version is published" in ended.stdout) == (0, True)


@pytest.mark.parametrize("tag", ["1.0.0", "v1.0.0"])
@pytest.mark.parametrize(
    ("paths", "code"),
    [
        (["plugins/modules/x.py"], 1),
        (["playbooks/x.yml"], 1),
        (["plugins/modules/x.py", "changelogs/fragments/x.yml"], 0),
        (["docs/x.md", "tests/x.py"], 0),
    ],
)
def test_once_a_version_is_published_a_change_for_users_needs_one(repository, tag, paths, code):
    repository.git("tag", tag)
    repository.git("checkout", "-b", "work")
    repository.change(*paths)
    # What others have changed meanwhile is no part of it
    repository.git("checkout", "main")
    repository.change("plugins/modules/y.py")
    repository.git("checkout", "work")
    ended = repository.asked()
    assert ended.returncode == code, ended.stdout
    assert code == 0 or paths[0] in ended.stdout
    assert "y.py" not in ended.stdout


def test_without_a_base_it_says_that_it_was_skipped(repository):
    ended = repository.asked("")
    assert (ended.returncode, "skipped" in ended.stdout) == (0, True)


def test_a_base_that_is_not_there_is_an_error(repository):
    ended = repository.asked("nowhere")
    assert ended.returncode == 1
    assert "no merge base" in ended.stdout
