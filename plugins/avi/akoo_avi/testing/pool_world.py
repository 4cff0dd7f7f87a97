"""A management cluster with AviIPPools, and a simulated controller with one network for them."""

from __future__ import annotations

import random
from typing import Any, ClassVar

from akoo_testbed import avisim
from akoo_testbed.avisim import client as admins
from akoo_testbed.avisim.objects import discovery

from akoo_avi import client
from akoo_avi.controllers import reconcile as avi_controllers
from akoo_avi.place import catalog
from akoo_avi.pools import reconcile
from akoo_avi.spec import resources, spans
from akoo_avi.testing.memory import PASSWORD, memory_controllers
from akoo_core import testing
from akoo_core.plugin import api, structs
from akoo_core.plugin.records import StoredUse
from akoo_core.testing import builders

ADDRESS = "avi.example.com"
OWNER = f"{builders.MANAGEMENT_ID}/edge"
Object = dict[str, Any]


class PoolsPlugin(api.Plugin):
    """The controller of pools alone, as a process that starts now."""

    rbac: ClassVar[tuple[api.RbacRule, ...]] = (*reconcile.RIGHTS, *avi_controllers.RIGHTS)

    def __init__(self, clients: client.Controllers) -> None:
        super().__init__()
        self.name = "avi"
        self._clients = clients

    @api.hookimpl
    def controllers(self) -> tuple[api.ControllerRegistration, ...]:
        fresh = catalog.Catalogs(seconds=0)
        return (reconcile.IpPools(self._clients, fresh).registration(),)


def pool(name: str = "edge", *ranges: str, **changes: Any) -> Object:
    """An AviIPPool; ranges are ``10.70.0.10-10.70.0.19`` in 10.70.0.0/24."""
    listed = [dict(zip(("begin", "end"), text.split("-"), strict=True)) for text in ranges]
    spec = {
        "controller": "main",
        "cloud": "vc-01",
        "network": {"name": "vip"},
        "subnets": [{"cidr": "10.70.0.0/24", "ranges": listed}],
        **changes,
    }
    return {
        "apiVersion": "akoo.io/v1alpha1",
        "kind": "AviIPPool",
        "metadata": {"name": name},
        "spec": {key: value for key, value in spec.items() if value is not None},
    }


def parsed(text: str) -> spans.AddressRange:
    """``10.70.0.10-10.70.0.19``."""
    begin, _, end = text.partition("-")
    return spans.span(begin, end)


CONTROLLER: Object = {
    "apiVersion": "akoo.io/v1alpha1",
    "kind": "AviController",
    "metadata": {"name": "main"},
    "spec": {"address": ADDRESS, "credentialRef": {"namespace": "avi", "name": "account"}},
}


VCENTER: Object = {
    "privilege": "READ_ACCESS",
    "vcenter_url": "vc.example.com",
    "datacenter": "dc-1",
    "datacenter_managed_object_id": "datacenter-2",
}
CONNECTION: Object = {
    "apiVersion": "akoo.io/v1alpha1",
    "kind": "VSphereConnection",
    "metadata": {"name": "vc"},
    "spec": {"address": "vc.example.com", "credentialRef": {"namespace": "vc", "name": "account"}},
}


def port_group(name: str = "blue", **avi: Any) -> Object:
    """A VSpherePortGroup for cloud dc; ``avi`` are further fields of ``spec.avi``."""
    return {
        "apiVersion": "akoo.io/v1alpha1",
        "kind": "VSpherePortGroup",
        "metadata": {"name": name},
        "spec": {
            "connection": "vc",
            "datacenter": "dc-1",
            "distributedSwitch": {"name": "dvs"},
            "avi": {"controller": "main", "cloud": "dc", **avi},
        },
    }


