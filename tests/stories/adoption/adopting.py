"""The means of a story about an adoption: a cluster with an AKO of somebody else, and a look at it
before and after."""

from __future__ import annotations

import base64
import dataclasses
from typing import Any, Final

from akoo_testbed import kubeapi, waiting
from akoo_testbed.akosim import counts

from akoo_core.objects import names
from akoo_core.sandbox import install
from tests.stories import neighbours, oracle, setting, traffic
from tests.stories.adoption.installs import VERSION, Install, Make, Plan
from tests.stories.scene import Scene
from tests.stories.setting import CLUSTER, CONFIG, NAME, RECORD, SECONDS, Object

STATEFUL_SET: Final = "apps/v1/StatefulSet"
RECORD_LABEL: Final = "akoo.io/record"


@dataclasses.dataclass(frozen=True)
class Look:
    """An AKO at one moment, and all that it has on Avi."""

    pods: dict[str, int]
    """UIDs, each with its restarts."""
    revisions: tuple[str, str]
    generation: int
    counted: counts.Counts
    """Starts and logins of AKO."""
    on_avi: dict[tuple[str, str], Object]
    """Whole objects, with the times of their last changes; without the claim."""


class Adoption:
    """The adoption of one AKO."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.api = scene.api
        self.cluster: Object = {}
        self.install = Install(program="", namespace="", cluster_name="", parts=())
        self._before = Look({}, ("", ""), 0, counts.Counts(), {})
        self.since = 0
        """The last request to Avi before AKO was watched."""
        self.others: tuple[str, ...] = ()
        """clusterNames of further adoptions by the same account of akoo-core."""

    # Before.

    async def lives(
        self,
        make: Make,
        cluster_name: str,
        *,
        account: dict[str, str] | None = None,
        ako: dict[str, Any] | None = None,
        **config: Any,
    ) -> None:
        """A cluster that no config selects has this AKO, and services on Avi. ``ako``: fields of
        ``spec.plugins.ako``; ``account``: of AKO, by default that of the config."""
        section = {"existing": "Adopt", "podSecurity": "Vendor", **(ako or {"version": VERSION})}
        await self.scene.configured(plugins={"ako": section}, **config)
        if not self.cluster:
            await self.born()
        plan = Plan(
            config=await self.api.get(CONFIG, None, self.scene.config),
            cluster=self.cluster,
            cluster_name=cluster_name,
            account=account or await self.account(),
        )
        self.install = make(plan)
        async with self.scene.workload() as workload:
            await self.install.create(workload)
        await self.served()

    async def born(self) -> None:
        """The Cluster is there, and nothing selects it."""
        await self.scene.unselected()
        await self.scene.story_bed.bed.available(self.scene.namespace, NAME)
        self.cluster = await self.api.get(CLUSTER, self.scene.namespace, NAME)

    async def served(self) -> None:
        """The AKO has the objects of the cluster's services on Avi."""
        self.scene.x = self.install.cluster_name
        async with self.scene.workload() as workload:
            host = f"{self.scene.story}.{traffic.HOST_SUFFIX}"
            await traffic.serve(workload, traffic.NAMESPACE, host)
            await neighbours.served(self.scene.avi, self.scene.x)
            await workload.wait_for(
                STATEFUL_SET, self.install.namespace, "ako", _settled, setting.SECONDS
            )
            await self._addressed(workload)
        await self.watched()

    async def watched(self) -> None:
        """From now on AKO and all that it has on Avi are to stay as they are."""
        self.scene.remember()
        self._before = await self.look()
        self.since = self.scene.avi.controller.journal.last

    async def _addressed(self, workload: kubeapi.KubeApi) -> None:
        """AKO writes the address of a Service last: then nothing more changes on Avi."""
        await workload.wait_for(
            "v1/Service",
            traffic.NAMESPACE,
            "l4",
            lambda obj: bool(traffic.address(obj)),
            setting.SECONDS,
        )

    async def account(self) -> dict[str, str]:
        """The account that the config names, and the CA."""
        values: dict[str, str] = {}
        for name in ("ako", "ca"):
            secret = await self.api.get(
                "v1/Secret", install.NAMESPACE, f"{self.scene.config}-{name}"
            )
            for key, text in secret["data"].items():
                values[key] = base64.b64decode(text).decode()
        return values

    # The adoption.

    async def begins(self) -> None:
        """The config selects the Cluster from now on."""
        kube_system = await self.api.get("v1/Namespace", None, "kube-system")
        self.scene.record_name = names.record_name(
            kube_system["metadata"]["uid"], self.cluster["metadata"]["uid"]
        )
        await self.scene.label()

    async def adopted(self) -> Object:
        """The operator adopts it, and AKO has noticed nothing. The record."""
        await self.begins()
        record = await self.scene.record(_has_adopted)
        await setting.running(self.api, self.scene.record_name)
        assert record["spec"]["akoClusterName"] == self.install.cluster_name
        assert not record["spec"].get("observed"), record["spec"]
        await self.unchanged()
        await self.ours()
        return record

    async def unchanged(self) -> None:
        """AKO runs in the same Pod, has not started or logged in anew, and nothing that it has on
        Avi was written."""
        now = await self.look()
        assert now == self._before
        journal = self.scene.avi.controller.journal
        writes = journal.entries(since=self.since, writes=True)
        own = [entry for entry in writes if self._touches(entry.subject)]
        assert not own, [str(entry) for entry in own]

    def _touches(self, subject: Any) -> bool:
        """A write of this AKO, or of the operator's on anything but its claim."""
        claims = [f"akoo-claim-{name}" for name in (self.scene.x, *self.others)]
        if subject.user == self.scene.account:
            return bool(subject.kind != "stringgroup" or subject.name not in claims)
        return bool(self.scene.x in subject.name or subject.user == self._user())

    def _user(self) -> str:
        """AKO's user on Avi."""
        (secret,) = (obj for obj in self.install.parts if obj["kind"] == "Secret")
        values: dict[str, str] = secret["stringData"]
        return values["username"]

    async def look(self) -> Look:
        """The AKO as it is now."""
        async with self.scene.workload() as workload:
            stateful_set = await workload.get(STATEFUL_SET, self.install.namespace, "ako")
            pods = await workload.list("v1/Pod", self.install.namespace)
        status = stateful_set["status"]
        return Look(
            pods={pod["metadata"]["uid"]: _restarts(pod) for pod in pods},
            revisions=(status["currentRevision"], status["updateRevision"]),
            generation=stateful_set["metadata"]["generation"],
            counted=counts.of(self.scene.x),
            on_avi=self.on_avi(),
        )

    def on_avi(self) -> dict[tuple[str, str], Object]:
        """All objects on Avi with a trace of its clusterName, but the claim."""
        claim = f"akoo-claim-{self.scene.x}"
        return {
            obj.key: obj.data
            for obj in self.scene.avi.controller.snapshot().objects.values()
            if oracle.has_trace(obj.data, self.scene.x) and obj.name != claim
        }

    async def ours(self) -> None:
        """Each object has our label, and its former owner owns no field of it."""
        for obj in await self.objects():
            metadata = obj["metadata"]
            name = f"{obj['kind']} {metadata['name']}"
            assert metadata["labels"][RECORD_LABEL] == self.scene.record_name, name
            managers = managers_of(obj)
            assert "akoo-core" in managers, (name, managers)
            assert self.install.program not in managers, (name, managers)

    async def objects(self) -> list[Object]:
        """AKO's objects as they are now."""
        async with self.scene.workload() as workload:
            return [await _get(workload, part) for part in self.install.parts]

    # Given back.

    async def given_back(self) -> None:
        """Nothing of ours is on any object, and AKO has noticed nothing."""
        await self.scene.record(lambda record: record["spec"].get("orphaned"))
        await self.unchanged()
        for obj in await self.objects():
            metadata = obj["metadata"]
            name = f"{obj['kind']} {metadata['name']}"
            assert RECORD_LABEL not in metadata.get("labels", {}), name
            managers = managers_of(obj)
            assert "akoo-core" not in managers, (name, managers)
            assert self.install.program in managers, (name, managers)

    async def until(self, accept: Any, title: str) -> None:
        await waiting.until(accept, title=title, seconds=SECONDS, every=0.05)


def managers_of(obj: Object) -> set[str]:
    """The programs that own fields of an object. Those of its status are left out."""
    return {
        entry["manager"] for entry in obj["metadata"]["managedFields"] if "subresource" not in entry
    }


async def _get(workload: kubeapi.KubeApi, part: Object) -> Object:
    metadata = part["metadata"]
    kind = kubeapi.kind_of(part)
    live = await workload.get(kind, metadata.get("namespace"), metadata["name"])
    return {"kind": part["kind"], **live}


def _restarts(pod: Object) -> int:
    return sum(each["restartCount"] for each in pod["status"].get("containerStatuses", ()))


def _settled(stateful_set: Object | None) -> bool:
    """Its controller has seen it, and its one Pod is ready."""
    status = (stateful_set or {}).get("status") or {}
    return bool(status.get("readyReplicas") == 1 and status.get("updateRevision"))


def _has_adopted(record: Object) -> bool:
    return bool((record["spec"].get("adoption") or {}).get("endedAt"))


__all__ = ["RECORD", "Adoption", "Look"]
