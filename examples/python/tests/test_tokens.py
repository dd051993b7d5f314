"""The component in Python: it answers as everywhere, for ever, to every thread, and after a trap."""

import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from vectors import outcomes, read

from jerakia_auth import NOBODY, Failed, Issued, KnownToken, Presented, Refused, Request, Tokens, load

REQUEST = Request("GET", "/")
NOTHING = Presented(NOBODY, bytes(32))
KNOWN = KnownToken(bytes(32), "active")
LAST = 2**64 - 1


@pytest.fixture(scope="module")
def tokens() -> Tokens:
    return load()


def test_every_shared_vector_gets_its_answer(tokens: Tokens) -> None:
    vectors = read()
    count = 0
    for outcome in outcomes(tokens, vectors):
        assert outcome.actual == outcome.expected, outcome.name
        count += 1
    assert count == sum(map(len, vectors.values()))
    assert count > 100


def test_one_instance_answers_10_000_times(tokens: Tokens) -> None:
    instance = tokens._instance
    issued, presented = new(tokens, "my_app")
    known = KnownToken(issued.digest, "active")
    for _ in range(10_000):
        assert tokens.verify(presented, known, REQUEST, 0).api_id == "my_app"
    assert tokens.identify(issued.token) == presented
    assert tokens._instance is instance


def test_seconds_are_exact_to_the_last_one(tokens: Tokens) -> None:
    issued, presented = new(tokens, "my_app")
    known = KnownToken(issued.digest, "active", expires_at=LAST)
    assert tokens.verify(presented, known, REQUEST, LAST - 1).api_id == "my_app"
    assert refusal(tokens, presented, known, REQUEST, LAST) == "expired"


def known(**unusual: Any) -> KnownToken:
    return replace(KNOWN, **unusual)


# Its memory takes either of the two, and not both: the first is left behind in it.
TRAPS = (NOTHING, KnownToken(bytes(20_000), "active"), Request("GET", "p" * 20_000), 0)


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(TRAPS, id="a trap"),
        pytest.param((NOTHING, known(status="sleeping"), REQUEST, 0), id="a status that is none"),
        pytest.param((NOTHING, known(digest=bytearray(32)), REQUEST, 0), id="a digest that is not bytes"),
        pytest.param((NOTHING, known(expires_at=LAST + 1), REQUEST, 0), id="an end beyond the last second"),
        pytest.param((NOTHING, known(expires_at=-1), REQUEST, 0), id="an end before the first second"),
        pytest.param((NOTHING, known(expires_at=1.5), REQUEST, 0), id="half a second"),
        pytest.param((NOTHING, KNOWN, REQUEST, -1), id="a time before the first second"),
        pytest.param((NOTHING, KNOWN, Request("GET", "\ud800"), 0), id="text that UTF-8 can't hold"),
        pytest.param((NOTHING, NOTHING, REQUEST, 0), id="another record"),
        pytest.param((None, KNOWN, REQUEST, 0), id="nothing presented"),
        pytest.param((NOTHING, {"digest": bytes(32), "status": "active"}, REQUEST, 0), id="no record"),
    ],
)
def test_an_instance_that_gave_no_answer_is_replaced(tokens: Tokens, arguments: Any) -> None:
    issued, presented = new(tokens, "my_app")
    for _ in range(3):
        instance = tokens._instance
        with pytest.raises(Failed):
            tokens.verify(*arguments)
        assert tokens._instance is not instance
        assert tokens.verify(presented, KnownToken(issued.digest, "active"), REQUEST, 0).api_id == "my_app"
        assert refusal(tokens, NOTHING, KNOWN, REQUEST, 0) == "malformed"


def test_threads_share_one(tokens: Tokens) -> None:
    """Eight ask at once, each of its own token, while one of them keeps trapping the instance they share."""

    def ask(thread: int) -> int:
        issued, presented = new(tokens, f"app_{thread}")
        known = KnownToken(issued.digest, "active")
        for call in range(200):
            assert tokens.identify(issued.token) == presented
            assert tokens.verify(presented, known, REQUEST, 0).api_id == f"app_{thread}"
            assert refusal(tokens, presented, None, REQUEST, 0) == "unknown"
            if thread == 0 and call % 50 == 0:
                with pytest.raises(Failed):
                    tokens.verify(*TRAPS)
        return thread

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(ask, range(8))) == list(range(8))


def test_a_token_is_not_in_a_repr(tokens: Tokens) -> None:
    issued, _ = new(tokens, "my_app")
    assert issued.token.split(":")[1] not in repr(issued)


def test_what_is_no_token_component_is_not_opened() -> None:
    with pytest.raises(ValueError, match="exports no issue"):
        Tokens(b"(component)")


def new(tokens: Tokens, api_id: str) -> tuple[Issued, Presented]:
    issued = tokens.issue(api_id, secrets.token_bytes(40))
    return issued, Presented(api_id, issued.digest)


def refusal(tokens: Tokens, *arguments: Any) -> str:
    with pytest.raises(Refused) as no:
        tokens.verify(*arguments)
    return no.value.reason
