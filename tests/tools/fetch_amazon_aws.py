# Copyright: Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Put the collection amazon.aws where the staged collection finds it.

The package index has it only inside the package "ansible". That one is taken as a file,
the one collection is unpacked from it, and the rest is thrown away.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile

PREFIX = "ansible_collections/amazon/aws/"


def ansible_version():
    """The release of "ansible" with the amazon.aws to test on this Python: 10.1.2 before Python 3.12, 11.4.0 from there."""
    return "14.5.0" if sys.version_info >= (3, 12) else "12.3.0"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("collections", help="the folder that holds ansible_collections")
    args = parser.parse_args()

    wanted = "ansible==%s" % ansible_version()
    print("Taking amazon.aws out of %s" % wanted, flush=True)
    shutil.rmtree(os.path.join(args.collections, PREFIX), ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "-qq", "--disable-pip-version-check"]
            # Its Python is not ours to mind: only files of one collection are used.
            + ["--no-deps", "--ignore-requires-python", "--only-binary", ":all:", "--dest", folder, wanted],
            stdin=subprocess.DEVNULL,
            check=True,
        )
        (wheel,) = os.listdir(folder)
        with zipfile.ZipFile(os.path.join(folder, wheel)) as archive:
            archive.extractall(args.collections, [name for name in archive.namelist() if name.startswith(PREFIX)])


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as failed:
        sys.exit("pip could not fetch the package (its words are above): exit code %d" % failed.returncode)
