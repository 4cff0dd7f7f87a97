"""`akoo-core explain NAMESPACE/NAME`: why a cluster is as it is, and what to do about it."""

from __future__ import annotations

import datetime
import pathlib
from collections.abc import Iterator
from typing import NamedTuple

import click

from akoo_core import structs
from akoo_core.cli import fleet, management, options
from akoo_core.cli.explain import selection as explain_selection
from akoo_core.cli.explain import text
from akoo_core.kube import client
from akoo_core.objects import cluster as cluster_
from akoo_core.objects import names, record
from akoo_core.reconcile.decide import selection, user_annotations


@click.command()
@click.argument("cluster", metavar="NAMESPACE/NAME")
@options.output
@management.option
def explain(cluster: str, output: str, kubeconfig: pathlib.Path | None) -> None:
    """Say which config manages a cluster and why, what is wrong, and what to do next."""
    namespace, name = fleet.split(cluster)
    found = management.run(kubeconfig, lambda kube: ask(kube, namespace, name))
    if output == "json":
        click.echo(structs.encode_json(plain(found, fleet.now())))
        return
    for line in lines(found, fleet.now()):
        click.echo(line)


class Found(NamedTuple):
    """A Cluster and all that is said about it."""

    key: str
    cluster: cluster_.Cluster | None
    records: tuple[record.Record, ...]
    configs: fleet.Configs

    def own(self, one: record.Record) -> cluster_.Cluster | None:
        """The Cluster, if the record is of this one and not of a former one of its name."""
        same = self.cluster is not None and self.cluster.uid == one.spec.cluster_ref.uid
        return self.cluster if same else None

    @property
    def current(self) -> record.Record | None:
        """The record that has not finished."""
        return next((one for one in self.records if not one.spec.finished_at), None)

    def choice(self, target: cluster_.Cluster) -> selection.Choice:
        """The config for the Cluster ``target``, and the others."""
        return selection.choose(
            target,
            self.configs.known,
            unreadable=self.configs.unreadable,
            current=self.current.spec.config_ref.name if self.current else "",
        )


async def ask(kube: client.KubeClient, namespace: str, name: str) -> Found:
    """Read it all. Raises InputError when there is neither Cluster nor record."""
    key = f"{namespace}/{name}"
    mine = fleet.of_cluster(await fleet.records(kube), key)
    target = await fleet.cluster_at(kube, namespace, name)
    if target is None and not mine:
        raise await fleet.unknown(kube, key)
    return Found(key, target, mine, await fleet.configs(kube))


def lines(found: Found, now: datetime.datetime) -> Iterator[str]:
    """The answer in lines. Pure."""
    target, served = found.cluster, False
    if target is not None:
        choice = found.choice(target)
        served = choice.config is not None
        yield from _selected(found, target, choice)
    else:
        yield f"Cluster {found.key} is gone; this is what its record says."
    for stored in found.records:
        own = found.own(stored)
        if target is not None and own is None:
            yield f"of a former Cluster {found.key} ({stored.spec.cluster_ref.uid}):"
        yield from text.lines(stored, own, now)
    if target is not None and not found.records and served:
        yield _without_record(target)


def plain(found: Found, now: datetime.datetime) -> structs.JSON:
    """The same for programs. ``config`` is null where none was chosen. Pure."""
    choice = found.choice(found.cluster) if found.cluster is not None else selection.Choice()
    return {
        "cluster": found.key,
        "present": found.cluster is not None,
        "config": choice.config.name if choice.config else None,
        "why": choice.why,
        "losers": [{"name": loser.name, "why": loser.why} for loser in choice.losers],
        "unusable": list(choice.problems),
        "records": [text.plain(record, found.own(record), now) for record in found.records],
    }


def _selected(found: Found, target: cluster_.Cluster, choice: selection.Choice) -> Iterator[str]:
    if choice.config is None:
        configs = found.configs
        yield from explain_selection.unmanaged(
            target, choice.why, configs.known, configs.unreadable
        )
        return
    word = user_annotations.read(found.current.annotations).leave if found.current else ""
    if word:
        yield (
            f'{target.key} would be managed by AKODeploymentConfig "{choice.config.name}", but '
            f"its record says {names.LEAVE_ANNOTATION}={word}."
        )
        return
    yield from explain_selection.managed(target, choice.config, choice.losers)


def _without_record(target: cluster_.Cluster) -> str:
    """Why a Cluster that is selected has no record (yet)."""
    if target.paused:
        return "It has no record: the Cluster is paused, and nothing is done before that ends."
    if target.deleting:
        return "It has no record: it is being deleted and was never served."
    return "It has no record yet: the operator has not looked at it, or does not run."
