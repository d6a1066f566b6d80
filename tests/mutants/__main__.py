# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make deliberate mistakes in a copy of the collection, one at a time, and tell which of them no test notices.

The mistakes stand in mistakes.yml. One that survives breaks a promise that no test keeps; one whose text is not there any more has to
be written anew, and is an error until then. The exit code is 1 for either, and 2 where a suite fails without any mistake.
"""

from __future__ import annotations

import argparse
import collections
import concurrent.futures
import contextlib
import os
import pathlib
import queue
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time

import yaml

# name: what goes wrong, in plain words. text stands in the file count times, and instead is put there instead.
Mistake = collections.namedtuple("Mistake", "name file text instead count suite")

Outcome = collections.namedtuple("Outcome", "word seconds log")
PASSED, FAILED, TIMED_OUT = "passed", "failed", "timed out"
NOTICED = {PASSED: "SURVIVED", FAILED: "noticed", TIMED_OUT: "noticed, timed out"}

TESTS = pathlib.Path("tests")
# A suite that fails may wait for what will never come. It gets this much longer than without a mistake: so many times, and seconds.
PATIENCE = 3, 60


def read_mistakes():
    """All mistakes of the list."""
    groups = yaml.safe_load(pathlib.Path(__file__).with_name("mistakes.yml").read_text(encoding="utf-8"))
    return [
        Mistake(**{"instead": "", "count": 1, "file": group["file"], "suite": group["suite"], **mistake}) for group in groups for mistake in group["mistakes"]
    ]


def mistaken(mistake):
    """The file's content with the mistake in it. Raises ValueError where there is no making it."""
    content = pathlib.Path(mistake.file).read_text(encoding="utf-8")
    found = content.count(mistake.text)
    if found != mistake.count:
        raise ValueError(f"its text stands in {mistake.file} {found} times, not {mistake.count}")
    content = content.replace(mistake.text, mistake.instead)
    try:
        # Whatever can't be read at all is noticed by any test
        if mistake.file.endswith(".py"):
            compile(content, mistake.file, "exec")
        elif mistake.file.endswith(".yml"):
            yaml.safe_load(content)
    except (SyntaxError, yaml.YAMLError) as error:
        raise ValueError(f"{mistake.file} can't be read with it: {error}") from error
    return content


