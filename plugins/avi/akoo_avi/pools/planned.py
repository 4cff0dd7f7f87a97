"""``akoo-core plan``: the AviIPPools that a cluster needs, their changes on Avi, and the reasons.

Reads only. Verbs change no ranges. The pools' own controller does, with the plan that is shown
here.
"""

from __future__ import annotations

from typing import NamedTuple

from akoo_avi import client
from akoo_avi.client import access
from akoo_avi.client.access import refusal
from akoo_avi.place import catalog
from akoo_avi.place.catalog import Row
from akoo_avi.pools import applying, configs, expected, neighbours, usable
from akoo_avi.pools.applying import NetworkState, PoolContext
from akoo_avi.pools.expected import ChangeRow
from akoo_avi.spec import ip_pool, placement, resources, wanted
from akoo_avi.spec.inline_pools import Inline
from akoo_avi.spec.ip_pool import CONFIG_ANNOTATION, Pool
from akoo_core.plugin import api, kube, structs, uses
from akoo_core.plugin.errors import BlockedError

POOLS = resources.AVI_IP_POOLS
CONFIGS = kube.AKO_DEPLOYMENT_CONFIGS
HERE = "management cluster"
Actions = tuple[api.PlannedAction, ...]


async def prepare(
    ctx: api.VerbContext, clients: client.Controllers, catalogs: catalog.Catalogs
) -> Actions:
    """The pools that the cluster's config names or makes, one after the other. A pool that cannot
    be read is listed with the reason. Raises Refusal and DecodeError for the config itself."""
    if ctx.shared is None or not ctx.view.config:
        return ()
    asked = wanted.of_view(ctx.view)
    made = {pool.name: pool for pool in configs.of_object(ctx.view.config)}
    own = controller_context(ctx, ctx.shared, ctx.view.spec.management_id)
    context = PoolContext(ctx=own, clients=clients, catalogs=catalogs)
    names = dict.fromkeys((*asked.pools, *asked.inline))
    planned = [await _pool(context, ctx.view, name, made.get(name)) for name in names]
    return tuple(action for actions in planned for action in actions)


def controller_context(
    ctx: api.VerbContext | api.CheckContext, client: kube.KubeClient, management_id: str
) -> api.ControllerContext:
    """The context of the pools' controller: marks on Avi are those of this management cluster."""
    return api.ControllerContext(
        kube=client,
        clock=ctx.clock,
        external=ctx.external,
        secrets=ctx.secrets,
        threads=ctx.threads,
        tracer=ctx.tracer,
        log=ctx.log,
        management_id=management_id,
        logins=ctx.logins,
    )


async def _pool(context: PoolContext, view: api.View, name: str, made: Inline | None) -> Actions:
    try:
        pool, first = await _declared(context.ctx.kube, view.spec.config_ref.name, name, made)
        if pool is None:
            return (first,)
        return (first, *await _on_avi(context, pool))
    except structs.DecodeError as error:
        return (_keep(name, f"it cannot be read: {error}"),)


async def _declared(
    shared: kube.KubeClient, config_name: str, name: str, made: Inline | None
) -> tuple[Pool | None, api.PlannedAction]:
    """The pool as it will be, and the action on the object. None: nothing else happens."""
    config = f"{CONFIGS.kind}/{config_name}"
    try:
        pool = ip_pool.from_object(await shared.get(POOLS, name))
    except kube.NotFoundError:
        if made is None:
            return None, _keep(name, f"{config} names it, and it does not exist. Create it.")
        pool = new(config_name, made)
        reason = f"{config} says so; it gives {expected.described(ip_pool.desired(pool.spec))}"
        return pool, _action("create", name, reason)
    if pool.deleting:
        return None, _keep(name, "it is being deleted, and nothing new is put on Avi for it")
    if made is None:
        return pool, _keep(name, f"{config} names it in spec.plugins.avi.ipPools")
    if pool.config != config_name:
        return None, _keep(name, f"it was not made from {config}, and is in its way. Delete it.")
    if pool.spec != made.spec:
        return structs.replace(pool, spec=made.spec), _action(
            "change", name, f"{config}, which it was made from, says something else now"
        )
    return pool, _keep(name, f"it was made from {config}, and says what that says")


def new(config_name: str, made: Inline) -> Pool:
    """The pool that the config's controller is going to make."""
    annotations = {CONFIG_ANNOTATION: config_name}
    metadata = {"name": made.name, "uid": "", "annotations": annotations}
    # The youngest of all: existing pools come first.
    metadata["creationTimestamp"] = "9999"
    return ip_pool.from_object({"metadata": metadata, "spec": structs.to_object(made.spec)})


async def _on_avi(context: PoolContext, pool: Pool) -> Actions:
    try:
        return (await outlook(context, pool)).actions
    except access.ANSWERED as error:
        return (_keep(pool.name, f"nothing is done on Avi: {access.answer(error).message}"),)


class Outlook(NamedTuple):
    """The next attempt for a pool, as Avi is now."""

    actions: Actions
    problems: tuple[str, ...]
    """The causes for which the pool would not be in force after it."""


