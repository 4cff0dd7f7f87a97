"""Two management clusters and one Avi Controller."""

from __future__ import annotations

from akoo_testbed.kubelet import FakeKubelet, KubeletOptions, NodeSpec
from akoo_testbed.kubelet.options import AkoProgram

from tests.stories import neighbours, second, setting, story_bed, traffic
from tests.stories.scene import Scene
from tests.stories.setting import CLUSTER, NAME, RECORD, condition
from tests.stories.telling import proof, solo


@proof
@solo
async def test_two_management_clusters(s: Scene) -> None:
    """The same namespace, name and labels in both: two records, two claims, and one that goes."""
    await s.lives()
    pool = s.story_bed.bed.workloads
    api = await pool.open("second", NAME)
    options = KubeletOptions(ako_program=AkoProgram.AKOSIM, restart_seconds=0.05)
    kubelet = FakeKubelet(api.kubeconfig, [NodeSpec("second")], options=options)
    await kubelet.start()
    try:
        async with second.opened(s.story_bed, story_bed.PLUGINS) as other:
            await setting.configure(other.api, s.avi, f"{s.config}-b", s.labels)
            await other.put(s.namespace, api.kubeconfig, s.labels)
            record = await setting.record_of(other.api, s.namespace, NAME)
            name = record["metadata"]["name"]
            assert name != s.record_name
            await setting.running(other.api, name)
            async with setting.reading(api.kubeconfig) as workload:
                await traffic.serve(workload, traffic.NAMESPACE, "second.example.com")
            await neighbours.served(s.avi, name)
            s.remember()
            await s.delete()
            await s.ends()
            living = await other.api.get(RECORD, None, name)
            assert living["status"]["phase"] == "Running"
            assert s.avi.marked(name)
    finally:
        await kubelet.stop()
        await pool.close("second", NAME)


@proof
@solo
async def test_moved_and_deleted_there(s: Scene) -> None:
    """The Cluster moves, lives on there, and is taken away there once a person has said whose it
    is; here nothing outside is touched."""
    await s.lives()
    async with second.opened(s.story_bed, story_bed.PLUGINS) as other:
        await setting.copy_config(s.api, other.api, s.config)
        kubeconfig = s.story_bed.bed.workloads.server(s.namespace, NAME).server.kubeconfig
        record = await s.api.get(RECORD, None, s.record_name)
        await s.leaves_for_move()
        assert s.avi.marked(s.x), "nothing outside was touched"
        metadata = {"name": s.record_name, "labels": record["metadata"]["labels"]}
        moved = {"apiVersion": record["apiVersion"], "kind": record["kind"]}
        await other.api.create({**moved, "metadata": metadata, "spec": record["spec"]})
        await other.put(s.namespace, kubeconfig, s.labels)
        await other.api.wait_for(
            RECORD,
            None,
            s.record_name,
            lambda obj: obj and condition(obj, "Ready").get("status") == "True",
            60,
        )
        assert await _restarts(kubeconfig) == 0, "a move restarts no AKO"
        s.remember()
        await other.api.delete(CLUSTER, s.namespace, NAME)
        await other.api.wait_for(
            RECORD,
            None,
            s.record_name,
            lambda obj: obj and condition(obj, "Held").get("reason") == "ClaimedElsewhere",
            60,
        )
        assert s.avi.marked(s.x), "nothing is taken away before the hand-over"
        former = record["spec"]["managementId"]
        word = {"metadata": {"annotations": {"akoo.io/adopt": former}}}
        await other.api.patch(RECORD, None, s.record_name, word)
        adopted = await other.api.wait_for(
            RECORD,
            None,
            s.record_name,
            lambda obj: obj and obj["status"].get("phase") == "Finished",
            60,
        )
        assert adopted is not None
        leaving = adopted["spec"]["leaving"]
        assert leaving["letGo"]["why"] == "Proven", leaving
        assert adopted["spec"]["epoch"] == 2
        assert s.avi.of(s.x) == []
        s.untouched()


async def _restarts(kubeconfig: str) -> int:
    async with setting.reading(kubeconfig) as workload:
        pods = await workload.list("v1/Pod", "avi-system")
    statuses = [status for pod in pods for status in pod["status"]["containerStatuses"]]
    assert statuses
    return sum(status["restartCount"] for status in statuses)
