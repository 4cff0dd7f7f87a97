"""One simulated controller filled with objects, and the verbs of the sweep called on it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from typing import Any

from akoo_avi.cleanup import sweep, verify
from akoo_avi.client import AviError
from akoo_avi.client.access.reach import Reach
from akoo_avi.ownership import claim
from akoo_avi.spec import names, placement
from akoo_avi.testing import MemoryAvi
from akoo_testbed.avisim import Controller, snapshots
from akoo_testbed.avisim import client as avisim_client

from akoo_core import clock, external, structs
from akoo_core.objects import record
from akoo_core.plugin import api
from akoo_core.plugin_host import context
from akoo_core.testing import builders
from tests.avi import avi_hostile as hostile
from tests.avi import avi_oracle as oracle

X = "akoo-0123456789ab"
PASSWORD = "Avi-simulated-1"
OTHER_MANAGEMENT = "00000000-0000-4000-8000-0000000000ff"


class AviBed:
    """``cluster``: whose objects are swept, in Default-Cloud, from management cluster ours. For a
    name that akoo-core did not give, a person named all ``tenants`` there are.

    ``make`` and ``fill`` put objects there as a superuser, without the product's client.
    """

    def __init__(self, cluster: str = X, **chosen: str) -> None:
        now = iter(range(1_700_000_000, 1_900_000_000))
        self.controller = Controller(
            password=PASSWORD,
            chosen={
                "bad-certificate": "accept",
                **{name.replace("_", "-"): value for name, value in chosen.items()},
            },
            clock=lambda: float(next(now)),
            rng=random.Random(7),
        )
        self.hand = avisim_client.Client(self.controller, password=PASSWORD)
        self.cluster = cluster
        self.tenants: tuple[str, ...] = ()
        if not oracle.made_by_operator(cluster):
            self.tenants = ("admin", "blue")
        self.clock = clock.ManualClock()
        self.hand.post("tenant", {"name": "blue"})
        self.hand.post("cloud", {"name": "other", "vtype": "CLOUD_NONE"})
        self.cloud = ""
        self.cloud = self.uuid("cloud", "Default-Cloud")
        self.route()
        self.label()

    def uuid(self, kind: str, name: str) -> str:
        """Of one object, in any tenant; in our cloud, if it is in one."""
        objects = list(self.controller.state.objects.named(kind, name))
        return next((obj for obj in objects if obj.cloud == self.cloud), objects[0]).uuid

    def make(self, kind: str, tenant: str = "admin", **body: Any) -> dict[str, Any]:
        """An object as it is given; its answer."""
        return dict(self.hand.post(kind, body, x_avi_tenant=tenant))

    def own(self, kind: str, name: str = "red-web", tenant: str = "admin", **body: Any) -> str:
        """An object as AKO of the cluster, or its CRD operator, makes it; its url."""
        thing = hostile.Thing(
            kind=kind,
            name=f"{self.cluster}--{name}",
            tenant=tenant,
            cloud="Default-Cloud",
            created_by=f"ako-{self.cluster}",
            markers=(("clustername", (self.cluster,)),),
        )
        if kind in oracle.OF_THE_OPERATOR - {"pkiprofile"}:
            called = f"ako-crd-operator-{self.cluster}--{name}"
            thing = thing._replace(name=called, created_by=None)
        if kind == "stringgroup":
            author = f"ako-{self.cluster}"
            called = f"{author}-{oracle.hashed(name)}"
            thing = thing._replace(name=called, markers=(*thing.markers, ("created_by", (author,))))
        return str(self.make(kind, tenant, **{**thing.body(), **body})["url"])

    def fill(self, things: Iterable[hostile.Thing]) -> None:
        """Make all of them, with their references; what the controller refuses is left out."""
        urls: list[str] = []
        for thing in things:
            body = thing.body()
            for place in thing.refers:
                if urls[place]:
                    target = urls[place].partition("/api/")[2].partition("/")[0]
                    body |= hostile.REFERENCES[thing.kind, target](urls[place])
            answer = self.hand.call("POST", thing.kind, body, x_avi_tenant=thing.tenant)
            urls.append(answer.json["url"] if answer.status == 201 else "")

    def claim(self, management: str = builders.MANAGEMENT_ID, epoch: int = 1) -> None:
        """The claim of the cluster."""
        self.make("stringgroup", **claim.body(self.cluster, management, epoch))

    def route(self, *routes: dict[str, Any], vrf: str = "global", cloud: str = "") -> None:
        """Add static routes to a VRF."""
        self._edit("vrfcontext", vrf, cloud, "static_routes", list(routes))

    def label(self, *values: str, group: str = "Default-Group", cloud: str = "") -> None:
        """Add labels clustername to an SE group."""
        labels = [{"key": "clustername", "value": value} for value in values]
        self._edit("serviceenginegroup", group, cloud, "labels", labels)

    def _edit(self, kind: str, name: str, cloud: str, field: str, more: list[Any]) -> None:
        uuid = next(
            obj.uuid
            for obj in self.controller.state.objects.named(kind, name)
            if obj.cloud == (cloud or self.cloud)
        )
        body = self.hand.get(f"{kind}/{uuid}")
        body[field] = [*body.get(field, []), *more]
        self.hand.put(f"{kind}/{uuid}", body)

    def client(
        self, through: external.External | None = None, username: str = "admin"
    ) -> MemoryAvi:
        """The product's client, new: nothing is remembered."""
        return MemoryAvi(self.controller, through, username=username, password=PASSWORD)

    @property
    def stored(self) -> placement.Stored:
        """The stored intent."""
        return placement.Stored(
            cluster_name=self.cluster,
            reach=Reach(
                address="avi.example.com",
                credential=api.SecretName(namespace="avi-system", name="avi"),
            ),
            place=placement.Place(
                controller_uuid="cluster-1",
                cloud_uuid=self.cloud,
                tenant_uuid="admin",
                se_group_uuid="seg-1",
            ),
            cloud="Default-Cloud",
            tenant="admin",
            se_group="Default-Group",
        )

    def context(self, *, claimed: bool = True, **spec: Any) -> api.VerbContext:
        """The context of a verb. ``claimed``: the record knows that the claim was made."""
        facts: dict[str, record.StoredFact] = {}
        if claimed:
            fact = placement.AviClaimed(identity=self.stored.place.identity, epoch=1)
            facts = builders.stored_facts(names.PLUGIN, fact)
        view = api.View(
            record_name=X,
            spec=builders.record_spec(
                ako_cluster_name=self.cluster,
                facts=facts,
                intents={
                    names.PLUGIN: record.StoredIntent(
                        version=1, data=structs.to_object(self.stored)
                    )
                },
                leaving=builders.leaving(),
                **spec,
            ),
            cluster=None,
            config={},
            sweep_tenants=self.tenants,
        )
        return context.build_context(
            view=view,
            plugin=_Avi(),
            clock=self.clock,
            external=external.External(),
            workload=None,
            workload_silent_seconds=0.0,
            secrets=_NoSecrets(),
            threads=_NoThreads(),
        )

    async def sweep(self, client: MemoryAvi | None = None, **spec: Any) -> api.Result:
        """One call of the verb."""
        return await sweep.sweep(self.context(**spec), client or self.client(), self.stored)

    async def verify(self, client: MemoryAvi | None = None, **spec: Any) -> verify.VerifyResult:
        """One call of the verb."""
        return await verify.verify(self.context(**spec), client or self.client(), self.stored)

    async def swept(
        self, calls: int = 12, client: Callable[[], MemoryAvi] | None = None
    ) -> api.Result:
        """The verb called until it is Done, or Blocked, or has nothing more to do."""
        result: api.Result = api.Blocked(reason="NeverCalled", message="")
        for _ in range(calls):
            try:
                result = await self.sweep(client() if client else None)
            except AviError as error:
                result = api.Wait(reason=type(error).__name__, message=str(error), after=1.0)
                continue
            if not isinstance(result, api.Wait) or result.reason == "ForeignReference":
                return result
        return result

    def count(self) -> oracle.Count:
        """The objects that are left, by the oracle."""
        return oracle.count(self.controller, self.cluster, self.cloud)

    def diff(self, since: snapshots.Snapshot) -> snapshots.Diff:
        """The changes, without those of logins."""
        changes = self.controller.diff(since)
        steady = {key: value for key, value in changes.changed.items() if key[0] != "user"}
        return snapshots.Diff(changes.added, changes.removed, steady, changes.touched)


class _Avi(api.Plugin):
    name = names.PLUGIN


class _NoSecrets:
    async def read(self, source: api.SecretSource) -> bytes | None:
        raise AssertionError("the sweep reads no Secrets")

    async def version(self, namespace: str, name: str, *, of_ancestor: bool = False) -> str:
        raise AssertionError("the sweep reads no Secrets")


class _NoThreads:
    async def run(self, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        raise AssertionError("the sweep takes no threads of the plugin")
