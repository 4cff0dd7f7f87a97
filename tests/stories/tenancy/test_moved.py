"""Management clusters: one that is restored, two that share Avi and store, and a move."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable

from akoo_testbed import kubeapi
from akoo_testbed.kubelet import FakeKubelet, KubeletOptions, NodeSpec
from akoo_testbed.kubelet.options import AkoProgram

from tests.stories import neighbours, second, setting, traffic
from tests.stories.scene import Scene
from tests.stories.setting import CLUSTER, NAME, RECORD, SECONDS, Object, condition
from tests.stories.story_bed import PLUGINS
from tests.stories.telling import proof, solo
from tests.stories.tenancy.accounts import SHORT, Accounts, is_used


@proof
@solo
async def test_management_cluster_is_restored(s: Scene) -> None:
    """Its record is from before two rotations: it learns the account in use from the store, AKO is
    not started for it, and the next rotation goes on above."""
    a = Accounts(s)
    await a.lives(**SHORT)
    saved = await s.record()
    for number in (1, 2):
        await a.rotate()
        await a.rotated(number)
    operator = s.story_bed.operator
    async with a.watched(starts=0):
        await operator.stop()
        await _restore(s.api, saved)
        await operator.start()
        await operator.ready()
        await a.rotated(2)
    async with a.watched(starts=1):
        await a.rotate()
        await a.rotated(3)
    await a.ends()


@proof
@solo
async def test_two_management_clusters(s: Scene) -> None:
    """The same namespace, name and labels in both, one Avi and one store: each rotates and deletes
    its own accounts alone."""
    a = Accounts(s)
    await a.lives(**SHORT)
    pool = s.story_bed.bed.workloads
    api = await pool.open("second", NAME)
    options = KubeletOptions(ako_program=AkoProgram.AKOSIM, restart_seconds=0.05)
    kubelet = FakeKubelet(api.kubeconfig, [NodeSpec("second")], options=options)
    await kubelet.start()
    try:
        async with second.opened(s.story_bed, PLUGINS) as other:
            config = f"{s.config}-b"
            await setting.configure(other.api, s.avi, config, s.labels, **SHORT, **a.own())
            await other.put(s.namespace, api.kubeconfig, s.labels)
            record = await setting.record_of(other.api, s.namespace, NAME)
            name = record["metadata"]["name"]
            assert name != s.record_name
            await other.api.wait_for(RECORD, None, name, is_used, SECONDS)
            async with setting.reading(api.kubeconfig) as workload:
                await traffic.serve(workload, traffic.NAMESPACE, "second.example.com")
            await neighbours.served(s.avi, name)
            s.remember()
            theirs = s.avi.of(name)
            async with a.watched(starts=1):
                await a.rotate()
                await a.rotated(1)
            await a.ends()
            assert s.avi.of(name) == theirs
            assert (await a.vault.record(name))["active"]["sequence"] == 1
            living = await other.api.get(RECORD, None, name)
            assert living["status"]["phase"] == "Running"
    finally:
        await kubelet.stop()
        await pool.close("second", NAME)


@proof
@solo
async def test_moved_by_clusterctl(s: Scene) -> None:
    """At the target the account goes on without a start of AKO, and is rotated there. It is taken
    away once a person has handed it over."""
    a = Accounts(s)
    await a.lives(**SHORT)
    async with _moved(s) as other:
        record = s.record_name

        async def until(accept: Callable[[Object | None], object]) -> Object:
            return await other.api.wait_for(RECORD, None, record, accept, SECONDS) or {}

        async with a.watched(starts=0):
            await until(lambda obj: condition(obj or {}, "Ready").get("status") == "True")
        async with a.watched(starts=1):
            await _annotate(other.api, record, **{"tenancy.akoo.io/rotate": "requested"})
            await until(lambda obj: is_used(obj, above=1))
        pair = await a.pair()
        assert a.users() == [pair.username]
        a.untouched()
        await other.api.delete(CLUSTER, s.namespace, NAME)
        await until(lambda obj: condition(obj or {}, "Held").get("reason") == "ClaimedElsewhere")
        assert a.valid(pair), "nothing is taken away before the hand-over"
        former = (await s.api.get("v1/Namespace", None, "kube-system"))["metadata"]["uid"]
        await _annotate(other.api, record, **{"akoo.io/adopt": former})
        finished = await until(lambda obj: obj and obj["status"].get("phase") == "Finished")
        assert finished["spec"]["leaving"]["letGo"]["why"] == "Proven"
        assert s.avi.of(s.x) == []
        await a.buried()
        a.untouched()


@contextlib.asynccontextmanager
async def _moved(s: Scene) -> AsyncIterator[second.Second]:
    """The Cluster, its record and its config are in a second management cluster, not here."""
    async with second.opened(s.story_bed, PLUGINS) as other:
        await setting.copy_config(s.api, other.api, s.config)
        kubeconfig = s.story_bed.bed.workloads.server(s.namespace, NAME).server.kubeconfig
        record = await s.record()
        await s.leaves_for_move()
        assert s.avi.marked(s.x), "nothing outside was touched"
        await _create(other.api, record)
        await other.put(s.namespace, kubeconfig, s.labels)
        yield other


async def _restore(api: kubeapi.KubeApi, record: Object) -> None:
    """The record as it was saved; its finalizers would hold the one that is there."""
    name = record["metadata"]["name"]
    await api.delete(RECORD, None, name)
    await api.patch(RECORD, None, name, {"metadata": {"finalizers": []}})
    await api.wait_for(RECORD, None, name, lambda obj: obj is None, SECONDS)
    kept = {"name": name, "labels": record["metadata"]["labels"]}
    kept |= {"finalizers": record["metadata"].get("finalizers", [])}
    rest = {key: record[key] for key in ("apiVersion", "kind", "spec")}
    await api.create({**rest, "metadata": kept})


async def _create(api: kubeapi.KubeApi, record: Object) -> None:
    """The record as clusterctl makes it at the target."""
    metadata = {"name": record["metadata"]["name"], "labels": record["metadata"]["labels"]}
    rest = {key: record[key] for key in ("apiVersion", "kind", "spec")}
    await api.create({**rest, "metadata": metadata})


async def _annotate(api: kubeapi.KubeApi, name: str, **words: str) -> None:
    await api.patch(RECORD, None, name, {"metadata": {"annotations": words}})
