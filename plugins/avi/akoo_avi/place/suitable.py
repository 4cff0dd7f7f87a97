"""Whether a cluster can be placed where its config says: told before anything is touched."""

from __future__ import annotations

from akoo_avi.client import AviClient
from akoo_avi.place import boot_rules, catalog, networks, resolve
from akoo_avi.place.catalog import Catalog, Catalogs
from akoo_avi.place.resolve import Resolved
from akoo_avi.spec import config, refusal
from akoo_avi.spec import wanted as wanted_
from akoo_avi.spec.placement import Reach, Wanted
from akoo_core.plugin import ako_networks, api

FRESH_SECONDS = 1.0
"""How old a catalog may be that says that something is missing."""
UNUSABLE_SECONDS = 15.0
"""Until it is looked again whether a network can be used: a pool's controller may be at it."""


async def judged(
    ctx: api.VerbContext, avi: AviClient, reach: Reach, catalogs: Catalogs, asked: Wanted
) -> tuple[Catalog, Resolved | api.Wait]:
    """What is to be said of an older catalog is said; but that something is missing, only of a new
    one: it may just have been made."""
    rows = sought(asked)
    known = await catalog.settled(avi, await catalogs.get(avi, reach, ctx.clock), rows)
    try:
        place = judge(ctx.view, asked, known)
        if isinstance(place, Resolved):
            return known, place
    except refusal.Refusal:
        pass
    known = await catalogs.get(avi, reach, ctx.clock, seconds=FRESH_SECONDS)
    known = await catalog.settled(avi, known, rows)
    return known, judge(ctx.view, asked, known)


def sought(asked: Wanted) -> catalog.Sought:
    """The rows of a catalog that the judgement of a config depends on."""
    given = asked.ako or ako_networks.AkoNetworks()
    wanted = [one for one in (asked.network, asked.control_plane) if one is not None]
    named = [network.network_name for network in given.vip_networks]
    named += [network.network_name for network in given.node_networks]
    return catalog.Sought(
        tenant=asked.tenant,
        cloud=asked.cloud,
        se_group=asked.se_group,
        networks=tuple(dict.fromkeys([one.name for one in wanted] + [one for one in named if one])),
        network_uuids=tuple(
            network.network_uuid for network in given.vip_networks if network.network_uuid
        ),
        vrfs=bool(given.tier1 or given.vrf_name),
    )


def judge(view: api.View, asked: Wanted, known: Catalog) -> Resolved | api.Wait:
    """Everything that can be said by reading alone. Pure. Raises Refusal."""
    correct = wanted_.config_name(view)
    place = judge_config(asked, known, correct)
    if isinstance(place, Resolved) and _labels_its_group(view):
        name = view.spec.ako_cluster_name
        resolve.check_labels(place.se_group, name, known.address, correct)
    return place


def judge_config(asked: Wanted, known: Catalog, correct: str) -> Resolved | api.Wait:
    """What can be said of a config whatever cluster it is for. Pure. Raises Refusal.

    ``correct``: the object to correct, ``AKODeploymentConfig/edge``.
    """
    problem = resolve.problem_of(known)
    if problem:
        return api.Wait(reason="ControllerNotReady", message=problem, after=UNUSABLE_SECONDS)
    resolve.check_version(known)
    place = resolve.resolve(asked, known, correct)
    scene = networks.Scene(catalog=known, cloud=place.cloud, tenant=place.tenant, correct=correct)
    given = asked.ako or ako_networks.AkoNetworks()
    boot_rules.check(scene, given, place.networks)
    if known.unseen:
        raise refusal.Refusal(
            "PermissionMissing",
            f"On {known.address}, {known.unseen}. Else nobody could prove that nothing is left of "
            "a cluster.",
        )
    return place if given.vpc_mode else _unusable(scene, place) or place


def _labels_its_group(view: api.View) -> bool:
    """Whether AKO will put its label on the SE group: it routes Pods itself."""
    extra = config.decode(view.config).extra_configs
    return (
        extra.primary_instance
        and extra.ingress.service_type == "ClusterIP"
        and not extra.disable_static_route_sync
        and extra.cni_plugin != "ncp"
    )


def _unusable(scene: networks.Scene, place: Resolved) -> api.Wait | None:
    """A network that Avi may give no addresses from yet. Raises Refusal where it never will."""
    asked = (*place.networks, *((place.control_plane,) if place.control_plane else ()))
    profile = networks.check_ipam(scene, networkless=not asked)
    if profile is None:
        return None
    rows = {row["uuid"]: row for row in scene.catalog.networks}
    listed = [one for one in asked if networks.can_list(profile, rows[one.uuid])]
    closed = [one.name for one in listed if not networks.is_usable(profile, one)]
    if not closed:
        return None
    return api.Wait(
        reason="NetworkNotUsable",
        message=(
            f'network "{closed[0]}" is not among the usable networks of IPAM profile '
            f'"{profile.get("name")}" {scene.where}, so no address can be had from it. Add it '
            "there, or let an AviIPPool do that."
        ),
        after=UNUSABLE_SECONDS,
        expected_seconds=0.0,
    )
