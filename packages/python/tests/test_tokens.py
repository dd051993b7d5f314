"""
The component in Python: it gives the same answers as in other hosts, any number of times, in any thread and after a
trap, and its wrapper can't be misused.
"""

import secrets
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass, fields, replace
from time import time
from typing import Any

import pytest
from vectors import outcomes, read

from jerakia_auth import NEVER, NO_SECRET, Failed, Grant, Refused, StoredSecret, TokenRecord, Tokens, load

LAST_SECOND = 253_402_300_799  # of the year 9999

# More than the component's memory holds.
TOO_MUCH = bytes(40_000)


@pytest.fixture(scope="module")
def tokens() -> Tokens:
    return load()


def new(tokens: Tokens, api_id: str) -> tuple[bytes, TokenRecord]:
    issued = tokens.issue(api_id, secrets.token_bytes(40))
    return issued.token.encode(), TokenRecord.new(api_id, issued.digest)


def refusal(tokens: Tokens, credential: bytes, stored: TokenRecord, permission: str = "", now: int = 0) -> str:
    with pytest.raises(Refused) as no:
        tokens.authorize(credential, stored, permission, now)
    return no.value.reason


def test_every_shared_vector_passes(tokens: Tokens) -> None:
    vectors = read()
    count = 0
    for outcome in outcomes(tokens, vectors):
        assert outcome.actual == outcome.expected, outcome.name
        count += 1
    assert count == sum(map(len, vectors.values()))
    assert count > 300


def test_one_instance_answers_10_000_times(tokens: Tokens) -> None:
    instance = tokens._instance
    credential, stored = new(tokens, "my_app")
    for _ in range(10_000):
        assert tokens.authorize(credential, stored, "", 0) == Grant("my_app", "current", NEVER)
    assert tokens.lookup_key(credential) == "my_app"
    assert tokens._instance is instance


def test_seconds_are_exact_to_the_last_one(tokens: Tokens) -> None:
    credential, stored = new(tokens, "my_app")
    ending = replace(stored, ends=LAST_SECOND)
    assert tokens.authorize(credential, ending, "", LAST_SECOND - 1).ends == LAST_SECOND
    assert refusal(tokens, credential, ending, "", LAST_SECOND) == "expired"


@pytest.mark.parametrize("late", [int(time() * 1000), LAST_SECOND + 1, NEVER - 1])
def test_times_in_milliseconds_are_errors(tokens: Tokens, late: int) -> None:
    credential, stored = new(tokens, "my_app")
    with pytest.raises(ValueError, match=r"ends .* in seconds"):
        replace(stored, ends=late)
    with pytest.raises(ValueError, match=r"ends .* in seconds"):
        StoredSecret(bytes(32), late)
    with pytest.raises(ValueError, match=r"now .* in seconds"):
        tokens.authorize(credential, stored, "", late)
    with pytest.raises(ValueError, match=r"now .* in seconds"):
        tokens.authorize(credential, stored, "", NEVER)


def test_a_trapped_instance_is_replaced(tokens: Tokens) -> None:
    credential, stored = new(tokens, "my_app")
    for _ in range(3):
        instance = tokens._instance
        with pytest.raises(Failed):
            tokens.authorize(TOO_MUCH, stored, "", 0)
        assert tokens._instance is not instance
        assert tokens.authorize(credential, stored, "", 0).api_id == "my_app"


def test_a_permission_of_any_length_is_answered(tokens: Tokens) -> None:
    credential, stored = new(tokens, "my_app")
    for permission in "p" * 1_000_000, "\U0001f511" * 100_000, "p" * 4095 + "\u00e9":
        assert refusal(tokens, credential, stored, permission) == "forbidden"
    assert tokens.authorize(credential, stored, "p" * 4096, 0).api_id == "my_app"


VALID = TokenRecord.new("my_app", bytes(32))


@pytest.mark.parametrize(
    "unusual",
    [
        pytest.param({"expires_at": 1}, id="an unknown field"),
        pytest.param({"current": bytes(32)}, id="a digest for a secret"),
        pytest.param({"former": None}, id="no former secret"),
        pytest.param({"ends": None}, id="no end"),
        pytest.param({"ends": True}, id="an end that is a bool"),
        pytest.param({"ends": 1.5}, id="half a second"),
        pytest.param({"ends": -1}, id="an end before the first second"),
        pytest.param({"ends": NEVER + 1}, id="an end beyond the last second"),
        pytest.param({"status": "enabled"}, id="an unknown status"),
        pytest.param({"status": True}, id="a status that is not text"),
        pytest.param({"grants": ["**"]}, id="grants that are not text"),
        pytest.param({"grants": "\ud800"}, id="text without a UTF-8 form"),
    ],
)
def test_a_record_has_the_fields_of_the_contract_and_their_types(unusual: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError)):
        replace(VALID, **unusual)


