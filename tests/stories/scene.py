"""The means of a story: one dying cluster, its config, its AKO, and the Avi it shares."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from akoo_testbed import kubeapi, waiting
from akoo_testbed.provider import manifests
from akoo_testbed.workload import listener

from akoo_core.objects import names, record
from akoo_core.sandbox import install
from tests.stories import ako_acts, avi_acts, neighbours, setting, traffic
from tests.stories import avi as avis
from tests.stories.setting import CLUSTER, CONFIG, NAME, RECORD, SECONDS, Object, condition

if TYPE_CHECKING:
    from tests.stories.story_bed import Slot, Story, StoryBed


class Scene(ako_acts.AkoActs, avi_acts.AviActs):
    """One story's cluster. Names are made of the story's, so nothing is shared but the slot."""

    def __init__(self, story_bed: StoryBed, slot: Slot, story: str) -> None:
        self.story_bed = story_bed
        self.slot = slot
        self.story = story.replace("_", "-").lower()
        self.api = story_bed.api
        self.avi: avis.Avi = slot.avi
        self.namespace = self.story
        self.config = self.story
        self.labels = {"story": self.story}
        self.record_name = ""
        self.x = ""
        """The mark of this cluster's AKO on Avi."""
        self._before: dict[tuple[str, str], object] | None = None

    async def play(self, play: Story, seconds: float) -> None:
        """Play it; when it fails, say how Avi and the record looked. Then remove its objects."""
        try:
            async with asyncio.timeout(seconds):
                await play(self)
        except TimeoutError as error:
            # asyncio would hand on a bare copy to the thread that waits for it.
            texts = (str(error), *getattr(error, "__notes__", ()), await self._situation())
            raise AssertionError("\n".join(texts)) from error
        except Exception as error:
            error.add_note(await self._situation())
            raise
        finally:
            self.avi.controller.faults.clear()
            await self.clear()

    async def clear(self) -> None:
        """Whatever came of the story, its cluster gives its API server back; neighbours rest."""
        for number in range(len(neighbours.names(""))):
            await self.story_bed.street.leave(f"{self.story}-{number}")
        if await self.api.find(CLUSTER, self.namespace, NAME) is None:
            return
        await self.delete()
        for stored in await self.api.list(RECORD):
            ref = stored["spec"]["clusterRef"]
            if ref["namespace"] == self.namespace:
                words = {"metadata": {"annotations": {"akoo.io/let-go": "the story is over"}}}
                await self.api.patch(RECORD, None, stored["metadata"]["name"], words)
        await self.gone()

    # Life.

    async def lives(
        self,
        *,
        machines: bool = False,
        node_seconds: float = 3.0,
        neighbours_too: bool = True,
        static_routes: bool = False,
        **config: Any,
    ) -> None:
        """The cluster lives, has an L4 and an L7 service on Avi, and so have its neighbours.

        With ``static_routes`` its AKO works with ClusterIP, writes routes into the VRF and its
        label on the SE group.
        """
        if static_routes:
            config["extraConfigs"] = {
                "disableStaticRouteSync": False,
                "ingress": {
                    "shardVSSize": "SMALL",
                    "serviceType": "ClusterIP",
                    "defaultIngressController": True,
                },
            }
        await self.configured(**config)
        await self.created(machines=machines, node_seconds=node_seconds)
        around = neighbours.names(self.x) if neighbours_too else ()
        await asyncio.gather(
            self.serves(static_routes=static_routes),
            *(
                self.story_bed.street.settle(f"{self.story}-{number}", name, self.avi)
                for number, name in enumerate(around)
            ),
        )
        self.remember()

    async def serves(self, *, static_routes: bool = False) -> None:
        """AKO is deployed, and the cluster's services are on Avi."""
        await setting.running(self.api, self.record_name)
        async with self.workload() as workload:
            if static_routes:
                await setting.give_pods_networks(workload)
            await traffic.serve(workload, traffic.NAMESPACE, f"{self.story}.example.com")
        await neighbours.served(self.avi, self.x)
        if static_routes:
            await neighbours.routed(self.avi, self.x)

    async def adopted(self, cluster_name: str) -> None:
        """A record that keeps the clusterName it found is there before the Cluster is selected."""
        await self.unselected()
        cluster = await self.api.get(CLUSTER, self.namespace, NAME)
        kube_system = await self.api.get("v1/Namespace", None, "kube-system")
        config = await self.api.get(CONFIG, None, self.config)
        management, uid = kube_system["metadata"]["uid"], cluster["metadata"]["uid"]
        spec = record.RecordSpec(
            ako_cluster_name=cluster_name,
            management_id=management,
            cluster_ref=record.ClusterRef(namespace=self.namespace, name=NAME, uid=uid),
            config_ref=record.ConfigRef(name=self.config, uid=config["metadata"]["uid"]),
        )
        made = record.to_object(names.record_name(management, uid), spec)
        await self.api.create(made)
        self.record_name, self.x = made["metadata"]["name"], cluster_name
        await self.label()

    async def configured(self, **config: Any) -> None:
        """Secrets, accounts and an AKODeploymentConfig that selects this story's cluster."""
        await setting.configure(self.api, self.avi, self.config, self.labels, **config)

    async def created(
        self, *, machines: bool = False, node_seconds: float = 3.0, workload: bool = True
    ) -> None:
        """The Cluster and its record are there; ``workload`` False: its API never answers."""
        await self._make(machines=machines, node_seconds=node_seconds)
        if not workload:
            await self._never_answers()
        record = await setting.record_of(self.api, self.namespace, NAME)
        self.record_name = record["metadata"]["name"]
        self.x = record["spec"]["akoClusterName"]

    async def unselected(self) -> None:
        """The Cluster is there, without the label by which the config selects it."""
        labels, self.labels = self.labels, {}
        await self._make()
        self.labels = labels

    async def _make(self, *, machines: bool = False, node_seconds: float = 3.0) -> None:
        space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}}
        await self.api.apply(space)
        for obj in self._manifests(machines=machines, node_seconds=node_seconds):
            await self.api.create(obj)

    def _manifests(self, *, machines: bool, node_seconds: float) -> list[Object]:
        made = manifests.cluster(
            self.namespace,
            NAME,
            labels=self.labels,
            workers=1 if machines else 0,
            machine_delete_seconds=node_seconds if machines else None,
        )
        pool = manifests.machine_pool(self.namespace, NAME, 1, machine_delete_seconds=node_seconds)
        return [*made, *(() if machines else pool)]

    def remember(self) -> None:
        """From now on everything on Avi that has nothing of this cluster must stay as it is."""
        self._before = self.avi.others(self.x)

    async def _never_answers(self) -> None:
        """The API's listener is cut as soon as there is one."""

        async def opened() -> bool:
            try:
                await self.cut_workload()
            except (KeyError, asyncio.InvalidStateError):
                return False
            return True

        await waiting.until(
            opened, title="the workload API's listener", seconds=SECONDS, every=0.01
        )

    async def relocated(self) -> None:
        """The old place is proven empty, and everything is up at the new one."""
        await self.record(lambda record: record["spec"].get("endedPlacements"))
        await self.record(lambda record: not record["spec"].get("leaving"))
        await self.says("Ready", "Running")
        await neighbours.served(self.avi, self.x)

    # What happens to it.

    async def delete(self) -> None:
        """Delete the Cluster, in the background as kubectl does."""
        await self.api.delete(CLUSTER, self.namespace, NAME)

    async def change_config(self, **spec: Any) -> None:
        """Merge fields into the spec of the config."""
        await self.api.patch(CONFIG, None, self.config, {"spec": spec})

    async def say(self, **words: str | None) -> None:
        """Annotate the record with the user's words: ``leave="sweep"``, ``let_go="reason"``."""
        annotations = {f"akoo.io/{key.replace('_', '-')}": value for key, value in words.items()}
        await self.api.patch(
            RECORD, None, self.record_name, {"metadata": {"annotations": annotations}}
        )

    async def cut_workload(self, fault: listener.Fault = listener.Fault.REFUSE) -> None:
        """The workload API cannot be reached any more."""
        await self.story_bed.bed.workloads.listener(self.namespace, NAME).set_fault(fault)

    async def unlabel(self) -> None:
        """Take away the label by which the config selects the Cluster."""
        gone = dict.fromkeys(self.labels)
        patch = {"metadata": {"labels": gone}}
        await self.api.patch(CLUSTER, self.namespace, NAME, patch)

    async def label(self) -> None:
        """The config selects the Cluster again."""
        patch = {"metadata": {"labels": self.labels}}
        await self.api.patch(CLUSTER, self.namespace, NAME, patch)

    async def leaves_for_move(self) -> None:
        """Do as clusterctl does at the source: pause, mark the move, delete, strip.

        In that order: a living Cluster without its finalizer gets it back from its manager, paused
        or not, and a paused one that is deleted then stays for ever.
        """
        await self.api.patch(CLUSTER, self.namespace, NAME, {"spec": {"paused": True}})
        moving = {"clusterctl.cluster.x-k8s.io/delete-for-move": ""}
        patch = {"metadata": {"annotations": moving}}
        await self.api.patch(CLUSTER, self.namespace, NAME, patch)
        await self.delete()
        await self.says("Held", "MoveAwaited")
        await self.api.patch(CLUSTER, self.namespace, NAME, {"metadata": {"finalizers": []}})
        await self.gone()
        await self.api.wait_for(RECORD, None, self.record_name, lambda obj: obj is None, SECONDS)

    async def created_again(self) -> None:
        """The same objects once more, as soon as the old ones are gone."""
        for obj in self._manifests(machines=False, node_seconds=1.0):
            await self._create_when_gone(obj)

    async def _create_when_gone(self, obj: Object) -> None:
        kind, name = kubeapi.kind_of(obj), obj["metadata"]["name"]
        if kind == "v1/Secret":  # the bootstrap data, which nobody owns
            return
        await self.api.wait_for(kind, self.namespace, name, lambda obj: obj is None, SECONDS)
        await self.api.create(obj)

    # What is seen of it.

    async def record(self, accept: Callable[[Object], object] = bool) -> Object:
        """The record, once ``accept`` says so."""
        stored = await self.api.wait_for(
            RECORD, None, self.record_name, lambda obj: obj is not None and accept(obj), SECONDS
        )
        return stored or {}

    async def says(self, kind: str, reason: str) -> Object:
        """The record, once its condition of that type has that reason."""
        return await self.record(lambda obj: condition(obj, kind).get("reason") == reason)

    async def leaves(self) -> Object:
        """The record, once it leaves."""
        return await self.record(lambda obj: obj["spec"].get("leaving"))

    async def gone(self) -> None:
        """Wait until the Cluster object is gone."""
        await self.api.wait_for(CLUSTER, self.namespace, NAME, lambda obj: obj is None, SECONDS)

    async def nudge(self) -> None:
        """Touch the account's Secret, so that the operator looks again at once."""
        note = {"metadata": {"labels": {"looked-at": secrets.token_hex(4)}}}
        await self.api.patch("v1/Secret", install.NAMESPACE, f"{self.config}-admin", note)

    async def finished(self) -> Object:
        """The record, once it is Finished."""
        return await self.record(lambda obj: obj["status"].get("phase") == "Finished")

    # The end that every story comes to.

    async def ends(
        self,
        *,
        grade: str = "",
        why: str = "Proven",
        cluster_gone: bool = True,
        reported: bool = True,
        address: str = "",
    ) -> Object:
        """Nothing of it is left, the neighbours are as they were, the Cluster is gone, the proof
        is there. Returns the finished record."""
        if cluster_gone:
            await self.gone()
        record = await self.finished()
        leaving = record["spec"]["leaving"]
        assert leaving["letGo"]["why"] == why, leaving
        if grade:
            assert leaving["fence"]["grade"] == grade, leaving
        proof = leaving["proof"]
        assert (proof["own"], proof["held"]) == (0, 0), proof
        assert proof["queries"], proof
        assert any((address or self.avi.address) in query for query in proof["queries"]), proof
        proven = condition(record, "CleanupProven")
        assert (proven["status"], proven["reason"]) == ("True", "Proven"), proven
        assert self.avi.of(self.x) == []
        self.untouched()
        if reported:
            await self._assert_event("AKOCleanupProven")
        return record

    def untouched(self) -> None:
        """Nobody else's object was changed, made or removed since ``remember``."""
        assert self._before is not None, "the story did not call remember"
        after = self.avi.others(self.x)
        changed = sorted(
            str(key)
            for key in self._before.keys() | after.keys()
            if self._before.get(key) != after.get(key)
        )
        assert not changed, f"others' objects changed: {changed}"

    async def _assert_event(self, reason: str) -> None:
        events = await self.api.list("events.k8s.io/v1/Event", self.namespace)
        assert reason in {event["reason"] for event in events}, f"no Event {reason}"

    async def _situation(self) -> str:
        lines = [f"story {self.story}, record {self.record_name or 'none'}"]
        if self.record_name:
            record = await self.api.find(RECORD, None, self.record_name)
            lines.append(f"leaving: {(record or {}).get('spec', {}).get('leaving')}")
            lines.append(f"status: {(record or {}).get('status')}")
            lines.append(f"on Avi: {self.avi.of(self.x)}")
        lines.append(f"operator: {self.story_bed.operator.log}")
        return "\n".join(lines)
