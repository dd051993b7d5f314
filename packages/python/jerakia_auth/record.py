"""
The record of a token, as a host stores it. It has exactly the fields of the contract. It checks their types when it is
made, since the bindings would convert some wrong values to others.
"""

from dataclasses import dataclass
from typing import Literal

Status = Literal["active", "disabled", "absent"]

NEVER = 2**64 - 1
"""The end of a period that never ends. All times are seconds since 1970-01-01 UTC."""


def check(kind: type, **values: object) -> None:
    for name, value in values.items():
        if not isinstance(value, kind):
            raise TypeError(f"{name} is not {kind.__name__}, but {type(value).__name__}")
        if isinstance(value, str):
            value.encode()  # raises a ValueError for a lone surrogate, which has no UTF-8


def check_seconds(**values: int) -> None:
    for name, value in values.items():
        if type(value) is not int:  # not isinstance: a bool is an int
            raise TypeError(f"{name} is not int, but {type(value).__name__}")
        if not 0 <= value <= NEVER:
            # The bindings would keep the low 64 bits, so -1 would mean never.
            raise ValueError(f"{name} is not a u64")


@dataclass(frozen=True, slots=True)
class StoredSecret:
    """The digest of a secret, and the first second after its period."""

    digest: bytes
    ends: int

    def __post_init__(self) -> None:
        check(bytes, digest=self.digest)
        check_seconds(ends=self.ends)


NO_SECRET = StoredSecret(bytes(32), NEVER)
"""No secret: no credential matches it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRecord:
    """
    The record of a token. No field has a default: a forgotten one could mean that a token never ends, or may do
    everything.
    """

    api_id: str
    status: Status
    current: StoredSecret
    former: StoredSecret
    ends: int
    grants: str

    def __post_init__(self) -> None:
        check(str, api_id=self.api_id, status=self.status, grants=self.grants)
        check(StoredSecret, current=self.current, former=self.former)
        check_seconds(ends=self.ends)
        if self.status not in ("active", "disabled", "absent"):
            raise ValueError(f"no status: {self.status}")

    @classmethod
    def new(cls, api_id: str, digest: bytes) -> "TokenRecord":
        """The record of a newly issued token: active, without end, with empty grants."""
        current = StoredSecret(digest, NEVER)
        return cls(api_id=api_id, status="active", current=current, former=NO_SECRET, ends=NEVER, grants="")

    @classmethod
    def absent(cls, key: str) -> "TokenRecord":
        """The record to pass if there is none under `key`."""
        return cls(api_id=key, status="absent", current=NO_SECRET, former=NO_SECRET, ends=NEVER, grants="")
