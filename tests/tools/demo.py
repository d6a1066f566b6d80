# Copyright: Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run the playbooks of tests/demo, in the order of their names, against one emulator.

tests/demo/seed.json, where there is one, says what the emulator starts with; tests/demo/inventory.yml is
the inventory. The playbooks get the variables emulator_url and emulator, as the integration targets do.
"""

from __future__ import annotations

import argparse
import glob
import json
import os
import subprocess
import sys

from emulator_process import running_emulator

DEMO = os.path.join("tests", "demo")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", required=True, help="the folder for the emulator's files")
    args = parser.parse_args()

    playbooks = sorted(set(glob.glob(os.path.join(DEMO, "*.yml"))) - {os.path.join(DEMO, "inventory.yml")})
    if not playbooks:
        sys.exit("There is no playbook in %s." % DEMO)
    os.makedirs(args.output, exist_ok=True)
    seed = os.path.join(DEMO, "seed.json")
    with running_emulator(args.output, ["--seed", seed] if os.path.exists(seed) else []) as emulator:
        variables = json.dumps({"emulator_url": emulator["url"], "emulator": emulator})
        environment = dict(os.environ, ANSIBLE_CONFIG=os.path.abspath(os.path.join(DEMO, "ansible.cfg")))
        for playbook in playbooks:
            command = ["ansible-playbook", "-i", os.path.join(DEMO, "inventory.yml"), "-e", variables, playbook]
            ended = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, check=False)
            if ended.returncode:
                return ended.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
