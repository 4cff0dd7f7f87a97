"""The waiting call: changes of all port groups, as a property collector of its own reports them."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from typing import Any, Final

from akoo_core.plugin import external
from akoo_vsphere.client import api, errors, reads
from akoo_vsphere.client.answers import inventory, properties, updates
from akoo_vsphere.client.answers.properties import PORT_GROUP
from akoo_vsphere.client.connection import VCenterConnection
from akoo_vsphere.client.operation import Operation
from akoo_vsphere.client.wire import Fault, Ref, SoapCall

MARGIN_SECONDS: Final = 5.0
"""Time for the answer after the wait."""
OBJECTS: Final = 1000
"""Objects of one answer."""
_LOST: Final = ("ManagedObjectNotFound", "InvalidCollectorVersion")


class _Collector:
    """A collector with its view; both end with the session."""

    def __init__(self, collector: Ref, view: Ref, session: int, number: int) -> None:
        self.collector = collector
        self.view = view
        self.session = session
        """Generation of the session."""
        self.number = number
        self.version = ""
        """vCenter's version of what was reported."""
        self.known = updates.Known()
        self.attributes: dict[int, str] = {}

    @property
    def token(self) -> str:
        """Version for callers: good for this collector only."""
        return f"{self.number}:{self.version}"


class Watch:
    """Waits for changes, one call at a time. For one connection."""

    def __init__(self, connection: VCenterConnection) -> None:
        self._connection = connection
        self._lock = asyncio.Lock()
        self._numbers = itertools.count(1)
        self._current: _Collector | None = None

    async def changes(
        self, version: str, seconds: float, through: external.External
    ) -> api.Changes:
        """See ``VCenterClient.changes``."""

        async def wait(operation: Operation) -> api.Changes:
            return await self._changes(operation, version, seconds)

        async with self._lock:
            longest = through.longest_seconds
            return await self._connection.reading(wait, through, seconds=longest, waits=True)

    async def _changes(self, operation: Operation, version: str, seconds: float) -> api.Changes:
        current = self._current
        if current is not None and self._is_good(current, operation, version):
            try:
                return await self._next(operation, current, seconds)
            except Fault as fault:
                if not any(kind in fault.kinds for kind in _LOST):
                    raise
                # The collector is gone: with its session, or alone.
                self._current = None
                await operation.prove_alive()
        return await self._whole(operation)

    def _is_good(self, current: _Collector, operation: Operation, version: str) -> bool:
        return current.token == version and current.session == operation.session.generation

    async def _whole(self, operation: Operation) -> api.Changes:
        """The whole list, by a new collector."""
        await self._drop(operation)
        # Kept from the start: should the read not come to its end, the next one frees it.
        self._current = made = await self._make(operation)
        more = True
        while more:
            operation.renew()
            answer = await self._wait(operation, made, 0)
            if answer is None:
                break
            _, _, more = made.known.apply(answer)
            made.version = updates.version(answer)
        await self._name_attributes(operation, made)
        return api.Changes(
            version=made.token,
            changed=made.known.listed(made.known.all(), made.attributes),
            whole=True,
        )

    async def _next(self, operation: Operation, current: _Collector, seconds: float) -> api.Changes:
        patience = min(seconds, operation.budget.left - MARGIN_SECONDS)
        changed: set[str] = set()
        removed: set[str] = set()
        more = patience >= 0  # else an earlier attempt took all the time
        while more:
            answer = await self._wait(operation, current, int(patience))
            if answer is None:
                break
            patience = 0
            # Until all of an answer is here its version is not the caller's: should the rest be
            # lost, the caller's next version fits no collector, and it gets the whole list.
            now_changed, now_removed, more = current.known.apply(answer)
            current.version = updates.version(answer)
            changed = (changed | now_changed) - now_removed
            removed = (removed | now_removed) - now_changed
        if changed:
            await self._name_attributes(operation, current)
        return api.Changes(
            version=current.token,
            changed=current.known.listed(changed, current.attributes),
            removed=tuple(sorted(removed)),
        )

    async def _wait(self, operation: Operation, current: _Collector, seconds: int) -> Any:
        return await operation.call(
            SoapCall(
                method="WaitForUpdatesEx",
                target=current.collector,
                arguments={
                    "version": current.version,
                    "options": {
                        "_typeName": "WaitOptions",
                        "maxWaitSeconds": seconds,
                        "maxObjectUpdates": OBJECTS,
                    },
                },
            ),
            waits=True,
        )

    async def _make(self, operation: Operation) -> _Collector:
        view = await operation.call(
            SoapCall(
                method="CreateContainerView",
                target=operation.manager("viewManager"),
                arguments={
                    "container": operation.manager("rootFolder"),
                    "type": [PORT_GROUP],
                    "recursive": True,
                },
            )
        )
        if not isinstance(view, Ref):
            raise errors.NotVCenterError("vCenter makes no view.")
        collector = await operation.new_collector()
        step = properties.step("view", "ContainerView", "view")
        spec = properties.filter_spec([view], {PORT_GROUP: inventory.LISTED_PATHS}, [step])
        spec["objectSet"][0]["skip"] = True
        await operation.call(
            SoapCall(
                method="CreateFilter",
                target=collector,
                arguments={"spec": spec, "partialUpdates": False},
            )
        )
        return _Collector(collector, view, operation.session.generation, next(self._numbers))

    async def _drop(self, operation: Operation) -> None:
        """Free the former collector in vCenter, which keeps it until its session ends."""
        before, self._current = self._current, None
        if before is None or before.session != operation.session.generation:
            return
        for method, target in (
            ("DestroyPropertyCollector", before.collector),
            ("DestroyView", before.view),
        ):
            with contextlib.suppress(Fault):
                await operation.call(SoapCall(method=method, target=target))

    async def _name_attributes(self, operation: Operation, current: _Collector) -> None:
        """Read the definitions of custom attributes, if there are keys that are not known."""
        if not current.known.keys() <= current.attributes.keys():
            current.attributes = await reads.attributes(operation)
