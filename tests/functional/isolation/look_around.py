# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Print what is global in a process, as JSON: before and after the action plugins of this collection are loaded as the controller does it."""

from __future__ import annotations

import importlib
import json
import locale
import logging
import os
import pathlib
import signal
import socket
import ssl
import sys
import threading
import time
import warnings

# What any user of these libraries changes by importing them is not ours
import boto3
import botocore.httpsession

import ansible.plugins.action.normal
from ansible_collections.amazon.aws.plugins.module_utils import modules

ACTIONS = pathlib.Path(__file__).parents[3] / "plugins" / "action"


def look_around():
    """All that one plugin could change for another."""
    umask = os.umask(0)
    os.umask(umask)
    return {
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "umask": umask,
        "signals": [str(signal.getsignal(number)) for number in signal.valid_signals()],
        "timeout of sockets": socket.getdefaulttimeout(),
        "lookup of names": str(socket.getaddrinfo),
        "locale": locale.setlocale(locale.LC_ALL),
        "time zone": time.tzname,
        "threads": threading.active_count(),
        "open files": sorted(os.listdir("/dev/fd")),
        "loggers": sorted(
            (name, logger.level, str(logger.handlers)) for name, logger in logging.root.manager.loggerDict.items() if isinstance(logger, logging.Logger)
        ),
        "logging": [logging.root.level, str(logging.root.handlers)],
        "warnings": [str(each) for each in warnings.filters],
        "path of modules": sys.path,
        "hooks": [str(sys.excepthook), str(threading.excepthook), str(sys.meta_path)],
        "boto3's session": str(boto3.DEFAULT_SESSION),
        "TLS": [str(ssl.create_default_context), str(ssl.SSLContext), str(botocore.httpsession.create_urllib3_context)],
        "methods": [str(each) for each in (boto3.client, modules.AnsibleAWSModule.__init__, ansible.plugins.action.normal.ActionModule.run)],
    }


before = look_around()
for name in sorted(path.stem for path in ACTIONS.glob("*.py")):
    importlib.import_module(f"ansible_collections.cloudsec.securityhub.plugins.action.{name}")
json.dump([before, look_around()], sys.stdout)
