"""A management cluster with VSpherePortGroups, and a vCenter in memory, in virtual time."""

from __future__ import annotations

import itertools
from typing import Any, ClassVar

from akoo_vsphere.client.account import Account, RefusalMemory
from akoo_vsphere.connect.catalog import Catalogs
from akoo_vsphere.connect.marked import Marked
from akoo_vsphere.controllers import connections, port_groups
from akoo_vsphere.spec import connection as connections_spec
from akoo_vsphere.spec import resources
from akoo_vsphere.testing.memory import MemoryVCenter
from akoo_vsphere.testing.scenes import standard
from akoo_vsphere.testing.vcenter import SimulatedVCenter

from akoo_core import testing
from akoo_core.plugin import api, external, kube, structs
from akoo_core.plugin.records import StoredUse
from akoo_core.testing import builders

ADDRESS = "vcenter.example.com"
PASSWORD = "vCenter-simulated-1"
Json = dict[str, Any]


class MemoryVCenters:
    """A registry of clients of one simulated vCenter for each address."""

    def __init__(self, vcenters: dict[str, SimulatedVCenter]) -> None:
        self.vcenters = vcenters
        self.accounts: list[Account] = []
        self._clients: dict[str, MemoryVCenter] = {}

    async def client(
        self, account: Account, *, external: external.External, memory: RefusalMemory | None = None
    ) -> MemoryVCenter:
        self.accounts.append(account)
        client = self._clients.get(account.id)
        if client is None:
            vcenter = self.vcenters[account.address]
            client = MemoryVCenter(
                vcenter, external, username=account.username, address=account.address
            )
            self._clients[account.id] = client
        return client

    async def close(self) -> None:
        return


class PortGroupsPlugin(api.Plugin):
    """The controllers alone, as a process that starts now. ``marked``: the reports of a source, by
    which readings are kept, too."""

    rbac: ClassVar[tuple[api.RbacRule, ...]] = (*port_groups.RIGHTS, *connections.RIGHTS)

    def __init__(self, vcenters: MemoryVCenters, marked: Marked | None = None) -> None:
        super().__init__()
        self.name = "vsphere"
        self._marked = marked
        self._vcenters = vcenters
        self._nonces = itertools.count(1)
        self._catalogs = Catalogs(0 if marked is None else 1)

    @api.hookimpl
    def controllers(self) -> tuple[api.ControllerRegistration, ...]:
        return (
            port_groups.PortGroups(
                self._vcenters,
                lambda: f"n{next(self._nonces)}",
                catalogs=self._catalogs,
                marked=self._marked,
            ).registration(),
            *connections.Connections(self._vcenters).registrations(),
        )


CONNECTION: Json = {
    "apiVersion": "akoo.io/v1alpha1",
    "kind": "VSphereConnection",
    "metadata": {"name": "vc"},
    "spec": {"address": ADDRESS, "credentialRef": {"namespace": "vsphere", "name": "account"}},
}


def port_group(name: str = "edge", *, metadata: Json | None = None, **spec: Any) -> Json:
    """A VSpherePortGroup on DVS0 of DC0, with VLAN 112."""
    whole = {
        "connection": "vc",
        "datacenter": "DC0",
        "distributedSwitch": {"name": "DVS0"},
        "vlan": {"id": 112},
        **spec,
    }
    return {
        "apiVersion": "akoo.io/v1alpha1",
        "kind": "VSpherePortGroup",
        "metadata": {"name": name, **(metadata or {})},
        "spec": {key: value for key, value in whole.items() if value is not None},
    }


