"""The contract of a store: documents under keys, with versions and check-and-set.

::

    store = stores.of(ctx)
    record = await store.read(api.record_key(view.record_name))
    version = await store.write(key, data, expected=record.version)

Every write is one check-and-set. The version counts the writes of a key from 1 and never goes back,
so it is the fencing token of a writer. Values in a document are texts, booleans and integers below
2**53: stores keep numbers as floats. At most 500 of them.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from typing import Any, Final, Literal, Protocol

from akoo_core.plugin import api, clock, external, redaction, structs

_SEGMENT: Final = re.compile(
    r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
)
LONGEST_SEGMENT: Final = 253
MAX_VERSIONS: Final = 20
"""Versions of a key that a store keeps at least while they are not destroyed."""


class Key(structs.Struct, frozen=True, kw_only=True):
    """A path of checked segments: names of DNS (RFC 1123), so that nothing leaves its prefix."""

    segments: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse segments that mean something in a URL or a policy. Raises ValueError."""
        for segment in self.segments:
            if len(segment) > LONGEST_SEGMENT or _SEGMENT.fullmatch(segment) is None:
                raise ValueError(
                    f"{segment!r} is no segment of a path: use a-z, 0-9, - and ., at most "
                    f"{LONGEST_SEGMENT} characters."
                )

    @property
    def name(self) -> str:
        """The last segment."""
        return self.segments[-1]

    def __truediv__(self, segment: str) -> Key:
        """The key below. Raises ValueError."""
        return Key(segments=(*self.segments, segment))

    def __str__(self) -> str:
        """``a/b/c``."""
        return "/".join(self.segments)


RECORDS: Final = Key(segments=("clusters",))
"""The folder of all records of clusters, below the prefix of the settings."""


def record_key(record_name: str) -> Key:
    """The key of the record of one cluster. Raises ValueError."""
    return RECORDS / record_name


class Document(structs.Struct, frozen=True, kw_only=True):
    """One version of a key. ``data`` is secret: it is in no text of this value."""

    key: Key
    version: int
    data: structs.JSON

    def __repr__(self) -> str:
        """Key and version."""
        return f"Document({self.key}, version {self.version})"


VersionState = Literal["live", "deleted", "destroyed"]


class Metadata(structs.Struct, frozen=True, kw_only=True):
    """The versions of a key, without their values."""

    key: Key
    current: int
    """The current version; the next write expects it."""
    versions: dict[int, VersionState]
    """The versions that the store still knows."""

    def below(self, version: int) -> tuple[int, ...]:
        """The versions below ``version`` whose values can still be read or restored."""
        return tuple(
            number
            for number, state in sorted(self.versions.items())
            if number < version and state != "destroyed"
        )


class State(structs.Struct, frozen=True, kw_only=True):
    """The state of a store, for commands and messages."""

    kind: str
    """``Vault`` or ``Secret``."""
    address: str
    """The address of the server, or the namespace of the Secrets."""
    version: str = ""
    """The release of the server."""
    subject: str = ""
    """The account that we are logged in as."""


class Store(Protocol):
    """A store for one call of a verb or controller. Each method may raise any StoreError."""

    async def read(self, key: Key) -> Document:
        """The current version. Raises AbsentError; DeletedError with the current version."""
        ...

    async def read_version(self, key: Key, version: int) -> Document:
        """An earlier version. Raises AbsentError, DeletedError."""
        ...

    async def write(self, key: Key, data: structs.JSON, *, expected: int) -> int:
        """Write if the current version is ``expected`` (0: the key is absent); the new version.

        Raises ConflictError. UnavailableError with ``outcome_unknown``: read before anything else.
        """
        ...

    async def destroy(self, key: Key, versions: Iterable[int]) -> None:
        """Remove the values of these versions for ever. Unknown and destroyed ones are skipped;
        none at all: no call."""
        ...

    async def metadata(self, key: Key) -> Metadata:
        """The versions of a key. Raises AbsentError."""
        ...

    async def names(self, folder: Key) -> tuple[str, ...]:
        """The last segments of all keys directly in a folder, those with deleted values included,
        in order; () if there are none."""
        ...

    async def state(self) -> State:
        """Log in if needed, and look at the server. Raises the error that any call would."""
        ...


class Means(Protocol):
    """The part of the contexts of verbs, controllers and commands that a store needs."""

    @property
    def external(self) -> external.External: ...

    @property
    def clock(self) -> clock.Clock: ...

    @property
    def log(self) -> logging.LoggerAdapter[logging.Logger]: ...

    @property
    def keep(self) -> api.Keep | None: ...


class Stores(Protocol):
    """The store of the settings: one for the process, whose login all calls share."""

    def of(self, ctx: Means) -> Store:
        """The store, whose calls go through the seam of ``ctx``. No I/O."""
        ...

    async def close(self) -> None:
        """End login and threads; at most 2 seconds."""
        ...


def check_data(data: structs.JSON) -> None:
    """Refuse what a store would change or not take. Raises ValueError, without any value."""
    if _count(data) > _MOST_VALUES:
        raise ValueError(f"A document holds more than {_MOST_VALUES} values.")


def register(data: Any) -> None:
    """Have the passwords of a document masked in everything that leaves."""
    if isinstance(data, dict):
        for field, value in data.items():
            if field in _SECRET_FIELDS and isinstance(value, str):
                redaction.register(value)
            else:
                register(value)
    elif isinstance(data, list | tuple):
        for value in data:
            register(value)


_SECRET_FIELDS: Final = frozenset({"password"})
_MOST_VALUES: Final = 500
_LARGEST: Final = 2**53


def _count(value: Any) -> int:
    match value:
        case dict():
            if not all(isinstance(key, str) for key in value):
                raise ValueError("A key of a document is no text.")
            return sum(1 + _count(item) for item in value.values())
        case list() | tuple():
            return sum(_count(item) for item in value)
        case bool() | str() | None:
            return 1
        case int() if abs(value) < _LARGEST:
            return 1
    raise ValueError(f"A document holds a {type(value).__name__} that a store would change.")
