# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Accept invitations in several ways, side by side, and print what each costs: whole processes, with all that they start.

The server's CPU is not in the figures, but it is on the same cores. At the end, the coverage page is opened in Chromium.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import pathlib
import platform
import ssl
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator

import botocore.httpsession
from browser import MISSING
from browser import running_browser
from certificate import make_certificate

from . import clients
from . import page
from .clients import ACCEPTING_CLIENTS
from .clients import CLIENTS
from .clients import Cost
from .server import ADMINISTRATOR

TESTS = pathlib.Path(__file__).parents[1]
# Of the same names as AWS's, as many as anybody may ask for
REGIONS = [
    f"{place}-{number}"
    for number in (1, 2, 3, 4)
    for place in ("us-east", "us-west", "eu-west", "eu-central", "eu-north", "eu-south", "ap-south", "ap-northeast", "ap-southeast", "ca-central", "sa-east")
]


class Server:
    """The server that all clients call, in a process of its own."""

    def __init__(self, url: str, bundle: pathlib.Path | None):
        self.url = url
        self.bundle = bundle
        self._context = ssl.create_default_context(cafile=str(bundle)) if bundle else None

    def report(self, path: str = "report") -> dict:
        """What has happened since the last reset."""
        with urllib.request.urlopen(f"{self.url}/_bench/{path}", context=self._context) as answer:
            return json.load(answer)

    def check(self, places: list[tuple[str, str]], wanted: tuple[str, ...]) -> None:
        """Stop the benchmark unless every acceptance happened, with exactly the calls that are wanted of each account in each region."""
        report = self.report()
        accepted = {tuple(place) for place in report["accepted"]}
        if accepted != set(places):
            sys.exit(f"{len(accepted)} of {len(places)} pairs have accepted")
        calls = [
            (account, region, operation)
            for account, region, operation, count in report["calls"]
            for _each in range(count)
            if region != "sts" and account != ADMINISTRATOR
        ]
        if sorted(calls) != sorted((*place, operation) for place in places for operation in wanted):
            sys.exit(f"there were {len(calls)} calls, and not just {', '.join(wanted)} for each of {len(places)} pairs")


@contextlib.contextmanager
def running_server(folder: pathlib.Path, latency: float, tls: bool) -> Iterator[Server]:
    """The server, for as long as the benchmark runs. Over TLS its certificate stands at the end of a bundle like AWS's clients have."""
    command = [sys.executable, "-m", "bench.server", "--latency", str(latency)]
    bundle = None
    if tls:
        authority, certificate = make_certificate(folder)
        bundle = folder / "bundle.pem"
        bundle.write_bytes(pathlib.Path(botocore.httpsession.DEFAULT_CA_BUNDLE).read_bytes() + authority.read_bytes())
        command += ["--certificate", str(certificate)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=TESTS) as process:
        try:
            assert process.stdout
            yield Server(f"http{'s' if tls else ''}://127.0.0.1:{int(process.stdout.readline())}", bundle)
        finally:
            process.kill()


class Bench:
    """Measures clients on a server."""

    def __init__(self, server: Server, folder: pathlib.Path):
        self._server = server
        self._folder = folder
        self._environment = clients.environment(server.url, server.bundle)

    def measure(self, name: str, accounts: int, regions: int) -> tuple[Cost, Cost]:
        """What a client takes for each (account, region) to accept, and in the run after it, with nothing to do. Times in milliseconds."""
        client = CLIENTS[name]
        task = clients.Task([str(300000000000 + number) for number in range(accounts)], REGIONS[:regions], self._server.url, self._folder)
        places = [(account, region) for account in task.accounts for region in task.regions]
        command = client.command(task)
        costs = []
        self._server.report("reset")
        for run in (0, 1):
            cost = clients.run(command, self._environment, self._folder / f"{name}.log")
            if client.calls:
                self._server.check(places, client.calls[run])
            self._server.report("forget")
            costs.append(Cost(cost.wall / len(places) * 1000, cost.cpu / len(places) * 1000, cost.peak))
        return costs[0], costs[1]

    def medians(self, names: list[str], accounts: int, regions: int, times: int, sample: int) -> dict[str, tuple[Cost, Cost]]:
        """The medians of some measurements by client. They take turns, so that what else the machine does is shared by all.

        sample: the number of accounts for the playbook of today, whose cost for each (account, region) is what counts.
        """
        measured: dict[str, list[tuple[Cost, Cost]]] = {name: [] for name in names}
        for time in range(times):
            for name in names:
                if name != "today":
                    measured[name].append(self.measure(name, accounts, regions))
                elif not time:
                    measured[name].append(self.measure(name, sample, regions))
        return {name: (_median([first for first, _second in costs]), _median([second for _first, second in costs])) for name, costs in measured.items()}


