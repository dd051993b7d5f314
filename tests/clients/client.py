"""A client as python-jerakia is one: parameters in the query, the token in a header, and
MessagePack, which it asks for with the Content-Type of a GET."""

from typing import Any

import msgpack
import requests


class Client:
    def __init__(self, url: str, token: str, content_type: str = "application/x-msgpack"):
        self.url = url
        self.headers = {"X-Authentication": token, "Content-Type": content_type}

    def lookup(self, key: str = "", *, namespace: str, metadata: dict[str, str] | None = None, **options: str) -> Any:
        """The whole answer, decoded."""
        params = {
            "namespace": namespace,
            **options,
            **{f"metadata_{name}": it for name, it in (metadata or {}).items()},
        }
        return decoded(self.get(f"/v1/lookup/{key}" if key else "/v1/lookup", params))

    def get(self, path: str, params: dict[str, str] | None = None) -> requests.Response:
        return requests.get(self.url + path, params=params, headers=self.headers, timeout=20)

    def store_scope(self, realm: str, identifier: str, data: dict[Any, Any]) -> Any:
        path, body = f"{self.url}/v1/scope/{realm}/{identifier}", msgpack.packb(data)
        return decoded(requests.put(path, data=body, headers=self.headers, timeout=20))


def decoded(response: requests.Response) -> Any:
    """By the type that the answer says it has."""
    if response.headers["Content-Type"] == "application/x-msgpack":
        return msgpack.unpackb(response.content, raw=False, strict_map_key=False)
    return response.json()
