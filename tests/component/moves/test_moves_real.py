"""clusterctl moves a namespace between two real management API servers, and back."""

from __future__ import annotations

import pytest
from akoo_testbed import background, waiting

from akoo_core.kube import resource as resources
from akoo_core.objects import names, record
from tests.component.moves import moves_bed, moves_plugins
from tests.component.moves.conftest import Open

pytestmark = [pytest.mark.bed, pytest.mark.xdist_group("moves")]
Started = tuple[background.LoopThread, moves_bed.MovesBed]


async def test_there_and_back_and_deleted(
    started: Started, outside: moves_plugins.Outside, opened: Open, moved_namespace: str
) -> None:
    loop, servers = started
    alpha, beta = await opened("alpha"), await opened("beta")
    assert alpha.management_id != beta.management_id
    await alpha.start()
    await beta.start()
    name = await alpha.cluster(moved_namespace, servers.servers["alpha"].kubeconfig)
    before = await alpha.ready(name)
    assert outside.journal == [f"claim {name} {alpha.management_id}/1"]
    outside.journal.clear()

    await loop.call(servers.move("alpha", "beta", moved_namespace))
    await alpha.until(name, lambda obj: obj is None, "dropped at the source")
    await beta.initialized(moved_namespace)
    after = await beta.ready(name)
    target = await beta.find_cluster(moved_namespace)
    assert target is not None
    assert after.spec.cluster_ref.uid == target["metadata"]["uid"]
    assert after.spec.cluster_ref.uid != before.spec.cluster_ref.uid
    kept = ("ako_cluster_name", "management_id", "epoch", "intents", "workload")
    assert [getattr(after.spec, field) for field in kept] == [
        getattr(before.spec, field) for field in kept
    ]
    assert names.FINALIZER in target["metadata"]["finalizers"]
    assert len((await beta.user.list(resources.AKO_DEPLOYMENTS)).items) == 1, "no second record"
    assert outside.journal == [], "nothing outside was touched"

    await beta.say(name, adopt=alpha.management_id)
    await beta.until(name, lambda obj: obj is not None and obj.spec.epoch == 2, "adopted")
    adopted = await beta.ready(name)
    assert adopted.spec.handover == record.Handover(management_id=alpha.management_id, epoch=1)
    assert names.ADOPT_ANNOTATION not in adopted.annotations
    await moved_claim(outside, f"claim {name} {beta.management_id}/2")

    await loop.call(servers.move("beta", "alpha", moved_namespace))
    await beta.until(name, lambda obj: obj is None, "dropped at the source")
    await alpha.initialized(moved_namespace)
    await alpha.ready(name)
    await alpha.deleted(moved_namespace)
    await alpha.held(name, "ClaimedElsewhere")
    assert outside.journal == [f"claim {name} {beta.management_id}/2"]
    await alpha.say(name, adopt=beta.management_id)
    await alpha.until(name, finished, "Finished")
    assert outside.journal[1:] == [
        f"claim {name} {alpha.management_id}/3",
        f"delete {name} vs",
        f"release {name}",
    ]
    assert await alpha.find_cluster(moved_namespace) is None


async def moved_claim(outside: moves_plugins.Outside, entry: str) -> None:
    async def there() -> bool:
        return outside.journal == [entry]

    await waiting.until(there, title=entry, seconds=30.0, every=0.05)


def finished(stored: record.Record | None) -> bool:
    return stored is not None and stored.status.phase == "Finished"
