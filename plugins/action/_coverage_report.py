# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action plugin of the playbooks coverage and onboard that writes the report's files on the controller. Private to this collection."""

from __future__ import annotations

import contextlib
import glob
import json
import os
import stat
import tempfile
import time
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.cloudsec.securityhub.plugins.plugin_utils import _coverage

SPEC = {
    "argument_spec": {
        "folder": {"type": "path", "required": True},
        "state": {"type": "str", "choices": ["ready", "written"], "default": "written"},
        "report": {"type": "dict"},
        "asked_accounts": {"type": "bool", "default": False},
    },
    "required_if": [("state", "written", ("report",))],
}

_PAGE = "index.html"
_CSV = "coverage.csv"
_JSON = "coverage.json"
_NAMES = (_JSON, _CSV, _PAGE)
# Of files that are being written, and how old one is that nobody writes any more, in seconds
_PREFIX = ".coverage-report-"
_LEFT_AFTER = 3600

# Email addresses are in them. The umask may take away more; files that are replaced keep their mode.
_MODE_OF_FILES = 0o640
_MODE_OF_FOLDER = 0o750


class ActionModule(ActionBase):
    """Checks that a folder can be written, or writes a report to it."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """The task's result: changed, page (its path) and, where a report was given, its totals and its summary."""
        super().run(tmp, task_vars)
        _validation, options = self.validate_argument_spec(**SPEC)
        folder, check_mode = os.path.abspath(options["folder"]), self._task.check_mode
        result = {"changed": False, "page": os.path.join(folder, _PAGE)}
        try:
            if options["state"] == "ready":
                result["changed"] = _make_ready(folder, check_mode)
            else:
                report = options["report"]
                result.update(totals=report["totals"], summary=_coverage.summary(report))
                result["changed"] = _write_report(folder, report, options["asked_accounts"], check_mode)
        except OSError as e:
            raise AnsibleActionFail(
                f"The report can't be written to the folder {folder} on the controller: {e}."
            ) from None  # ansible-core says the cause once more
        return result


def _make_ready(folder: str, check_mode: bool) -> bool:
    """Make the folder, unless it is there, and return whether it was missing. Raises OSError where files can't be made in it."""
    is_missing = not os.path.lexists(folder)
    if check_mode:
        parent = folder
        while not os.path.lexists(parent):
            parent = os.path.dirname(parent)
        os.scandir(parent).close()  # which tells where it is no folder
        if not os.access(parent, os.W_OK | os.X_OK):
            raise PermissionError(f"{parent} is not writable")
    else:
        os.makedirs(folder, mode=_MODE_OF_FOLDER, exist_ok=True)
    paths = [_path(folder, name) for name in _NAMES]
    for path in paths:
        if os.path.exists(path) and not os.path.isfile(path):
            raise OSError(f"{path} is no regular file")
    for place in [] if check_mode else {os.path.dirname(path) for path in paths}:
        tempfile.TemporaryFile(dir=place).close()
    return is_missing


def _path(folder: str, name: str) -> str:
    """Where a file of the report is: a link is kept, and what it leads to is replaced."""
    return os.path.realpath(os.path.join(folder, name))


def _write_report(folder: str, report: dict[str, Any], asked_accounts: bool, check_mode: bool) -> bool:
    """Replace the report's files, each whole, and return whether they differ in more than the time. None is replaced before all are written."""
    texts = _texts(report, asked_accounts)
    has_changed = not _are_the_same(folder, report, texts, asked_accounts)
    if check_mode:
        return has_changed
    written: dict[str, str] = {}
    try:
        for name, text in texts.items():
            path = _path(folder, name)
            _remove_leftovers(os.path.dirname(path))
            descriptor, written[path] = tempfile.mkstemp(prefix=_PREFIX, dir=os.path.dirname(path))
            _write(descriptor, text, like=path)
        for path in list(written):
            os.replace(written[path], path)
            del written[path]
    finally:
        for temporary in written.values():
            os.unlink(temporary)
    return has_changed


def _remove_leftovers(folder: str) -> None:
    """Remove what runs that were killed have left, since it has email addresses in it. Another run may be writing now."""
    for path in glob.glob(os.path.join(glob.escape(folder), f"{_PREFIX}*")):
        with contextlib.suppress(OSError):
            if time.time() - os.stat(path).st_mtime > _LEFT_AFTER:
                os.unlink(path)


def _texts(report: dict[str, Any], asked_accounts: bool) -> dict[str, str]:
    """What the files have in them, by name."""
    return {_JSON: _coverage.as_json(report), _CSV: _coverage.as_csv(report), _PAGE: _coverage.as_page(report, asked_accounts)}


def _are_the_same(folder: str, report: dict[str, Any], texts: Mapping[str, str], asked_accounts: bool) -> bool:
    """Whether the files that are there say the same, but for when."""
    before = {name: _read(os.path.join(folder, name)) for name in texts}
    try:
        made_at = json.loads(before[_JSON] or "")["made_at"]
    except (ValueError, TypeError, KeyError):
        return False
    return before[_CSV] == texts[_CSV] and before == _texts({**report, "made_at": made_at}, asked_accounts)


def _read(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", newline="") as stream:
            return stream.read()
    except (FileNotFoundError, UnicodeDecodeError):
        return None


def _write(descriptor: int, text: str, like: str) -> None:
    """Write a new file, with mode and group of another one that may be there."""
    with open(descriptor, "w", encoding="utf-8", newline="") as stream:
        try:
            before = os.stat(like)
        except FileNotFoundError:
            umask = os.umask(0)
            os.umask(umask)
            os.fchmod(descriptor, _MODE_OF_FILES & ~umask)
        else:
            with contextlib.suppress(PermissionError):
                os.fchown(descriptor, -1, before.st_gid)
            os.fchmod(descriptor, stat.S_IMODE(before.st_mode))
        stream.write(text)
