"""Groups of commands that plugins bring: they are called with clients that cannot write.

A command that ``writes`` gets one client that can: that of the management cluster, after a person
has confirmed."""

from __future__ import annotations

import functools
import os
import pathlib
from collections.abc import Awaitable, Callable
from typing import Any

import click

from akoo_core import errors, external, settings, structs
from akoo_core.cli import completing, config_problems, fleet, management, operating, options
from akoo_core.cli.annotate import of_plugins, write
from akoo_core.cli.uninstall import running_operator
from akoo_core.kube import client, discovery, resource
from akoo_core.manifests import packaged
from akoo_core.objects import cluster as clusters
from akoo_core.objects.cluster import Cluster
from akoo_core.plugin.commands import (
    CommandAnswer,
    CommandContext,
    CommandGroup,
    OperatorState,
    PluginCommand,
    Reachability,
)
from akoo_core.plugin_host import loader, registry
from akoo_core.plugin_host.offers import Offer
from akoo_core.reconcile.act.services import Services
from akoo_core.reconcile.read import pace, workload

Run = Callable[[CommandContext], Awaitable[CommandAnswer]]


def made(offer: Offer, group: CommandGroup) -> click.Group:
    """The click group of ``group``."""
    commands = {command.name: _command(offer, command) for command in group.commands}
    for annotation in group.annotations:
        commands[annotation.name] = of_plugins.made(offer, annotation, name=annotation.name)
    return options.SuggestingGroup(name=offer.command, help=group.help, commands=commands)


def _command(offer: Offer, command: PluginCommand) -> click.Command:
    def ask(function: Run, values: dict[str, Any], seam: external.External | None) -> CommandAnswer:
        asking = _asking(offer, command, function, values)
        return management.run(values["kubeconfig"], asking, seconds=None, seam=seam)

    def call(**values: Any) -> int:
        if command.of_cluster:
            fleet.split(values["cluster"])  # A wrong form is refused before a server is asked.
        seam: external.External | None = _read_only()
        if command.writes:
            if command.preview is not None:
                seen = ask(command.preview, values, seam)
                if values["output"] != "json" or seen.exit_code:
                    _show(seen, values)
                if seen.exit_code:
                    return seen.exit_code
            write.confirm("Do this?", yes=values["yes"])
            seam = None
        answer = ask(command.run, values, seam)
        _show(answer, values)
        return answer.exit_code

    function = management.option(options.output(_config(call)))
    if command.of_cluster:
        cluster = click.argument(
            "cluster", metavar="NAMESPACE/NAME", shell_complete=completing.clusters
        )
        function = cluster(function)
    if command.writes:
        function = click.option("--yes", is_flag=True, help="Do not ask.")(function)
    return click.command(command.name, help=command.help)(function)


def _show(answer: CommandAnswer, values: dict[str, Any]) -> None:
    if values["output"] == "json":
        click.echo(structs.encode_json(answer.data))
        return
    for line in answer.lines:
        click.echo(line)


def _config(command: Callable[..., int]) -> Callable[..., int]:
    return click.option(
        "--config",
        type=click.Path(path_type=pathlib.Path),
        envvar="AKOO_CONFIG",
        show_envvar=True,
        help="The operator's settings, a YAML file.",
    )(command)


def _read_only() -> external.External:
    return external.External(guard=external.ReadOnly())


def _asking(
    offer: Offer, command: PluginCommand, function: Run, values: dict[str, Any]
) -> Callable[[client.KubeClient], Awaitable[CommandAnswer]]:
    """The coroutine that reads all that the command gets, and calls it."""

    async def ask(kube: client.KubeClient) -> CommandAnswer:
        read = settings.load(values["config"], os.environ, {"enabledPlugins": offer.plugin})
        plugin = loader.make(offer.plugin, read)
        await plugin.close()
        # No plugin is asked anything here, so that none has to be complete.
        loaded = operating.OperatorParts(read.settings, registry.PluginSet(()), ())
        async with operating.services(kube, loaded, loaded.seam(external.ReadOnly())) as services:
            cluster = await _cluster(kube, values["cluster"]) if command.of_cluster else None
            turn = pace.Turn(services.pace, cluster.uid) if cluster is not None else None
            configs = await _own(kube, resource.AKO_DEPLOYMENT_CONFIGS)
            try:
                reached = await _reached(services, cluster, turn)
                return await function(
                    CommandContext(
                        kube=kube,
                        clock=services.clock,
                        settings=plugin.settings,
                        management_id=services.management_id,
                        records=fleet.decoded(await _own(kube, resource.AKO_DEPLOYMENTS)).known,
                        configs=tuple(configs),
                        config_problems=config_problems.problems(configs),
                        operator=await _operator(kube, command, read.settings),
                        definitions=packaged.read(packaged.core_folder("crds")),
                        reach=functools.partial(_reachability, services),
                        cluster=cluster,
                        workload=reached.client,
                        unreached=reached.message,
                    )
                )
            finally:
                if turn is not None:
                    turn.end()

    return ask


async def _own(kube: client.KubeClient, kind: resource.Resource) -> list[client.Object]:
    """All objects of a kind of ours; [] where its definition is not there, as before an
    installation."""
    try:
        return await fleet.listed(kube, kind)
    except errors.PrerequisiteError:
        return []


async def _operator(
    kube: client.KubeClient, command: PluginCommand, read: settings.Settings
) -> OperatorState:
    """The operator. A command that only reads needs no right to read its Lease."""
    operator = OperatorState(namespace=read.operator_namespace)
    if not command.writes:
        return operator
    lease = running_operator.Lease(read.operator_namespace, read.leader_election.lease_name)
    try:
        holder = await running_operator.holder(kube, lease, fleet.now())
    except errors.InputError:
        holder = ""  # There is no Lease: it never ran, or elects no leader.
    return structs.replace(operator, holder=holder)


async def _reachability(services: Services, obj: structs.JSON) -> Reachability:
    cluster = clusters.from_object(obj)
    turn = pace.Turn(services.pace, cluster.uid)
    try:
        reached = await _reached(services, cluster, turn)
    finally:
        turn.end()
    await services.workloads.forget(cluster.uid)
    return Reachability(reason=reached.reason, message=reached.message)


async def _cluster(kube: client.KubeClient, key: str) -> Cluster:
    """The Cluster of that key. Raises InputError."""
    cluster = await fleet.cluster_at(kube, *fleet.split(key))
    if cluster is None:
        objects = await fleet.listed(kube, await discovery.clusters(kube))
        there = [f"{obj['metadata']['namespace']}/{obj['metadata']['name']}" for obj in objects]
        raise errors.InputError(f"there is no Cluster {key}.{fleet.near(key, there)}")
    return cluster


async def _reached(
    services: Services, cluster: Cluster | None, turn: pace.Turn | None
) -> workload.Reached:
    if cluster is None or turn is None:
        return workload.Reached(None, "")
    return await workload.reach(
        services.workloads, namespace=cluster.namespace, name=cluster.name, turn=turn
    )
