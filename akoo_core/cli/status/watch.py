"""The records that `akoo-core status` shows: read once, or followed by watches."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections.abc import AsyncGenerator, Iterable
from typing import NamedTuple

from akoo_core import clock, structs
from akoo_core.cache import reflector, store
from akoo_core.cli import fleet
from akoo_core.cli.status import table
from akoo_core.kube import client, discovery, resource
from akoo_core.objects import cluster

SETTLE_SECONDS = 0.2
"""Changes within this time are shown together."""


class Wanted(NamedTuple):
    """The filter of records. Empty values match all."""

    namespace: str = ""
    selector: str = ""
    """A label selector for the Clusters; the API server reads it."""
    not_ready: bool = False


def chosen(
    records: fleet.Records, wanted: Wanted, labelled: frozenset[str] | None
) -> fleet.Records:
    """The wanted ``records``; ``labelled``: keys of the Clusters that match, None for all. Pure."""
    return structs.replace(
        records,
        known=tuple(
            record
            for record in records.known
            if wanted.namespace in ("", record.spec.cluster_ref.namespace)
            and (labelled is None or fleet.key_of(record) in labelled)
            and not (wanted.not_ready and not table.why_not_ready(record))
        ),
    )


async def once(kube: client.KubeClient, wanted: Wanted) -> fleet.Records:
    """The wanted records now. Raises InvalidError for an invalid selector."""
    records = await fleet.records(kube)
    if not wanted.selector:
        return chosen(records, wanted, None)
    kind = await discovery.clusters(kube)
    clusters = await fleet.listed(kube, kind, label_selector=wanted.selector)
    return chosen(records, wanted, _keys(clusters))


async def changes(kube: client.KubeClient, wanted: Wanted) -> AsyncGenerator[fleet.Records, None]:
    """The wanted records now and after each change, forever.

    The first read raises its errors; later errors are logged, and the read is repeated.
    """
    shown = await once(kube, wanted)
    yield shown
    changed = asyncio.Event()
    kinds = [(resource.AKO_DEPLOYMENTS, "")]
    if wanted.selector:
        kinds.append((await discovery.clusters(kube), wanted.selector))
    stores = [store.Store(kind) for kind, _ in kinds]
    async with contextlib.AsyncExitStack() as stack:
        for into, (kind, selector) in zip(stores, kinds, strict=True):
            synced = await stack.enter_async_context(_followed(kube, kind, selector, into, changed))
            await synced.wait()
        changed.set()
        while True:
            await changed.wait()
            await asyncio.sleep(SETTLE_SECONDS)
            changed.clear()
            records = fleet.decoded(stores[0].objects())
            labelled = _keys(stores[1].objects()) if wanted.selector else None
            records = chosen(records, wanted, labelled)
            if records != shown:
                shown = records
                yield records


@contextlib.asynccontextmanager
async def _followed(
    kube: client.KubeClient,
    kind: resource.Resource,
    selector: str,
    into: store.Store,
    changed: asyncio.Event,
) -> AsyncGenerator[asyncio.Event, None]:
    """Keep ``into`` in step with the API server, and yield the event that it is filled."""
    following = reflector.Reflector(
        kube,
        kind,
        into,
        lambda _: changed.set(),
        clock=clock.SystemClock(),
        label_selector=selector,
    )
    task = asyncio.create_task(following.run(), name=f"watch {kind.plural}")
    try:
        yield following.synced
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def log_to_stderr() -> None:
    """Print the warnings of a watch on standard error, one line each."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("akoo-core: %(message)s"))
    handler.setLevel(logging.WARNING)
    log = logging.getLogger("akoo_core.cache")
    log.handlers = [handler]
    log.propagate = False


def _keys(objects: Iterable[client.Object]) -> frozenset[str]:
    return frozenset(cluster.from_object(obj).key for obj in objects)
