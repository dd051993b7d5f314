"""Measures a decision in Python, and prints the median of 21 rounds as one row of a table."""

import platform
import secrets
from statistics import median
from time import perf_counter

from jerakia_auth import TokenRecord, load

ROUNDS = 21
CALLS = 300


def main() -> None:
    tokens = load()
    issued = tokens.issue("my_app", secrets.token_bytes(40))
    credential = issued.token.encode()
    stored = TokenRecord.new("my_app", issued.digest)

    def one_round() -> float:
        start = perf_counter()
        for _ in range(CALLS):
            tokens.authorize(credential, stored, "lookup:port", 0)
        return perf_counter() - start

    time = median(one_round() for _ in range(ROUNDS)) * 1e6 / CALLS
    print(f"| Python {platform.python_version()}, wasmtime | {time:.1f} us |")


if __name__ == "__main__":
    main()
