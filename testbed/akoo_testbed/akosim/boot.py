"""What AKO asks Avi at its start, and what stops it; the same again when deleteConfig is set."""

import collections.abc

from akoo_testbed.akosim import avi, config, routes
from akoo_testbed.akosim.config import Config
from akoo_testbed.akosim.site import Site
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
) -> Site:
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
    _check_tier1(cloud, settings)
    network = await _network(client, settings, cloud)
    group = await label_group(client, settings, settings.se_group)
    if group is None:
        raise KilledError(f"SE group {settings.se_group} is not there")
    for name in sorted(set(se_groups) - {settings.se_group}):
        await label_group(client, settings, name)
    return Site(
        cloud=cloud["uuid"],
        cloud_type=cloud["vtype"],
        vrf=await _vrf(client, settings, cloud, network),
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


def _check_tier1(cloud: Object, settings: Config) -> None:
    if settings.nsxt_t1lr and cloud["vtype"] != "CLOUD_NSXT":
        raise KilledError(f"nsxtT1LR is given, and cloud {settings.cloud} is {cloud['vtype']}")


async def _network(client: avi.Avi, settings: Config, cloud: Object) -> Object:
    entry = (settings.networks or ())[0]
    if entry.uuid:
        try:
            return await client.call("GET", f"network/{entry.uuid}")
        except avi.AviError as error:
            if error.status != 404:
                raise
            raise SyncDisabledError(f"VIP network {entry.uuid} is not there") from None
    name = {"name": entry.name, "cloud_ref.name": cloud["name"]}
    found = await _with_admin(client, "network", **name)
    if not found:
        raise SyncDisabledError(f"VIP network {entry.name} is not there")
    if len(found) > 1:
        raise SyncDisabledError(f"VIP network {entry.name} is there {len(found)} times")
    return found[0]


async def _vrf(client: avi.Avi, settings: Config, cloud: Object, network: Object) -> str:
    if not settings.vrf and settings.service_type != "NodePort":
        return str(network["vrf_context_ref"]).partition("#")[0].rpartition("/")[2]
    name = settings.vrf or "global"
    filters = {"name": name, "cloud_ref.name": cloud["name"]}
    found = await _with_admin(client, "vrfcontext", **filters)
    if not found:
        raise KilledError(f"VRF {name} is not there")
    return str(found[0]["uuid"])


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
