"""Cluster API's webhooks are on, and its manager is down: nobody may write a Cluster."""

from __future__ import annotations

import pytest
from akoo_testbed import background, waiting

from akoo_core.kube import resource as resources
from akoo_core.objects import names
from tests.component.moves import moves_bed, moves_plugins
from tests.component.moves.conftest import Open

pytestmark = [pytest.mark.bed, pytest.mark.xdist_group("moves")]
PATIENCE_SECONDS = 90.0
"""More than the operator's longest pause between two tries, a minute and some jitter."""
Started = tuple[background.LoopThread, moves_bed.MovesBed]


async def test_letting_go_is_tried_until_the_manager_is_back(
    started: Started, outside: moves_plugins.Outside, opened: Open, moved_namespace: str
) -> None:
    loop, servers = started
    alpha = await opened("alpha")
    await alpha.start()
    name = await alpha.cluster(moved_namespace, servers.servers["alpha"].kubeconfig)
    await alpha.ready(name)
    await alpha.stop()
    await alpha.user.delete(resources.CLUSTERS, "shop", moved_namespace)
    manager = await loop.call(servers.webhooks("alpha"))
    try:
        await alpha.start()
        held = await alpha.held(name, "LetGoRefused")
        assert held.spec.leaving is not None
        assert held.spec.leaving.let_go is not None, "stored before it was tried"
        message = next(
            condition.message for condition in held.status.conditions if condition.type == "Held"
        )
        assert "tried again" in message
        assert "webhook" in message, "the message says who refuses"
        cluster = await alpha.find_cluster(moved_namespace)
        assert cluster is not None
        assert names.FINALIZER in cluster["metadata"]["finalizers"]
        await loop.call(manager.start())
        await loop.call(manager.ready())

        async def free() -> bool:
            live = await alpha.find_cluster(moved_namespace)
            return live is None or names.FINALIZER not in live["metadata"].get("finalizers", ())

        try:
            await waiting.until(free, title="letting go", seconds=PATIENCE_SECONDS, every=0.2)
        except TimeoutError:
            raise TimeoutError(f"not let go: {await alpha.find_record(name)}") from None
        await alpha.until(name, lambda obj: obj is not None and not_held(obj), "let go")
    finally:
        await loop.call(manager.stop())
        await loop.call(servers.no_webhooks("alpha"))


def not_held(error: object) -> bool:
    return "LetGoRefused" not in str(error)