class PoolWorld(testing.World):
    """A management cluster with pools, and a controller with cloud vc-01 and network vip."""

    def __init__(self, *objects: Object, profile: str = "30.2.2", **chosen: str) -> None:
        super().__init__(
            secrets=[builders.secret("avi", "account", username="admin", password=PASSWORD)],
            management=[CONTROLLER, *objects],
            resources=[
                resources.AVI_CONTROLLERS,
                resources.AVI_IP_POOLS,
                resources.VSPHERE_PORT_GROUPS,
                resources.VSPHERE_CONNECTIONS,
            ],
        )
        switches = {name.replace("_", "-"): value for name, value in chosen.items()}
        self.avi = avisim.Controller(
            password=PASSWORD,
            profile=profile,
            chosen=switches,
            rng=random.Random(7),  # noqa: S311 - uuids that are the same in every run
        )
        self.admin = admins.Client(self.avi, password=PASSWORD)
        body = {"name": "ipam", "type": "IPAMDNS_TYPE_INTERNAL", "internal_profile": {}}
        ipam = self.admin.post("ipamdnsproviderprofile", body)
        cloud = {"name": "vc-01", "vtype": "CLOUD_NONE", "ipam_provider_ref": ipam["url"]}
        self.cloud = self.admin.post("cloud", cloud)
        self.net = self.admin.post("network", {"name": "vip", "cloud_ref": self.cloud["url"]})
        self.clients = memory_controllers({ADDRESS: self.avi})

    def vcenter_cloud(self, name: str = "dc", **settings: str) -> Object:
        """Make a vCenter cloud beside vc-01, with the same IPAM profile."""
        body = {
            "name": name,
            "vtype": "CLOUD_VCENTER",
            "vcenter_configuration": {**VCENTER, **settings},
            "ipam_provider_ref": self.cloud["ipam_provider_ref"],
        }
        made: Object = self.admin.post("cloud", body)
        return made

    def discover(self, *morefs: str, cloud: str = "dc") -> None:
        """These are the port groups of the cloud's vCenter from now on."""
        self.avi.discover(cloud, [discovery.PortGroup(moref=moref, name="vip") for moref in morefs])

    def discovered(self, moref: str, cloud: str = "dc") -> Object | None:
        """The network of a port group; None: there is none (any more)."""
        (row,) = self.admin.get(f"cloud?name={cloud}")["results"]
        rows = self.admin.get("network?page_size=200")["results"]
        uuid = f"{moref}-{row['uuid']}"
        return next((network for network in rows if network["uuid"] == uuid), None)

    def put_port_group(self, moref: str, name: str = "blue") -> None:
        """The vSphere plugin has made the port group."""
        there = {
            "name": "vip",
            "moRef": moref,
            "instanceUuid": "vc-1",
            "datacenter": "datacenter-2",
            "switchUuid": "s",
        }
        status = {"portGroup": there, "datacenter": {"moRef": "datacenter-2", "path": "/dc-1"}}
        self.run(
            self.management.client().merge_patch(
                resources.VSPHERE_PORT_GROUPS, name, {"status": status}, subresource="status"
            )
        )

    def plugin(self) -> PoolsPlugin:
        return PoolsPlugin(self.clients)

    def run_pool(self, name: str = "edge") -> Any:
        return testing.run_reconcile(self.plugin(), "ip-pools", name, self).result

    def edit(self, change: Object, name: str = "edge", kind: str = "spec") -> None:
        server = self.management.client()
        self.run(server.merge_patch(resources.AVI_IP_POOLS, name, {kind: change}))

    def edit_status(self, change: Object, name: str = "edge") -> None:
        server = self.management.client()
        patch = {"status": change}
        self.run(server.merge_patch(resources.AVI_IP_POOLS, name, patch, subresource="status"))

    def delete(self, name: str = "edge") -> None:
        self.run(self.management.client().delete(resources.AVI_IP_POOLS, name))

    def pool(self, name: str = "edge") -> Object | None:
        pools = self.management.objects(resources.AVI_IP_POOLS)
        return next((pool for pool in pools if pool["metadata"]["name"] == name), None)

    def gone(self, name: str = "edge") -> bool:
        return self.pool(name) is None

    def ready(self, name: str = "edge", kind: str = "Ready") -> tuple[str, str, str]:
        conditions = (self.pool(name) or {})["status"]["conditions"]
        condition = next(condition for condition in conditions if condition["type"] == kind)
        return condition["status"], condition["reason"], condition["message"]

    @property
    def network(self) -> Object:
        network: Object = self.admin.get(f"network/{self.net['uuid']}")
        return network

    @property
    def ranges(self) -> set[str]:
        return {f"{span.begin}-{span.end}" for span in spans.of_network(self.network)}

    def usable(self) -> bool:
        profile = self.admin.get("ipamdnsproviderprofile?name=ipam")["results"][0]
        entries = profile["internal_profile"].get("usable_networks", [])
        return any(self.net["uuid"] in entry["nw_ref"] for entry in entries)

    @property
    def writes(self) -> int:
        return len(self.avi.journal.entries(writes=True))

    def put_ranges(self, *ranges: str, cidr: str = "10.70.0.0/24") -> None:
        """Somebody else configures a subnet with these ranges, and keeps all markers."""
        prefix, mask = cidr.split("/")
        entries = [spans.entry_of(parsed(text)) for text in ranges]
        subnet = {
            "prefix": {"ip_addr": {"addr": prefix, "type": "V4"}, "mask": int(mask)},
            "static_ip_ranges": entries,
        }
        body = {**self.network, "configured_subnets": [subnet] if cidr else []}
        self.admin.put(f"network/{self.net['uuid']}", body)

    def add_ranges(self, *ranges: str) -> None:
        """Somebody else adds ranges to the first subnet."""
        body = self.network
        entries = [spans.entry_of(parsed(text)) for text in ranges]
        body["configured_subnets"][0].setdefault("static_ip_ranges", []).extend(entries)
        self.admin.put(f"network/{self.net['uuid']}", body)

    def open(self) -> None:
        """Somebody else makes the network usable."""
        profile = self.admin.get("ipamdnsproviderprofile?name=ipam")["results"][0]
        profile["internal_profile"]["usable_networks"] = [{"nw_ref": self.net["url"]}]
        self.admin.put(f"ipamdnsproviderprofile/{profile['uuid']}", profile)

    def take(self, name: str, address: str) -> Object:
        """A VIP gets that address."""
        vip = {
            "vip_id": "0",
            "auto_allocate_ip": True,
            "ip_address": {"addr": address, "type": "V4"},
            "ipam_network_subnet": {"network_ref": self.net["url"]},
        }
        body = {"name": name, "cloud_ref": self.cloud["url"], "vip": [vip]}
        made: Object = self.admin.post("vsvip", body)
        return made

    def give_back(self, vip: Object) -> None:
        self.admin.delete(f"vsvip/{vip['uuid']}")


def using(name: str, there: PoolWorld) -> Object:
    """A record that uses the pool."""
    used = there.pool(name) or {}
    use = StoredUse(
        plugin="avi",
        group="akoo.io",
        kind="AviIPPool",
        name=name,
        uid=used["metadata"]["uid"],
        state="confirmed",
    )
    spec = builders.record_spec(uses=(use,))
    return {
        "apiVersion": "akoo.io/v1alpha1",
        "kind": "AKODeployment",
        "metadata": {"name": spec.ako_cluster_name},
        "spec": structs.to_object(spec),
    }
