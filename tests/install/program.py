"""The program under test, and requests to servers in other network name spaces."""

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

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


def stripped(directory: Path) -> Path:
    """The program without the debug information, which would take long to compress."""
    binary = directory / "jerakia"
    subprocess.run(["strip", "-o", binary, os.environ["JERAKIA"]], check=True)
    return binary


def script(name: str, *arguments, **environment) -> str:
    """Runs one of the project's scripts and returns its output."""
    command = [f"scripts/{name}", *map(str, arguments)]
    ran = subprocess.run(
        command, check=False, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True
    )
    assert ran.returncode == 0, f"{command}\n{ran.stdout}{ran.stderr}"
    return (ran.stdout + ran.stderr).strip()


def status_of(process: str, path: str, token: str = "", port: int = 9843) -> int:
    """The status of a GET request in the network of a process; 0 without an answer."""
    headers = [f"X-Authentication={token}"] if token else []
    url = f"http://127.0.0.1:{port}{path}"
    command = ["nsenter", f"--target={process}", "--net", sys.executable, "-c", REQUEST, url, *headers]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def wait_until(holds, complaint):
    """Waits until `holds()`, which is asked again and again, as nothing reports such changes."""
    begun = time.monotonic()
    while not holds():
        assert time.monotonic() - begun < MAX_WAIT, complaint()
        time.sleep(0.1)
