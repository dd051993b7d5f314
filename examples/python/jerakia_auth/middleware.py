"""ASGI middleware: an application behind it is reached with a good token only."""

import logging
import re
import time
from collections.abc import Awaitable, Callable, MutableMapping
from inspect import isawaitable
from typing import Any

from .tokens import Grant, KnownToken, Presented, Refused, Request, Tokens

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]
Find = Callable[[str], KnownToken | Awaitable[KnownToken | None] | None]

_log = logging.getLogger(__name__)

# The record in the place of one that is not there. No text is known that has this digest.
_NOBODYS = KnownToken(bytes(32), "active")


class Protect:
    """Asks `tokens` about every request to `app`. `find` looks up what is stored of an API ID."""

    def __init__(self, app: App, tokens: Tokens, find: Find) -> None:
        self._app = app
        self._tokens = tokens
        self._find = find

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":  # the server's, not a client's
            return await self._app(scope, receive, send)
        if scope["type"] != "http":
            return await send({"type": "websocket.close", "code": 1008})
        state = scope.setdefault("state", {})
        try:
            state["api_id"] = (await self._decide(scope)).api_id
        except Refused as no:
            state["refused"] = no.reason  # for an access log
            return await _refuse(send)
        except Exception:
            _log.exception("nobody could decide, so nobody gets in")
            return await _unavailable(send)
        await self._app(scope, receive, send)

    async def _decide(self, scope: Message) -> Grant:
        presented = self._tokens.identify(_credential(scope["headers"]))
        known = self._find(presented.api_id)
        if isawaitable(known):
            known = await known
        return self._verdict(presented, known, Request(scope["method"], _path(scope)))

    def _verdict(self, presented: Presented, known: KnownToken | None, request: Request) -> Grant:
        # Passing a record on takes time, by which an API ID that is there could be told from one that isn't: so there
        # is always one.
        record = _NOBODYS if known is None else known
        try:
            grant = self._tokens.verify(presented, record, request, int(time.time()))
        except Refused as no:
            if known is None and no.reason == "wrong":
                raise Refused("unknown") from None
            raise
        if known is None:
            raise Refused("unknown")  # whoever found a text with that digest
        return grant


def _credential(headers: list[tuple[bytes, bytes]]) -> str:
    """What the client presents; '' (no token) where that is missing or ambiguous."""
    own = [value for name, value in headers if name == b"x-authentication"]
    values = own or [value for name, value in headers if name == b"authorization"]
    if len(values) != 1:
        return ""
    if len(values[0]) > 512:
        raise Refused("malformed")
    bearer = re.fullmatch(rb"bearer +(.*)", values[0], re.IGNORECASE)
    text = values[0] if own else bearer[1] if bearer else b""
    return text.decode("latin-1")  # which has a character for every byte


def _path(scope: Message) -> str:
    """The path as it was sent, where the server tells: ASGI leaves that open."""
    raw: bytes | None = scope.get("raw_path")
    return scope["path"] if raw is None else raw.decode("latin-1")


async def _refuse(send: Send) -> None:
    """The one answer to every credential that is not good."""
    await _answer(send, 401, (b"www-authenticate", b'Bearer realm="jerakia"'), b"unauthorized")


async def _unavailable(send: Send) -> None:
    await _answer(send, 503, (b"retry-after", b"1"), b"unavailable")


async def _answer(send: Send, status: int, header: tuple[bytes, bytes], message: bytes) -> None:
    body = b'{"status":"failed","message":"%s"}' % message
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)), header]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
