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
"""Changes that come so close together are shown at once."""


class Wanted(NamedTuple):
    """Which records are shown. Empty values ask for all."""

    namespace: str = ""
    selector: str = ""
    """A label selector for the Clusters; the API server reads it."""
    not_ready: bool = False


def chosen(found: fleet.Records, wanted: Wanted, labelled: frozenset[str] | None) -> fleet.Records:
    """Those of ``found`` that are wanted; ``labelled`` are the keys of Clusters that fit. Pure."""
    return structs.replace(
        found,
        known=tuple(
            one
            for one in found.known
            if wanted.namespace in ("", one.spec.cluster_ref.namespace)
            and (labelled is None or fleet.key_of(one) in labelled)
            and not (wanted.not_ready and not table.why_not_ready(one))
        ),
    )


async def once(kube: client.KubeClient, wanted: Wanted) -> fleet.Records:
    """The wanted records now. Raises InvalidError for a selector that is none."""
    found = await fleet.records(kube)
    if not wanted.selector:
        return chosen(found, wanted, None)
    kind = await discovery.clusters(kube)
    clusters = await fleet.listed(kube, kind, label_selector=wanted.selector)
    return chosen(found, wanted, _keys(clusters))


async def changes(kube: client.KubeClient, wanted: Wanted) -> AsyncGenerator[fleet.Records, None]:
    """The wanted records now and after each change, for ever.

    What fails at first is raised; what fails later is logged, and tried again.
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
            found = fleet.decoded(stores[0].objects())
            labelled = _keys(stores[1].objects()) if wanted.selector else None
            found = chosen(found, wanted, labelled)
            if found != shown:
                shown = found
                yield found


@contextlib.asynccontextmanager
async def _followed(
    kube: client.KubeClient,
    kind: resource.Resource,
    selector: str,
    into: store.Store,
    changed: asyncio.Event,
) -> AsyncGenerator[asyncio.Event, None]:
    """Keep ``into`` like the API server, and yield the event that it is filled."""
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


def say_troubles() -> None:
    """Show on standard error what a watch has to say, one line each."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("akoo-core: %(message)s"))
    handler.setLevel(logging.WARNING)
    log = logging.getLogger("akoo_core.cache")
    log.handlers = [handler]
    log.propagate = False


def _keys(objects: Iterable[client.Object]) -> frozenset[str]:
    return frozenset(cluster.from_object(obj).key for obj in objects)
