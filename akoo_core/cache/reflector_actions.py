"""Actions of a reflector and their effects: the values between core and shell."""

from __future__ import annotations

import enum
from typing import NamedTuple

from akoo_core.cache import store


class Pause(NamedTuple):
    """Wait; then ask for the next action."""

    seconds: float


class ListPage(NamedTuple):
    """Get one page of the newest state; the first one where ``token`` is empty."""

    token: str
    limit: int


class OpenWatch(NamedTuple):
    """Open a watch; with ``initial_events`` it begins with the whole collection."""

    resource_version: str
    initial_events: bool
    timeout_seconds: int


Action = Pause | ListPage | OpenWatch


class Replace(NamedTuple):
    """The whole collection is known as of one version."""

    items: list[store.Item]


class Put(NamedTuple):
    """One object came or changed."""

    item: store.Item


class Remove(NamedTuple):
    """One object was deleted; ``item`` is its final state."""

    item: store.Item


Effect = Replace | Put | Remove


class Failure(enum.Enum):
    """Errors by the reaction they need."""

    GONE = "gone"
    """The version or token is too old for the server: list again."""
    TOO_LARGE = "too-large-version"
    """The server has not reached that version, or never will: list from scratch."""
    BUSY = "busy"
    """No answer, or 429: pause, then continue. The collection is still known."""
    SERVER = "server-error"
    """The server failed: pause and continue, a few times; then list again."""
    REFUSED = "refused"
    """Rights or the kind itself are missing: nothing is known until that changes."""
    INVALID = "invalid"
    """The server does not accept the request, as old ones do not know initial events."""
    OTHER = "error"
    """Anything else, our own mistakes included: pause and list again."""
