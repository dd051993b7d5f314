"""Runs the shared vectors through the component, as a host would call it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jerakia_auth import NEVER, Refused, StoredSecret, TokenRecord, Tokens

# Beside this file when the built package is tested, else in the repository.
BESIDE = Path(__file__).with_name("tokens.json")
FILE = BESIDE if BESIDE.exists() else Path(__file__).parents[3] / "tests" / "vectors" / "tokens.json"

LAST_SECOND = 253_402_300_799
"""The component counts on, but its wrapper takes later times for milliseconds."""

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
    """Yields one outcome per case, for a test to compare."""
    for function, run in {"issue": _issue, "lookup_key": _lookup_key, "authorize": _authorize}.items():
        for case in vectors[function]:
            # `run` removes the arguments from the case; the rest is the answer to expect of this wrapper.
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


def _lookup_key(tokens: Tokens, case: Json) -> Json:
    return {"key": tokens.lookup_key(bytes.fromhex(case.pop("credential")))}


def _authorize(tokens: Tokens, case: Json) -> Json:
    credential, stored = bytes.fromhex(case.pop("credential")), case.pop("stored")
    permission, now = case.pop("permission"), int(case.pop("now"))
    if _is_too_late(stored, now):
        case.clear()
        case["error"] = "ValueError"

    def ask() -> Json:
        grant = tokens.authorize(credential, _record(stored), permission, now)
        return {"grant": {"api_id": grant.api_id, "secret": grant.secret, "ends": str(grant.ends)}}

    return _answer(ask)


def _is_too_late(stored: Json, now: int) -> bool:
    ends = [int(it["ends"]) for it in (stored, stored["current"], stored["former"])]
    return now > LAST_SECOND or any(LAST_SECOND < end < NEVER for end in ends)


def _answer(ask: Callable[[], Json]) -> Json:
    try:
        return ask()
    except Refused as no:
        return {"refusal": no.reason}
    except ValueError as error:
        if "not in milliseconds" not in str(error):
            raise
        return {"error": "ValueError"}


def _record(stored: Json) -> TokenRecord:
    secrets = {slot: _secret(stored[slot]) for slot in ("current", "former")}
    return TokenRecord(**stored | secrets | {"ends": int(stored["ends"])})


def _secret(stored: Json) -> StoredSecret:
    return StoredSecret(bytes.fromhex(stored["digest"]), int(stored["ends"]))
