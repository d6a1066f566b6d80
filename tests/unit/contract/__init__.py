# Copyright: Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the contract of securityhub_invitation promises: the module's function, botocore, HTTP and the emulator, nothing in between replaced."""

from __future__ import annotations
