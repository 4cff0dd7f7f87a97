"""The controller of port groups on a strict vCenter: made, edited in use, drifted, removed."""

from __future__ import annotations

from typing import Any

import pytest
from akoo_testbed.vcsim import pytest as vcsim_plugin
from akoo_vsphere.client.account import Account
from akoo_vsphere.client.sessions import SharedVCenters
from akoo_vsphere.plugin import VSpherePlugin
from akoo_vsphere.spec import resources

from akoo_core import testing
from akoo_core.plugin import api
from akoo_core.testing import builders, verbs
from tests.vsphere.vsphere_world import CONNECTION, port_group

Json = dict[str, Any]


class RealWorld(testing.World):
    """A management cluster in memory, whose connection leads to the simulator."""

    def __init__(self, account: Account, vcenters: SharedVCenters, *objects: Json) -> None:
        spec = {
            "address": account.address,
            "credentialRef": {"namespace": "vsphere", "name": "account"},
            "caRef": {"namespace": "vsphere", "name": "ca"},
        }
        super().__init__(
            secrets=[
                builders.secret(
                    "vsphere", "account", username=account.username, password=account.password
                ),
                builders.secret("vsphere", "ca", certificateAuthorityData=account.ca_pem),
            ],
            management=[{**CONNECTION, "spec": spec}, *objects],
            resources=[resources.CONNECTIONS, resources.PORT_GROUPS],
        )
        self.plugin = VSpherePlugin(None, vcenters)
        self.plugin.name = "vsphere"

    async def attempt(self, name: str = "edge") -> Any:
        run = await verbs.try_reconcile(self.plugin, "port-groups", name, self)
        assert run.error is None, run.error
        return run.result

    def status(self, name: str = "edge") -> Json:
        rows = self.management.objects(resources.PORT_GROUPS)
        row = next(row for row in rows if row["metadata"]["name"] == name)
        status: Json = row.get("status") or {}
        return status

    def ready(self, name: str = "edge") -> tuple[str, str, str]:
        row = next(row for row in self.status(name)["conditions"] if row["type"] == "Ready")
        return row["status"], row["reason"], row.get("message", "")

    async def patch(self, change: Json, name: str = "edge") -> None:
        await self.management.client().merge_patch(resources.PORT_GROUPS, name, change)


@pytest.mark.asyncio
async def test_a_life_on_the_wire(
    vcsim: vcsim_plugin.RunningVcsim, account: Account, vcenters: SharedVCenters
) -> None:
    there = RealWorld(account, vcenters, port_group())
    assert isinstance(await there.attempt(), api.Done), there.status()
    assert there.ready()[0] == "True", there.ready()
    recorded = there.status()["portGroup"]
    assert recorded["vlan"] == {"id": 112}
    assert recorded["inventoryPath"] == "/DC0/network/edge"
    before = there.status()
    await there.attempt()
    assert there.status() == before
    await there.patch({"spec": {"vlan": {"id": None, "trunk": [{"start": 5, "end": 9}]}}})
    await there.attempt()
    assert there.ready()[0] == "True", there.ready()
    assert there.status()["portGroup"]["vlan"] == {"trunk": [{"start": 5, "end": 9}]}
    await there.management.client().delete(resources.PORT_GROUPS, "edge")
    assert isinstance(await there.attempt(), api.Done)
    assert there.management.objects(resources.PORT_GROUPS) == []
