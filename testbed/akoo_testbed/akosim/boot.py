"""Requests of AKO to Avi at its start, and the answers that stop it; the same again when
deleteConfig is set."""

import collections.abc

from akoo_testbed.akosim import avi, cloudrules, config
from akoo_testbed.akosim.config import Config, Network
from akoo_testbed.akosim.objects import routes
from akoo_testbed.akosim.objects.maker import BootUuids
from akoo_testbed.kubeapi import Object

UP_STATES = ("CLUSTER_UP_NO_HA", "CLUSTER_UP_HA_ACTIVE", "CLUSTER_UP_HA_COMPROMISED")

ADMIN = "admin"
"""The tenant where AKO asks when its own one may not."""

_OWN_IPAM = frozenset({"CLOUD_AWS", "CLOUD_AZURE", "CLOUD_GCP", "CLOUD_OPENSTACK"})


class StoppedError(Exception):
    """AKO cannot work so."""


class FatalError(StoppedError):
    """The process ends with a code."""


class KilledError(StoppedError):
    """AKO stops its status API, and the liveness probe kills the container."""


class SyncDisabledError(StoppedError):
    """At the start main returns: exit code 0. At the flip of deleteConfig: nothing happens."""


async def check_controller(client: avi.Avi) -> None:
    """Raises FatalError unless the controller is up."""
    runtime = await client.call("GET", "cluster/runtime", tenant=ADMIN)
    state = runtime.get("cluster_state", {}).get("state")
    if state not in UP_STATES:
        raise FatalError(f"Avi Controller cluster state is {state}")


async def leader(client: avi.Avi) -> tuple[str, str]:
    """Name and start of the leading node: when it is another one AKO starts itself anew."""
    runtime = await client.call("GET", "cluster/runtime", tenant=ADMIN)
    for node in runtime.get("node_states", ()):
        if node.get("role") == "CLUSTER_LEADER":
            return str(node.get("name")), str(node.get("up_since"))
    return "", ""


async def validate(
    client: avi.Avi, settings: Config, se_groups: collections.abc.Iterable[str] = ()
) -> BootUuids:
    """Check the settings against Avi, put the label on the SE group; where objects will live.

    ``se_groups``: names of those that AviInfraSettings name. Each that is there gets the label,
    too. Raises SyncDisabledError or KilledError.
    """
    if problem := config.problem(settings):
        raise SyncDisabledError(problem)
    if not await _has_tenant(client, settings.tenant):
        raise SyncDisabledError(f"tenant {settings.tenant} is not there")
    if problem := config.fault(settings):
        raise KilledError(problem)
    clouds = await _with_admin(client, "cloud", name=settings.cloud)
    if len(clouds) != 1:
        raise KilledError(f"cloud {settings.cloud} is not there")
    cloud = clouds[0]
    if not cloud.get("ipam_provider_ref") and cloud["vtype"] not in _OWN_IPAM:
        raise KilledError(f"cloud {settings.cloud} has no IPAM provider")
    if problem := cloudrules.problem(cloud, settings):
        raise KilledError(problem)
    vrf = await _named_vrf(client, settings, cloud)
    network = await _network(client, settings, cloud)
    group = await label_group(client, settings, settings.se_group)
    if group is None:
        raise KilledError(f"SE group {settings.se_group} is not there")
    for name in sorted(set(se_groups) - {settings.se_group}):
        await label_group(client, settings, name)
    await _check_node_networks(client, settings, cloud)
    return BootUuids(
        cloud=cloud["uuid"],
        cloud_type=cloud["vtype"],
        vrf=vrf or _vrf_of(network),
        se_group=group["uuid"],
        network=network["uuid"],
        controller=str((await client.call("GET", "cluster", tenant=ADMIN))["uuid"]),
    )


async def _has_tenant(client: avi.Avi, name: str) -> bool:
    try:
        return len(await _with_admin(client, "tenant", name=name)) == 1
    except avi.AviError as error:
        if not error.is_tenant_missing:
            raise
        return False


