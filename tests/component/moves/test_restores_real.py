"""An API server whose etcd is that of yesterday, and a copy of it elsewhere."""

from __future__ import annotations

import pytest
from akoo_testbed import background

from akoo_core.objects import record
from tests.component.moves import moves_bed, moves_plugins, moves_side
from tests.component.moves.conftest import Open

pytestmark = [pytest.mark.bed, pytest.mark.xdist_group("moves")]
Started = tuple[background.LoopThread, moves_bed.MovesBed]


async def test_etcd_of_yesterday(
    started: Started, outside: moves_plugins.Outside, opened: Open, moved_namespace: str
) -> None:
    """Since the backup one Cluster was cleaned up and one was made."""
    loop, servers = started
    kubeconfig = servers.servers["alpha"].kubeconfig
    alpha = await opened("alpha")
    await alpha.start()
    kept = await alpha.cluster(moved_namespace, kubeconfig, "kept")
    gone = await alpha.cluster(moved_namespace, kubeconfig, "gone")
    before = [(await alpha.ready(name)).spec for name in (kept, gone)]
    yesterday = await loop.call(servers.keys("/alpha"))
    await alpha.deleted(moved_namespace, "gone")
    await alpha.until(gone, finished, "Finished")
    later = await alpha.cluster(moved_namespace, kubeconfig, "later")
    await alpha.ready(later)
    await alpha.close()
    outside.journal.clear()
    await loop.call(servers.restore("alpha", yesterday))

    restored = await opened("alpha", alpha.management_id)
    await restored.start()
    assert (await restored.ready(kept)).spec == before[0]
    lost = await restored.until(
        gone, lambda obj: obj is not None and moves_side.reason(obj, "AviReady") == "ClaimLost", ""
    )
    assert lost is not None
    assert lost.spec == before[1]
    assert outside.journal == [], "nothing was touched, and no claim made again"
    assert await restored.find_record(later) is None
    assert outside.claims[later] == (alpha.management_id, 1), (
        "it waits for its Cluster, or a person"
    )
    await restored.say(gone, adopt=alpha.management_id)
    await restored.ready(gone)
    assert outside.journal == [f"claim {gone} {alpha.management_id}/2"]


async def test_a_copy_restored_elsewhere_and_deleted_there(
    started: Started, outside: moves_plugins.Outside, opened: Open, moved_namespace: str
) -> None:
    """All of alpha's etcd in beta; there an id of its own is set, and the Cluster is deleted."""
    loop, servers = started
    alpha = await opened("alpha")
    await alpha.start()
    name = await alpha.cluster(moved_namespace, servers.servers["alpha"].kubeconfig)
    before = (await alpha.ready(name)).spec
    copied = await loop.call(servers.keys("/alpha"))
    await loop.call(servers.restore("beta", copied))
    outside.journal.clear()

    copy = await opened("beta", "the-copy")
    await copy.start()
    assert (await copy.ready(name)).spec == before, "it lives there as usual"
    await copy.deleted(moved_namespace)
    await copy.held(name, "ClaimedElsewhere")
    assert outside.journal == []
    assert (await alpha.ready(name)).spec == before

    await copy.say(name, adopt=before.management_id)
    await copy.until(name, finished, "Finished")
    assert outside.journal == [
        f"claim {name} the-copy/2",
        f"delete {name} vs",
        f"release {name}",
    ]
    assert await copy.find_cluster(moved_namespace) is None
    await alpha.deleted(moved_namespace)
    await alpha.held(name, "ClaimLost")
    assert len(outside.journal) == 3, "who was copied takes nothing away any more"


def finished(stored: record.Record | None) -> bool:
    return stored is not None and stored.status.phase == "Finished"
