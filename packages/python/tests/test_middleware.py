"""The middleware over real HTTP: which requests it grants, which it refuses, and with what answers."""

import asyncio
import secrets
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import pytest
from server import Headers, get, serve
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse
from starlette.routing import Route

from jerakia_auth import NEVER, NOBODY, Protect, StoredSecret, TokenRecord, load
from jerakia_auth.middleware import App, Message, Receive, Send

tokens = load()
stored: dict[str, TokenRecord] = {}
looked: list[str] = []
logged: list[str | None] = []


def add(api_id: str, **unusual: Any) -> str:
    """Stores a new token, with some fields of its record replaced."""
    issued = tokens.issue(api_id, secrets.token_bytes(40))
    stored[api_id] = replace(TokenRecord.new(api_id, issued.digest), **unusual)
    return issued.token


def unstored(api_id: str) -> str:
    return tokens.issue(api_id, secrets.token_bytes(40)).token


async def find(key: str) -> TokenRecord | None:
    await asyncio.sleep(0)
    looked.append(key)
    if key == "unfound":
        raise OSError("the store is gone")
    if key == "untyped":
        return {"api_id": key, "status": "active"}  # type: ignore[return-value]
    return stored.get(key)


def permission(scope: Message) -> str:
    return f"http:{scope['method']}:{scope['raw_path'].decode('latin-1')}"


async def you(request: HttpRequest) -> JSONResponse:
    return JSONResponse({"you": request.state.api_id})


