"""Builds the arguments of verbs: the view of one cluster, and the means of one call.

Plain construction: nothing is read and nothing is decided here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from typing import Any, NamedTuple

from opentelemetry import trace

from akoo_core import clock, external, settings, structs
from akoo_core.kube import client
from akoo_core.objects import cluster, record
from akoo_core.plugin import api
from akoo_core.plugin.errors import describe
from akoo_core.plugin_host import controllers, scoped_client
from akoo_core.plugin_host.secret_changes import SecretChanges


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
    try:
        return settings.decode(section, plugin.config_type, path=path)
    except structs.DecodeError:
        raise
    except Exception as error:  # A check of the plugin's own type may raise anything.
        raise structs.DecodeError(path, describe(error)) from error


def build_view(
    *,
    record_name: str,
    spec: record.RecordSpec,
    cluster: cluster.Cluster | None,
    config: structs.JSON,
    plugin: api.Plugin,
    awaited: tuple[str, ...] = (),
    sweep_tenants: tuple[str, ...] = (),
    annotations: Mapping[str, str] | None = None,
    kubernetes_version: str = "",
) -> api.View:
    """The view of one cluster for one plugin. Raises structs.DecodeError (see decode_config)."""
    return api.View(
        record_name=record_name,
        spec=spec,
        cluster=cluster,
        config=config,
        plugin_config=decode_config(plugin, config),
        awaited=awaited,
        sweep_tenants=sweep_tenants,
        annotations=dict(annotations or {}),
        kubernetes_version=kubernetes_version if plugin.needs_kubernetes_version else "",
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
    shared: client.KubeClient | None = None,
    logins: api.LoginMemory | None = None,
    keep: api.Keep | None = None,
    config_maps: api.ConfigMapReader | None = None,
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
        shared=shared,
        logins=logins,
        keep=keep,
        config_maps=config_maps,
    )


class Means(NamedTuple):
    """The means that all plugins of a process share."""

    clock: clock.Clock
    external: external.External
    secrets: Callable[[], api.SecretReader]
    """A reader for one attempt: it reads each Secret once."""
    threads: Callable[[str], api.ThreadPool]
    """The pool of a plugin, by its name."""
    management_id: str
    secret_changes: SecretChanges | None = None
    """None: Secrets are not watched."""
    logins: api.LoginMemory | None = None
    keep: Callable[[api.Plugin], api.Keep | None] = lambda _: None
    """The kept Secrets of a plugin; None for one that keeps none."""
    watch_namespace: str = ""
    """The only namespace whose Clusters are followed; "" for all."""


def build_controller_context(
    controller: controllers.Controller, means: Means, client: client.KubeClient, **subject: str
) -> api.ControllerContext:
    """The context of one reconcile, or of one run of a source; its log lines name plugin,
    controller and ``subject`` (the key, or the source).

    ``client`` is the whole management cluster; the context's is limited to the registration.
    """
    plugin, registration = controller
    name = f"akoo_core.plugin.{plugin.name}"
    fields = {"plugin": plugin.name, "controller": registration.name, **subject}
    return api.ControllerContext(
        kube=scoped_client.for_controller(client, plugin.name, registration),
        clock=means.clock,
        external=means.external,
        secrets=means.secrets(),
        threads=means.threads(plugin.name),
        tracer=trace.get_tracer(name),
        log=_Log(logging.getLogger(name), fields),
        management_id=means.management_id,
        logins=means.logins,
        keep=means.keep(plugin),
        watch_namespace=means.watch_namespace,
    )


def build_secret_context(
    plugin: api.Plugin, means: Means, *, record_name: str
) -> api.SecretContext:
    """The context of one call of open_secret; its log lines name plugin and record."""
    name = f"akoo_core.plugin.{plugin.name}"
    fields = {"plugin": plugin.name, "record": record_name}
    return api.SecretContext(
        plugin=plugin.name,
        record_name=record_name,
        clock=means.clock,
        external=means.external,
        secrets=means.secrets(),
        threads=means.threads(plugin.name),
        tracer=trace.get_tracer(name),
        log=_Log(logging.getLogger(name), fields),
        management_id=means.management_id,
        keep=means.keep(plugin),
    )


class Belongings(NamedTuple):
    """The objects of the management cluster that hooks of commands are asked about."""

    registered: Iterable[controllers.Controller]
    records: tuple[record.Record, ...]
    configs: tuple[structs.JSON, ...]


def build_check_context(
    plugin: api.Plugin, means: Means, client: client.KubeClient, belongings: Belongings
) -> api.CheckContext:
    """The context of check. ``client`` is the whole management cluster."""
    return api.CheckContext(**_of_command(plugin, means, client, belongings))


def build_audit_context(
    plugin: api.Plugin,
    means: Means,
    client: client.KubeClient,
    belongings: Belongings,
    *,
    tenants: tuple[str, ...] = (),
) -> api.AuditContext:
    """The context of audit and remove_stray. ``client`` is the whole management cluster."""
    return api.AuditContext(**_of_command(plugin, means, client, belongings), tenants=tenants)


def _of_command(
    plugin: api.Plugin, means: Means, client: client.KubeClient, belongings: Belongings
) -> dict[str, Any]:
    """The fields that the contexts of commands have in common."""
    name = f"akoo_core.plugin.{plugin.name}"
    own = [
        controller.registration
        for controller in belongings.registered
        if controller.plugin is plugin
    ]
    return {
        "records": belongings.records,
        "configs": belongings.configs,
        "management_id": means.management_id,
        "kube": scoped_client.for_reading(client, plugin.name, own),
        "clock": means.clock,
        "external": means.external,
        "secrets": means.secrets(),
        "threads": means.threads(plugin.name),
        "tracer": trace.get_tracer(name),
        "log": _Log(logging.getLogger(name), {"plugin": plugin.name}),
        "logins": means.logins,
        "keep": means.keep(plugin),
    }


class _Log(logging.LoggerAdapter[logging.Logger]):
    """Adds our fields to those of the call. (The standard adapter drops the call's own.)"""

    def process(
        self, msg: object, kwargs: MutableMapping[str, Any]
    ) -> tuple[object, MutableMapping[str, Any]]:
        return msg, {**kwargs, "extra": {**(kwargs.get("extra") or {}), **(self.extra or {})}}
