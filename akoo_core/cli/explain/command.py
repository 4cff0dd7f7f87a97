"""`akoo-core explain NAMESPACE/NAME`: explains the state of a cluster, and what to do about it."""

from __future__ import annotations

import datetime
import pathlib
from collections.abc import Iterator
from typing import NamedTuple

import click

from akoo_core import structs
from akoo_core.cli import completing, fleet, management, options
from akoo_core.cli.explain import selection as explain_selection
from akoo_core.cli.explain import text
from akoo_core.kube import client
from akoo_core.objects import names
from akoo_core.objects.cluster import Cluster
from akoo_core.objects.record import Record
from akoo_core.reconcile.decide import selection, user_annotations


@click.command()
@click.argument("cluster", metavar="NAMESPACE/NAME", shell_complete=completing.clusters)
@options.output
@management.option
def explain(cluster: str, output: str, kubeconfig: pathlib.Path | None) -> None:
    """Show which config manages a cluster and why, what is wrong, and what to do next."""
    namespace, name = fleet.split(cluster)
    facts = management.run(kubeconfig, lambda kube: ask(kube, namespace, name))
    if output == "json":
        click.echo(structs.encode_json(plain(facts, fleet.now())))
        return
    for line in lines(facts, fleet.now()):
        click.echo(line)


class Facts(NamedTuple):
    """A Cluster, its records and all configs."""

    key: str
    cluster: Cluster | None
    records: tuple[Record, ...]
    configs: fleet.Configs

    def own(self, record: Record) -> Cluster | None:
        """The Cluster, unless the record belongs to a former Cluster of its name."""
        same = self.cluster is not None and self.cluster.uid == record.spec.cluster_ref.uid
        return self.cluster if same else None

    @property
    def current(self) -> Record | None:
        """The record that is not finished."""
        return next((record for record in self.records if not record.spec.finished_at), None)

    def choice(self, cluster: Cluster) -> selection.Choice:
        """The config for the Cluster, and the others."""
        return selection.choose(
            cluster,
            self.configs.known,
            unreadable=self.configs.unreadable,
            current=self.current.spec.config_ref.name if self.current else "",
        )


async def ask(kube: client.KubeClient, namespace: str, name: str) -> Facts:
    """Read all facts. Raises InputError when there is neither Cluster nor record."""
    key = f"{namespace}/{name}"
    mine = fleet.of_cluster(await fleet.records(kube), key)
    cluster = await fleet.cluster_at(kube, namespace, name)
    if cluster is None and not mine:
        raise await fleet.unknown(kube, key)
    return Facts(key, cluster, mine, await fleet.configs(kube))


def lines(facts: Facts, now: datetime.datetime) -> Iterator[str]:
    """The answer in lines. Pure."""
    cluster, served = facts.cluster, False
    if cluster is not None:
        choice = facts.choice(cluster)
        served = choice.config is not None
        yield from _selected(facts, cluster, choice)
    else:
        yield f"Cluster {facts.key} is gone; its record says:"
    for record in facts.records:
        own = facts.own(record)
        if cluster is not None and own is None:
            yield f"of a former Cluster {facts.key} ({record.spec.cluster_ref.uid}):"
        yield from text.lines(record, own, now)
    if cluster is not None and not facts.records and served:
        yield _without_record(cluster)


def plain(facts: Facts, now: datetime.datetime) -> structs.JSON:
    """The same for programs. ``config`` is null where none was chosen. Pure."""
    choice = facts.choice(facts.cluster) if facts.cluster is not None else selection.Choice()
    return {
        "cluster": facts.key,
        "present": facts.cluster is not None,
        "config": choice.config.name if choice.config else None,
        "why": choice.why,
        "losers": [{"name": loser.name, "why": loser.why} for loser in choice.losers],
        "unusable": list(choice.problems),
        "records": [text.plain(record, facts.own(record), now) for record in facts.records],
    }


def _selected(facts: Facts, cluster: Cluster, choice: selection.Choice) -> Iterator[str]:
    if choice.config is None:
        configs = facts.configs
        yield from explain_selection.unmanaged(
            cluster, choice.why, configs.known, configs.unreadable
        )
        return
    leave = user_annotations.read(facts.current.annotations).leave if facts.current else ""
    if leave:
        yield (
            f'{cluster.key} would be managed by AKODeploymentConfig "{choice.config.name}", but '
            f"its record says {names.LEAVE_ANNOTATION}={leave}."
        )
        return
    yield from explain_selection.managed(cluster, choice.config, choice.losers)


def _without_record(cluster: Cluster) -> str:
    """The reason why a selected Cluster has no record (yet)."""
    if cluster.paused:
        return "It has no record: the Cluster is paused, and nothing is done until that ends."
    if cluster.deleting:
        return "It has no record: it is being deleted and was never served."
    return "It has no record yet: the operator has not seen it yet, or is not running."
