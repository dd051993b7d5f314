"""Correct use passes a strict type checker; mistakes with records don't (unused ignores are errors)."""

from jerakia_auth import NEVER, NO_SECRET, Grant, Protect, Refusal, StoredSecret, TokenRecord, load
from jerakia_auth.middleware import App

tokens = load()
issued = tokens.issue("my_app", bytes(40))
stored = TokenRecord.new("my_app", issued.digest)
grant: Grant = tokens.authorize(issued.token.encode(), stored, "", 0)
reason: Refusal = "wrong"


def protected(app: App) -> App:
    return Protect(app, tokens, lambda key: stored, lambda scope: "report:read")


StoredSecret("digest", NEVER)  # type: ignore[arg-type]
TokenRecord(api_id="a", status="active", current=NO_SECRET, former=NO_SECRET, ends=0, grants="", expires=0)  # type: ignore[call-arg]
