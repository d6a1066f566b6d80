# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tools work in a folder of any name, with any locale, and away from the user's home; the locks say what is wanted."""

from __future__ import annotations

import glob
import os
import pathlib
import re
import shutil
import subprocess
import sys
import zipfile

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = pathlib.Path(__file__).parents[3]
TOOLS = ROOT / "tests" / "tools"
REQUIREMENTS = ROOT / "tests" / "requirements"
import integration
import make_locks
from make_venv import pip_options

ODD = "x y; touch PWNED 'q\" $(touch PWNED) `touch PWNED` ${HOME} $(shell touch PWNED) &\n|<>\\%=:#*"
PYTHONS = ["3.10", "3.11", "3.12", "3.13", "3.14"]
LOCKS = sorted(path.stem for path in REQUIREMENTS.glob("*.txt"))


def run(command, **options):
    """The ended process, its output as text."""
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options)


@pytest.fixture(name="environment")
def _environment(tmp_path):
    """That of a shell: nothing of the make that runs this test, and a home of its own."""
    ours = ("MAKE", "MFLAGS", "PREPARED", "GNUMAKEFLAGS", "ARGS", "BUILD", "LOCKED", "PYTHON", "BASE", "TARGET", "ANSIBLE", "XDG_", "LC_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**environment, "HOME": str(tmp_path / "home"), "PYTHON": sys.executable}


@pytest.fixture(name="odd")
def _odd(tmp_path):
    """A copy of the collection in a folder whose name is one no tool likes."""
    shutil.copytree(ROOT, tmp_path / ODD, ignore=shutil.ignore_patterns("__pycache__", "output"))
    return tmp_path / ODD


def build_folder(folder, environment, given=""):
    return run(["sh", str(TOOLS / "build_folder.sh"), given], cwd=folder, env=environment)


def assert_nothing_ran(tmp_path):
    assert not list(tmp_path.rglob("PWNED"))


def test_a_plain_name_needs_no_other_folder(tmp_path, environment):
    (tmp_path / "Übung-1.0_a+b@c").mkdir()
    for given, folder in (("", "build"), ("elsewhere", "elsewhere"), ("/some/where", "/some/where")):
        assert build_folder(tmp_path / "Übung-1.0_a+b@c", environment, given).stdout == folder + "\n"


@pytest.mark.parametrize("name", [*(f"a{character}b" for character in " \t'\";&|<>()$`:#%\\=*?[,{~"), "a\n"])
def test_an_odd_name_needs_another_folder(tmp_path, environment, name):
    (tmp_path / name).mkdir()
    folder = pathlib.Path(build_folder(tmp_path / name, environment).stdout.rstrip("\n"))
    assert folder.parent == tmp_path / "home" / ".cache" / f"cloudsec.securityhub-{os.getuid()}"
    assert folder.parent.stat().st_mode & 0o777 == 0o700
    (tmp_path / (name + "2")).mkdir()
    assert build_folder(tmp_path / (name + "2"), environment).stdout.rstrip("\n") != str(folder)
    refused = build_folder(tmp_path / name, environment, "elsewhere")
    assert refused.returncode and "whole path may have" in refused.stdout


def test_a_link_counts_as_where_it_leads(tmp_path, environment):
    for folder, link, elsewhere in (("a b", "plain_link", True), ("plain", "odd link", False)):
        (tmp_path / folder).mkdir()
        (tmp_path / link).symlink_to(tmp_path / folder)
        environment["PWD"] = str(tmp_path / link)
        assert (build_folder(tmp_path / link, environment).stdout != "build\n") == elsewhere


@pytest.mark.parametrize("home", [None, "/dev/null", "odd home", "open_home"])
def test_a_home_of_no_use_is_done_without(tmp_path, environment, home):
    (tmp_path / "a b").mkdir()
    open_folder = tmp_path / "open_home" / ".cache" / f"cloudsec.securityhub-{os.getuid()}"
    open_folder.mkdir(parents=True)
    open_folder.chmod(0o777)
    environment.update(HOME=str(tmp_path / (home or "")), TMPDIR=str(tmp_path / "temporary"))
    if home is None:
        del environment["HOME"]
    folder = build_folder(tmp_path / "a b", environment).stdout.rstrip("\n")
    assert os.path.dirname(folder) == str(tmp_path / "temporary" / f"cloudsec.securityhub-{os.getuid()}")
    home_made = run([sys.executable, str(TOOLS / "make_home.py"), "build/home"], cwd=tmp_path, env=environment)
    assert home_made.returncode == 0, home_made.stdout


def test_make_works_in_a_folder_of_any_name(tmp_path, environment, odd):
    """The collection is built for real; the environment, which takes long to make, is there already."""
    build = pathlib.Path(build_folder(odd, environment).stdout.rstrip("\n"))
    for folder in ("venv-run", "collections/ansible_collections/amazon/aws"):
        (build / folder).mkdir(parents=True)
        (build / folder / f".ready-{sys.version_info[0]}.{sys.version_info[1]}-txt").touch()
    (build / "venv-run" / "bin").mkdir()
    (build / "venv-run" / "bin" / "python").symlink_to(sys.executable)
    ended = run(["make", "build"], cwd=odd, env=environment)
    assert ended.returncode == 0, ended.stdout
    assert list(build.glob("*.tar.gz"))
    assert not (odd / "build").exists()
    assert_nothing_ran(tmp_path)


def test_no_command_of_make_names_the_folder(tmp_path, environment, odd):
    goals = re.findall(r"^\.PHONY: (\S+)", (odd / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    # These run with --dry-run as well: their commands name make.
    goals = sorted(set(goals) - {"test", "nightly", "matrix"})
    assert len(goals) > 15
    ended = run(["make", "--dry-run", "--no-print-directory", *goals], cwd=odd, env=environment)
    assert ended.returncode == 0, ended.stdout
    assert "x y" not in ended.stdout
    assert_nothing_ran(tmp_path)


def test_arguments_are_handed_on_as_they_are(environment):
    command = ["make", "--dry-run", "integration", "ARGS=-e 'a b'"]
    assert r"--arguments='-e '\''a b'\'''" in run(command, cwd=ROOT, env=environment).stdout


@pytest.mark.parametrize(
    "words, only, ways",
    [
        ((), None, ["directly", "as modules"]),
        (("directly",), None, ["directly"]),
        (("both_ways",), None, ["both ways"]),
        (("halves",), None, ["as modules", "directly, half 1", "directly, half 2"]),
        (("halves",), "as modules", ["as modules"]),
        (("directly_unless_all",), None, ["directly"]),
        (("directly_unless_all",), "as modules", ["as modules"]),
    ],
)
def test_ways_to_run_a_target(monkeypatch, words, only, ways):
    monkeypatch.setattr(integration, "aliases", lambda target: set(words))
    assert list(integration.ways_of("target", only)) == ways
    assert set(integration.ways_of("target", only, everything=True)) == set(ways) | ({"as modules"} if "directly_unless_all" in words else set())


def test_an_odd_build_folder_is_refused(tmp_path, environment, odd):
    for given in ("'; touch PWNED; '", "$(shell touch PWNED)", "a b", "elsewhere"):
        for ended in (run(["make", "help", "BUILD=" + given], cwd=odd, env=environment), run(["make", "help"], cwd=odd, env={**environment, "BUILD": given})):
            assert ended.returncode and "whole path may have" in ended.stdout
    assert_nothing_ran(tmp_path)


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


def entries(name):
    """The requirements in a list, a lock's with their hashes."""
    text = re.sub(r"\\\n", " ", (REQUIREMENTS / name).read_text(encoding="utf-8"))
    lines = [line.split(" --hash=") for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return [(Requirement(line[0].strip()), line[1:]) for line in lines]


def test_there_is_a_lock_for_each_list():
    lists = {os.path.splitext(os.path.basename(path))[0] for path in glob.glob(str(REQUIREMENTS / "*.in"))}
    assert set(LOCKS) == lists - {"versions"}


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_has_hashes_and_nothing_of_a_machine(name):
    for requirement, hashes in entries(name + ".txt"):
        assert re.fullmatch(r"==[^,*]+", str(requirement.specifier)) and not requirement.url
        assert hashes and all(re.fullmatch(r"sha256:[0-9a-f]{64}", each.strip()) for each in hashes)
    assert not re.search(r"://|--(index|extra-index|find-links|trusted)|(^|\s)/", (REQUIREMENTS / (name + ".txt")).read_text(encoding="utf-8"))


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_has_what_is_wanted(name, python):
    machine = {**default_environment(), "python_version": python, "python_full_version": python + ".9"}
    applies = [requirement for requirement, _hashes in entries(name + ".txt") if not requirement.marker or requirement.marker.evaluate(machine)]
    locked = {canonicalize_name(requirement.name): str(requirement.specifier)[2:] for requirement in applies}
    assert len(locked) == len(applies)
    wanted = [requirement for requirement, _hashes in entries(name + ".in") if not requirement.marker or requirement.marker.evaluate(machine)]
    assert {canonicalize_name(requirement.name) for requirement in wanted} <= set(locked)
    # What is apart from all else has the versions that it wants in its own list
    for requirement in wanted if name in make_locks.APART else [requirement for requirement, _hashes in entries("versions.in")]:
        if canonicalize_name(requirement.name) in locked and (not requirement.marker or requirement.marker.evaluate(machine)):
            assert requirement.specifier.contains(locked[canonicalize_name(requirement.name)]), requirement


def test_a_file_without_a_hash_is_not_installed(tmp_path):
    with zipfile.ZipFile(tmp_path / "thing-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("thing-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n")
        wheel.writestr("thing-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("thing-1.0.dist-info/RECORD", "")
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--no-index", "--find-links", str(tmp_path)]
    for name, refused in (("names.in", False), ("lock.txt", True)):
        (tmp_path / name).write_text("thing == 1.0\n", encoding="utf-8")
        ended = run([*command, *pip_options(str(tmp_path / name))])
        assert ("Hashes are required" in ended.stdout) == bool(ended.returncode) == refused, ended.stdout


def test_make_installs_the_newest_only_when_told_to(tmp_path, environment):
    for words, suffix in (([], "txt"), (["LOCKED=no"], "in")):
        ended = run(["make", "--dry-run", "--no-print-directory", "env", f"BUILD={tmp_path / 'build'}", *words], cwd=ROOT, env=environment)
        assert ended.returncode == 0, ended.stdout
        assert set(re.findall(r"tests/requirements/(\S+)", ended.stdout)) == {"run." + suffix, "amazon_aws." + suffix}


GATE = """#!/bin/sh
# As make is called: with an option, and the name of a gate
echo "$2 begins" >> log
case $2 in
    broken) exit 3 ;;
    slow) while [ ! -e seen ]; do sleep 0.1; done ;;
    quick) while ! grep -q "slow begins" log; do sleep 0.1; done; touch seen ;;
    endless) sleep 600 ;;
esac
echo "===== 2 passed in 1.00s ====="
echo "$2 ends" >> log
"""


def run_gates(folder, *arguments):
    """What the gates print, their exit code, and what they have noted of themselves."""
    make = folder / "make"
    make.write_text(GATE, encoding="utf-8")
    make.chmod(0o755)
    command = [sys.executable, str(TOOLS / "gates.py"), "--beside", arguments[-1], str(make), *arguments]
    ended = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, timeout=60, check=False)
    return ended.stdout, ended.returncode, (folder / "log").read_text(encoding="utf-8").splitlines()


def test_a_gate_runs_beside_the_others_and_is_shown_in_its_turn(tmp_path):
    printed, code, log = run_gates(tmp_path, "quick", "last", "slow")
    assert code == 0
    assert set(log[:2]) == {"slow begins", "quick begins"} and log.index("quick ends") < log.index("last begins")
    assert re.findall(r"^#+ (\w+) #+$", printed, re.MULTILINE) == ["quick", "last", "slow", "summary"]
    assert "===== 6 passed" in printed


def test_a_gate_that_fails_ends_the_one_beside_it(tmp_path):
    printed, code, log = run_gates(tmp_path, "broken", "never", "endless")
    assert code != 0 and "endless          not run" in printed
    assert "endless ends" not in log
