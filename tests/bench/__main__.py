# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the benchmark and print its tables. Times are of whole processes, with all that they start; the server's are not among them."""

from __future__ import annotations

import argparse
import collections
import contextlib
import json
import os
import pathlib
import platform
import subprocess
import sys
import tempfile
import time
import urllib.request

from . import server as fast_server

HERE = pathlib.Path(__file__).parent
FORKS = 20
# Of the same names as AWS's, as many as anybody may ask for
REGIONS = [
    f"{place}-{number}"
    for number in (1, 2, 3, 4)
    for place in ("us-east", "us-west", "eu-west", "eu-central", "eu-north", "eu-south", "ap-south", "ap-northeast", "ap-southeast", "ca-central", "sa-east")
]

# Wall and CPU in seconds, peak of the largest single process in MiB
Cost = collections.namedtuple("Cost", "pairs wall cpu peak server")


class Server:
    """The server that all clients call, in a process of its own."""

    def __init__(self, url):
        self.url = url

    def report(self, path="report"):
        """What has happened since the last reset."""
        with urllib.request.urlopen(f"{self.url}/_bench/{path}") as answer:
            return json.load(answer)

    def check(self, places, changed):
        """Stop the benchmark unless every acceptance happened, with exactly the calls that it takes."""
        report = self.report()
        accepted = {tuple(place) for place in report["accepted"]}
        if accepted != set(places):
            sys.exit(f"{len(accepted)} of {len(places)} pairs have accepted")
        wanted = ("get_administrator_account", "list_invitations", "accept_administrator_invitation")[: 3 if changed else 1]
        calls = [(account, region, operation) for account, region, operation, count in report["calls"] for _each in range(count) if region != "sts"]
        if sorted(calls) != sorted((*place, operation) for place in places for operation in wanted):
            sys.exit(f"there were {len(calls)} calls, and not just {', '.join(wanted)} for each of {len(places)} pairs")


@contextlib.contextmanager
def running_server(latency):
    """The server, for as long as the benchmark runs."""
    command = [sys.executable, "-m", "bench.server", "--latency", str(latency)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=HERE.parent) as process:
        try:
            yield Server(f"http://127.0.0.1:{int(process.stdout.readline())}")
        finally:
            process.kill()


class Bench:
    """The clients, each as a command that accepts in some accounts and regions."""

    def __init__(self, server, folder):
        self.server = server
        self.folder = pathlib.Path(folder)
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_") and not name.lower().endswith("_proxy")},
            "AWS_ACCESS_KEY_ID": fast_server.BASE_ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": fast_server.SECRET_KEY,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": server.url,
            "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
            "ANSIBLE_LOCALHOST_WARNING": "false",
        }

    def collection(self, accounts, regions):
        """This collection, by an ordinary ansible-playbook."""
        return self._playbook("collection.yml", accounts, regions)

    def today(self, accounts, regions):
        """The playbook of today."""
        return self._playbook("today.yml", accounts, regions)

    def pool(self, accounts, regions):
        """The script with a thread pool."""
        names = self.folder / "accounts.txt"
        names.write_text("\n".join(accounts), encoding="utf-8")
        options = {"administrator": fast_server.ADMINISTRATOR, "accounts": names, "regions": ",".join(regions), "endpoint-url": self.server.url}
        return [sys.executable, str(HERE / "pool.py"), *(f"--{name}={value}" for name, value in options.items())]

    def _playbook(self, name, accounts, regions):
        inventory = self.folder / "inventory.json"
        variables = {
            "ansible_connection": "local",
            "regions": regions,
            "administrator_id": fast_server.ADMINISTRATOR,
            "endpoint_url": self.server.url,
        }
        inventory.write_text(json.dumps({"members": {"hosts": {key: {} for key in accounts}, "vars": variables}}), encoding="utf-8")
        return ["ansible-playbook", "-i", str(inventory), "-f", str(FORKS), str(HERE / "playbooks" / name)]

    def measure(self, client, accounts, regions):
        """Cost of accepting, and of the run after it that finds nothing to do, by a client (a name of the methods above)."""
        account_ids = [str(300000000000 + number) for number in range(accounts)]
        region_names = REGIONS[:regions]
        places = [(account, region) for account in account_ids for region in region_names]
        command = getattr(self, client)(account_ids, region_names)
        self.server.report("reset")
        accepting = self._run(client, command, len(places))
        self.server.check(places, changed=True)
        accepted = self.server.report()["accepted"]
        self.server.report("forget")
        nothing_to_do = self._run(client, command, len(places))
        self.server.check([tuple(place) for place in accepted], changed=False)
        return accepting, nothing_to_do

    def _run(self, client, command, pairs):
        log = self.folder / f"{client}.log"
        served_before = self.server.report()["cpu"]
        started = time.monotonic()
        with open(log, "wb") as stream:
            process = subprocess.Popen(  # pylint: disable=consider-using-with
                command, env=self.environment, stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT
            )
        _pid, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(f"{client} ended with {process.returncode}:\n" + log.read_text(errors="replace")[-3000:])
        return Cost(pairs, wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, self.server.report()["cpu"] - served_before)


