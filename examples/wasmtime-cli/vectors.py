#!/usr/bin/env python3
"""Runs the shared vectors through the `wasmtime` program, one invocation per case.

    vectors.py COMPONENT

If the program is not installed, reports that and runs nothing.
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


def secret(it):
    return f"{{digest: {bytes_of(it['digest'])}, ends: {it['ends']}}}"


def record(it):
    return (
        f"{{api-id: {text(it['api_id'])}, status: {it['status']}, current: {secret(it['current'])}, "
        f"former: {secret(it['former'])}, ends: {it['ends']}, grants: {text(it['grants'])}}}"
    )


# The invocation for a case, and its expected output.


def issue(case):
    return f"issue({text(case['api_id'])}, {bytes_of(case['entropy'])})", result(
        case, lambda: f"{{token: {text(case['token'])}, digest: {bytes_of(case['digest'])}}}"
    )


def lookup_key(case):
    return f"lookup-key({bytes_of(case['credential'])})", text(case["key"])


def authorize(case):
    arguments = [bytes_of(case["credential"]), record(case["stored"]), text(case["permission"]), case["now"]]
    return f"authorize({', '.join(arguments)})", result(case, lambda: grant(case["grant"]))


def grant(it):
    return f"{{api-id: {text(it['api_id'])}, secret: {it['secret']}, ends: {it['ends']}}}"


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
        for it in (issue, lookup_key, authorize)
        for case in vectors[it.__name__]
    ]

    def wrong(case):
        name, (call, expected) = case
        ran = subprocess.run(
            ["wasmtime", "run", "--invoke", call, component], check=False, capture_output=True, text=True
        )
        return None if ran.stdout.strip() == expected else f"{name}: {ran.stdout}{ran.stderr} in place of {expected}"

    with ThreadPoolExecutor() as threads:
        failures = [it for it in threads.map(wrong, cases) if it]
    print("\n".join(failures), end="\n" if failures else "")
    print(f"{len(cases) - len(failures)} passed, {len(failures)} failed")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
