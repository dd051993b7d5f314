"""An ASGI application served by uvicorn in a thread, and a client that sends what it is told to."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from threading import Thread

import uvicorn

from jerakia_auth.middleware import App

Headers = list[tuple[str, bytes | str]]


@contextmanager
def serve(app: App) -> Iterator[int]:
    """The port at which `app` is served, on 127.0.0.1."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="none"))
        thread = Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            while thread.is_alive() and not server.started:
                time.sleep(0.01)
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


def get(port: int, headers: Headers, path: str = "/v1/lookup/port") -> Answer:
    """One GET on a connection of its own. Headers are sent as they are, also twice."""
    client = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        client.putrequest("GET", path)
        for name, value in headers:
            client.putheader(name, value)
        client.endheaders()
        response = client.getresponse()
        # The date is the server's, and changes.
        return Answer(
            response.status,
            {name.lower(): value for name, value in response.getheaders() if name.lower() != "date"},
            response.read(),
        )
    finally:
        client.close()
