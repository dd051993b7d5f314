"""The package's front door: open the component, protect an application."""

from pathlib import Path

from .middleware import Find, Protect
from .tokens import (
    NOBODY,
    Failed,
    Grant,
    Issued,
    IssueRefusal,
    KnownToken,
    Presented,
    Refusal,
    Refused,
    Request,
    Status,
    Tokens,
)

__all__ = [
    "COMPONENT",
    "NOBODY",
    "Failed",
    "Find",
    "Grant",
    "IssueRefusal",
    "Issued",
    "KnownToken",
    "Presented",
    "Protect",
    "Refusal",
    "Refused",
    "Request",
    "Status",
    "Tokens",
    "load",
]

COMPONENT = Path(__file__).parents[3] / "dist" / "jerakia-auth.wasm"


def load(path: Path = COMPONENT) -> Tokens:
    """The component in a file; `make component` puts it at `COMPONENT`."""
    return Tokens(path.read_bytes())