def _median(costs: list[Cost]) -> Cost:
    return Cost(*(statistics.median(figures) for figures in zip(*costs, strict=True)))


def tables(title: str, costs: dict[str, tuple[Cost, Cost]]) -> None:
    """Print the costs of the first run and of the next, by client."""
    for run, what in enumerate(("accepting", "nothing to do")):
        table(f"{title}, {what}", {name: both[run] for name, both in costs.items()})


def table(title: str, costs: dict[str, Cost]) -> None:
    """Print costs by client, each beside the collection's, and the sum of what can't be avoided."""
    ours = costs["collection"]
    rows: list[tuple[str, ...]] = [("", "wall ms", "CPU ms", "ours, of its wall", "ours, of its CPU", "peak MiB")]
    titles = {name: CLIENTS[name].title for name in costs}
    if {"debug", "floor"} <= set(costs):
        debug, floor = costs["debug"], costs["floor"]
        costs = {**costs, "sum": Cost(debug.wall + floor.wall, debug.cpu + floor.cpu, max(debug.peak, floor.peak))}
        titles["sum"] = "both together"
    for name, cost in costs.items():
        rows.append(
            (titles[name], f"{cost.wall:.2f}", f"{cost.cpu:.2f}", f"{ours.wall / cost.wall:.2f}", f"{ours.cpu / cost.cpu:.2f}", f"{cost.peak:.0f}"),
        )
    print_lines(title, rows)


def print_lines(title: str, rows: list[tuple[str, ...]]) -> None:
    """Print rows in columns under a title."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    print(title)
    for first, *rest in rows:
        print("  ".join([first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True))]))
    print(flush=True)


def main() -> None:
    """Read the arguments and run."""

    def sizes(text: str) -> list[tuple[int, int]]:
        pairs = [(int(accounts), int(regions)) for accounts, regions in (size.split("x") for size in text.split(","))]
        return [] if pairs == [(0, 1)] else pairs

    parser = argparse.ArgumentParser(prog="make bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=sizes, default="200x1,200x3,60x17", help="accounts x regions, separated by commas; 0x1 for none")
    parser.add_argument("--latency", type=float, default=30, help="of each call, in milliseconds")
    parser.add_argument("--times", type=int, default=3, help="how often each is measured (the playbook of today: once); the median is told")
    parser.add_argument("--sample", type=int, default=3, help="accounts for the playbook of today")
    parser.add_argument("--clients", type=lambda text: text.split(","), default=ACCEPTING_CLIENTS, help=f"some of {','.join(ACCEPTING_CLIENTS)}")
    parser.add_argument("--onboarding", type=sizes, default="300x17", help="the sizes for the playbook onboard, beside accepting alone; 0x1 for none")
    parser.add_argument("--page", type=sizes, default="1000x17", help="the sizes for the coverage page, beside a bare table; 0x1 for none")
    parser.add_argument("--plain", action="store_true", help="over HTTP, without TLS")
    args = parser.parse_args()
    if not all(1 <= regions <= len(REGIONS) for _accounts, regions in args.sizes + args.onboarding + args.page):
        parser.error(f"there can be 1 to {len(REGIONS)} regions")
    if "collection" not in args.clients or not set(args.clients) <= set(CLIENTS):
        parser.error(f"--clients are collection and some of {', '.join(CLIENTS)}")
    versions = subprocess.run(["ansible-playbook", "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, {versions}, botocore {botocore.__version__}, {clients.FORKS} forks")
    print(f"{args.latency:g} ms a call{'' if args.plain else ', over TLS'}. Milliseconds for each (account, region), medians of {args.times}.\n", flush=True)
    with tempfile.TemporaryDirectory() as name, running_server(pathlib.Path(name), args.latency, not args.plain) as server:
        bench = Bench(server, pathlib.Path(name))
        for accounts, regions in args.sizes:
            costs = bench.medians(args.clients, accounts, regions, args.times, args.sample)
            tables(f"{accounts} accounts x {regions} regions", costs)
        for accounts, regions in args.onboarding:
            costs = bench.medians(["collection", "onboard"], accounts, regions, args.times, args.sample)
            tables(f"Onboarding {accounts} accounts x {regions} regions, from no member to all", costs)
    with tempfile.TemporaryDirectory() as name, running_browser() as browser:
        if not browser:
            print(f"The coverage page is not measured. {MISSING}")
            return
        for accounts, regions in args.page:
            lines = page.measure(browser, pathlib.Path(name), accounts, REGIONS[:regions], args.times)
            print_lines(f"Coverage page of {accounts} accounts x {regions} regions, medians of {args.times}. {page.WHAT}", lines)


if __name__ == "__main__":
    main()
