# Copyright: Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The tools work with any locale and away from the user's home."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[3]
TOOLS = ROOT / "tests" / "tools"


def run(command, **options):
    """The ended process, its output as text."""
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options)


@pytest.fixture(name="environment")
def _environment(tmp_path):
    """That of a shell: nothing of the make that runs this test, and a home of its own."""
    ours = ("MAKE", "MFLAGS", "GNUMAKEFLAGS", "ARGS", "BUILD", "LOCKED", "PYTHON", "SUITES", "TARGET", "ANSIBLE", "XDG_", "LC_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**environment, "HOME": str(tmp_path / "home"), "PYTHON": sys.executable}


@pytest.fixture(name="inside")
def _inside(tmp_path, environment):
    """Runs a command by inside.sh, in a collection that is empty."""
    (tmp_path / "build" / "collections" / "ansible_collections" / "cloudsec" / "securityhub").mkdir(parents=True)
    (tmp_path / "build" / "home").mkdir()
    (tmp_path / "build" / "home" / "ansible.cfg").touch()
    # It may find no other environment first on PATH than the one of this test.
    return lambda *command, **more: run(["sh", str(TOOLS / "inside.sh"), str(tmp_path / "build"), "none", *command], env={**environment, **more})


@pytest.mark.parametrize("name", ["LANG", "LC_ALL", "LC_CTYPE"])
def test_any_locale_will_do(inside, name):
    ended = inside("ansible", "--version", **{name: "xx_YY.UTF-8"})
    assert ended.returncode == 0, ended.stdout


def test_ansible_leaves_the_home_alone(tmp_path, inside):
    """Neither the home that HOME names nor that of /etc/passwd is written to."""
    command = ["ansible", "localhost", "-i", "localhost,", "-c", "local", "-e", "ansible_python_interpreter=" + sys.executable, "-vvv"]
    copied = inside(*command, "-m", "ansible.builtin.ping")
    assert copied.returncode == 0, copied.stdout
    places = re.findall(r"mkdir -p \"` echo (\S+) `\"|PUT \S+ TO (\S+)", copied.stdout)
    assert len(places) == 2
    assert all(place.startswith(str(tmp_path / "build" / "home")) for pair in places for place in pair if place)
    waited = inside(*command, "-m", "ansible.builtin.ping", "-B", "60", "-P", "1")
    assert waited.returncode == 0, waited.stdout
    assert (tmp_path / "build" / "home" / ".ansible_async").is_dir()
    assert not (tmp_path / "home").exists()
