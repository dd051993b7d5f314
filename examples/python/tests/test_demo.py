"""What the README's second command prints works."""

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

from server import get


def test_the_demo_prints_a_command_that_works() -> None:
    demo = subprocess.Popen(
        [sys.executable, "-m", "jerakia_auth.demo"],
        cwd=Path(__file__).parents[1],
        env={**os.environ, "PORT": "0"},
        stdout=subprocess.PIPE,
        text=True,
    )
    with demo:
        try:
            assert demo.stdout
            found = re.fullmatch(r"curl -i -H '(.*): (.*)' (.*)\n", demo.stdout.readline())
            assert found
            url = urlsplit(found[3])
            assert url.hostname == "127.0.0.1" and url.port
            assert get(url.port, [(found[1], found[2])], url.path).body == b'{"greeting":"Hello, my_app"}'
            assert get(url.port, [], url.path).status == 401
        finally:
            demo.terminate()
