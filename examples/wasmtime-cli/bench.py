#!/usr/bin/env python3
"""Measures one call on the command line, in a new process each time, and prints one row of a table.

bench.py COMPONENT
"""

import shutil
import subprocess
import sys
from statistics import median
from time import perf_counter

CALLS = 15
LOOKUP_KEY = "lookup-key([109, 121, 95, 97, 112, 112, 58])"


def call(component):
    start = perf_counter()
    subprocess.run(["wasmtime", "run", "--invoke", LOOKUP_KEY, component], check=True, capture_output=True)
    return perf_counter() - start


def main():
    [component] = sys.argv[1:] or sys.exit(__doc__)
    if shutil.which("wasmtime"):
        time = median(call(component) for _ in range(CALLS))
        print(f"| wasmtime run --invoke: a whole process, which compiles | {time * 1e6:.0f} us |")


if __name__ == "__main__":
    main()