class Copy:
    """A copy of the collection, laid out as Ansible and Python find it; one suite at a time runs in it."""

    def __init__(self, folder):
        self._folder = folder
        self._place = folder / "ansible_collections" / "cloudsec" / "securityhub"
        self._process = None
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(".", self._place, ignore=shutil.ignore_patterns("__pycache__"))
        beside = pathlib.Path(os.environ["ANSIBLE_COLLECTIONS_PATH"], "ansible_collections", "amazon")
        (folder / "ansible_collections" / "amazon").symlink_to(beside)

    def run_mistaken(self, mistake, log, timeout):
        """The outcome of the mistake's suite with the mistake made. Raises ValueError where there is no making it."""
        content = mistaken(mistake)
        (self._place / mistake.file).write_text(content, encoding="utf-8")
        try:
            return self.run(mistake.suite, log, timeout)
        finally:
            shutil.copy2(mistake.file, self._place / mistake.file)

    def run(self, suite, log, timeout=None):
        """The outcome of a suite in this copy."""
        environment = dict(os.environ, ANSIBLE_COLLECTIONS_PATH=str(self._folder), PYTHONPATH=str(self._folder))
        started = time.monotonic()
        with open(log, "wb") as stream:
            self._process = subprocess.Popen(
                self._command(suite),
                cwd=self._place,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                word = FAILED if self._process.wait(timeout) else PASSED
            except subprocess.TimeoutExpired:
                word = TIMED_OUT
            finally:
                self.stop()
        return Outcome(word, time.monotonic() - started, log)

    def stop(self):
        """End the suite that runs, if one does, with all that it has started: a mistake may have made it forget its children."""
        if self._process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def _command(self, suite):
        """The command of a suite: an integration target, or whatever of the tests pytest is to run."""
        words = shlex.split(suite)
        if words[0] == "target":
            way, further = ("as modules", words[4:]) if words[2:4] == ["as", "modules"] else ("directly", words[2:])
            command = [sys.executable, "tests/tools/integration.py", words[1], "--jobs=1", "--way", way, "--output", str(self._folder / "integration")]
            return [*command, "--arguments=" + shlex.join(further)]
        words = [str(TESTS / word) if (TESTS / word).exists() else word for word in words]
        return [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *words]


class Runner:
    """Runs as many suites at once as there are copies, and keeps their logs."""

    def __init__(self, folder, jobs):
        self._logs = folder / "logs"
        shutil.rmtree(self._logs, ignore_errors=True)
        self._logs.mkdir(parents=True)
        self._pool = concurrent.futures.ThreadPoolExecutor(jobs)
        self._copies = [Copy(folder / f"copy{number}") for number in range(jobs)]
        self._free: queue.SimpleQueue[Copy] = queue.SimpleQueue()
        for copy in self._copies:
            self._free.put(copy)

    def outcomes(self, name, act, items):
        """Call act(copy, item, log) for each item; yields the item and what came of it, a future, as they end."""

        def run(number, item):
            copy = self._free.get()
            try:
                return act(copy, item, self._logs / f"{name}-{number}.log")
            finally:
                self._free.put(copy)

        runs = {self._pool.submit(run, number, item): item for number, item in enumerate(items, 1)}
        for ended in concurrent.futures.as_completed(runs):
            yield runs[ended], ended

    def stop(self):
        """Begin nothing more, and end what runs."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        for copy in self._copies:
            copy.stop()


def times_without_mistakes(runner, suites):
    """How long each suite takes, in seconds, by suite. Ends the program where one fails: it could not tell anything."""
    seconds = {}
    for suite, ended in runner.outcomes("suite", lambda copy, suite, log: copy.run(suite, log), suites):
        outcome = ended.result()
        print(f"{outcome.word:8} {outcome.seconds:6.1f} s  {suite}", flush=True)
        if outcome.word != PASSED:
            print(outcome.log.read_text(encoding="utf-8", errors="replace")[-10000:], flush=True)
            print(f"The suite {suite} fails without any mistake, see above: it can't tell whether it notices one.", flush=True)
            sys.exit(2)
        seconds[suite] = outcome.seconds
    return seconds


def all_are_noticed(runner, mistakes):
    """Whether each mistake could be made and was noticed. Prints what becomes of each, and what there is to do."""
    started = time.monotonic()
    print("Without mistakes:", flush=True)
    seconds = times_without_mistakes(runner, dict.fromkeys(mistake.suite for mistake in mistakes))

    def run(copy, mistake, log):
        times, more = PATIENCE
        return copy.run_mistaken(mistake, log, times * seconds[mistake.suite] + more)

    print("\nWith one mistake each:", flush=True)
    lost, survived = [], []
    # The longest first, so that none of them is left over for the end
    for mistake, ended in runner.outcomes("mistake", run, sorted(mistakes, key=lambda mistake: -seconds[mistake.suite])):
        try:
            outcome = ended.result()
        except ValueError as error:
            lost.append(mistake)
            print(f"ERROR: {mistake.file}: {mistake.name}: {error}", flush=True)
            continue
        if outcome.word == PASSED:
            survived.append(mistake)
        print(f"{NOTICED[outcome.word]:8} {outcome.seconds:6.1f} s  {mistake.file}: {mistake.name} ({mistake.suite}; {outcome.log.name})", flush=True)
    for mistake in survived:
        print(f"SURVIVED: {mistake.file}: {mistake.name}")
    for mistake in lost:
        print(f"ERROR, could not be made: {mistake.file}: {mistake.name}")
    print(f"{len(mistakes) - len(survived) - len(lost)} of {len(mistakes)} mistakes were noticed, in {time.monotonic() - started:.0f} s.")
    return not survived and not lost


def main():
    """Read the arguments, and make the mistakes that they ask for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pattern", nargs="?", default="", help="a regular expression: only mistakes whose name or file it is found in")
    parser.add_argument("--output", required=True, type=pathlib.Path, help="the folder for copies and logs")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many suites at once")
    args = parser.parse_args()

    mistakes = [mistake for mistake in read_mistakes() if re.search(args.pattern, f"{mistake.file}: {mistake.name}", re.IGNORECASE)]
    if not mistakes:
        sys.exit(f"No mistake has {args.pattern!r} in its name.")
    runner = Runner(args.output, args.jobs)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        sys.exit(0 if all_are_noticed(runner, mistakes) else 1)
    finally:
        runner.stop()


if __name__ == "__main__":
    main()
