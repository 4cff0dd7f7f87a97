"""The places of an AKO's objects on its Avi Controller, and the parts that all of them
share; pure."""

import dataclasses
import json

from akoo_testbed.akosim.config import Config, Network
from akoo_testbed.akosim.objects import model, names
from akoo_testbed.kubeapi import Object


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class BootUuids:
    """UUIDs that AKO read at its start."""

    cloud: str
    vrf: str
    se_group: str
    network: str
    controller: str
    """Of the Avi cluster."""
    cloud_type: str = "CLOUD_NONE"


@dataclasses.dataclass(frozen=True, slots=True)
class Maker:
    """Makes wanted objects with the marks and places of one AKO."""

    config: Config
    uuids: BootUuids

    def make(
        self, kind: str, tenant: str, name: str, body: Object, **markers: list[str]
    ) -> model.Wanted:
        """An object of one of AKO's kinds; keyword arguments are markers besides clustername."""
        whole = {**body, "markers": names.markers(self.config.cluster, **markers)}
        if kind in model.CREATED_BY:
            whole["created_by"] = self.config.user
        if kind in ("virtualservice", "vsvip", "pool", "poolgroup"):
            whole["cloud_ref"] = f"/api/cloud/{self.uuids.cloud}"
        if kind in ("virtualservice", "vsvip"):
            whole["vrf_context_ref"] = f"/api/vrfcontext/{self.uuids.vrf}"
        return model.wanted(kind, tenant, name, whole)

    def service(self, tenant: str, name: str, body: Object, **markers: list[str]) -> model.Wanted:
        """A virtual service."""
        group = f"/api/serviceenginegroup/{self.uuids.se_group}"
        return self.make("virtualservice", tenant, name, {"se_group_ref": group, **body}, **markers)

    def vip(self, tenant: str, name: str, hosts: list[str], preferred: str = "") -> model.Wanted:
        """A VIP that Avi gives an address to; `hosts` are its DNS names. It has no more markers."""
        vip = {"vip_id": "0", **placement((self.config.networks or (Network(),))[0], self.uuids)}
        if preferred:
            vip["ip_address"] = {"addr": preferred, "type": "V4"}
        body: Object = {"vip": [vip], "dns_info": [{"fqdn": host} for host in sorted(set(hosts))]}
        return self.make("vsvip", tenant, name, body)

    def pool(
        self,
        tenant: str,
        name: str,
        servers: list[tuple[str, int]],
        port: int,
        monitor: str,
        **markers: list[str],
    ) -> model.Wanted:
        """A pool with these servers."""
        body = {
            "default_server_port": port,
            "servers": [
                {"ip": {"addr": address, "type": _family(address)}, "port": number}
                for address, number in servers
            ],
            "vrf_ref": f"/api/vrfcontext/{self.uuids.vrf}",
            "health_monitor_refs": [model.reference("healthmonitor", monitor)],
        }
        return self.make("pool", tenant, name, body, **markers)


def placement(network: Network, uuids: BootUuids) -> Object:
    """The request of a VIP for its address on a network: its families follow from the subnets."""
    pinned: Object = {"network_ref": f"/api/network/{uuids.network}"}
    if network.cidr:
        pinned["subnet"] = _prefix(network.cidr)
    if network.v6cidr:
        pinned["subnet6"] = _prefix(network.v6cidr)
    families = {(True, True): "V4_V6", (False, True): "V6_ONLY"}
    kind = families.get((bool(network.cidr), bool(network.v6cidr)), "V4_ONLY")
    return {
        "auto_allocate_ip": True,
        "auto_allocate_ip_type": kind,
        "ipam_network_subnet": pinned,
    }


def metadata(**values: object) -> str:
    """service_metadata: for whom an object is, as JSON in a text."""
    return json.dumps(values, sort_keys=True)


def _prefix(cidr: str) -> Object:
    base, _, mask = cidr.partition("/")
    return {"ip_addr": {"addr": base, "type": _family(base)}, "mask": int(mask)}


def _family(address: str) -> str:
    return "V6" if ":" in address else "V4"
