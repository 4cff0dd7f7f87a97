"""Commands of plugins for people: ``akoo-core <group> <command>``.

A command only reads, unless it says that it ``writes``. Then a person sees its ``preview`` and
confirms it first.

An entry point ``<plugin>.<group>`` of the group ``akoo_core.commands`` names a CommandGroup.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from akoo_core import clock, structs
from akoo_core.kube import client
from akoo_core.objects import cluster, record
from akoo_core.plugin import api


class Reachability(structs.Struct, frozen=True, kw_only=True):
    """The answer of ``CommandContext.reach``. Both texts are "" when the right API answered."""

    reason: str = ""
    """``KubeconfigMissing``, ``WorkloadUnreachable``, ..."""
    message: str = ""


class OperatorState(structs.Struct, frozen=True, kw_only=True):
    """The operator that belongs to the settings of a command."""

    namespace: str = "akoo-system"
    holder: str = ""
    """The process that holds its Lease now; "" for none, or where it elects no leader. Read for a
    command that ``writes`` alone."""


class CommandContext(structs.Struct, frozen=True, kw_only=True):
    """The means of a command. A write through one of its clients raises an error.

    ``kube`` of a command that ``writes`` is the exception."""

    kube: client.KubeClient
    """The management cluster, with the rights of the person."""
    clock: clock.Clock
    settings: Any
    """The plugin's settings (``settings_type``), as the operator's settings have them."""
    management_id: str
    records: tuple[record.Record, ...] = ()
    """All AKODeployments that can be read."""
    configs: tuple[structs.JSON, ...] = ()
    """All AKODeploymentConfigs, whole."""
    config_problems: Mapping[str, tuple[str, ...]] = {}
    """Sentences on what the core or the schema of akoo-core refuses, or would drop, in configs, by
    name. Rules of the schema in CEL are left out: only a server can judge them."""
    operator: OperatorState = OperatorState()
    """The operator, as the settings name it."""
    definitions: tuple[structs.JSON, ...] = ()
    """The core's own CustomResourceDefinitions, as they are installed."""
    reach: Callable[[structs.JSON], Awaitable[Reachability]] | None = None
    """Calls the workload cluster of a Cluster (the object), by its kubeconfig. None: it cannot."""
    cluster: cluster.Cluster | None = None
    """The Cluster that the person named; None for a command without one."""
    workload: client.KubeClient | None = None
    """The workload cluster of ``cluster``; None when it cannot be reached."""
    unreached: str = ""
    """The reason why ``workload`` is None, as a sentence."""


class CommandAnswer(structs.Struct, frozen=True, kw_only=True):
    """The output of a command. Never a secret."""

    lines: tuple[str, ...]
    """For ``--output text``."""
    data: structs.JSON
    """For ``--output json``."""
    exit_code: int = 0


class PluginCommand(structs.Struct, frozen=True, kw_only=True):
    """One command of a group."""

    name: str
    help: str
    """One sentence."""
    run: Callable[[CommandContext], Awaitable[CommandAnswer]]
    of_cluster: bool = False
    """It takes NAMESPACE/NAME of a Cluster."""
    writes: bool = False
    """It writes in the management cluster, after a confirmation (``--yes``)."""
    preview: Callable[[CommandContext], Awaitable[CommandAnswer]] | None = None
    """The answer that a person sees before the confirmation; it only reads.

    An exit code that is not 0 ends the command."""


class CommandGroup(structs.Struct, frozen=True, kw_only=True):
    """The commands of a plugin, below one word."""

    help: str
    commands: tuple[PluginCommand, ...]
    annotations: tuple[api.PluginAnnotation, ...] = ()
    """Requests to the plugin, each a command of its name. The plugin declares them, too."""
