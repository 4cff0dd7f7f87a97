"""observe of a cluster whose AKO somebody else deployed: it is looked for, and looked at.

Reads StatefulSets and ConfigMaps of AKO's names in all namespaces; changes nothing.
"""

from __future__ import annotations

from akoo_ako import installed, names
from akoo_ako.installs import read, recognise
from akoo_ako.installs.recognise import Install
from akoo_ako.installs.seen import at
from akoo_ako.releases.table import Table
from akoo_ako.running import observe
from akoo_core.plugin import api, structs

MISSING_SECONDS = 60.0
"""Until it is looked again for an AKO that is not there."""


async def look(ctx: api.VerbContext, table: Table) -> api.Result:
    """The state of the primary AKO of the cluster, in whichever namespace it is."""
    if ctx.workload is None:
        return await observe.look(ctx, table, names.NAMESPACE, {})
    objects = await read.running(ctx.workload)
    running = [install for install in recognise.installs(objects, table) if install.stateful_set]
    if not running:
        return api.Wait(
            reason="AkoMissing",
            message=(
                "there is no AKO to observe in this cluster. None is deployed while "
                "spec.plugins.ako.existing is Observe."
            ),
            after=MISSING_SECONDS,
        )
    fact = fact_of(running[0])
    result = await observe.look(ctx, table, fact.namespace, fact.selector)
    if isinstance(result, api.Blocked):
        return result
    return structs.replace(result, facts=(*result.facts, fact))


def fact_of(install: Install) -> installed.AkoInstall:
    """The install as a fact; pure."""
    selector = at(install.stateful_set, "spec.selector.matchLabels") or {}
    return installed.AkoInstall(
        namespace=install.namespace,
        selector={str(key): str(value) for key, value in selector.items()},
        cluster_name=install.cluster_name,
        kind=install.kind,
    )
