"""A Debian 12 system with systemd of its own, in a container. What it changes is gone when it stops."""

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEBIAN = ROOT / "target/debian-12"

# The longest wait for something that should happen at once.
MAX_WAIT = 30

REQUEST = """
import sys, urllib.request, urllib.error
request = urllib.request.Request(sys.argv[1], headers=dict(it.split("=", 1) for it in sys.argv[2:]))
try:
    print(urllib.request.urlopen(request, timeout=20).status)
except urllib.error.HTTPError as error:
    print(error.code)
except OSError:
    print(0)
"""


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

    def enter(self, *namespaces: str) -> list[str]:
        return ["nsenter", f"--target={self.systemd}", *(f"--{it}" for it in namespaces)]

    def run(self, script: str, check: bool = True) -> str:
        """Runs a shell script as root and returns its output."""
        enter = self.enter("mount", "uts", "ipc", "net", "pid", "root", "wd")
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
        url = f"http://127.0.0.1:{port}{path}"
        headers = [f"X-Authentication={token}"] if token else []
        command = [*self.enter("net"), sys.executable, "-c", REQUEST, url, *headers]
        return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    def wait_until(self, holds, complaint: str):
        """Waits until `holds()`, which is asked again and again, as nothing reports such changes."""
        begun = time.monotonic()
        while not holds():
            assert time.monotonic() - begun < MAX_WAIT, f"{complaint}\n{Path(self.log.name).read_text()}"
            time.sleep(0.1)

    def stop(self):
        """Powers it off."""
        self.process.terminate()
        try:
            self.process.wait(MAX_WAIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
