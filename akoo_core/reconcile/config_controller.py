"""Writes the status of each AKODeploymentConfig, and lets a deleted one go once nobody needs it.

Observes ADCs and the records that name them; writes the ADC's status and finalizers, never its
spec. A record needs its config until it is orphaned, let go or finished. Leaving needs only the
record, but without the finalizer a deletion would look like an absence.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from opentelemetry import trace

from akoo_core import structs
from akoo_core.clock import Clock
from akoo_core.kube import errors
from akoo_core.kube import resource as resources
from akoo_core.kube.client import KubeClient
from akoo_core.kube.finalizers import Finalizers
from akoo_core.objects import names
from akoo_core.plugin import api
from akoo_core.reconcile.read.ancestor import Ancestor
from akoo_core.reconcile.read.caches import ConfigWorld
from akoo_core.reconcile.record_controller import Outcome
from akoo_core.reconcile.status import config_status

STATUS_FIELD_MANAGER = "akoo-core-status"
"""Not the manager of metadata, so that one apply does not remove the other's fields."""
MIN_INTERVAL_SECONDS = 5.0
"""Between two attempts on one config: hundreds of clusters that come up are a handful of writes."""
ANCESTOR_SECONDS = 30.0
"""Interval at which a config is looked at that only the finalizer of the Go ancestor holds."""
_CONFIGS = resources.AKO_DEPLOYMENT_CONFIGS

_log = logging.getLogger(__name__)


class ConfigReconciler:
    """Reconciles ADCs by name: on a change of the ADC, and of any record that names it."""

    def __init__(
        self,
        client: KubeClient,
        world: ConfigWorld,
        finalizers: Finalizers,
        clock: Clock,
        *,
        ancestor: Ancestor,
        plugins: Sequence[api.Plugin] = (),
    ) -> None:
        self._client = client
        self._world = world
        self._finalizers = finalizers
        self._clock = clock
        self._ancestor = ancestor
        self._plugins = plugins

    async def reconcile(self, name: str, retries: int) -> Outcome:
        """Make one attempt. Raises KubeError; the queue backs off then."""
        del retries
        outcome = Outcome(None, changed=False)
        obj = self._world.config_object(name)
        if obj is not None:
            try:
                outcome = await self._attempt(obj)
            except errors.ConflictError:
                outcome = Outcome(1.0, changed=False)
        trace.get_current_span().set_attribute("akoo.idle", not outcome.changed)
        return outcome

    async def _attempt(self, obj: structs.JSON) -> Outcome:
        if not self._may_go(obj):
            return Outcome(None, await self._write_status(obj))
        present = obj["metadata"]["finalizers"]
        changed = names.FINALIZER in present and await self._let_go(obj, names.FINALIZER)
        if names.ANCESTOR_FINALIZER not in present:
            return Outcome(None, changed)
        if await self._stands_for_ours(obj["metadata"]["name"]):
            return Outcome(None, await self._let_go(obj, names.ANCESTOR_FINALIZER))
        return Outcome(ANCESTOR_SECONDS, await self._write_status(obj) or changed)

    async def _stands_for_ours(self, name: str) -> bool:
        """The ancestor was stopped, and no Cluster needs this config for its clean-up."""
        if not await self._ancestor.stopped():
            return False
        return not await self._ancestor.holds_clusters(name)

    def _may_go(self, obj: structs.JSON) -> bool:
        """It is being deleted, and no record needs it."""
        metadata = obj["metadata"]
        if "deletionTimestamp" not in metadata:
            return False
        ours = {names.FINALIZER, names.ANCESTOR_FINALIZER}
        if ours.isdisjoint(metadata.get("finalizers") or ()):
            return False
        naming = self._world.records_of_config(metadata["name"])
        return not any(config_status.needs(record, metadata["uid"]) for record in naming)

    async def _let_go(self, obj: structs.JSON, finalizer: str) -> bool:
        name, uid = obj["metadata"]["name"], obj["metadata"]["uid"]
        await self._finalizers.remove(_CONFIGS, finalizer, name, None, uid=uid)
        _log.info("AKODeploymentConfig let go", extra={"config": name, "finalizer": finalizer})
        return True

    async def _write_status(self, obj: structs.JSON) -> bool:
        """Write the status if it changed. Does nothing if the config is gone by now."""
        name, uid = obj["metadata"]["name"], obj["metadata"]["uid"]
        served = self._world.served_by(uid)
        wanted = config_status.status_of(obj, served, now=self._clock.now(), plugins=self._plugins)
        if not config_status.differs(obj, wanted):
            return False
        body = {
            "apiVersion": _CONFIGS.api_version,
            "kind": _CONFIGS.kind,
            "metadata": {"name": name, "uid": uid},
            "status": structs.to_object(wanted),
        }
        try:
            await self._client.apply(
                _CONFIGS, body, field_manager=STATUS_FIELD_MANAGER, subresource="status"
            )
        except errors.NotFoundError:
            return False
        return True
