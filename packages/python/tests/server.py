"""Serves an ASGI application with uvicorn in a thread, and sends it raw headers."""

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
    """Serves `app` on 127.0.0.1 and yields the port."""
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
    """One GET on a new connection. Headers are sent as given, even twice."""
    client = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        client.putrequest("GET", path)
        for name, value in headers:
            client.putheader(name, value)
        client.endheaders()
        response = client.getresponse()
        # Without the date, which changes.
        return Answer(
            response.status,
            {name.lower(): value for name, value in response.getheaders() if name.lower() != "date"},
            response.read(),
        )
    finally:
        client.close()
