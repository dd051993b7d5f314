"""ASGI middleware: only requests with a good token reach the application behind it."""

import logging
import re
import time
from collections.abc import Awaitable, Callable, MutableMapping
from inspect import isawaitable
from typing import Any

from .record import TokenRecord
from .tokens import Grant, Refused, Tokens

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]
Find = Callable[[str], TokenRecord | Awaitable[TokenRecord | None] | None]
"""Looks up the record stored under a key."""
Permission = Callable[[Message], str]
"""The permission that a request needs, in the application's own words; "" accepts any good token."""

MAX_CREDENTIAL_LEN = 512
"""The longest header that is read, in bytes. A token has at most 145."""

_log = logging.getLogger(__name__)


class Protect:
    """Decides on every request to `app` with `tokens`."""

    def __init__(self, app: App, tokens: Tokens, find: Find, permission: Permission) -> None:
        self._app = app
        self._tokens = tokens
        self._find = find
        self._permission = permission

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":  # from the server, not from a client
            return await self._app(scope, receive, send)
        state = scope.setdefault("state", {})
        state.pop("api_id", None)  # whatever set it, only a grant counts
        if scope["type"] != "http":
            return await send({"type": "websocket.close", "code": 1008})
        try:
            state["api_id"] = (await self._decide(scope)).api_id
        except Refused as no:
            state["refused"] = no.reason  # for an access log
            return await (_forbid(send) if no.reason == "forbidden" else _refuse(send))
        except Exception:  # noqa: BLE001 - no failure may grant access
            _log.exception("can't decide on a request: answered 503")
            return await _unavailable(send)
        await self._app(scope, receive, send)

    async def _decide(self, scope: Message) -> Grant:
        credential = _credential(scope["headers"])
        key = self._tokens.lookup_key(credential)
        stored = self._find(key)
        if isawaitable(stored):
            stored = await stored
        if stored is None:
            stored = TokenRecord.absent(key)
        return self._tokens.authorize(credential, stored, self._permission(scope), int(time.time()))


def _credential(headers: list[tuple[bytes, bytes]]) -> bytes:
    """The client's credential, byte for byte; empty if it is missing or ambiguous."""
    own = [value for name, value in headers if name == b"x-authentication"]
    values = own or [value for name, value in headers if name == b"authorization"]
    if len(values) != 1:
        return b""
    if len(values[0]) > MAX_CREDENTIAL_LEN:
        raise Refused("malformed")
    bearer = re.fullmatch(rb"bearer +(.*)", values[0], re.IGNORECASE)
    return bytes(values[0] if own else bearer[1] if bearer else b"")


async def _refuse(send: Send) -> None:
    """The answer to every bad credential, always the same."""
    await _answer(send, 401, b"unauthorized", (b"www-authenticate", b'Bearer realm="jerakia"'))


async def _forbid(send: Send) -> None:
    await _answer(send, 403, b"forbidden")


async def _unavailable(send: Send) -> None:
    await _answer(send, 503, b"unavailable", (b"retry-after", b"1"))


async def _answer(send: Send, status: int, message: bytes, *more: tuple[bytes, bytes]) -> None:
    body = b'{"status":"failed","message":"%s"}' % message
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)), *more]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
