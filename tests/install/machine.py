"""A Debian 12 system with systemd of its own, in a container. What it changes is gone when it stops."""

import os
import subprocess
from pathlib import Path

from program import MAX_WAIT, ROOT, status_of, wait_until

DEBIAN = ROOT / "target/debian-12"


class Machine:
    """Boots the system that scripts/debian.sh has made. `shared` is its directory /shared."""

    def __init__(self, shared: Path):
        self.log = (shared / "console.log").open("w+")
        command = ["systemd-nspawn", "--quiet", f"--directory={DEBIAN}", "--volatile=overlay", "--boot"]
        command += ["--register=no", "--keep-unit", "--link-journal=no", "--private-network", "--console=pipe"]
        command += [f"--bind-ro={shared}:/shared", f"--machine=jerakia-{os.getpid()}"]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        self.wait_until(self.has_booted, "it does not boot")

    def has_booted(self) -> bool:
        """Whether systemd has started everything. Also finds its process."""
        assert self.process.poll() is None, Path(self.log.name).read_text()
        task = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        children = Path(task).read_text().split()
        if not children:
            return False
        self.systemd = children[-1]
        state = self.run("systemctl is-system-running", check=False)
        return state in ("running", "degraded")

    def run(self, script: str, check: bool = True) -> str:
        """Runs a shell script as root and returns its output."""
        enter = ["nsenter", f"--target={self.systemd}", "--mount", "--uts", "--ipc", "--net", "--pid", "--root", "--wd"]
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8"}
        ran = subprocess.run(
            [*enter, "bash", "-euc", script],
            check=False,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert not check or ran.returncode == 0, f"{script}\n{ran.stdout}{ran.stderr}"
        return (ran.stdout + ran.stderr).strip()

    def status_of(self, path: str, token: str = "", port: int = 9843) -> int:
        """The status of a GET request from within; 0 without an answer."""
        return status_of(self.systemd, path, token, port)

    def wait_until(self, holds, complaint: str):
        """Waits until `holds()`."""
        wait_until(holds, lambda: f"{complaint}\n{Path(self.log.name).read_text()}")

    def stop(self):
        """Powers it off."""
        self.process.terminate()
        try:
            self.process.wait(MAX_WAIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
