"""Runs the command that the demo prints."""

import os
import re
import subprocess
import sys
from unittest import TestCase
from urllib.error import HTTPError
from urllib.request import Request, urlopen


class Demo(TestCase):
    def test_the_demo_prints_a_command_that_works(self) -> None:
        command = [sys.executable, "demo.py"]
        with subprocess.Popen(command, env={**os.environ, "PORT": "0"}, stdout=subprocess.PIPE, text=True) as demo:
            try:
                assert demo.stdout
                found = re.fullmatch(r"curl -i -H '(.*): (.*)' (http://127\.0\.0\.1:.*)\n", demo.stdout.readline())
                assert found
                with urlopen(Request(found[3], headers={found[1]: found[2]}), timeout=30) as answer:
                    self.assertEqual(answer.read(), b'{"greeting":"Hello, my_app"}')
                with self.assertRaises(HTTPError) as refused:
                    urlopen(found[3], timeout=30)
                self.assertEqual(refused.exception.code, 401)
                refused.exception.close()
            finally:
                demo.terminate()
