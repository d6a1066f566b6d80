# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run that is ended from outside: nothing of it goes on when Ansible has ended, and the next run does what was left."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

import pytest
from emulator.client import Client
from emulator_process import running_emulator

HERE = pathlib.Path(__file__).parent
ADMINISTRATOR = "111111111111"
REGIONS = ["eu-west-1", "us-east-1", "ap-south-1"]
# It waits for an invitation, for longer than any test takes, and keeps one of the forks
LATE = "200000000001"
ACCOUNTS = [LATE, "200000000002", "200000000003", "200000000004"]
FORKS = 3
# In seconds. What is orphaned would live for two minutes, for the sake of the late invitation
GRACE = 30
INTERRUPTION = 5
RUN = 120

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/environ"), reason="the processes of a run are looked for in /proc")


class Run:
    """A run of ansible-playbook in a process group of its own, as a terminal starts it.

    All its processes are known by a variable in their environment.
    """

    def __init__(self, command, environment, folder):
        self._mark = f"MARK_OF_RUN={folder}"
        self._log = folder / "output.log"
        # By a short path: ansible-core 2.21 has a socket in there, whose path has some 100 characters at most
        self._temporary = tempfile.TemporaryDirectory()
        environment = {**environment, "MARK_OF_RUN": str(folder), "TMPDIR": self._temporary.name}
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, preexec_fn=self._hear_ctrl_c
            )

    @staticmethod
    def _hear_ctrl_c():
        """What a shell runs in the background ignores Ctrl-C, and the tests may be run so."""
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    @property
    def output(self):
        return self._log.read_text(encoding="utf-8", errors="replace")

    def left(self):
        """The processes that live, by their IDs: their command lines."""
        found = {}
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if self._mark.encode() in (folder / "environ").read_bytes().split(b"\0"):
                    found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        return found

    def end(self, number):
        """Send a signal until Ansible has ended, as it does not always do after one Ctrl-C."""
        for _time in range(4):
            if number == signal.SIGINT:
                os.killpg(self.process.pid, number)
            else:
                self.process.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(INTERRUPTION)
                return
        pytest.fail(f"Ansible goes on:\n{self.output}")

    def kill(self):
        """End all of it for good."""

        def is_dead():
            self.process.poll()
            left = self.left()
            for process in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            return not left

        assert wait_for(is_dead, GRACE), self.left()
        self._temporary.cleanup()


def wait_for(condition, seconds):
    """Whether condition() becomes true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


class Accounts:
    """The accounts on an emulator, and what accepts in them: the playbook of this folder, or onboard."""

    def __init__(self, playbook, directly, facts, folder):
        self.control = Client(facts["url"])
        self._folder = folder
        self._environment = {**os.environ, **self.control.aws_environment(), "ANSIBLE_NOCOLOR": "true"}
        variables = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "cloudsec_securityhub_direct_execution": directly,
            "securityhub_administrator_id": ADMINISTRATOR,
            "securityhub_administrator_role_arn": f"arn:aws:iam::{ADMINISTRATOR}:role/SecurityHubAdministrator",
            "securityhub_member_role": "SecurityHubMember",
            "securityhub_members": [{"account_id": account, "email": f"aws+{account}@example.com"} for account in ACCOUNTS],
            "securityhub_regions": REGIONS,
        }
        inventory = folder / "inventory.json"
        inventory.write_text(json.dumps({"members": {"hosts": {account: {} for account in ACCOUNTS}}, "all": {"vars": variables}}), encoding="utf-8")
        self._command = ["ansible-playbook", "--forks", str(FORKS), "--inventory", str(inventory), playbook]

    @contextlib.contextmanager
    def run(self, name, *arguments):
        """A Run, of which nothing is left in the end. arguments: further words for ansible-playbook."""
        folder = self._folder / name
        folder.mkdir()
        run = Run([*self._command, *arguments], self._environment, folder)
        try:
            yield run
        finally:
            run.kill()

    def run_to_its_end(self, name):
        """The accounts that a run has changed."""
        with self.run(name) as run:
            assert run.process.wait(RUN) == 0, run.output
            return set(re.findall(r"^\S*([0-9]{12}) +: ok=.* changed=[1-9]", run.output, re.MULTILINE))

    def without_membership(self):
        """The accounts that have something left to accept."""
        state = self.control.state()
        return {account for account in ACCOUNTS if not all(state[account][region]["administrator"] for region in REGIONS)}

    def is_in_the_middle(self):
        """Whether one account has accepted everywhere, and another polls for its invitation."""
        return len(self.without_membership()) < len(ACCOUNTS) and len(self.control.calls(operation="ListInvitations", account=LATE)) > len(REGIONS)


ACCEPT = str(HERE / "accept.yml")
ONBOARD = "cloudsec.securityhub.onboard"


@pytest.mark.parametrize("directly", [True, False], ids=["directly", "as-modules"])
@pytest.mark.parametrize(
    "playbook, number",
    [(ACCEPT, signal.SIGINT), (ACCEPT, signal.SIGTERM), (ACCEPT, signal.SIGKILL), (ONBOARD, signal.SIGKILL)],
    ids=["Ctrl-C", "SIGTERM", "SIGKILL", "onboard-SIGKILL"],
)
def test_nothing_goes_on_and_the_next_run_does_what_was_left(tmp_path, playbook, number, directly):
    """Ended while some accounts have accepted, some are about to, and some wait for their invitations."""
    with running_emulator(str(tmp_path), ["--administrator", ADMINISTRATOR, "--regions", ",".join(REGIONS)]) as facts:
        accounts = Accounts(playbook, directly, facts, tmp_path)
        control = accounts.control
        control.seed(hubs=ACCOUNTS, members=ACCOUNTS if playbook == ACCEPT else [])
        control.add_fault(operation="*", account=ACCOUNTS, times=None, delay=0.3)
        control.add_fault(operation="ListInvitations", account=LATE, times=None, response={"Invitations": []})

        with accounts.run("ended") as run:
            wait_for(lambda: run.process.poll() is not None or accounts.is_in_the_middle(), RUN)
            assert run.process.poll() is None and accounts.is_in_the_middle(), run.output
            run.end(number)
            assert wait_for(lambda: not run.left(), GRACE), run.left()
        calls = len(control.calls())
        # Also none of what had been sent before
        time.sleep(1)
        assert len(control.calls()) == calls

        left = accounts.without_membership()
        assert LATE in left and left < set(ACCOUNTS)
        control.clear_faults()
        assert accounts.run_to_its_end("next") == left
        assert not accounts.without_membership()
        assert accounts.run_to_its_end("last") == set()


@pytest.mark.parametrize("directly", [True, False], ids=["directly", "as-modules"])
def test_nothing_goes_on_after_a_task_that_timed_out(tmp_path, directly):
    with running_emulator(str(tmp_path), ["--administrator", ADMINISTRATOR, "--regions", ",".join(REGIONS)]) as facts:
        accounts = Accounts(ACCEPT, directly, facts, tmp_path)
        accounts.control.seed(hubs=[LATE])
        with accounts.run("timed out", "--limit", LATE, "--extra-vars", "task_timeout=5") as run:
            assert run.process.wait(RUN) == 2, run.output
            assert re.search("(?i)timed out|expected time frame", run.output), run.output
            assert wait_for(lambda: not run.left(), GRACE), run.left()
