# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cells that were chosen, run in a few playbooks: once with their faults, then twice without."""

from __future__ import annotations

import collections
import concurrent.futures
import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import typing as t

import pytest
from emulator.client import Client
from emulator_process import running_emulator

from .cells import REGIONS
from .cells import Cell

SWITCH = "cloudsec_securityhub_direct_execution"
FORKS = 10
# So many cells share an emulator, which looks at all their faults for each call
CHUNK = 300
RUN_TIMEOUT = 900


@dataclasses.dataclass
class Run:
    """What came of one run of a cell: its result, its calls in order, and all accounts afterwards."""

    result: dict[str, t.Any]
    calls: list[dict[str, t.Any]]
    states: dict[str, t.Any]


@dataclasses.dataclass
class Story:
    """A cell from its beginning: how it was, and three runs."""

    before: dict[str, t.Any]
    runs: list[Run]


def play(module: str) -> dict[str, t.Any]:
    """A task of a module for each of its hosts, with the host's own options."""
    task = {f"cloudsec.securityhub.{module}": {}, "args": "{{ options }}", "register": "result", "failed_when": False, "no_log": True}
    return {"hosts": module, "gather_facts": False, "module_defaults": {"group/cloudsec.securityhub.aws": "{{ connection }}"}, "tasks": [task]}


def playbook(modules: t.Iterable[str]) -> list[dict[str, t.Any]]:
    """A play of each module, and then the results written as JSON."""
    results = "{{ dict(groups['cells'] | zip(groups['cells'] | map('extract', hostvars, 'result'))) | to_json }}"
    writing = {"ansible.builtin.copy": {"content": results, "dest": "{{ results }}", "mode": "0600"}, "no_log": True}
    return [*map(play, modules), {"hosts": "localhost", "gather_facts": False, "tasks": [writing]}]


def run_cells(cells: list[Cell], facts: dict[str, t.Any], folder: pathlib.Path, directly: bool) -> dict[str, dict[str, t.Any]]:
    """The results of the cells' tasks, by host. A module and its info module have a playbook of their own, and all playbooks run at once."""
    connection = {"endpoint_url": facts["url"], "access_key": facts["access_key"], "secret_key": facts["secret_key"]}
    by_subject: dict[str, dict[str, dict[str, t.Any]]] = collections.defaultdict(lambda: collections.defaultdict(dict))
    for cell in cells:
        by_subject[cell.task.module.removesuffix("_info")][cell.task.module][f"cell-{cell.number}"] = {"options": cell.options()}

    def run(subject: str, by_module: dict[str, dict[str, t.Any]]) -> dict[str, t.Any]:
        place = folder / subject
        place.mkdir(parents=True)
        shared = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, "connection": connection, SWITCH: directly}
        groups = {module: {"hosts": hosts} for module, hosts in by_module.items()}
        inventory = {"all": {"vars": shared, "hosts": {"localhost": {}}, "children": {"cells": {"children": groups}}}}
        (place / "inventory.json").write_text(json.dumps(inventory), encoding="utf-8")
        (place / "play.yml").write_text(json.dumps(playbook(by_module)), encoding="utf-8")
        extra = json.dumps({"results": str(place / "results.json")})
        command = ["ansible-playbook", "-i", str(place / "inventory.json"), "-e", extra, "-f", str(FORKS), str(place / "play.yml")]
        environment = {name: value for name, value in os.environ.items() if name != "ANSIBLE_CONFIG" and not name.startswith(("AWS_", "BOTO"))}
        ended = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, timeout=RUN_TIMEOUT, check=False)
        assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-3000:]
        return json.loads((place / "results.json").read_text(encoding="utf-8"))

    results: dict[str, dict[str, t.Any]] = {}
    with concurrent.futures.ThreadPoolExecutor(len(by_subject)) as pool:
        for found in pool.map(run, by_subject.keys(), by_subject.values()):
            results.update(found)
    return results


def tell(cells: list[Cell], folder: pathlib.Path, directly: bool) -> dict[int, Story]:
    """The stories of some cells, by number. Without their faults all are run directly: what they find does not depend on who made it."""
    folder.mkdir()
    seed: dict[str, list[t.Any]] = collections.defaultdict(list)
    for cell in cells:
        for name, entries in cell.seed().items():
            seed[name] += entries
    with running_emulator(str(folder), ["--regions", ",".join(REGIONS)]) as facts:
        control = Client(facts["url"], timeout=300)
        control.seed(seed)
        stories = {cell.number: Story(control.state(), []) for cell in cells}
        for number in range(3):
            if number == 0:
                control.request("POST", "faults", [cell.emulated_fault() for cell in cells])
            results = run_cells(cells, facts, folder / f"run{number}", directly or number > 0)
            control.clear_faults()
            states, calls = control.state(), collections.defaultdict(list)
            for call in control.calls():
                calls[call["account"]].append(call)
            control.clear_calls()
            for cell in cells:
                stories[cell.number].runs.append(Run(results[f"cell-{cell.number}"], calls[cell.actor], states))
    return stories


class Stories:
    """The stories of all cells that were chosen, told in parts, each when the first of it is asked for."""

    def __init__(self, chosen: dict[bool, list[Cell]], folder: pathlib.Path) -> None:
        self._chosen = chosen
        self._folder = folder
        self._told: dict[tuple[bool, int], dict[int, Story]] = {}

    def of(self, cell: Cell, directly: bool) -> Story:
        """A cell's story, run directly or as a module."""
        cells = self._chosen[directly]
        start = cells.index(cell) // CHUNK * CHUNK
        if (directly, start) not in self._told:
            self._told[directly, start] = {}  # where telling fails, it fails once
            self._told[directly, start] = tell(cells[start : start + CHUNK], self._folder / f"{'directly' if directly else 'modules'}-{start}", directly)
        return self._told[directly, start][cell.number]


@pytest.fixture(scope="session")
def stories(request, tmp_path_factory):
    """Those of the cells whose tests were selected."""
    chosen: dict[bool, list[Cell]] = {True: [], False: []}
    for item in request.session.items:
        params = getattr(getattr(item, "callspec", None), "params", {})
        if "cell" in params:
            chosen[params["directly"]].append(params["cell"])
    return Stories(chosen, tmp_path_factory.mktemp("faults"))
