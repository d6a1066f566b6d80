# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report's files: each whole at any time."""

from __future__ import annotations

import errno
import json
import os
import stat
import time

import pytest

from ansible_collections.cloudsec.securityhub.plugins.action import _coverage_report as action
from ansible_collections.cloudsec.securityhub.plugins.plugin_utils import _coverage

NAMES = ["coverage.csv", "coverage.json", "index.html"]


@pytest.fixture(autouse=True)
def template(tmp_path, monkeypatch):
    path = tmp_path / "template.html"
    path.write_text('<script type="application/json" id="report">{}</script>', encoding="utf-8")
    monkeypatch.setattr(_coverage, "_TEMPLATE", path)


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "report"
    path.mkdir()
    return path


@pytest.fixture(autouse=True)
def umask():
    before = os.umask(0o022)
    yield
    os.umask(before)


def report(made_at="2026-01-01T00:00:00Z", status="Enabled"):
    members = [{"account_id": "200000000001", "email": None, "member_status": status}]
    return _coverage.make_report({"regions": [{"region": "eu-west-1", "members": members}]}, "111111111111", ["eu-west-1"], made_at=made_at)


def write(folder, given, asked_accounts=False, check_mode=False):
    return action._write_report(str(folder), given, asked_accounts, check_mode)


def contents(folder):
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}


def test_only_the_time_is_no_change(folder):
    assert write(folder, report())
    assert sorted(contents(folder)) == NAMES
    assert not write(folder, report("2026-01-02T00:00:00Z"))
    assert json.loads(contents(folder)["coverage.json"])["made_at"] == "2026-01-02T00:00:00Z"
    assert "2026-01-02T00:00:00Z" in contents(folder)["index.html"]
    assert write(folder, report(status="Invited"))
    assert write(folder, report(status="Invited"), asked_accounts=True)
    for name in NAMES:
        (folder / name).write_text("{}", encoding="utf-8")
        assert write(folder, report())
        (folder / name).unlink()
        assert write(folder, report())


def test_check_mode_tells_and_writes_nothing(folder):
    assert write(folder, report(), check_mode=True)
    assert not contents(folder)
    write(folder, report())
    before = contents(folder)
    assert not write(folder, report("2026-01-02T00:00:00Z"), check_mode=True)
    assert write(folder, report(status="Invited"), check_mode=True)
    assert contents(folder) == before


@pytest.mark.parametrize("end", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_write_that_ends_early_leaves_the_old_files_whole(folder, monkeypatch, end, number):
    write(folder, report())
    before = contents(folder)
    made = []
    complete = action._write

    def break_off(descriptor, text, like):
        made.append(like)
        complete(descriptor, text[:20] if len(made) == number else text, like)
        if len(made) == number:
            raise end

    monkeypatch.setattr(action, "_write", break_off)
    with pytest.raises(type(end)):
        write(folder, report(status="Invited"))
    assert contents(folder) == before


def test_files_are_not_for_everybody_unless_they_were(folder):
    write(folder, report())
    assert {stat.S_IMODE((folder / name).stat().st_mode) for name in NAMES} == {0o640}
    (folder / "index.html").chmod(0o644)
    os.umask(0o077)
    write(folder, report())
    assert stat.S_IMODE((folder / "index.html").stat().st_mode) == 0o644
    (folder / "coverage.csv").unlink()
    write(folder, report())
    assert stat.S_IMODE((folder / "coverage.csv").stat().st_mode) == 0o600


def test_a_folder_is_made_but_not_in_check_mode(tmp_path):
    folder = tmp_path / "one" / "two"
    assert action._make_ready(str(folder), check_mode=True)
    assert not (tmp_path / "one").exists()
    assert action._make_ready(str(folder), check_mode=False)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o750
    assert not action._make_ready(str(folder), check_mode=False)
    assert not action._make_ready(str(folder), check_mode=True)
    assert not list(folder.iterdir())


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_folder_that_can_not_be_written_is_told(tmp_path, folder, monkeypatch, check_mode):
    (tmp_path / "file").write_text("", encoding="utf-8")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(OSError):
            action._make_ready(str(path), check_mode)
    (folder / "index.html").mkdir()
    with pytest.raises(OSError, match=r"index\.html is no regular file"):
        action._make_ready(str(folder), check_mode)
    (folder / "index.html").rmdir()
    os.mkfifo(folder / "coverage.json")
    with pytest.raises(OSError, match=r"coverage\.json is no regular file"):
        action._make_ready(str(folder), check_mode)


def test_a_file_that_is_elsewhere_stays_a_link(tmp_path, folder):
    served = tmp_path / "served"
    served.mkdir()
    (folder / "index.html").symlink_to(served / "index.html")
    action._make_ready(str(folder), check_mode=False)
    write(folder, report())
    assert (folder / "index.html").is_symlink()
    assert "200000000001" in (served / "index.html").read_text(encoding="utf-8")
    (folder / "coverage.csv").unlink()
    (folder / "coverage.csv").symlink_to(tmp_path / "nowhere" / "coverage.csv")
    with pytest.raises(FileNotFoundError):
        action._make_ready(str(folder), check_mode=False)


def test_what_a_killed_run_has_left_is_removed_once_nobody_writes_it(folder):
    for name, age in (("old", 7200), ("new", 60)):
        path = folder / f".coverage-report-{name}"
        path.write_text("one@example.com", encoding="utf-8")
        os.utime(path, (time.time() - age,) * 2)
    write(folder, report())
    assert sorted(contents(folder)) == [".coverage-report-new", *NAMES]


@pytest.mark.skipif(os.getuid() != 0, reason="Only root can give a file to any group")
def test_a_file_stays_its_groups(folder):
    write(folder, report())
    os.chown(folder / "index.html", -1, 33)
    write(folder, report())
    assert ((folder / "index.html").stat().st_gid, stat.S_IMODE((folder / "index.html").stat().st_mode)) == (33, 0o640)


def test_check_mode_asks_whether_the_user_may(folder, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(PermissionError, match="is not writable"):
        action._make_ready(str(folder), check_mode=True)