def table(rows, heads):
    """Print rows under heads, in columns."""
    rows = [heads, *rows]
    widths = [max(len(str(row[column])) for row in rows) for column in range(len(heads))]
    for first, *rest in rows:
        print("  ".join([str(first).ljust(widths[0]), *(str(cell).rjust(width) for cell, width in zip(rest, widths[1:], strict=True))]))
    print(flush=True)


def milliseconds(cost, figure):
    """A figure of a cost for each (account, region)."""
    return f"{getattr(cost, figure) / cost.pairs * 1000:.2f}"


def compare(bench, args):
    """The three clients side by side. The playbook of today runs on a sample: its cost for each pair is what counts."""
    names = {"collection": "this collection", "pool": "thread pool, 32 threads", "today": "playbook of today"}
    costs = {client: bench.measure(client, args.sample if client == "today" else args.accounts, args.regions) for client in ("collection", "pool", "today")}
    for run, title in enumerate(("Accepting", "The run after it, with nothing to do")):
        print(f"{title}: milliseconds for each (account, region)")
        ours = costs["collection"][run]
        table(
            [
                (
                    names[client],
                    cost[run].pairs,
                    milliseconds(cost[run], "wall"),
                    milliseconds(cost[run], "cpu"),
                    f"{float(milliseconds(cost[run], 'wall')) / float(milliseconds(ours, 'wall')):.1f}",
                    f"{float(milliseconds(cost[run], 'cpu')) / float(milliseconds(ours, 'cpu')):.1f}",
                    f"{cost[run].peak:.0f}",
                    milliseconds(cost[run], "server"),
                )
                for client, cost in costs.items()
            ],
            ("", "pairs", "wall", "CPU", "wall, times ours", "CPU, times ours", "peak MiB", "server's CPU"),
        )


def grow(bench, args):
    """How this collection's cost grows with accounts, and the controller's memory with regions."""
    print(f"More accounts, {args.regions} regions each: milliseconds for each account, accepting and with nothing to do")
    rows = []
    for accounts in args.growth:
        accepting, idle = bench.measure("collection", accounts, args.regions)
        figures = [f"{getattr(cost, figure) / accounts * 1000:.1f}" for cost in (accepting, idle) for figure in ("wall", "cpu")]
        rows.append((accounts, *figures, f"{accepting.peak:.0f}"))
    table(rows, ("accounts", "wall", "CPU", "wall, idle", "CPU, idle", "peak MiB"))

    print("More regions, 20 accounts: the peak of the largest process")
    rows = []
    for regions in (1, args.regions, 2 * args.regions):
        accepting, idle = bench.measure("collection", 20, regions)
        rows.append((regions, f"{accepting.peak:.0f}", f"{idle.peak:.0f}"))
    table(rows, ("regions", "MiB, accepting", "MiB, idle"))


def main():
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--accounts", type=int, default=200)
    parser.add_argument("--regions", type=int, default=17)
    parser.add_argument("--latency", type=float, default=30, help="of each call, in milliseconds")
    parser.add_argument("--sample", type=int, default=4, help="accounts for the playbook of today")
    parser.add_argument("--growth", type=lambda text: [int(number) for number in text.split(",") if number], default=[10, 50, 200, 1000])
    args = parser.parse_args()
    if not 1 <= args.regions <= len(REGIONS) // 2:
        parser.error(f"--regions is 1 to {len(REGIONS) // 2}")
    versions = subprocess.run(["ansible-playbook", "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, {versions}, {FORKS} forks")
    print(f"{args.accounts} accounts x {args.regions} regions, {args.latency:g} ms a call\n", flush=True)
    with tempfile.TemporaryDirectory() as folder, running_server(args.latency) as server:
        bench = Bench(server, folder)
        compare(bench, args)
        if args.growth:
            grow(bench, args)


if __name__ == "__main__":
    main()
