"""vCenter clouds: their networks are the port groups of vCenter, and come and go with them."""

import dataclasses
import ipaddress
from collections.abc import Iterable

from akoo_testbed.avisim.objects import addresses, convert, references, schema, store
from akoo_testbed.avisim.objects import state as states


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PortGroup:
    """A port group as discovery sees it."""

    moref: str
    """Such as dvportgroup-1356: what identifies it; names repeat."""
    name: str
    dvs: bool = True
    switch_name: str = "dvs-1"
    vlan: int = 0
    datacenter: str = "datacenter-2"
    subnets: tuple[str, ...] = ()
    """Prefixes that were learnt, such as 10.1.2.0/24."""

    def __post_init__(self) -> None:
        """Raises ValueError for a subnet that is none."""
        for each in self.subnets:
            ipaddress.ip_network(each)


def discovers(cloud: store.Stored) -> bool:
    """True if the networks of a cloud come by discovery."""
    settings = cloud.data.get("vcenter_configuration", {})
    privilege = settings.get("privilege", "WRITE_ACCESS")
    return cloud.data.get("vtype") == "CLOUD_VCENTER" and privilege != "NO_ACCESS"


def discover(state: states.State, cloud: store.Stored, port_groups: Iterable[PortGroup]) -> None:
    """Make the cloud's networks those of its port groups.

    A network whose port group went, and which is used, stays or goes as a switch says.
    """
    groups = {f"{group.moref}-{cloud.uuid}": group for group in port_groups}
    for uuid, group in groups.items():
        _appear(state, cloud, uuid, group)
    for network in list(state.objects.of_kind("network")):
        if network.owner == cloud.key and network.uuid not in groups:
            _vanish(state, network)


def _appear(state: states.State, cloud: store.Stored, uuid: str, group: PortGroup) -> None:
    place = {"cloud_ref": cloud.uuid, "tenant_ref": cloud.tenant}
    vrf = references.choose(
        (v for v in state.objects.named("vrfcontext", "global") if v.cloud == cloud.uuid),
        tenant=cloud.tenant,
        cloud=cloud.uuid,
    )
    if vrf is not None:
        place["vrf_context_ref"] = vrf.uuid
    _put(state, cloud, "vimgrnwruntime", uuid, {**place, **_runtime(group)})
    network = {"name": group.name, "vimgrnw_ref": uuid, "vcenter_dvs": group.dvs}
    network["synced_from_se"] = bool(group.subnets)
    _put(state, cloud, "network", uuid, {**place, **network})


def _runtime(group: PortGroup) -> schema.Json:
    prefixes = [addresses.shown_prefix(ipaddress.ip_network(each)) for each in group.subnets]
    return {
        "name": group.name,
        "managed_object_id": group.moref,
        "type": "CLOUD_VCENTER",
        "dvs": group.dvs,
        "switch_name": group.switch_name,
        "vlan": group.vlan,
        "datacenter_uuid": group.datacenter,
        "ip_subnet": [{"prefix": prefix} for prefix in prefixes],
    }


def _put(state: states.State, cloud: store.Stored, path: str, uuid: str, data: schema.Json) -> None:
    """New, or changed where discovery knows better; what a user configured stays."""
    kind = state.kinds.kinds[path]
    old = state.objects.get(path, uuid)
    if old is None:
        defaults = convert.defaults(state.kinds, kind, state.profile.version)
        state.add(kind, uuid, {**defaults, **data}, owner=cloud.key)
        return
    kept = {"vrf_context_ref": old.data["vrf_context_ref"]} if "vrf_context_ref" in old.data else {}
    merged = {**old.data, **data, **kept}
    if merged != old.data:
        state.change(old, merged)


def _vanish(state: states.State, network: store.Stored) -> None:
    used = any(True for _ in state.objects.referrers(network.key))
    runtime = state.objects.get("vimgrnwruntime", network.uuid)
    if used and state.switches["vanished-network-in-use"] == "keep":
        return
    if used:
        _forget(state, network.key)
    state.objects.remove(network.key)
    if runtime is not None:
        if any(True for _ in state.objects.referrers(runtime.key)):
            _forget(state, runtime.key)
        state.objects.remove(runtime.key)


def _forget(state: states.State, key: store.Key) -> None:
    """Take a target out of all that refers to it: references never dangle."""
    for referrer in list(state.objects.referrers(key)):
        kind = state.kinds.kinds[referrer.kind]
        state.change(referrer, references.without(state.kinds, kind, referrer.data, key))
