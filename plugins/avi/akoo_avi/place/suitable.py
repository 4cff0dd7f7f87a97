"""The checks of a cluster's place by its config, before anything is touched."""

from __future__ import annotations

from akoo_avi.client import AviClient
from akoo_avi.client.access import refusal
from akoo_avi.client.access.reach import Reach
from akoo_avi.place import boot_rules, catalog, networks, resolve
from akoo_avi.place.catalog import Catalog, Catalogs
from akoo_avi.place.resolve import Resolved
from akoo_avi.spec import config, wanted
from akoo_avi.spec.placement import WantedPlace
from akoo_core.plugin import ako_networks, api

FRESH_SECONDS = 1.0
"""Maximum age of a catalog that may report something missing."""
UNUSABLE_SECONDS = 15.0
"""Retry interval for a network that is not usable yet: a pool's controller may be at work."""


async def judged(
    ctx: api.VerbContext, avi: AviClient, reach: Reach, catalogs: Catalogs, asked: WantedPlace
) -> tuple[Catalog, Resolved | api.Wait]:
    """The judgement of the config. A cached catalog may confirm a place. Only a fresh one may
    report something missing: it may just have been made."""
    rows = sought(asked)
    known = await catalog.settled(avi, await catalogs.get(avi, reach, ctx.clock), rows)
    try:
        place = judge(ctx.view, asked, known)
        if isinstance(place, Resolved):
            return known, place
    except refusal.Delay:
        known = await _discovered(avi, known, asked)
        return known, judge(ctx.view, asked, known)
    except refusal.Refusal:
        pass
    known = await catalogs.get(avi, reach, ctx.clock, seconds=FRESH_SECONDS)
    known = await catalog.settled(avi, known, rows)
    if not resolve.has_tenant(asked, known) and await _tenant_was_made(avi, asked):
        known = await catalogs.get(avi, reach, ctx.clock, since=ctx.clock.monotonic())
        known = await catalog.settled(avi, known, rows)
    return known, judge(ctx.view, asked, known)


async def _tenant_was_made(avi: AviClient, asked: WantedPlace) -> bool:
    """One short request for a tenant that the catalog lacks: it may just have been made. Then the
    whole catalog is read again, since Avi makes SE groups and VRFs with a tenant."""
    by_uuid = {"uuid": asked.tenant_uuid} if asked.tenant_uuid else {"name": asked.tenant}
    return bool(await avi.list("tenant", params=by_uuid))


async def _discovered(avi: AviClient, known: Catalog, asked: WantedPlace) -> Catalog:
    """The catalog with the network of the port group, which may have appeared after it was read."""
    group = asked.network.port_group if asked.network is not None else None
    for cloud in catalog.called(asked.cloud, known.clouds):
        if group is not None:
            known = await catalog.looked_for(avi, known, group.moref, cloud)
    return known


def sought(asked: WantedPlace) -> catalog.Sought:
    """The rows of a catalog that the judgement of a config depends on."""
    ako = asked.ako or ako_networks.AkoNetworks()
    data, group = asked.network, asked.network.port_group if asked.network else None
    names = [network.name for network in (data, asked.control_plane) if network]
    names += [network.network_name for network in ako.vip_networks]
    names += [network.network_name for network in ako.node_networks]
    return catalog.Sought(
        tenant=asked.tenant,
        tenant_uuid=asked.tenant_uuid,
        cloud=asked.cloud,
        se_group=asked.se_group,
        networks=tuple(dict.fromkeys(filter(None, names))),
        moref=group.moref if group is not None else "",
        network_uuids=tuple(
            network.network_uuid for network in ako.vip_networks if network.network_uuid
        ),
        vrfs=bool(ako.tier1 or ako.vrf_name),
    )


def judge(view: api.View, asked: WantedPlace, known: Catalog) -> Resolved | api.Wait:
    """Every check that only reads, for one cluster. Pure. Raises Refusal."""
    correct = wanted.config_name(view)
    place = judge_config(asked, known, correct)
    if isinstance(place, Resolved) and _labels_its_group(view):
        name = view.spec.ako_cluster_name
        resolve.check_labels(place.se_group, name, known.address, correct)
    return place


def judge_config(asked: WantedPlace, known: Catalog, correct: str) -> Resolved | api.Wait:
    """The checks of a config that hold for every cluster. Pure. Raises Refusal.

    ``correct``: the object to correct, ``AKODeploymentConfig/edge``.
    """
    problem = resolve.problem_of(known)
    if problem:
        return api.Wait(reason="ControllerNotReady", message=problem, after=UNUSABLE_SECONDS)
    resolve.check_version(known)
    place = resolve.resolve(asked, known, correct)
    scope = networks.NetworkScope(
        catalog=known, cloud=place.cloud, tenant=place.tenant, correct=correct
    )
    ako = asked.ako or ako_networks.AkoNetworks()
    boot_rules.check(scope, ako, place.networks)
    if known.unseen:
        raise refusal.Refusal(
            "PermissionMissing",
            f"On {known.address}, {known.unseen}. Without that nobody can prove that nothing is "
            "left of a cluster.",
        )
    return place if ako.vpc_mode else _unusable(scope, place) or place


def _labels_its_group(view: api.View) -> bool:
    """AKO will put its label on the SE group: it routes Pods itself."""
    extra = config.decode(view.config).extra_configs
    return (
        extra.primary_instance
        and extra.ingress.service_type == "ClusterIP"
        and not extra.disable_static_route_sync
        and extra.cni_plugin != "ncp"
    )


def _unusable(scope: networks.NetworkScope, place: Resolved) -> api.Wait | None:
    """A wait for a network that Avi may give no addresses from yet. Raises Refusal if it never
    will."""
    asked = (*place.networks, *((place.control_plane,) if place.control_plane else ()))
    profile = networks.check_ipam(scope, networkless=not asked)
    if profile is None:
        return None
    rows = {row["uuid"]: row for row in scope.catalog.networks}
    listed = [network for network in asked if networks.can_list(profile, rows[network.uuid])]
    closed = [network.name for network in listed if not networks.is_usable(profile, network)]
    if not closed:
        return None
    return api.Wait(
        reason="NetworkNotUsable",
        message=(
            f'network "{closed[0]}" is not among the usable networks of IPAM profile '
            f'"{profile.get("name")}" {scope.where}, so it gives no addresses. Add it '
            "there, or let an AviIPPool do that."
        ),
        after=UNUSABLE_SECONDS,
        expected_seconds=0.0,
    )