class VSphereWorld(testing.World):
    """A management cluster with these objects, and the standard vCenter."""

    def __init__(self, *objects: Json, connection: Json | None = None) -> None:
        super().__init__(
            secrets=[builders.secret("vsphere", "account", username="akoo", password=PASSWORD)],
            management=[connection or CONNECTION, *objects],
            resources=[resources.CONNECTIONS, resources.PORT_GROUPS],
        )
        self.vcenter = SimulatedVCenter()
        self.there = standard(self.vcenter)
        self.registry = MemoryVCenters({ADDRESS: self.vcenter})
        self.hand = MemoryVCenter(self.vcenter).hand
        self.controllers = PortGroupsPlugin(self.registry)
        self._marked: Marked | None = None
        self._heard = ""

    def outside(self) -> object:
        return self.hand.groups()

    # Runs.

    def run_group(self, name: str = "edge") -> Any:
        return self.trace(name).result

    def trace(self, name: str = "edge") -> testing.VerbRun:
        self.hear()
        return testing.run_reconcile(self.controllers, "port-groups", name, self)

    def run_connection(self, name: str = "vc", controller: str = "connections") -> Any:
        return testing.run_reconcile(self.controllers, controller, name, self).result

    def restart(self) -> None:
        """Another process: nothing is in memory."""
        self.registry = MemoryVCenters(self.registry.vcenters)
        if self._marked is not None:
            self._marked, self._heard = Marked(), ""
        self.controllers = PortGroupsPlugin(self.registry, self._marked)

    def follow(self) -> None:
        """Let a source report before each attempt from now on."""
        self._marked = Marked()
        self._source = MemoryVCenter(self.vcenter)
        self.restart()
        self.hear()

    def hear(self) -> None:
        """Take what the source has to report, if one follows."""
        if self._marked is not None:
            changes = self.run(self._source.changes(self._heard, 0))
            connection = self.connection()
            assert connection is not None
            self._heard = changes.version
            known = connections_spec.from_object(connection)
            self._marked.take(known, changes, self.clock.monotonic())

    # What people do.

    def edit(self, change: Json, name: str = "edge") -> None:
        self._patch(resources.PORT_GROUPS, name, {"spec": change})

    def annotate(self, annotations: dict[str, str | None], name: str = "edge") -> None:
        self._patch(resources.PORT_GROUPS, name, {"metadata": {"annotations": annotations}})

    def annotate_connection(self, annotations: dict[str, str | None], name: str = "vc") -> None:
        self._patch(resources.CONNECTIONS, name, {"metadata": {"annotations": annotations}})

    def set_status(self, status: Json | None, name: str = "edge") -> None:
        """Merge into the status; None empties it, as a restore without status does."""
        if status is None:
            known = (self.group(name) or {}).get("status") or {}
            status = dict.fromkeys(known)
        client = self.management.client()
        patch = {"status": status}
        self.run(client.merge_patch(resources.PORT_GROUPS, name, patch, subresource="status"))

    def set_condition(self, condition: Json, name: str = "edge") -> None:
        """Another controller writes a condition of its own."""
        known = (self.group(name) or {}).get("status", {}).get("conditions", [])
        rows = [row for row in known if row["type"] != condition["type"]]
        self.set_status({"conditions": [*rows, condition]}, name)

    def delete(self, name: str = "edge", kind: kube.Resource = resources.PORT_GROUPS) -> None:
        self.run(self.management.client().delete(kind, name))

    def create(self, obj: Json) -> None:
        kind = {
            "VSpherePortGroup": resources.PORT_GROUPS,
            "VSphereConnection": resources.CONNECTIONS,
            "AKODeployment": kube.AKO_DEPLOYMENTS,
        }[obj["kind"]]
        self.run(self.management.client().create(kind, obj))

    def finalize(self, finalizers: list[str], name: str = "edge") -> None:
        self._patch(resources.PORT_GROUPS, name, {"metadata": {"finalizers": finalizers}})

    def _patch(self, kind: kube.Resource, name: str, patch: Json) -> None:
        self.run(self.management.client().merge_patch(kind, name, patch))

    # What there is.

    def group(self, name: str = "edge") -> Json | None:
        return self._find(resources.PORT_GROUPS, name)

    def connection(self, name: str = "vc") -> Json | None:
        return self._find(resources.CONNECTIONS, name)

    def _find(self, kind: kube.Resource, name: str) -> Json | None:
        rows = self.management.objects(kind)
        return next((row for row in rows if row["metadata"]["name"] == name), None)

    def status(self, name: str = "edge") -> Json:
        obj = self.group(name)
        assert obj is not None, f"{name} is gone"
        status: Json = obj.get("status") or {}
        return status

    def condition(self, kind: str = "Ready", name: str = "edge") -> tuple[str, str, str]:
        rows = self.status(name).get("conditions", [])
        row = next((row for row in rows if row["type"] == kind), None)
        assert row is not None, [row["type"] for row in rows]
        return row["status"], row["reason"], row.get("message", "")

    def named(self, name: str) -> Json | None:
        """The port group of that name on DVS0 of DC0."""
        rows = [
            row
            for row in self.hand.groups().values()
            if row["name"] == name
            and row["config"]["distributedVirtualSwitch"] == self.there.switch
        ]
        assert len(rows) < 2, f"{name} is there {len(rows)} times"
        return rows[0] if rows else None

    def vlan(self, name: str = "edge") -> Any:
        row = self.named(name)
        assert row is not None, f"{name} is not in vCenter"
        return row["config"]["defaultPortConfig"]["vlan"]["vlanId"]

    @property
    def events(self) -> list[tuple[str, str]]:
        return [(event["reason"], event["note"]) for event in self.management.objects(kube.EVENTS)]

    @property
    def writes(self) -> list[str]:
        """Methods of the calls that changed vCenter, in order."""
        return [entry.method for entry in self.vcenter.journal if entry.write]


def using(name: str, there: VSphereWorld, group: str = "edge") -> Json:
    """A record that uses the port group."""
    used = there.group(group) or {}
    use = StoredUse(
        plugin="vsphere",
        group="akoo.io",
        kind="VSpherePortGroup",
        name=group,
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
