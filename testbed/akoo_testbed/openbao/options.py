"""Options of an OpenBao server, and the faults of the front before it."""

import dataclasses
import enum


@dataclasses.dataclass(frozen=True, kw_only=True)
class OpenBaoOptions:
    """Kind of the server."""

    persistent: bool = False
    """True: its data survives a kill, and it unseals itself (a static seal); a first start takes
    1.5 s. False: its data is in memory, so that a restart makes it empty; 0.4 s."""
    log_level: str = "warn"


class Action(enum.StrEnum):
    """The deed of a fault."""

    CUT = "cut"
    """The connection is closed without an answer."""
    HOLD = "hold"
    """There is no answer until the fault is released."""
    STATUS = "status"
    """An answer with `status` and `body`."""
    TRUNCATE = "truncate"
    """Half of the body, under the length of the whole."""


class When(enum.StrEnum):
    """The moment of a fault."""

    BEFORE = "before"
    """The request has no effect."""
    AFTER = "after"
    """The request has its effect."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Fault:
    """A fault for some requests. The first fault that concerns a request wins."""

    action: Action
    when: When = When.BEFORE
    method: str = ""
    """GET, POST, ...; empty: each."""
    path: str = ""
    """A part of the path (`/data/`); empty: each."""
    skip: int = 0
    """Number of requests that are left alone first."""
    count: int = 0
    """Number of requests that are concerned then; 0: all."""
    status: int = 503
    body: str = '{"errors":["Vault is sealed"]}'
    content_type: str = "application/json"
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    """Further headers of the answer, such as Location."""
