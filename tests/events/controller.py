# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""As much of the controller's API as ansible-rulebook asks for to launch a job template: each job has ended well at once."""

from __future__ import annotations

import contextlib
import http.server
import json
import re
import threading
import urllib.parse

TEMPLATE, TOKEN = "Onboard to Security Hub CSPM", "controller-token"


class Controller(http.server.ThreadingHTTPServer):
    """The API, for one job template.

    launches: the bodies of the requests to launch it, in order.
    """

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.launches = []

    @property
    def url(self):
        """Its address."""
        return f"http://127.0.0.1:{self.server_address[1]}/"

    def arguments(self, rulebook):
        """What ansible-rulebook is told of it, for a rulebook that launches jobs."""
        return ["--controller-url", self.url, "--controller-token", TOKEN] if rulebook.endswith("_controller") else []

    @staticmethod
    def variables(launch):
        """The extra variables of a launch; IDs as texts, as a playbook takes them."""
        found = launch["extra_vars"]
        return {**found, "securityhub_administrator_id": str(found["securityhub_administrator_id"])}

    def template(self):
        """The job template, as the API shows it."""
        asks = {f"ask_{what}_on_launch": what == "variables" for what in ("limit", "labels", "inventory", "variables")}
        organization = {"summary_fields": {"organization": {"name": "Default"}}}
        return {"id": 7, "type": "job_template", "name": TEMPLATE, "related": {"launch": "/api/v2/job_templates/7/launch/"}, **asks, **organization}

    def job(self, number):
        """A job, as the API shows it."""
        return {"id": number, "type": "job", "url": f"/api/v2/jobs/{number}/", "status": "successful", "created": "2026-11-28T01:02:03Z", "artifacts": {}}


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers requests that have the token."""

    server: Controller

    def do_GET(self):
        """Configuration, templates and jobs."""
        path = urllib.parse.urlsplit(self.path).path
        job = re.fullmatch(r"/api/v2/jobs/(\d+)/", path)
        if path == "/api/v2/config/":
            self._answer({"version": "4.6.0"})
        elif path == "/api/v2/unified_job_templates/":
            self._answer({"count": 1, "next": None, "results": [self.server.template()]})
        elif path in ("/api/v2/unified_jobs/", "/api/v2/jobs/"):
            jobs = [self.server.job(number + 1) for number in range(len(self.server.launches))]
            self._answer({"count": len(jobs), "next": None, "results": jobs})
        elif job:
            self._answer(self.server.job(int(job[1])))
        else:
            self.send_error(404)

    def do_POST(self):
        """A launch."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path != self.server.template()["related"]["launch"]:
            self.send_error(404)
            return
        self.server.launches.append(body)
        self._answer(self.server.job(len(self.server.launches)), status=201)

    def _answer(self, body, status=200):
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            status, body = 401, {"detail": "No."}
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format, *args):
        """Nothing: ansible-rulebook's own output tells."""


@contextlib.contextmanager
def running_controller():
    """The API, for as long as it is used."""
    with Controller() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
