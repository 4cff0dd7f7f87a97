"""`akoo-core explain NAMESPACE/NAME`: why a cluster is as it is, and what to do about it."""

from __future__ import annotations

import datetime
import pathlib
from collections.abc import Iterator

import click

from akoo_core.api import cluster as cluster_
from akoo_core.api import record
from akoo_core.cli import explaining, fleet, management, selecting
from akoo_core.kube import client
from akoo_core.reconcile import selection


@click.command()
@click.argument("cluster", metavar="NAMESPACE/NAME")
@management.option
def explain(cluster: str, kubeconfig: pathlib.Path | None) -> None:
    """Say which config manages a cluster and why, what is wrong, and what to do next."""
    namespace, name = fleet.split(cluster)
    for line in management.run(kubeconfig, lambda kube: told(kube, namespace, name, fleet.now())):
        click.echo(line)


async def told(
    kube: client.KubeClient, namespace: str, name: str, now: datetime.datetime
) -> list[str]:
    """The answer. Raises InputError when there is neither Cluster nor record."""
    key = f"{namespace}/{name}"
    mine = fleet.of_cluster(await fleet.records(kube), key)
    target = await fleet.cluster_at(kube, namespace, name)
    if target is None and not mine:
        raise await fleet.unknown(kube, key)
    configs = await fleet.configs(kube)
    said: list[str] = []
    if target is not None:
        said += _selected(target, mine, configs)
    else:
        said.append(f"Cluster {key} is gone; this is what its record says.")
    for one in mine:
        own = target if target is not None and target.uid == one.spec.cluster_ref.uid else None
        if target is not None and own is None:
            said.append(f"of a former Cluster {key} ({one.spec.cluster_ref.uid}):")
        said += explaining.lines(one, own, now)
    if target is not None and not mine:
        said += _without_record(target, said)
    return said


def _selected(
    target: cluster_.Cluster, mine: tuple[record.Record, ...], configs: fleet.Configs
) -> Iterator[str]:
    current = next((one.spec.config_ref.name for one in mine if not one.spec.finished_at), "")
    choice = selection.choose(target, configs.known, unreadable=configs.unreadable, current=current)
    if choice.config is None:
        yield from selecting.unmanaged(target, choice.why, configs.known, configs.unreadable)
        return
    yield from selecting.managed(target, choice.config, choice.losers)


def _without_record(target: cluster_.Cluster, said: list[str]) -> Iterator[str]:
    """A Cluster that is selected and has no record (yet)."""
    if "is managed by" not in said[0]:
        return
    if target.paused:
        yield "It has no record: the Cluster is paused, and nothing is done before that ends."
    elif target.deleting:
        yield "It has no record: it is being deleted and was never served."
    else:
        yield "It has no record yet: the operator has not looked at it, or does not run."
