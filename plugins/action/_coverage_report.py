# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action plugin of the playbooks coverage and onboard that writes the report's files on the controller. Private to this collection."""

from __future__ import annotations

import json
import os
import stat
import tempfile
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
        tempfile.TemporaryFile(dir=folder).close()
    for name in (_PAGE, _CSV, _JSON):
        if os.path.isdir(os.path.join(folder, name)):
            raise IsADirectoryError(f"{name} is a folder")
    return is_missing


def _write_report(folder: str, report: dict[str, Any], asked_accounts: bool, check_mode: bool) -> bool:
    """Replace the report's files, each whole, and return whether they differ in more than the time. None is replaced before all are written."""
    texts = _texts(report, asked_accounts)
    has_changed = not _are_the_same(folder, report, texts, asked_accounts)
    if check_mode:
        return has_changed
    written: dict[str, str] = {}
    try:
        for name, text in texts.items():
            path = os.path.join(folder, name)
            written[path] = os.path.join(folder, f".{name}.{os.getpid()}")
            _write(written[path], text, mode_of=path)
        for path in list(written):
            os.replace(written[path], path)
            del written[path]
    finally:
        for temporary in written.values():
            if os.path.exists(temporary):
                os.unlink(temporary)
    return has_changed


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


def _write(path: str, text: str, mode_of: str) -> None:
    """Write a new file, with the mode of another one that may be there."""
    with open(path, "x", encoding="utf-8", newline="", opener=lambda name, flags: os.open(name, flags, _MODE_OF_FILES)) as stream:
        if os.path.exists(mode_of):
            os.fchmod(stream.fileno(), stat.S_IMODE(os.stat(mode_of).st_mode))
        stream.write(text)
