# Copyright: Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Tests of how the clients connect: TLS that is verified, and proxies."""
