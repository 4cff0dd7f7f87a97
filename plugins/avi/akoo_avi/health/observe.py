"""observe: the state of this cluster's virtual services and of the platform below them.

Problems of an application (a pool without servers) are reported and are nobody's fault here.
Problems of the platform (a cloud that is not ready, engines that are down, services that cannot be
placed) make the cluster not ready. A pool without a free address is added to the message: existing
addresses still work, so the cluster stays ready.
"""

from __future__ import annotations

from collections.abc import Sequence

from akoo_avi.client import AviClient
from akoo_avi.health import snapshot
from akoo_avi.spec import placement
from akoo_core.plugin import api, structs

READY_CLOUDS = ("CLOUD_STATE_PLACEMENT_READY",)
UP = ("OPER_UP", "OPER_DISABLED", "OPER_UNUSED")
UNDER_WAY = ("OPER_CREATING", "OPER_INITIALIZING", "OPER_PROCESSING", "OPER_SE_PROCESSING")
BROKEN = (
    "OPER_RESOURCES",
    "OPER_FAILED",
    "OPER_ERROR_DISABLED",
    "OPER_AWAIT_MANUAL_PLACEMENT",
    "OPER_UNAVAIL",
    "OPER_PARTITIONED",
)
"""States of a virtual service that no change in the workload cluster mends."""
NAMED = 3
"""Services named in a message; further ones are counted."""


async def observe(
    ctx: api.VerbContext,
    client: AviClient,
    stored: placement.Stored,
    snapshots: snapshot.Snapshots,
) -> api.Done | api.Wait:
    """One look at the snapshot that all clusters of a controller share."""
    seen = await snapshots.of(stored.reach, client, ctx.clock)
    result = judge(seen, stored, address=client.address, again=snapshots.seconds)
    fact = ctx.view.fact(placement.AviPoolsExhausted)
    return with_exhausted(result, fact.pools if fact is not None else ())


def with_exhausted(
    result: api.Done | api.Wait, pools: Sequence[placement.ExhaustedPool]
) -> api.Done | api.Wait:
    """The result with a sentence for each of the first pools without a free address; pure."""
    sentences = [
        f"AviIPPool/{pool.name} has no free address (AddressesExhausted): a new virtual service "
        f"gets none from it. Add ranges to {pool.correct}."
        for pool in pools[:NAMED]
    ]
    more = len(pools) - len(sentences)
    if more:
        sentences.append(f"{more} more AviIPPools have none.")
    return structs.replace(result, message=" ".join((result.message, *sentences)))


def judge(
    seen: snapshot.Snapshot, stored: placement.Stored, *, address: str, again: float
) -> api.Done | api.Wait:
    """The state of one cluster in a snapshot; pure."""
    mine = seen.services.get(stored.cluster_name, ())
    cloud = seen.clouds.get(stored.place.cloud_uuid, "")
    if cloud and cloud not in READY_CLOUDS:
        message = (
            f'Cloud "{stored.cloud}" on {address} is in state {cloud}: no virtual service can be '
            "placed. Look at the cloud's status there."
        )
        return api.Wait(reason="CloudNotReady", message=message, after=again)
    broken = [service for service in mine if service.state in BROKEN]
    engines = seen.engines.get(stored.place.se_group_uuid, ())
    if broken and engines and "OPER_UP" not in engines:
        message = (
            f'No service engine of group "{stored.se_group}" on {address} is up '
            f"({len(engines)} are there): {_named(broken)}."
        )
        return api.Wait(reason="NoServiceEngine", message=message, after=again)
    if broken:
        message = f"{len(broken)} of {len(mine)} virtual services cannot run: {_named(broken)}."
        return api.Wait(reason="VirtualServiceBroken", message=message, after=again)
    return api.Done(message=_counted(mine), recheck_seconds=again)


def _counted(mine: Sequence[snapshot.VirtualService]) -> str:
    down = [service for service in mine if service.state not in (*UP, *UNDER_WAY)]
    noun = "virtual service" if len(mine) == 1 else "virtual services"
    if not down:
        return f"{len(mine)} {noun}."
    return f"{len(mine)} {noun}, {len(down)} down: {_named(down)}."


def _named(services: Sequence[snapshot.VirtualService]) -> str:
    shown = [
        f"{service.name} ({service.reason or service.state})"
        for service in sorted(services)[:NAMED]
    ]
    more = len(services) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
