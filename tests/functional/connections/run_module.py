# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Print the result of a module as JSON, and which botocore it was that it ran with.

The arguments: its name, its options as JSON, and how many files it may open, if there is a limit.
"""

import importlib
import json
import os
import resource
import sys

import botocore

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.cloudsec.securityhub.plugins.module_utils._module import run_task

module = importlib.import_module(f"ansible_collections.cloudsec.securityhub.plugins.modules.{sys.argv[1]}")
spec = {name: value for name, value in module.SPEC.items() if name != "supports_check_mode"}
validated = ArgumentSpecValidator(**spec).validate(json.loads(sys.argv[2]))
if validated.error_messages:
    sys.exit("; ".join(validated.error_messages))
if sys.argv[3:]:
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(map(int, os.listdir("/dev/fd"))) + int(sys.argv[3]), resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
json.dump({"botocore": botocore.__file__, "result": run_task(module.run, validated.validated_parameters, False)}, sys.stdout)
