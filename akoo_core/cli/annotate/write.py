"""Finds the one record a word is for, says what will happen, asks, and writes one annotation."""

from __future__ import annotations

import pathlib
import sys
from collections.abc import Iterable

import click

from akoo_core import errors, structs
from akoo_core.cli import fleet, management
from akoo_core.cli.annotate import effects
from akoo_core.kube import client, resource
from akoo_core.kube import errors as kube_errors
from akoo_core.objects import cluster, record


class ChangedError(errors.AkooError):
    """The record is not any more what was read: nothing was written."""


class Addressee(structs.Struct, frozen=True, kw_only=True):
    """A record, and its Cluster if that is (still) there."""

    record: record.Record
    cluster: cluster.Cluster | None = None


def say(
    word: effects.Word,
    key: str,
    *,
    name: str | None,
    yes: bool,
    kubeconfig: pathlib.Path | None,
) -> None:
    """Say ``word`` to the record of Cluster ``key`` (``name``: its record, if it has several).

    Raises InputError when nothing would come of it, AkooError when it was not confirmed.
    """
    fleet.split(key)
    found = management.run(kubeconfig, lambda kube: find(kube, key, name))
    one = found.record
    if why := effects.refusal(word, one, found.cluster):
        raise errors.InputError(f"{why}. Nothing was changed.")
    if effects.said_already(word, one):
        click.echo(f"{one.name} of {key} says so already; nothing was changed")
        return
    for sentence in effects.effects(word, one):
        click.echo(sentence)
    confirm(f"Say this to {one.name}?", yes=yes)
    management.run(kubeconfig, lambda kube: write(kube, word, one))
    click.echo(f"said to {one.name}; see akoo-core explain {key}")


def confirm(question: str, *, yes: bool) -> None:
    """Return when it was confirmed, by ``yes`` or on the terminal.

    Raises InputError without a terminal to ask on, AkooError when the answer is no.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise errors.InputError("there is no terminal to ask on: give --yes if you mean it")
    if not click.confirm(question):
        raise errors.AkooError("not confirmed; nothing was changed")


async def find(kube: client.KubeClient, key: str, name: str | None) -> Addressee:
    """The record of Cluster ``key``, called ``name`` if given. Raises InputError unless one is."""
    records = await fleet.records(kube)
    mine = fleet.of_cluster(records, key)
    target = await fleet.cluster_at(kube, *fleet.split(key))
    if not mine:
        if target is None:
            raise await fleet.unknown(kube, key)
        broken = "".join(f" A record cannot be read: {one}." for one in records.unreadable)
        raise errors.InputError(f"{key} has no record; see akoo-core explain {key}.{broken}")
    one = chosen(mine, key, name)
    own = target if target is not None and target.uid == one.spec.cluster_ref.uid else None
    return Addressee(record=one, cluster=own)


def chosen(mine: Iterable[record.Record], key: str, name: str | None) -> record.Record:
    """The one record that is meant. Raises InputError. Pure."""
    several = [one for one in mine if name is None or one.name == name]
    if len(several) == 1:
        return several[0]
    shown = ", ".join(f"{one.name} ({one.status.phase or 'Preparing'})" for one in mine)
    if not several:
        raise errors.InputError(f"{key} has no record {name}. It has: {shown}")
    raise errors.InputError(f"{key} has several records; say which with --record: {shown}")


async def write(kube: client.KubeClient, word: effects.Word, one: record.Record) -> None:
    """Say the word to the record as it was read. Raises ChangedError."""
    try:
        await kube.merge_patch(resource.AKO_DEPLOYMENTS, one.name, effects.patch(word, one))
    except (kube_errors.ConflictError, kube_errors.NotFoundError) as error:
        raise ChangedError(
            f"{one.name} changed while you were asked; nothing was written. Look again, and repeat"
        ) from error
