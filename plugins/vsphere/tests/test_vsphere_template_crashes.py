"""The templates' choice of VLANs and subnets dies at every call, and goes on in another process.

Two configs, which share a switch, have a template for each cluster; the port groups are made in
turns with the choices. After each death and in the end every port group in vCenter has the VLAN
that is stored in the object of its name, and no VLAN and no subnet is chosen twice. By default each
place of a call is tried once; AKOO_PROOF=1 tries every call.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from akoo_vsphere import allocation
from akoo_vsphere.plugin import VSpherePlugin
from akoo_vsphere.spec import resources
from akoo_vsphere.templates import making

from akoo_core.plugin import kube, structs
from akoo_core.testing import builders, calls, verbs
from tests.vsphere.vsphere_world import VSphereWorld

Json = dict[str, Any]
PROOF = os.environ.get("AKOO_PROOF") == "1"
TEMPLATE: Json = {
    "per": "Cluster",
    "connection": "vc",
    "datacenter": "DC0",
    "distributedSwitch": {"name": "DVS0"},
    "vlan": {"pool": [{"start": 19, "end": 23}]},
}
CLUSTERS = {"shop": "first", "bank": "first", "lab": "second"}
"""Cluster to config. VLAN 20 is that of DC0-free."""
ROUNDS = 4


class TemplateWorld(VSphereWorld):
    """A management cluster with the configs, and the records of their clusters."""

    def __init__(self) -> None:
        super().__init__()
        self.start()
        client = self.management.client()
        for name in sorted(set(CLUSTERS.values())):
            body = {
                "apiVersion": kube.AKO_DEPLOYMENT_CONFIGS.api_version,
                "kind": "AKODeploymentConfig",
                "metadata": {"name": name},
                "spec": {"plugins": {"vsphere": {"portGroupTemplate": TEMPLATE}}},
            }
            self.run(client.create(kube.AKO_DEPLOYMENT_CONFIGS, body))
        self.keys: list[tuple[str, str]] = []
        for name, config_name in CLUSTERS.items():
            spec = builders.record_spec(
                builders.cluster(name=name, uid=f"{len(self.keys):08}-0000-4000-8000-000000000000"),
                config_ref=structs.replace(builders.record_spec().config_ref, name=config_name),
            )
            record = {
                "apiVersion": "akoo.io/v1alpha1",
                "kind": "AKODeployment",
                "metadata": {"name": spec.ako_cluster_name},
                "spec": structs.to_object(spec),
            }
            self.create(record)
            self.keys += [
                ("port-group-templates", f"{config_name} {spec.ako_cluster_name}"),
                ("port-groups", spec.ako_cluster_name),
            ]

    def start(self) -> None:
        """A process."""
        self.restart()
        self.controllers = VSpherePlugin(None, self.registry)  # type: ignore[assignment]
        self.controllers.name = "vsphere"

    def work(self) -> bool:
        """An attempt at each key, in turns; True if the process died."""
        for controller, key in self.keys:
            run = self.run(verbs.try_reconcile(self.controllers, controller, key, self))
            self.check()
            if isinstance(run.error, calls.Crash):
                return True
            assert run.error is None, run.error
        return False

    def chosen(self) -> dict[str, int]:
        """VLANs by object."""
        rows = self.management.objects(resources.PORT_GROUPS)
        return {row["metadata"]["name"]: row["spec"]["vlan"]["id"] for row in rows}

    def check(self) -> None:
        """Hold what is in vCenter against what is stored."""
        chosen = self.chosen()
        assert len(set(chosen.values())) == len(chosen), f"chosen twice: {chosen}"
        for row in self.hand.groups().values():
            if row["name"].startswith("akoo-"):
                vlan = row["config"]["defaultPortConfig"]["vlan"]["vlanId"]
                assert chosen.get(row["name"]) == vlan, f"{row['name']}: {vlan} is not stored"


def settle(there: TemplateWorld) -> None:
    """Another process, until nothing is left to do."""
    there.start()
    for _ in range(ROUNDS):
        assert not there.work()
        there.clock.advance(60.0)
    there.keys = [("port-group-templates", name) for name in sorted(set(CLUSTERS.values()))]
    there.work()


def end(there: TemplateWorld) -> tuple[dict[str, int], dict[str, int], int]:
    """The choices, and all that is in vCenter by name."""
    rows = (row for row in there.hand.groups().values())
    vlans = {
        row["name"]: row["config"]["defaultPortConfig"]["vlan"].get("vlanId")
        for row in rows
        if row["name"].startswith("akoo-")
    }
    return there.chosen(), vlans, there.writes.count("create")


def moments() -> Iterator[tuple[int, calls.Moment]]:
    there = TemplateWorld()
    before = len(there.calls.made)
    assert not there.work()
    seen: set[tuple[str, str]] = set()
    for number, call in enumerate(there.calls.made[before:], start=1):
        site = call.system, call.operation
        if PROOF or (call.write and site not in seen):
            seen.add(site)
            yield number, "before"
            yield number, "after"


def test_a_death_at_any_call_changes_no_choice() -> None:
    whole = TemplateWorld()
    settle(whole)
    wanted = end(whole)
    chosen, vlans, creates = wanted
    assert sorted(chosen.values()) == [19, 21, 22], "20 is another's"
    assert vlans == chosen
    assert creates == len(CLUSTERS)
    tried = 0
    for number, moment in moments():
        there = TemplateWorld()
        there.calls.fail(number, moment, calls.Crash())
        died = there.work()
        there.calls.heal()
        if moment == "after" and not died:
            continue  # The call failed by itself.
        assert died, (number, moment)
        settle(there)
        assert end(there) == wanted, (number, moment)
        tried += 1
    assert tried >= 2 * len({"create", "patch", "AddDVPortgroup_Task", "SetField"})


def test_a_choice_without_a_look_at_others_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allocation, "taken", lambda *_, **__: making._NOTHING)
    there = TemplateWorld()
    with pytest.raises(AssertionError, match="chosen twice"):
        settle(there)
