"""A whole operator with the vSphere plugin, in virtual time, on a vCenter in memory."""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Sequence
from typing import Any

import yaml
from akoo_vsphere.plugin import VSpherePlugin
from akoo_vsphere.spec import resources
from akoo_vsphere.testing.memory import MemoryVCenter
from akoo_vsphere.testing.scenes import standard
from akoo_vsphere.testing.vcenter import SimulatedVCenter

from akoo_core import settings, testing
from akoo_core.external import External
from akoo_core.plugin import api, kube
from akoo_core.testing import builders, virtual_time
from tests.vsphere.vsphere_world import ADDRESS, CONNECTION, PASSWORD, MemoryVCenters

CRDS = pathlib.Path(__file__).parents[2] / "deploy" / "crds"
Json = dict[str, Any]


class VSphereFleet:
    """A fleet and its vCenter; ``others``: further plugins of each process."""

    def __init__(
        self,
        clock: virtual_time.LoopClock,
        *,
        others: Callable[[], Sequence[api.Plugin]] = tuple,
        external: External | None = None,
    ) -> None:
        self.vcenter = SimulatedVCenter()
        self.vcenters = {ADDRESS: self.vcenter}
        self.there = standard(self.vcenter)
        self.hand = MemoryVCenter(self.vcenter).hand
        self._others = others
        self.fleet = testing.Fleet(
            clock,
            self.plugins,
            settings=settings.Settings(allowed_secret_namespaces=("vsphere",)),
            external=external,
        )
        for kind in (resources.CONNECTIONS, resources.PORT_GROUPS):
            definition = yaml.safe_load((CRDS / f"{kind.plural}.yaml").read_text())
            self.fleet.management.seed(definition)
            self.fleet.management.served.serve(kind)
        account = builders.secret("vsphere", "account", username="akoo", password=PASSWORD)
        self.fleet.management.seed(account, CONNECTION)

    def plugins(self) -> Sequence[api.Plugin]:
        vsphere = VSpherePlugin(None, MemoryVCenters(self.vcenters))
        vsphere.name = "vsphere"
        return [vsphere, *self._others()]

    async def create(self, obj: Json) -> None:
        kind = {row.kind: row for row in (resources.CONNECTIONS, resources.PORT_GROUPS)}
        await self.fleet.user.create(kind[obj["kind"]], obj)

    def group(self, name: str = "edge") -> Json | None:
        rows = self.fleet.management.objects(resources.PORT_GROUPS)
        return next((row for row in rows if row["metadata"]["name"] == name), None)

    def ready(self, name: str = "edge") -> bool:
        return self.condition("Ready", name)[0] == "True"

    def condition(self, kind: str, name: str = "edge") -> tuple[str, str]:
        rows = ((self.group(name) or {}).get("status") or {}).get("conditions") or ()
        matching = (row for row in rows if row["type"] == kind)
        return next(((row["status"], row["reason"]) for row in matching), ("", ""))

    def reachable(self, kind: str = "Reachable") -> str:
        """Status of a condition of the connection."""
        (connection,) = self.fleet.management.objects(resources.CONNECTIONS)
        rows = (connection.get("status") or {}).get("conditions") or ()
        return next((row["status"] for row in rows if row["type"] == kind), "")

    def named(self, name: str) -> Json | None:
        rows = (row for row in self.hand.groups().values() if row["name"] == name)
        return next(rows, None)

    def mo_ref(self, name: str = "edge") -> str:
        row = self.named(name)
        assert row is not None
        return str(row["moRef"])

    def vlan(self, name: str = "edge") -> Any:
        row = self.named(name)
        return row and row["config"]["defaultPortConfig"]["vlan"]["vlanId"]

    async def until_ready(self, name: str = "edge", seconds: float = 600.0) -> None:
        await self.fleet.until(lambda: self.ready(name), seconds=seconds)

    @property
    def events(self) -> list[str]:
        return [event["reason"] for event in self.fleet.management.objects(kube.EVENTS)]
