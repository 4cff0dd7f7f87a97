"""The arguments of verbs that act: a view, and the means for one call."""

from __future__ import annotations

import logging

from opentelemetry import trace

from akoo_core import clock, external, structs
from akoo_core.contract.means import ConfigMapReader, Keep, LoginMemory, SecretReader, ThreadPool
from akoo_core.contract.view import View
from akoo_core.kube import client
from akoo_core.objects import record


class VerbContext(structs.Struct, frozen=True, kw_only=True):
    """The argument of an async verb: the view and the means to act, for this one call."""

    view: View
    plugin: str
    clock: clock.Clock
    external: external.External
    """Opens every outside call: ``async with ctx.external.call("avi", "GET cloud", ...)``."""
    workload: client.KubeClient | None
    """The workload cluster; None when it cannot be reached, is not ours, or was let go."""
    workload_silent_seconds: float
    """Seconds since the workload API stopped answering; 0.0 while it answers."""
    secrets: SecretReader
    threads: ThreadPool
    tracer: trace.Tracer
    log: logging.LoggerAdapter[logging.Logger]
    shared: client.KubeClient | None = None
    """The management cluster, for reading only, limited to the kinds that the plugin's own
    controllers watch and to its ``reads``. None for a plugin without both."""
    logins: LoginMemory | None = None
    """Refused logins, remembered beyond this process. None: they are not kept."""
    keep: Keep | None = None
    """Secrets of the plugin in the operator's namespace. None for a plugin without ``keeps``."""
    config_maps: ConfigMapReader | None = None
    """ConfigMaps of the operator's namespace. None for a plugin without ``reads_config_maps``."""


class SecretContext(structs.Struct, frozen=True, kw_only=True):
    """The means of open_secret, for this one call."""

    plugin: str
    record_name: str
    """The record whose workload cluster gets the value; "" outside of any."""
    clock: clock.Clock
    external: external.External
    secrets: SecretReader
    threads: ThreadPool
    tracer: trace.Tracer
    log: logging.LoggerAdapter[logging.Logger]
    management_id: str = ""
    """Identity of this management cluster."""
    keep: Keep | None = None
    """As in VerbContext."""


class CheckContext(structs.Struct, frozen=True, kw_only=True):
    """The means of check: they belong to no cluster."""

    records: tuple[record.Record, ...]
    configs: tuple[structs.JSON, ...]
    """All AKODeploymentConfigs, whole."""
    management_id: str
    kube: client.KubeClient
    """Limited to the kinds that the plugin's own controllers watch, for reading."""
    clock: clock.Clock
    external: external.External
    secrets: SecretReader
    threads: ThreadPool
    tracer: trace.Tracer
    log: logging.LoggerAdapter[logging.Logger]
    logins: LoginMemory | None = None
    """As in VerbContext."""
    keep: Keep | None = None
    """As in VerbContext."""


class AuditContext(CheckContext, frozen=True, kw_only=True):
    """The means of audit and remove_stray."""

    tenants: tuple[str, ...] = ()
    """remove_stray: names or UUIDs of the tenants that the person named; (): none were named."""
