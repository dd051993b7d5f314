#!/usr/bin/env python3
"""Runs the shared vectors through the `wasmtime` program, one invocation a case.

    vectors.py COMPONENT

Where the program is not installed, that is said, and nothing is run.
"""

import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

VECTORS = Path(__file__).parents[2] / "tests" / "vectors" / "tokens.json"


# Arguments and answers are in WAVE, the text format of component values.


def text(value):
    return '"' + "".join(character(it) for it in value) + '"'


def character(it):
    return it if it.isprintable() and it not in "\"\\'" else f"\\u{{{ord(it):x}}}"


def bytes_of(digits):
    return "[" + ", ".join(str(it) for it in bytes.fromhex(digits)) + "]"


def option(value, write):
    return "none" if value is None else f"some({write(value)})"


def presented(it):
    return f"{{api-id: {text(it['api_id'])}, digest: {bytes_of(it['digest'])}}}"


def known(it):
    end = option(it["expires_at"], str)
    return f"{{digest: {bytes_of(it['digest'])}, status: {it['status']}, expires-at: {end}}}"


# What is invoked for a case, and what must be printed.


def issue(case):
    return f"issue({text(case['api_id'])}, {bytes_of(case['entropy'])})", result(
        case, lambda: f"{{token: {text(case['token'])}, digest: {bytes_of(case['digest'])}}}"
    )


def identify(case):
    return f"identify({text(case['credential'])})", presented(case["presented"])


def verify(case):
    request = f"{{method: {text(case['request']['method'])}, path: {text(case['request']['path'])}}}"
    arguments = [presented(case["presented"]), option(case["known"], known), request, case["now"]]
    return f"verify({', '.join(arguments)})", result(case, lambda: f"{{api-id: {text(case['grant']['api_id'])}}}")


def result(case, ok):
    return f"err({case['refusal']})" if "refusal" in case else f"ok({ok()})"


def main():
    [component] = sys.argv[1:] or sys.exit(__doc__)
    if not shutil.which("wasmtime"):
        print("skipped: the wasmtime program is not installed (cargo install wasmtime-cli)")
        return
    vectors = json.loads(VECTORS.read_text())
    cases = [
        (f"{it.__name__}: {case['name']}", it(case))
        for it in (issue, identify, verify)
        for case in vectors[it.__name__]
    ]

    def wrong(case):
        name, (call, expected) = case
        ran = subprocess.run(["wasmtime", "run", "--invoke", call, component], capture_output=True, text=True)
        return None if ran.stdout.strip() == expected else f"{name}: {ran.stdout}{ran.stderr} in place of {expected}"

    with ThreadPoolExecutor() as threads:
        failures = [it for it in threads.map(wrong, cases) if it]
    print("\n".join(failures), end="\n" if failures else "")
    print(f"{len(cases) - len(failures)} passed, {len(failures)} failed")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
