# Copyright: Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Tests of the emulator."""

from __future__ import annotations

import pkgutil

# pytest imports this folder under the name of what it tests: let the tests see the real package behind it.
__path__ = pkgutil.extend_path(__path__, __name__)
