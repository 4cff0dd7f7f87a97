"""The view of one cluster that the pure verbs get."""

from __future__ import annotations

from typing import Any

from akoo_core import structs
from akoo_core.contract.facts import F
from akoo_core.objects import cluster, record


class View(structs.Struct, frozen=True, kw_only=True):
    """One cluster as the pure verbs see it: values only."""

    record_name: str
    spec: record.RecordSpec
    cluster: cluster.Cluster | None
    """None once the Cluster object is gone."""
    config: structs.JSON
    """The AKODeploymentConfig, whole; {} once it is gone."""
    plugin_config: Any = None
    """``spec.plugins.<name>`` of the config, decoded as the plugin's ``config_type``."""
    awaited: tuple[str, ...] = ()
    """Names of the facts that this plugin accepts, and that a selected plugin provides but has
    neither given nor declined yet. Wait for them where the answer depends on one."""
    sweep_tenants: tuple[str, ...] = ()
    """Names or UUIDs of the outside tenants in which a person lets objects be swept
    (``akoo.io/sweep-tenants``); (): nobody named any."""
    annotations: dict[str, str] = {}
    """The values of the annotations ``<plugin>.akoo.io/<name>`` of the record, by ``<name>``: those
    that the plugin declares and whose value is right. Name one in ``consumed`` once it is handled,
    or it is seen again."""
    kubernetes_version: str = ""
    """The version that the workload API server says (``v1.34.2``; ``v1.34+`` where it says no exact
    minor), for a plugin with ``needs_kubernetes_version``: always known to ``contribute`` before
    anything is written. "" while it was not read."""
    held: bool = False
    """observe: nothing but ``held`` of the contribution keeps it from being written."""

    def fact(self, kind: type[F]) -> F | None:
        """The fact of that kind, or None while its provider has not given it, or declines it."""
        stored = self.spec.facts.get(kind.fact_name)
        if stored is None or stored.version != kind.fact_version:
            return None
        return structs.convert(stored.data, kind, path=kind.fact_name)

    def intent(self, plugin: str) -> record.StoredIntent | None:
        """The intent of the plugin, as stored before anything was touched."""
        return self.spec.intents.get(plugin)
