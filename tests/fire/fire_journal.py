"""The calls that passed the gate: every call of every operator, in order."""

from __future__ import annotations

import asyncio
import collections
import dataclasses
import functools
import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Literal

PATIENCE_SECONDS = 90.0
"""Until a wait is given up: a figure for busy machines, which nothing that works comes near."""

System = Literal["management", "workload", "outside"]


@dataclasses.dataclass(kw_only=True)
class Call:
    """One request, as the gate saw it. ``status`` is None until the server has answered."""

    replica: str
    system: System
    cluster: str
    """namespace/name of the Cluster whose workload API was called."""
    method: str
    path: str
    query: Mapping[str, str]
    content_type: str
    body: bytes
    at: float = dataclasses.field(default_factory=time.monotonic)
    ended: float = 0.0
    status: int | None = None

    @functools.cached_property
    def sent(self) -> Any:
        """The decoded body; {} without one."""
        return json.loads(self.body) if self.body else {}

    @property
    def watch(self) -> bool:
        return self.query.get("watch") in ("1", "true")

    @property
    def write(self) -> bool:
        """True if it changes something. Leases and Events count too; questions by POST do not."""
        return self.method != "GET" and "/authorization.k8s.io/" not in self.path

    @property
    def work(self) -> bool:
        """A write that the leader's guard must have been asked for."""
        return self.write and "/leases" not in self.path

    @property
    def done(self) -> bool:
        """The server has acted on it."""
        return self.status is not None and self.status < 300

    def __str__(self) -> str:
        return f"{self.replica} {self.system} {self.method} {self.path} -> {self.status}"


Match = Callable[[Call], bool]


class Journal:
    """The calls so far. ``until`` waits for what is still to come."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._changed = asyncio.Event()

    def note(self, call: Call) -> Call:
        self.calls.append(call)
        self.changed()
        return call

    def changed(self) -> None:
        """A call was begun or has ended."""
        self._changed.set()
        self._changed = asyncio.Event()

    def of(self, match: Match) -> list[Call]:
        return [call for call in self.calls if match(call)]

    def done(self, match: Match) -> list[Call]:
        """Those that the server has acted on."""
        return [call for call in self.calls if call.done and match(call)]

    async def until(
        self, match: Match, *, count: int = 1, seconds: float = PATIENCE_SECONDS
    ) -> list[Call]:
        """All that match, once there are ``count`` of them. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while len(calls := self.of(match)) < count:
                await self._changed.wait()
        return calls

    def counts(self, match: Match) -> collections.Counter[str]:
        """The number of calls of each method and path."""
        return collections.Counter(f"{call.method} {call.path}" for call in self.of(match))
