"""The status of an AKODeploymentConfig through the real CRD, beside what others say there."""

from __future__ import annotations

from typing import Any

from akoo_core.kube import finalizers
from akoo_core.kube import resource as resources
from akoo_core.objects import config, record
from akoo_core.reconcile import config_controller
from akoo_core.reconcile.read.ancestor import Ancestor
from akoo_core.reconcile.status import config_status
from tests.component.reconcile import reconcile_real

CONFIGS = resources.AKO_DEPLOYMENT_CONFIGS


class Seen:
    """One config as last read, and how many it serves."""

    def __init__(self) -> None:
        self.object: dict[str, Any] | None = None
        self.served = config_status.ServedCounts(0, 0)

    def config_object(self, name: str) -> dict[str, Any] | None:
        return self.object

    def served_by(self, config_uid: str) -> config_status.ServedCounts:
        return self.served

    def records_of_config(self, name: str) -> tuple[record.Record, ...]:
        return ()


async def test_what_is_said_is_kept_and_said_once(real: reconcile_real.Real) -> None:
    await real.seed()
    name, seen = real.suffix, Seen()
    former = {"type": "Former", "status": "True", "severity": "Info"}
    old = {"type": "Ready", "status": "True", "lastTransitionTime": "2020-01-01T00:00:00Z"}
    before = {"status": {"conditions": [former, old]}}
    created = await real.user.merge_patch(CONFIGS, name, before, subresource="status")
    reconciler = config_controller.ConfigReconciler(
        real.client,
        seen,
        finalizers.Finalizers(real.client),
        real.clock,
        ancestor=Ancestor(real.client, "akoo-system", resources.CLUSTERS),
    )

    async def look(served: config_status.ServedCounts) -> bool:
        seen.object, seen.served = await real.user.get(CONFIGS, name), served
        return (await reconciler.reconcile(name, 0)).changed

    for served in (config_status.ServedCounts(0, 0), config_status.ServedCounts(41, 40)):
        assert await look(served) is True
        assert await look(served) is False
        stored = await real.user.get(CONFIGS, name)
        assert (stored["status"]["clusters"], stored["status"]["ready"]) == served
    assert stored["spec"] == created["spec"]
    assert stored["metadata"]["generation"] == created["metadata"]["generation"]
    by_type = {condition["type"]: condition for condition in stored["status"]["conditions"]}
    assert by_type["Former"] == former
    assert (by_type["Ready"]["status"], by_type["Ready"]["reason"]) == ("True", "Usable")
    assert config.from_object(stored).generation == stored["status"]["observedGeneration"]
