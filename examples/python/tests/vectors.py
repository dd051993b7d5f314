"""Runs the shared vectors, each through the component as a host would ask it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jerakia_auth import KnownToken, Presented, Refused, Request, Tokens

FILE = Path(__file__).parents[3] / "tests" / "vectors" / "tokens.json"

Json = dict[str, Any]


@dataclass
class Outcome:
    name: str
    expected: Json
    actual: Json


def read() -> dict[str, list[Json]]:
    vectors: dict[str, list[Json]] = json.loads(FILE.read_text())
    return vectors


def outcomes(tokens: Tokens, vectors: dict[str, list[Json]]) -> Iterator[Outcome]:
    """One outcome a case. Nothing is compared here: that is for the test to do."""
    for function, run in {"issue": _issue, "identify": _identify, "verify": _verify}.items():
        for case in vectors[function]:
            # What the function takes out of the case are its arguments; the rest is what is expected.
            expected = dict(case)
            name = f"{function}: {expected.pop('name')}"
            actual = run(tokens, expected)
            yield Outcome(name, expected, actual)


def _issue(tokens: Tokens, case: Json) -> Json:
    api_id, entropy = case.pop("api_id"), bytes.fromhex(case.pop("entropy"))

    def ask() -> Json:
        issued = tokens.issue(api_id, entropy)
        return {"token": issued.token, "digest": issued.digest.hex()}

    return _answer(ask)


def _identify(tokens: Tokens, case: Json) -> Json:
    found = tokens.identify(case.pop("credential"))
    return {"presented": {"api_id": found.api_id, "digest": found.digest.hex()}}


def _verify(tokens: Tokens, case: Json) -> Json:
    presented, known = _presented(case.pop("presented")), _known(case.pop("known"))
    request, now = Request(**case.pop("request")), int(case.pop("now"))
    return _answer(lambda: {"grant": {"api_id": tokens.verify(presented, known, request, now).api_id}})


def _answer(ask: Callable[[], Json]) -> Json:
    try:
        return ask()
    except Refused as no:
        return {"refusal": no.reason}


def _presented(seen: Json) -> Presented:
    return Presented(seen["api_id"], bytes.fromhex(seen["digest"]))


def _known(stored: Json | None) -> KnownToken | None:
    if stored is None:
        return None
    end = stored["expires_at"]
    return KnownToken(bytes.fromhex(stored["digest"]), stored["status"], None if end is None else int(end))
