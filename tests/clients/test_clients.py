"""A Python client, against the real server, with the packages that python-jerakia is built on.
Requests of Jerakia's own clients are replayed in tests/clients.rs."""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

from client import Client, decoded

HERE = Path(__file__).resolve().parent
DATA = HERE.parent / "fixtures" / "lookup"
JERAKIA = os.environ["JERAKIA"]


class PythonClient(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.environment = {
            "PATH": os.environ["PATH"],
            "JERAKIA_DATABASEDIR": directory.name,
            "JERAKIA_VARDIR": str(DATA),
            "JERAKIA_POLICYDIR": str(DATA / "policy.d"),
        }
        create = [JERAKIA, "token", "create", "--quiet", "python_client"]
        self.token = subprocess.run(
            create, env=self.environment, check=True, capture_output=True, text=True
        ).stdout.strip()
        command = [JERAKIA, "server", "--port", "0"]
        server = subprocess.Popen(command, env=self.environment, stderr=subprocess.PIPE, text=True)
        self.addCleanup(server.stderr.close)
        self.addCleanup(server.wait)
        self.addCleanup(server.terminate)
        self.url = server.stderr.readline().strip().removeprefix("listening on ")
        self.client = Client(self.url, self.token)

    def test_a_key_is_looked_up(self):
        answer = self.client.lookup("port", namespace="apache")
        self.assertEqual(answer, {"status": "ok", "found": True, "payload": 80})

    def test_metadata_is_the_scope(self):
        for metadata, expected in [({}, "common"), ({"env": "dev"}, "dev"), ({"hostname": "web-01"}, "web-01")]:
            answer = self.client.lookup("name", namespace="a/b", metadata=metadata)
            self.assertEqual(answer["payload"], expected)

    def test_text_that_needs_escaping_arrives(self):
        self.assertFalse(self.client.lookup("k", namespace="a/b", metadata={"env": "ä & b = c/é"})["found"])

    def test_integer_keys_are_integers(self):
        answer = self.client.lookup("vhosts", namespace="apache")
        self.assertEqual(answer["payload"], {8080: "intern", 80: "public"})

    def test_a_whole_namespace(self):
        answer = self.client.lookup(namespace="apache")
        self.assertEqual(answer["payload"]["logdir"], "/srv/log")

    def test_a_cascade(self):
        options = {"lookup_type": "cascade", "merge": "deep_hash", "use_schema": "false"}
        answer = self.client.lookup("limits", namespace="a/b", metadata={"env": "dev"}, **options)
        self.assertEqual(answer["payload"]["time"], {"soft": 99, "hard": 20})

    def test_null_and_nowhere(self):
        self.assertEqual(self.client.lookup("nothing", namespace="apache")["found"], True)
        answer = self.client.lookup("nowhere", namespace="apache")
        self.assertEqual(answer, {"status": "ok", "found": False, "payload": None})

    def test_json_for_who_asks_for_json(self):
        client = Client(self.url, self.token, "application/json")
        response = client.get("/v1/lookup/port", {"namespace": "apache"})
        self.assertEqual(response.headers["Content-Type"], "application/json")
        self.assertEqual(response.text, '{"status":"ok","found":true,"payload":80}')

    def test_failures_are_told_in_the_clients_format(self):
        for params, status, message in [
            ({}, 400, "Must include parameter namespace in request"),
            ({"namespace": "apache", "policy": "nope"}, 501, "No such policy nope"),
        ]:
            response = self.client.get("/v1/lookup/port", params)
            self.assertEqual(response.status_code, status)
            self.assertEqual(response.headers["Content-Type"], "application/x-msgpack")
            self.assertEqual(decoded(response)["status"], "failed")
            self.assertIn(message, decoded(response)["message"])

    def test_scope_data_is_stored_and_used(self):
        stored = self.client.store_scope("puppet", "web-01", {"env": "dev", "facts": {1: [True, None, 1.5]}})
        self.assertEqual(stored["status"], "ok")
        self.assertEqual(decoded(self.client.get("/v1/scope/puppet/web-01/uuid")), stored)
        scope = {"scope": "server", "scope_realm": "puppet", "scope_identifier": "web-01"}
        self.assertEqual(self.client.lookup("name", namespace="a/b", **scope)["payload"], "dev")

    def test_a_revoked_token_is_refused(self):
        subprocess.run([JERAKIA, "token", "disable", "python_client"], env=self.environment, check=True)
        response = self.client.get("/v1/lookup/port", {"namespace": "apache"})
        self.assertEqual(response.status_code, 401)
        self.assertEqual(decoded(response), {"status": "failed", "message": "unauthorized"})


if __name__ == "__main__":
    unittest.main()
