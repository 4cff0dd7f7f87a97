"""Takes our finalizer off an AKODeploymentConfig that is being deleted, once nobody needs it.

Observes ADCs and the records that name them; writes the ADC's finalizers. A record needs its config
until it is orphaned, let go or finished: what leaving needs is in the record itself, but only under
the finalizer is a deletion seen at all, rather than an absence.
"""

from __future__ import annotations

import logging

from akoo_core.api import names, record
from akoo_core.kube import errors
from akoo_core.kube import resource as resources
from akoo_core.reconcile.controller import Outcome
from akoo_core.reconcile.finalizers import Finalizers
from akoo_core.reconcile.world import World

_log = logging.getLogger(__name__)


class ConfigReconciler:
    """Reconciles ADCs by name: on a change of the ADC, and of any record that names it."""

    def __init__(self, world: World, finalizers: Finalizers) -> None:
        self._world = world
        self._finalizers = finalizers

    async def reconcile(self, name: str, attempt: int) -> Outcome:
        """One attempt. Raises KubeError, when the queue backs off."""
        del attempt
        found = next((one for one in self._world.configs() if one.name == name), None)
        if found is None or not found.deleting:
            return Outcome(None, changed=False)
        if names.FINALIZER not in (found.raw["metadata"].get("finalizers") or ()):
            return Outcome(None, changed=False)
        if any(needs(one, found.uid) for one in self._world.records_of_config(name)):
            return Outcome(None, changed=False)
        try:
            await self._finalizers.remove(
                resources.AKO_DEPLOYMENT_CONFIGS, names.FINALIZER, name, None, uid=found.uid
            )
        except errors.ConflictError:
            return Outcome(1.0, changed=False)
        _log.info("AKODeploymentConfig let go", extra={"config": name})
        return Outcome(None, changed=True)


def needs(one: record.Record, config_uid: str) -> bool:
    """Whether the record still lives by this config. Pure."""
    spec = one.spec
    if spec.config_ref.uid != config_uid or spec.finished_at is not None:
        return False
    gone = spec.leaving is not None and spec.leaving.let_go is not None
    return spec.orphaned is None and not gone
