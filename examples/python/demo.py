"""A demo server: issues one token, keeps its digest in memory, and protects one route."""

import os
import secrets
import socket
from contextlib import suppress

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from jerakia_auth import Protect, TokenRecord, load


async def greeting(request: Request) -> JSONResponse:
    return JSONResponse({"greeting": f"Hello, {request.state.api_id}"})


def main() -> None:
    tokens = load()
    issued = tokens.issue("my_app", secrets.token_bytes(40))
    stored = {"my_app": TokenRecord.new("my_app", issued.digest)}
    app = Starlette(
        routes=[Route("/greeting", greeting)],
        middleware=[Middleware(Protect, tokens=tokens, find=stored.get, permission=lambda _: "greeting:read")],
    )
    with socket.create_server(("127.0.0.1", int(os.environ.get("PORT", "8000")))) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/greeting"
        print(f"curl -i -H 'X-Authentication: {issued.token}' {url}", flush=True)
        with suppress(KeyboardInterrupt):  # Ctrl-C stops the demo
            uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])


if __name__ == "__main__":
    main()
