"""The Debian package: installed, upgraded, removed and purged on Debian 12, with systemd."""

import tempfile
import unittest
from pathlib import Path

from machine import Machine
from program import script, stripped

UNIT = "/lib/systemd/system/jerakia.service"

# A policy, and data that it finds.
DATA = """
cat >/etc/jerakia/policy.d/default.yaml <<END
lookups: [{name: main, datasource: file, docroot: data, format: yaml, searchpath: [common]}]
END
install -D /dev/stdin /var/lib/jerakia/data/common/apache.yaml <<<'port: 80'
"""

# Asks bash-completion what it would complete, as the Tab key does.
COMPLETE = """
set +eu
source /usr/share/bash-completion/bash_completion
_completion_loader jerakia
COMP_WORDS=(jerakia token disable my) COMP_CWORD=3 COMP_TYPE=9
_clap_complete_jerakia jerakia my disable
echo "${COMPREPLY[*]}"
"""


class Deb(unittest.TestCase):
    """Each test begins with the package installed."""

    @classmethod
    def setUpClass(cls):
        shared = tempfile.TemporaryDirectory()
        cls.addClassCleanup(shared.cleanup)
        cls.shared = Path(shared.name)
        binary = stripped(cls.shared)
        cls.old, cls.new = (cls.build(binary, it) for it in ("0.1.0", "0.1.1"))

    @classmethod
    def build(cls, binary: Path, version: str) -> str:
        """Builds a package, and returns its name in the machine."""
        directory = cls.shared / version
        script("deb.sh", binary, directory, JERAKIA_VERSION=version)
        (file,) = directory.iterdir()
        return f"/shared/{version}/{file.name}"

    def setUp(self):
        self.machine = Machine(self.shared)
        self.addCleanup(self.machine.stop)
        self.sh = self.machine.run
        self.sh(f"dpkg --install {self.old}")

    def of_unit(self, name: str) -> str:
        return self.sh(f"systemctl show --value --property={name} jerakia")

    def until(self, status: int, path: str, token: str = ""):
        self.machine.wait_until(lambda: self.machine.status_of(path, token) == status, f"{path} is not {status}")

    def create(self, api_id: str) -> str:
        return self.sh(f"jerakia token create {api_id} --quiet")

    def override(self, setting: str):
        """Changes a setting of the unit, as `systemctl edit` does."""
        directory = "/etc/systemd/system/jerakia.service.d"
        self.sh(
            f"mkdir -p {directory}; printf '[Service]\n{setting}\n' >{directory}/test.conf; systemctl daemon-reload"
        )

    def test_the_server_runs_once_it_is_installed(self):
        self.assertEqual(self.of_unit("ActiveState"), "active")
        self.assertEqual(self.sh("systemctl is-enabled jerakia"), "enabled")
        token = self.create("my_app")
        self.assertEqual(self.machine.status_of("/v1/authorize", token), 200)
        self.sh("jerakia token disable my_app")
        self.assertEqual(self.machine.status_of("/v1/authorize", token), 401)
        self.assertEqual(self.sh("stat --format=%U /var/db/jerakia/* | sort -u"), "jerakia")
        self.assertEqual(self.sh("stat --format='%U %a' /var/db/jerakia"), "jerakia 700")
        self.sh("jerakia config check && jerakia doctor")

    def test_root_can_make_the_first_token_before_the_server_runs(self):
        self.sh("systemctl stop jerakia; rm /var/db/jerakia/*")
        token = self.create("my_app")
        self.assertEqual(self.sh("stat --format=%U /var/db/jerakia/* | sort -u"), "jerakia")
        self.sh("systemctl start jerakia")
        self.assertEqual(self.machine.status_of("/v1/authorize", token), 200)

    def test_an_upgrade_keeps_tokens_and_settings(self):
        token, process = self.create("my_app"), self.of_unit("MainPID")
        self.sh("printf '\nserver:\n  admin_api: true\n' >/etc/jerakia/jerakia.yaml")
        self.sh(f"dpkg --install {self.new}")
        self.until(200, "/readyz")
        self.assertNotEqual(self.of_unit("MainPID"), process)
        self.assertEqual(self.machine.status_of("/v1/authorize", token), 200)
        self.assertIn("admin_api: true", self.sh("cat /etc/jerakia/jerakia.yaml"))

    def test_removing_keeps_tokens_and_purging_deletes_them(self):
        token = self.create("my_app")
        self.sh("dpkg --remove jerakia")
        self.assertEqual(self.machine.status_of("/readyz"), 0)
        self.sh("test -f /var/db/jerakia/tokens.db && test -f /etc/jerakia/jerakia.yaml && ! test -e /usr/bin/jerakia")
        self.sh(f"dpkg --install {self.old}")
        self.until(200, "/v1/authorize", token)
        self.sh("mkdir -p /etc/jerakia/policy.d; touch /etc/jerakia/policy.d/default.yaml; dpkg --purge jerakia")
        self.sh("! test -e /var/db/jerakia && ! test -e /etc/jerakia/jerakia.yaml && ! test -e /var/log/jerakia")
        self.sh("test -f /etc/jerakia/policy.d/default.yaml")
        left = self.sh("find /etc/systemd /var/lib/systemd /usr /lib -name '*jerakia*'")
        self.assertEqual(left, "")

    def test_the_sandbox_of_the_unit_holds_and_the_server_needs_nothing_more(self):
        self.sh(f"systemd-analyze security --offline=true --threshold=15 {UNIT}")
        status = self.sh(f"cat /proc/{self.of_unit('MainPID')}/status")
        for line in ("NoNewPrivs:\t1", "Seccomp:\t2", "CapEff:\t0000000000000000", "CapBnd:\t0000000000000000"):
            self.assertIn(line, status)
        self.sh(
            'echo \'server: {metrics: 127.0.0.1:9845, listen: ["http://127.0.0.1:9843", "unix:/run/jerakia/s"]}\''
            " >/etc/jerakia/jerakia.yaml; systemctl restart jerakia"
        )
        token = self.create("my_app")
        self.assertEqual(self.machine.status_of("/v1/authorize", token), 200)
        self.assertEqual(self.machine.status_of("/metrics", port=9845), 200)
        self.assertEqual(self.sh("jerakia health --url unix:/run/jerakia/s"), "ready")
        self.sh(DATA)
        self.assertEqual(self.machine.status_of("/v1/lookup/port?namespace=apache", token), 200)
        self.sh("systemctl reload jerakia && systemctl stop jerakia")
        log = self.sh("journalctl --unit=jerakia --output=cat")
        for word in ("WARN", "ERROR", "panicked", "not permitted", "denied"):
            self.assertNotIn(word, log)

    def test_systemd_listens_for_the_server_if_it_is_asked_to(self):
        token = self.create("my_app")
        self.sh("systemctl stop jerakia; systemctl enable --now jerakia.socket")
        self.assertEqual(self.of_unit("ActiveState"), "inactive")
        self.assertEqual(self.machine.status_of("/v1/authorize", token), 200)
        self.assertEqual(self.of_unit("ActiveState"), "active")
        process = self.of_unit("MainPID")
        self.sh("systemctl restart jerakia")
        self.assertEqual(self.machine.status_of("/v1/authorize", token), 200)
        self.assertNotEqual(self.of_unit("MainPID"), process)

    def test_the_watchdog_restarts_a_server_that_hangs(self):
        self.override("WatchdogSec=1")
        self.sh("systemctl restart jerakia")
        process = self.of_unit("MainPID")
        self.sh("systemctl kill --signal=STOP jerakia")
        self.machine.wait_until(lambda: self.of_unit("NRestarts") == "1", "it is not restarted")
        self.until(200, "/readyz")
        self.assertNotEqual(self.of_unit("MainPID"), process)

    def test_the_watchdog_leaves_a_server_alone_that_has_lost_its_database(self):
        self.override("WatchdogSec=1")
        self.sh("systemctl restart jerakia")
        self.sh("mv /var/db/jerakia/tokens.db /var/db/jerakia/elsewhere.db")
        self.until(503, "/readyz")
        self.machine.wait_until(lambda: "can't decide" in self.of_unit("StatusText"), "its status does not say so")
        process = self.of_unit("MainPID")
        fed = lambda: int(self.of_unit("WatchdogTimestampMonotonic"))
        enough = fed() + 2_000_000
        self.machine.wait_until(lambda: fed() > enough, "the watchdog is not fed")
        self.assertEqual((self.of_unit("MainPID"), self.of_unit("NRestarts")), (process, "0"))

    def test_a_rotated_log_is_written_to_its_new_file(self):
        self.sh("echo 'logfile: /var/log/jerakia/server.log' >>/etc/jerakia/jerakia.yaml; systemctl restart jerakia")
        self.sh("systemctl restart jerakia; logrotate --force /etc/logrotate.d/jerakia")
        self.sh("test -s /var/log/jerakia/server.log.1")
        self.sh("systemctl restart jerakia")
        self.assertIn("stopping", self.sh("cat /var/log/jerakia/server.log"))

    def test_manuals_and_completions_are_found(self):
        for page in ("jerakia", "jerakia-token", "jerakia-token-create", "jerakia-server", "jerakia.yaml"):
            file = self.sh(f"man --where {page}")
            self.assertEqual(self.sh(f"man --warnings --local-file {file} >/dev/null"), "", page)
        self.create("my_app")
        self.create("other_app")
        self.assertEqual(self.sh(COMPLETE), "my_app")


if __name__ == "__main__":
    unittest.main()
