"""
The record of a token, as a host stores it. It has exactly the fields of the contract. It checks their types when it is
made, since the bindings would convert some wrong values to others.
"""

from dataclasses import dataclass
from typing import Literal, final

Status = Literal["active", "disabled", "absent"]

NEVER = 2**64 - 1
"""The end of a period that never ends. All times are seconds since 1970-01-01 UTC."""

_LAST_SECOND = 253_402_300_799
"""The last second of the year 9999. Later times are mistakes, most likely milliseconds."""


def check(kind: type, **values: object) -> None:
    for name, value in values.items():
        if not isinstance(value, kind):
            raise TypeError(f"{name} is not {kind.__name__}, but {type(value).__name__}")
        if isinstance(value, str):
            value.encode()  # raises a ValueError for a lone surrogate, which has no UTF-8


def check_exactly(kind: type, **values: object) -> None:
    """Like `check`, but refuses subclasses: they can skip checks, and have fields that the component never sees."""
    for name, value in values.items():
        if type(value) is not kind:
            raise TypeError(f"{name} is not {kind.__name__}, but {type(value).__name__}")


def check_seconds(**values: int) -> None:
    check_exactly(int, **values)  # a bool is a subclass of int
    for name, value in values.items():
        if not 0 <= value <= NEVER:
            # The bindings would keep the low 64 bits, so -1 would mean never.
            raise ValueError(f"{name} is not a u64")
        if value > _LAST_SECOND:
            raise ValueError(f"{name} is after the year 9999: give it in seconds, not in milliseconds")


def check_end(ends: int) -> None:
    if ends != NEVER:
        check_seconds(ends=ends)


def check_record(stored: "TokenRecord") -> None:
    """Checks a record again: `object.__setattr__` can change a frozen one."""
    check_exactly(TokenRecord, stored=stored)
    stored.__post_init__()
    stored.current.__post_init__()
    stored.former.__post_init__()


@final
@dataclass(frozen=True, slots=True)
class StoredSecret:
    """The digest of a secret, and the first second after its period."""

    digest: bytes
    ends: int

    def __post_init__(self) -> None:
        check(bytes, digest=self.digest)
        check_end(self.ends)


NO_SECRET = StoredSecret(bytes(32), NEVER)
"""No secret: no credential matches it."""


@final
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
        check_exactly(StoredSecret, current=self.current, former=self.former)
        check_end(self.ends)
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
