"""The package's entry point: opens the component, and protects an application."""

from pathlib import Path

from .middleware import Find, Permission, Protect
from .record import NEVER, NO_SECRET, Status, StoredSecret, TokenRecord
from .tokens import (
    NOBODY,
    Failed,
    Grant,
    Issued,
    IssueRefusal,
    Refusal,
    Refused,
    SecretSlot,
    Tokens,
)

__all__ = [
    "COMPONENT",
    "NEVER",
    "NOBODY",
    "NO_SECRET",
    "Failed",
    "Find",
    "Grant",
    "IssueRefusal",
    "Issued",
    "Permission",
    "Protect",
    "Refusal",
    "Refused",
    "SecretSlot",
    "Status",
    "StoredSecret",
    "TokenRecord",
    "Tokens",
    "load",
]

COMPONENT = Path(__file__).with_name("jerakia-auth.wasm")


def load(path: Path = COMPONENT) -> Tokens:
    """Loads the component from a file, by default the one in this package."""
    return Tokens(path.read_bytes())
