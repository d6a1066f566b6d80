# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command: starts the emulator, says how to reach it, and stops on SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import errno
import json
import os
import pathlib
import signal
import sys
import threading
import typing as t

DEFAULT_ADMINISTRATOR = "111111111111"
# So many it names when it starts
NAMED_MEMBERS = 5


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m emulator", description="An emulator of Security Hub membership over HTTP.")
    parser.add_argument("--port", type=int, default=0, help="0, the default: a free one")
    parser.add_argument("--host", choices=["127.0.0.1"], default="127.0.0.1", help="only ever this machine")
    parser.add_argument("--regions", type=_list, help="the regions that exist, separated by commas; default: the 17 that every account has")
    parser.add_argument("--base-account", default="123456789012", metavar="ID", help="the account of the base access key")
    parser.add_argument("--administrator", action="append", metavar="ID", help=f"may be repeated; default: {DEFAULT_ADMINISTRATOR}")
    parser.add_argument("--members", type=int, default=0, metavar="N", help="as many accounts, 200000000001 and so on")
    parser.add_argument("--member", action="append", default=[], metavar="ID", help="one account; may be repeated")
    parser.add_argument("--hub-off", action="append", default=[], metavar="ID", help="an account whose hub is off; may be repeated")
    parser.add_argument(
        "--invite", action=argparse.BooleanOptionalAction, default=True, help="have the first administrator invite the members (default), or not even know them"
    )
    parser.add_argument("--seed", type=pathlib.Path, metavar="FILE", help="a description in JSON, applied after the options above")
    parser.add_argument(
        "--strict-credentials", action=argparse.BooleanOptionalAction, default=True, help="refuse access keys that were not given out (default)"
    )
    parser.add_argument("--ready-file", type=pathlib.Path, metavar="PATH", help="written, as JSON, when the emulator answers")
    parser.add_argument("--port-file", type=pathlib.Path, metavar="PATH")
    parser.add_argument("--pid-file", type=pathlib.Path, metavar="PATH")
    parser.add_argument("--parent", type=int, metavar="PID", help="stop when this process ends")
    parser.add_argument("--verbose", action="store_true", help="log requests on standard error")
    return parser.parse_args(arguments)


def _list(value: str) -> list[str]:
    return [item.strip() for item in value.split(",") if item.strip()]


def seed_from(options: argparse.Namespace) -> dict[str, t.Any]:
    """The seed that the options describe, with that of the file on top."""
    from .seed import member_ids

    ids = member_ids(options.members) + options.member
    off = set(options.hub_off)
    seed: dict[str, t.Any] = {"administrators": options.administrator or [DEFAULT_ADMINISTRATOR]}
    if options.invite:
        seed["members"] = [{"account_id": account_id, "hub": account_id not in off} for account_id in ids]
    else:
        seed["hubs"] = [account_id for account_id in ids if account_id not in off]
    if options.seed:
        for name, value in json.loads(options.seed.read_text(encoding="utf-8")).items():
            seed[name] = seed[name] + value if isinstance(seed.get(name), list) and isinstance(value, list) else value
    return seed


def write_atomically(path: pathlib.Path | None, text: str) -> None:
    """Nobody may ever read half a file."""
    if path is not None:
        new = path.with_name(f".{path.name}.{os.getpid()}")
        new.write_text(text, encoding="utf-8")
        new.replace(path)


def is_running(pid: int) -> bool:
    """Whether a process lives. One that has ended and was not waited for yet does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return True  # no /proc here
    return stat.rpartition(")")[2].split()[0] not in ("Z", "X")


def forget_environment() -> None:
    """moto and boto3 read settings from the environment, and those that are set for the emulator's clients are not meant for it."""
    for name in list(os.environ):
        if name.startswith(("MOTO_", "AWS_")) or name == "INITIAL_NO_AUTH_ACTION_COUNT":
            del os.environ[name]


def main(arguments: list[str] | None = None) -> int:
    """Run until told to stop."""
    options = parse(arguments)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_arguments: stop.set())
    forget_environment()
    from .server import EmulatorServer

    try:
        server = EmulatorServer(options.port, options.regions, seed_from(options), options.base_account, options.strict_credentials, options.verbose)
    except (OSError, ValueError, KeyError) as error:
        in_use = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        why = f"port {options.port} is in use. Name another with --port, or none for a free one." if in_use else error
        print(f"The emulator can't start: {why}", file=sys.stderr)
        return 1
    with server:
        announce(server.description(), options)
        while not stop.wait(0.5 if options.parent else None):
            if options.parent and not is_running(options.parent):
                break
    for path in (options.ready_file, options.port_file, options.pid_file):
        if path is not None:
            path.unlink(missing_ok=True)
    return 0


def announce(description: dict[str, t.Any], options: argparse.Namespace) -> None:
    """Say how to reach the emulator: to people on standard output, to programs in files."""
    url = description["url"]
    write_atomically(options.port_file, url.rpartition(":")[2] + "\n")
    write_atomically(options.pid_file, f"{os.getpid()}\n")
    write_atomically(options.ready_file, json.dumps({**description, "pid": os.getpid()}, indent=2) + "\n")
    members = description["members"]
    others = f" and {len(members) - NAMED_MEMBERS} others" if len(members) > NAMED_MEMBERS else ""
    named = ", ".join(members[:NAMED_MEMBERS]) + others or "none (--member ID, --members N)"
    print(
        f"Security Hub emulator at {url}, until Ctrl-C. Administrators: {', '.join(description['administrators'])}. Members: {named}.\n"
        f"To use it: export AWS_ENDPOINT_URL={url} AWS_ACCESS_KEY_ID={description['access_key']} "
        f"AWS_SECRET_ACCESS_KEY={description['secret_key']} AWS_DEFAULT_REGION={description['regions'][0]}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
