"""The token component as a typed object. What its dynamic bindings ask of a host is all in here."""

from dataclasses import dataclass, field, fields, is_dataclass
from threading import Lock
from typing import Any, Literal

from wasmtime import Engine, Store
from wasmtime.component import Component, Func, Linker, Record

Status = Literal["active", "disabled"]
IssueRefusal = Literal["bad-api-id", "bad-entropy-size", "constant-entropy"]
Refusal = Literal["malformed", "unknown", "wrong", "disabled", "expired"]

NOBODY = "-nobody-"
"""Whom a credential names that is not a token."""

# The records of the contract, field for field. Digests are `bytes`: the bindings take no bytearray or memoryview.


@dataclass(frozen=True, slots=True)
class Issued:
    token: str = field(repr=False)  # secret, and a repr ends up in logs
    digest: bytes


@dataclass(frozen=True, slots=True)
class Presented:
    api_id: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class KnownToken:
    digest: bytes
    status: Status
    expires_at: int | None = None


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str


@dataclass(frozen=True, slots=True)
class Grant:
    api_id: str


class Refused(Exception):
    """The component's answer was no. The reason is for logs, never for a client."""

    def __init__(self, reason: Refusal | IssueRefusal) -> None:
        super().__init__(f"refused: {reason}")
        self.reason = reason


class Failed(Exception):
    """The component gave no answer: it trapped, or was handed what it can't read."""

    def __init__(self) -> None:
        super().__init__("the token component failed")


class Tokens:
    """
    The three functions of the contract. A refusal is raised, so that nobody takes it for a grant by forgetting to
    look. Threads may share one: they wait for one another, since no two may use a wasmtime Store at once.
    """

    def __init__(self, component: bytes) -> None:
        self._engine = Engine()
        self._component = Component(self._engine, component)
        self._lock = Lock()
        self._instance = _Instance(self._engine, self._component)

    def issue(self, api_id: str, entropy: bytes) -> Issued:
        answer = self._ask("issue", api_id, entropy)
        return Issued(answer.token, answer.digest)

    def identify(self, credential: str) -> Presented:
        answer = self._ask("identify", credential)
        return Presented(getattr(answer, "api-id"), answer.digest)

    def verify(self, presented: Presented, known: KnownToken | None, request: Request, now: int) -> Grant:
        answer = self._ask("verify", presented, known, request, now)
        return Grant(getattr(answer, "api-id"))

    def _ask(self, function: str, *arguments: object) -> Any:
        with self._lock:
            try:
                answer = self._instance.call(function, *map(_lower, arguments))
            except Exception as error:
                # Not an answer of the contract. The instance's memory is in no known state, so it is not asked again.
                self._instance = _Instance(self._engine, self._component)
                raise Failed from error
        # The bindings drop the tag of a result. What is left tells: every ok is a record, and every err the name of
        # an enum's case.
        if isinstance(answer, str):
            raise Refused(answer)  # type: ignore[arg-type] # one of the names in the contract
        return answer


class _Instance:
    """An instance of the component, and its store."""

    def __init__(self, engine: Engine, component: Component) -> None:
        self._store = Store(engine)
        # Nothing is linked, so a component that imports anything at all is not started.
        exports = Linker(engine).instantiate(self._store, component)
        interface = exports.get_export_index(self._store, "jerakia:auth/tokens@0.1.0")
        self._functions: dict[str, Func] = {}
        for name in ("issue", "identify", "verify"):
            index = interface and exports.get_export_index(self._store, name, interface)
            function = index and exports.get_func(self._store, index)
            if not function:
                raise ValueError(f"this is not the token component: it exports no {name}")
            self._functions[name] = function

    def call(self, function: str, *arguments: object) -> Any:
        return self._functions[function](self._store, *arguments)


def _lower(value: object) -> object:
    """What the bindings take: for a dataclass a Record, whose fields are called as in the contract."""
    if isinstance(value, int) and not 0 <= value < 2**64:
        # ctypes would keep the low 64 bits and say nothing.
        raise OverflowError("not a u64")
    if not is_dataclass(value):
        return value
    record = Record()
    for one in fields(value):
        setattr(record, one.name.replace("_", "-"), _lower(getattr(value, one.name)))
    return record
