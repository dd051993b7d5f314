"""The token component as a typed object, which hides the dynamic bindings."""

from dataclasses import dataclass, field, fields
from threading import Lock
from typing import Any, ClassVar, Literal

from wasmtime import Engine, Store
from wasmtime.component import Component, Func, Linker, Record

from .record import StoredSecret, TokenRecord, check, check_record, check_seconds

SecretSlot = Literal["current", "former"]
IssueRefusal = Literal["bad-api-id", "bad-entropy-size", "constant-entropy"]
Refusal = Literal["malformed", "unknown", "wrong", "disabled", "expired", "retired", "forbidden"]

NOBODY = "-nobody-"
"""The lookup key of credentials without an API ID. No token has it."""

_MAX_PERMISSION_LEN = 4096


@dataclass(frozen=True, slots=True)
class Issued:
    token: str = field(repr=False)  # secret, and logs contain reprs
    digest: bytes


@dataclass(frozen=True, slots=True)
class Grant:
    api_id: str
    secret: SecretSlot
    ends: int


class Refused(Exception):
    """The component refused. The reason is for logs, never for clients."""

    def __init__(self, reason: Refusal | IssueRefusal) -> None:
        super().__init__(f"refused: {reason}")
        self.reason = reason


class Failed(Exception):
    """The component gave no answer: it trapped."""

    def __init__(self) -> None:
        super().__init__("the token component failed")


class Tokens:
    """
    The functions of the contract. A refusal is raised, so that a caller can't mistake it for a grant. Arguments outside
    the contract raise a TypeError or a ValueError. Threads can share one object. They take turns, since only one at a
    time can use a wasmtime store.
    """

    def __init__(self, component: bytes) -> None:
        self._engine = Engine()
        self._component = Component(self._engine, component)
        self._lock = Lock()
        self._instance = _Instance(self._engine, self._component)

    def issue(self, api_id: str, entropy: bytes) -> Issued:
        """Issues a token from 40 random bytes."""
        check(str, api_id=api_id)
        check(bytes, entropy=entropy)
        answer = self._ask("issue", api_id, entropy)
        return Issued(answer.token, answer.digest)

    def lookup_key(self, credential: bytes) -> str:
        """The key under which to look up the record. It is only what the client claims."""
        check(bytes, credential=credential)
        key: str = self._ask("lookup-key", credential)
        return key

    def authorize(self, credential: bytes, stored: TokenRecord, permission: str, now: int) -> Grant:
        """
        Decides on a credential. `stored` is the record under its lookup key, or `TokenRecord.absent(key)`. `permission`
        is what the request needs, or "" to ask only whether the credential is good. `now` is in seconds since 1970-01-01
        UTC.
        """
        check(bytes, credential=credential)
        check_record(stored)
        check(str, permission=permission)
        check_seconds(now=now)
        # Longer permissions are forbidden anyway. Cut, so that no client can exhaust the component's memory.
        bounded = permission[: _MAX_PERMISSION_LEN + 1]
        answer = self._ask("authorize", credential, _lowered(stored), bounded, now)
        return Grant(getattr(answer, "api-id"), answer.secret, answer.ends)

    def _ask(self, function: str, *arguments: object) -> Any:
        with self._lock:
            try:
                answer = self._instance.call(function, *arguments)
            except Exception as error:
                # A trap leaves the instance's memory in an unknown state, so replace the instance.
                self._instance = _Instance(self._engine, self._component)
                raise Failed from error
        # The bindings drop the tag of a result. Its type still tells: every ok is a record, every err the name of an
        # enum's case. Only lookup-key, which can't refuse, returns text.
        if isinstance(answer, str) and function != "lookup-key":
            raise Refused(answer)  # type: ignore[arg-type] # one of the names in the contract
        return answer


class _Instance:
    """An instance of the component, and its store."""

    FUNCTIONS: ClassVar = {"issue": "issuing", "lookup-key": "decision", "authorize": "decision"}

    def __init__(self, engine: Engine, component: Component) -> None:
        self._store = Store(engine)
        # The linker is empty, so a component with an import fails here.
        exports = Linker(engine).instantiate(self._store, component)
        self._functions: dict[str, Func] = {}
        for name, interface in self.FUNCTIONS.items():
            found = exports.get_export_index(self._store, f"jerakia:auth/{interface}@0.2.0")
            index = found and exports.get_export_index(self._store, name, found)
            function = index and exports.get_func(self._store, index)
            if not function:
                raise ValueError(f"this is not the token component: it exports no {name}")
            self._functions[name] = function

    def call(self, function: str, *arguments: object) -> Any:
        return self._functions[function](self._store, *arguments)


def _lowered(value: TokenRecord | StoredSecret) -> Record:
    """Converts a dataclass to the bindings' Record, with the field names of the contract."""
    record = Record()
    for one in fields(value):
        it = getattr(value, one.name)
        setattr(record, one.name.replace("_", "-"), _lowered(it) if isinstance(it, StoredSecret) else it)
    return record
