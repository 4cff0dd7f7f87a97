"""Builds what verbs are given: the view of one cluster, and the means of one call.

Plain construction: nothing is read and nothing is decided here.
"""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from typing import Any

from opentelemetry import trace

from akoo_core import clock, external, settings, structs
from akoo_core.api import cluster, record
from akoo_core.kube import client
from akoo_core.plugins import api


def decode_config(plugin: api.Plugin, config: structs.JSON) -> structs.StrictStruct | None:
    """``spec.plugins.<name>`` of an AKODeploymentConfig, as the plugin's ``config_type``.

    None when the plugin has no such type, and when ``config`` is {}: it is gone. An absent section
    means the type's defaults. Raises structs.DecodeError with the path ``spec.plugins.<name>...``.
    """
    path = f"spec.plugins.{plugin.name}"
    if not config:
        return None
    section: Any = (config.get("spec") or {}).get("plugins") or {}
    section = section.get(plugin.name) or {}
    if plugin.config_type is None:
        if section:
            raise structs.DecodeError(path, f"plugin {plugin.name} has no configuration")
        return None
    return settings.decode(section, plugin.config_type, path=path)


def build_view(
    *,
    record_name: str,
    spec: record.RecordSpec,
    cluster: cluster.Cluster | None,
    config: structs.JSON,
    plugin: api.Plugin,
) -> api.View:
    """The view of one cluster for one plugin. Raises structs.DecodeError (see decode_config)."""
    return api.View(
        record_name=record_name,
        spec=spec,
        cluster=cluster,
        config=config,
        plugin_config=decode_config(plugin, config),
    )


def build_context(
    *,
    view: api.View,
    plugin: api.Plugin,
    clock: clock.Clock,
    external: external.External,
    workload: client.KubeClient | None,
    workload_silent_seconds: float,
    secrets: api.SecretReader,
    threads: api.ThreadPool,
) -> api.VerbContext:
    """The context of one call; its log lines name plugin, record and cluster."""
    name = f"akoo_core.plugin.{plugin.name}"
    ref = view.spec.cluster_ref
    fields = {
        "plugin": plugin.name,
        "record": view.record_name,
        "cluster": f"{ref.namespace}/{ref.name}",
    }
    return api.VerbContext(
        view=view,
        plugin=plugin.name,
        clock=clock,
        external=external,
        workload=workload,
        workload_silent_seconds=workload_silent_seconds,
        secrets=secrets,
        threads=threads,
        tracer=trace.get_tracer(name),
        log=_Log(logging.getLogger(name), fields),
    )


class _Log(logging.LoggerAdapter[logging.Logger]):
    """Adds our fields to those of the call. (The standard adapter drops the call's own.)"""

    def process(
        self, msg: object, kwargs: MutableMapping[str, Any]
    ) -> tuple[object, MutableMapping[str, Any]]:
        return msg, {**kwargs, "extra": {**(kwargs.get("extra") or {}), **(self.extra or {})}}
