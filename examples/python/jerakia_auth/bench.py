"""How long a decision takes in Python: one row of a table, the median of 21 rounds."""

import platform
import secrets
from collections.abc import Callable
from statistics import median
from time import perf_counter

from jerakia_auth import KnownToken, Request, load

ROUNDS = 21
CALLS = 300


def main() -> None:
    tokens = load()
    issued = tokens.issue("my_app", secrets.token_bytes(40))
    known = KnownToken(issued.digest, "active")
    request = Request("GET", "/v1/lookup/port")
    presented = tokens.identify(issued.token)

    both = microseconds(lambda: tokens.verify(tokens.identify(issued.token), known, request, 0))
    verify = microseconds(lambda: tokens.verify(presented, known, request, 0))
    print(f"| Python {platform.python_version()}, wasmtime | {both:.1f} us | {verify:.1f} us |")


def microseconds(call: Callable[[], object]) -> float:
    return median(one_round(call) for _ in range(ROUNDS)) * 1e6 / CALLS


def one_round(call: Callable[[], object]) -> float:
    start = perf_counter()
    for _ in range(CALLS):
        call()
    return perf_counter() - start


if __name__ == "__main__":
    main()