async def _network(client: avi.Avi, settings: Config, cloud: Object) -> Object:
    entry = (settings.networks or ())[0]
    rows = await _networks(client, settings, cloud, entry)
    if not rows:
        raise SyncDisabledError(f"VIP network {entry.uuid or entry.name} is not there")
    if len(rows) > 1:
        raise SyncDisabledError(f"VIP network {entry.name} is there {len(rows)} times")
    return rows[0]


async def _check_node_networks(client: avi.Avi, settings: Config, cloud: Object) -> None:
    """On the clouds where AKO reads nodeNetworkList: each network is there, each CIDR can be read.

    Raises KilledError.
    """
    if not cloudrules.reads_node_networks(cloud):
        return
    for entry in settings.node_networks:
        name = entry.uuid or entry.name
        if not await _networks(client, settings, cloud, entry):
            raise KilledError(f"node network {name} is not there")
        cidr = cloudrules.unreadable(entry.cidrs)
        if cidr is not None:
            raise KilledError(f"node network {name}: {cidr} is no CIDR")


async def _networks(
    client: avi.Avi, settings: Config, cloud: Object, entry: Network
) -> list[Object]:
    """The cloud's networks that an entry means; with vrfName only those of that VRF."""
    if entry.uuid:
        try:
            network = await client.call("GET", f"network/{entry.uuid}")
        except avi.AviError as error:
            if error.status != 404:
                raise
            return []
        return [network] if cloud["uuid"] in str(network.get("cloud_ref")) else []
    filters = {"name": entry.name, "cloud_ref.name": cloud["name"]}
    if settings.vrf and cloud["vtype"] in cloudrules.WITH_VRF:
        filters["vrf_context_ref.name"] = settings.vrf
    return await _with_admin(client, "network", **filters)


async def _named_vrf(client: avi.Avi, settings: Config, cloud: Object) -> str:
    """The VRF that the settings mean by its name; "": that of the VIP network counts."""
    if not settings.vrf and settings.service_type != "NodePort":
        return ""
    name = settings.vrf or "global"
    filters = {"name": name, "cloud_ref.name": cloud["name"]}
    rows = await _with_admin(client, "vrfcontext", **filters)
    if not rows:
        raise KilledError(f"VRF {name} is not there")
    return str(rows[0]["uuid"])


def _vrf_of(network: Object) -> str:
    return str(network["vrf_context_ref"]).partition("#")[0].rpartition("/")[2]


async def label_group(client: avi.Avi, settings: Config, name: str) -> Object | None:
    """Put the cluster's label on an SE group, if AKO writes labels; None: it is not there.

    Raises KilledError if the label is another cluster's.
    """
    filters = {"name": name, "cloud_ref.name": settings.cloud}
    groups = await _with_admin(client, "serviceenginegroup", **filters)
    if not groups or not settings.routes:
        return groups[0] if groups else None
    group = groups[0]
    try:
        labels = routes.labelled(group.get("labels", []), settings.cluster)
    except routes.ForeignLabelError as error:
        raise KilledError(f"SE group {name}: {error}") from None
    if labels is not None:
        path = f"serviceenginegroup/{group['uuid']}"
        await write_as_admin(client, path, {**group, "labels": labels})
    return group


async def read_as_admin(client: avi.Avi, path: str) -> Object:
    """GET in the working tenant, and in admin if that one may not."""
    try:
        return await client.call("GET", path)
    except avi.AviError as error:
        if error.status not in (403, 404):
            raise
        return await client.call("GET", path, tenant=ADMIN)


async def write_as_admin(client: avi.Avi, path: str, body: Object) -> Object:
    """PUT in the working tenant, and in admin if that one may not."""
    try:
        return await client.call("PUT", path, body)
    except avi.AviError as error:
        if error.status not in (400, 403, 404):
            raise
        return await client.call("PUT", path, body, tenant=ADMIN)


async def _with_admin(client: avi.Avi, kind: str, **filters: str) -> list[Object]:
    """A list in the working tenant; 403 is asked again in tenant admin."""
    try:
        return await client.list(kind, **filters)
    except avi.AviError as error:
        if error.status != 403 or error.is_tenant_missing:
            raise
        return await client.list(kind, tenant=ADMIN, **filters)