class AccessLog:
    """Wraps the middleware, and records why requests were refused."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        async def log(message: Message) -> None:
            if message["type"] == "http.response.start":
                logged.append(scope["state"].get("refused"))
            await send(message)

        await self._app(scope, receive, log)


GOOD = add("my_app")
OTHER = unstored("my_app")


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    app = Starlette(
        routes=[Route("/v1/{path:path}", you)],
        middleware=[Middleware(AccessLog), Middleware(Protect, tokens=tokens, find=find, permission=permission)],
    )
    with serve(app) as number:
        yield number


@pytest.mark.parametrize(
    "headers",
    [
        [("X-Authentication", GOOD)],
        [("x-authentication", GOOD)],
        [("Authorization", f"Bearer {GOOD}")],
        [("authorization", f"bEARER  {GOOD}")],
        [("X-Authentication", GOOD), ("Authorization", f"Bearer {OTHER}")],
    ],
)
def test_a_good_token_is_granted(port: int, headers: Headers) -> None:
    answer = get(port, headers)
    assert (answer.status, answer.body) == (200, b'{"you":"my_app"}')
    assert logged[-1] is None


REFUSALS: dict[str, tuple[str, Headers]] = {
    "missing": ("malformed", []),
    "empty": ("malformed", [("X-Authentication", "")]),
    "too long by one": ("malformed", [("X-Authentication", f"{GOOD}0")]),
    "two fields": ("malformed", [("X-Authentication", f"{GOOD}:x")]),
    "not ASCII": ("malformed", [("X-Authentication", f"caf\u00e9:{GOOD.split(':')[1]}".encode())]),
    "no UTF-8": ("malformed", [("X-Authentication", b"caf\xe9:" + GOOD.split(":")[1].encode())]),
    "oversized": ("malformed", [("X-Authentication", "x" * 513)]),
    "oversized, with a good token in it": ("malformed", [("Authorization", f"Bearer {' ' * 512}{GOOD}")]),
    "sent twice": ("malformed", [("X-Authentication", GOOD), ("x-authentication", GOOD)]),
    "Authorization sent twice": ("malformed", [("Authorization", f"Bearer {GOOD}")] * 2),
    "two in one": ("malformed", [("X-Authentication", f"{GOOD}, {GOOD}")]),
    "another scheme": ("malformed", [("Authorization", f"Token {GOOD}")]),
    "no scheme": ("malformed", [("Authorization", GOOD)]),
    "X-Authentication with a scheme": ("malformed", [("X-Authentication", f"Bearer {GOOD}")]),
    "Authorization behind X-Authentication": (
        "wrong",
        [("X-Authentication", OTHER), ("Authorization", f"Bearer {GOOD}")],
    ),
    "Authorization behind an empty X-Authentication": (
        "malformed",
        [("X-Authentication", ""), ("Authorization", f"Bearer {GOOD}")],
    ),
    "wrong": ("wrong", [("X-Authentication", OTHER)]),
    "unknown": ("unknown", [("X-Authentication", unstored("nobody"))]),
    "disabled": ("disabled", [("X-Authentication", add("disabled", status="disabled"))]),
    "expired": ("expired", [("X-Authentication", add("expired", ends=1))]),
}


@pytest.mark.parametrize(("reason", "headers"), REFUSALS.values(), ids=REFUSALS)
def test_all_refusals_are_the_same(port: int, reason: str, headers: Headers) -> None:
    answer = get(port, headers)
    assert answer.status == 401
    assert answer.body == b'{"status":"failed","message":"unauthorized"}'
    assert answer.headers == {
        "server": "uvicorn",
        "content-type": "application/json",
        "content-length": str(len(answer.body)),
        "www-authenticate": 'Bearer realm="jerakia"',
    }
    assert logged[-1] == reason


def test_a_former_secret_is_good_until_its_grace_is_over(port: int) -> None:
    former = tokens.issue("rotated", secrets.token_bytes(40))
    current = add("rotated", former=StoredSecret(former.digest, int(time.time()) + 60))
    for token in current, former.token:
        assert get(port, [("X-Authentication", token)]).status == 200
    add("rotated", former=StoredSecret(former.digest, 1))
    assert get(port, [("X-Authentication", former.token)]).status == 401
    assert logged[-1] == "retired"


def test_a_good_token_reaches_what_its_grants_permit_and_403_elsewhere(port: int) -> None:
    limited = [("X-Authentication", add("limited", grants="http:GET:/v1/lookup/*"))]
    assert get(port, limited, "/v1/lookup/port").status == 200
    for path in "/v1/lookup/a/b", "/v1/other", f"/v1/lookup/{'p' * 20_000}":
        answer = get(port, limited, path)
        assert (answer.status, answer.body) == (403, b'{"status":"failed","message":"forbidden"}')
        assert "www-authenticate" not in answer.headers
        assert logged[-1] == "forbidden"
    # Without the right secret the answer is 401, and reveals nothing about grants.
    assert get(port, [("X-Authentication", f"limited:{'0' * 80}")], "/v1/other").status == 401


def test_a_credential_without_an_api_id_is_looked_up_like_any_other(port: int) -> None:
    looked.clear()
    for credential in "x", GOOD, "my_app:0":
        get(port, [("X-Authentication", credential)])
    assert looked == [NOBODY, "my_app", "my_app"]


@pytest.mark.parametrize(
    ("credential", "key", "reason"), [("x", NOBODY, "malformed"), (unstored("nobody"), "nobody", "unknown")]
)
def test_an_absent_record_has_the_same_shape_as_any_other(port: int, credential: str, key: str, reason: str) -> None:
    with patch.object(tokens, "authorize", wraps=tokens.authorize) as authorize:
        assert get(port, [("X-Authentication", credential)]).status == 401
    assert authorize.call_args.args[1] == TokenRecord(
        api_id=key,
        status="absent",
        current=StoredSecret(bytes(32), NEVER),
        former=StoredSecret(bytes(32), NEVER),
        ends=NEVER,
        grants="",
    )
    assert logged[-1] == reason


def test_an_oversized_credential_does_not_reach_the_component(port: int) -> None:
    with patch.object(tokens, "lookup_key", wraps=tokens.lookup_key) as lookup_key:
        get(port, [("X-Authentication", "x" * 513)])
        lookup_key.assert_not_called()
        get(port, [("X-Authentication", "x" * 512)])
        lookup_key.assert_called_once_with(b"x" * 512)


def test_the_component_gets_the_path_as_sent_and_the_current_time(port: int) -> None:
    with patch.object(tokens, "authorize", wraps=tokens.authorize) as authorize:
        assert get(port, [("X-Authentication", GOOD)], "/v1/lookup/p%6Frt?namespace=a").status == 200
    _, _, permission, now = authorize.call_args.args
    assert permission == "http:GET:/v1/lookup/p%6Frt"
    assert abs(now - time.time()) < 60


def test_a_token_that_ends_in_the_future_is_good(port: int) -> None:
    ending = add("ending", ends=int(time.time()) + 60)
    assert get(port, [("X-Authentication", ending)]).status == 200


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(add("traps", former=StoredSecret(bytes(100_000), NEVER)), id="the component traps"),
        pytest.param(unstored("untyped"), id="find returns no record"),
        pytest.param(unstored("unfound"), id="find raises"),
    ],
)
def test_a_failed_decision_is_answered_503_and_the_next_one_succeeds(
    port: int, token: str, caplog: pytest.LogCaptureFixture
) -> None:
    answer = get(port, [("X-Authentication", token)])
    assert answer.status == 503
    assert answer.headers["retry-after"] == "1"
    assert answer.body == b'{"status":"failed","message":"unavailable"}'
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert token not in caplog.text
    assert get(port, [("X-Authentication", GOOD)]).status == 200


def test_find_can_be_a_plain_function() -> None:
    with serve(Protect(Starlette(routes=[Route("/", you)]), tokens, stored.get, lambda _: "")) as port:
        assert get(port, [("X-Authentication", GOOD)], "/").status == 200
        assert get(port, [("X-Authentication", OTHER)], "/").status == 401


def test_websockets_are_refused_with_and_without_a_token() -> None:
    for headers in [], [(b"x-authentication", GOOD.encode())]:
        scope = {"type": "websocket", "path": "/", "headers": headers}
        assert run(scope) == ([], [{"type": "websocket.close", "code": 1008}])


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_a_refusal_clears_an_api_id_that_was_there_before(kind: str) -> None:
    scope = {"type": kind, "method": "GET", "raw_path": b"/", "headers": [], "state": {"api_id": "stale"}}
    reached, _ = run(scope)
    assert not reached
    assert "api_id" not in scope["state"]


def test_the_lifespan_reaches_the_application() -> None:
    assert run({"type": "lifespan"}) == (["lifespan"], [])


def run(scope: Message) -> tuple[list[str], list[Message]]:
    """The types of the scopes that reached the application, and the messages that were sent."""
    reached: list[str] = []
    sent: list[Message] = []

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        reached.append(scope["type"])

    async def receive() -> Message:
        raise AssertionError("the middleware must not read")

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(Protect(app, tokens, find, permission)(scope, receive, send))
    return reached, sent