async def outlook(context: PoolContext, pool: Pool) -> Outlook:
    """The actions on Avi that the pool's controller would take. Raises Refusal, AviErrors and
    DecodeError."""
    state = await applying.look(context, pool)
    desired = ip_pool.desired(pool.spec)
    inputs = applying.plan_inputs(context.ctx, pool, desired, state.near, state.allocated)
    report = pool.spec.drift_policy == "Report" and _in_force(pool)
    rows = expected.rows(pool.name, state.network, inputs, report=report)
    name, where = (
        str(state.network["name"]),
        f"{state.outside.avi.address}, tenant {state.at.tenant}",
    )
    changes = (expected.action(row, kind=expected.NETWORK, name=name, where=where) for row in rows)
    profile, problem = await applying.profile_of(state, pool)
    if problem is not None:
        reason = f"its network cannot become usable: {problem.message}"
        return Outlook((*changes, _keep(pool.name, reason)), (*_refused(rows), reason))
    opened = _opened(state, pool, profile, report=report)
    return Outlook((*changes, *opened), _refused(rows))


def _refused(rows: tuple[ChangeRow, ...]) -> tuple[str, ...]:
    return tuple(row.why for row in rows if row.refused)


def _in_force(pool: Pool) -> bool:
    return pool.status.applied_generation == pool.generation


def _opened(state: NetworkState, pool: Pool, profile: Row | None, *, report: bool) -> Actions:
    if profile is None:
        return ()
    row = expected.opened(
        pool.name,
        wanted=pool.spec.usable,
        there=usable.has(profile, state.at.network_uuid),
        added=pool.status.usable_added,
        network=str(state.network["name"]),
    )
    if row is None:
        return ()
    if report and row.action == "change":
        row = expected.reported(row)
    where, name = state.outside.avi.address, str(profile.get("name", ""))
    return (expected.action(row, kind=expected.PROFILE, name=name, where=where),)


async def of_config(request: api.Request, ctx: api.ControllerContext) -> Actions:
    """The AviIPPools that are made, changed or deleted for a config. Raises BlockedError for a
    config that cannot be read."""
    name = request.key
    try:
        made = configs.of_object(await ctx.kube.get(CONFIGS, name))
    except kube.NotFoundError:
        made = ()
    except (structs.DecodeError, refusal.Refusal) as error:
        raise BlockedError(f"{CONFIGS.kind}/{name}: {error}", reason="ConfigInvalid") from None
    actions = [(await _declared(ctx.kube, name, inline.name, inline))[1] for inline in made]
    kept = {inline.name for inline in made}
    there = await neighbours.every(ctx.kube)
    left = [pool for pool in there if pool.config == name and pool.name not in kept]
    return (*actions, *[await _given_up(ctx.kube, name, pool) for pool in left])


async def _given_up(shared: kube.KubeClient, config_name: str, pool: Pool) -> api.PlannedAction:
    if pool.deleting:
        return _keep(pool.name, "it is being deleted")
    users = await uses.uses_of(shared, POOLS, pool.name, pool.uid)
    if users:
        return _keep(pool.name, f"{len(users)} AKODeployments use it. It is deleted after them.")
    reason = f"{CONFIGS.kind}/{config_name} does not give it any more; nobody uses it"
    return _action("delete", pool.name, reason)


async def leave(ctx: api.VerbContext, stored: placement.Stored) -> Actions:
    """The actions on the pools that the cluster uses, once it has left."""
    if ctx.shared is None:
        return ()
    return tuple([await _left(ctx.shared, ctx.view, pool) for pool in stored.pools])


async def _left(
    shared: kube.KubeClient, view: api.View, ref: placement.PoolRef
) -> api.PlannedAction:
    try:
        pool = ip_pool.from_object(await shared.get(POOLS, ref.name))
        users = await uses.uses_of(shared, POOLS, ref.name, ref.uid)
        others = [user.name for user in users if user.name != view.record_name]
        if pool.uid != ref.uid:
            return _keep(ref.name, "the one that this cluster used is gone; this is another")
        if others:
            return _keep(ref.name, f"shared: {len(others)} other AKODeployments use it")
        if pool.deleting:
            return _action("delete", ref.name, "it is being deleted, and waits for this cluster")
        return await _unused(shared, pool)
    except kube.NotFoundError:
        return _keep(ref.name, "it is gone already")
    except structs.DecodeError as error:
        return _keep(ref.name, f"whether it is used cannot be read: {error}")


async def _unused(shared: kube.KubeClient, pool: Pool) -> api.PlannedAction:
    """The action on a pool that no other cluster uses."""
    if not pool.config:
        return _keep(pool.name, "nobody else uses it; it goes when a person deletes it")
    config = f"AKODeploymentConfig/{pool.config}"
    try:
        obj = await shared.get(kube.AKO_DEPLOYMENT_CONFIGS, pool.config)
        asked = [pool.name for pool in configs.of_object(obj)]
    except kube.NotFoundError:
        asked = []
    except refusal.Refusal as error:
        return _keep(pool.name, f"{config}: {error}")
    if pool.name in asked:
        return _keep(pool.name, f"it goes with {config}, which it was made from")
    reason = f"{config}, which it was made from, no longer gives it; nobody else uses it"
    return _action("delete", pool.name, reason)


def _keep(name: str, why: str) -> api.PlannedAction:
    return _action("keep", name, why)


def _action(action: expected.Action, name: str, why: str) -> api.PlannedAction:
    return api.PlannedAction(action=action, kind=POOLS.kind, name=name, where=HERE, why=why)