def test_no_field_of_a_record_can_be_left_out() -> None:
    whole = {name: getattr(VALID, name) for name in ("api_id", "status", "current", "former", "ends", "grants")}
    assert TokenRecord(**whole) == VALID
    for name in whole:
        with pytest.raises(TypeError):
            TokenRecord(**{other: value for other, value in whole.items() if other != name})
    with pytest.raises(TypeError):
        TokenRecord(*whole.values())  # type: ignore[misc] # keyword arguments only


@pytest.mark.parametrize("digest", ["0" * 64, bytearray(32), None])
def test_a_digest_is_bytes(digest: Any) -> None:
    with pytest.raises(TypeError):
        StoredSecret(digest, NEVER)


def test_arguments_of_a_wrong_type_are_errors(tokens: Tokens) -> None:
    credential, stored = new(tokens, "my_app")
    instance = tokens._instance
    bad: list[Any] = [
        (credential.decode(), stored, "", 0),
        (credential, {"api_id": "my_app", "status": "active"}, "", 0),
        (credential, None, "", 0),
        (credential, stored, None, 0),
        (credential, stored, "\ud800", 0),
        (credential, stored, "", -1),
        (credential, stored, "", 0.5),
    ]
    for arguments in bad:
        with pytest.raises((TypeError, ValueError)):
            tokens.authorize(*arguments)
    with pytest.raises(TypeError):
        tokens.issue("my_app", "0" * 40)  # type: ignore[arg-type]
    assert tokens._instance is instance, "the component was not asked"


def test_a_record_of_another_class_is_an_error(tokens: Tokens) -> None:
    """A subclass can skip the checks, or have an end that the component never sees."""

    @dataclass(frozen=True, kw_only=True)
    class Unchecked(TokenRecord):  # type: ignore[misc] # a type checker says so, too
        expires_at: int = 0

        def __post_init__(self) -> None: ...

    class UncheckedSecret(StoredSecret):  # type: ignore[misc]
        def __post_init__(self) -> None: ...

    credential, stored = new(tokens, "my_app")
    values = {one.name: getattr(stored, one.name) for one in fields(stored)}
    for unusual in {}, {"expires_at": 1}, {"ends": -1}:
        with pytest.raises(TypeError, match="stored is not TokenRecord, but Unchecked"):
            tokens.authorize(credential, Unchecked(**values | unusual), "", 0)
    with pytest.raises(TypeError, match="current is not StoredSecret, but UncheckedSecret"):
        replace(stored, current=UncheckedSecret(stored.current.digest, -1))


def test_a_record_is_checked_again_when_it_is_used(tokens: Tokens) -> None:
    credential, stored = new(tokens, "my_app")
    for field, value in {"ends": -1, "status": "enabled", "grants": None, "former": None}.items():
        broken = copy(stored)
        object.__setattr__(broken, field, value)
        with pytest.raises((TypeError, ValueError)):
            tokens.authorize(credential, broken, "", 0)
    for slot in "current", "former":
        broken = replace(stored, **{slot: copy(getattr(stored, slot))})
        object.__setattr__(getattr(broken, slot), "ends", -1)
        with pytest.raises(ValueError, match="ends is not a u64"):
            tokens.authorize(credential, broken, "", 0)


def test_guesses_and_tokens_of_other_applications_are_refused(tokens: Tokens) -> None:
    credential, stored = new(tokens, "my_app")
    admin = replace(stored, api_id="admin")
    renamed = credential.replace(b"my_app", b"admin")
    guess = b"my_app:" + b"0" * 80
    assert refusal(tokens, renamed, stored) == "unknown"
    assert refusal(tokens, renamed, admin) == "wrong"
    assert refusal(tokens, credential, admin) == "unknown"
    assert refusal(tokens, guess, stored) == "wrong"
    assert refusal(tokens, guess, replace(stored, current=NO_SECRET)) == "wrong"
    assert refusal(tokens, credential, TokenRecord.absent("my_app")) == "unknown"


def test_threads_can_share_one_object(tokens: Tokens) -> None:
    """Eight threads use a token each at once, while one of them keeps trapping the shared instance."""

    def ask(thread: int) -> int:
        credential, stored = new(tokens, f"app_{thread}")
        absent = TokenRecord.absent(f"app_{thread}")
        for call in range(200):
            assert tokens.lookup_key(credential) == f"app_{thread}"
            assert tokens.authorize(credential, stored, "", 0).api_id == f"app_{thread}"
            assert refusal(tokens, credential, absent) == "unknown"
            if thread == 0 and call % 50 == 0:
                with pytest.raises(Failed):
                    tokens.authorize(TOO_MUCH, stored, "", 0)
        return thread

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(ask, range(8))) == list(range(8))


def test_a_token_is_not_in_a_repr(tokens: Tokens) -> None:
    issued = tokens.issue("my_app", secrets.token_bytes(40))
    assert issued.token.split(":")[1] not in repr(issued)


def test_another_component_is_not_opened() -> None:
    with pytest.raises(ValueError, match="exports no issue"):
        Tokens(b"(component)")
