"""Finds the record of a Cluster, prints the effects, asks, and writes the annotation."""

from __future__ import annotations

import functools
import pathlib
import sys
from collections.abc import Callable, Iterable

import click

from akoo_core import errors, structs
from akoo_core.cli import fleet, management
from akoo_core.cli.annotate import effects
from akoo_core.kube import client, resource
from akoo_core.kube import errors as kube_errors
from akoo_core.objects.cluster import Cluster
from akoo_core.objects.record import Record, from_object

ATTEMPTS = 10
"""Patches of a record that others keep changing, before a command gives up."""


class RecordChangedError(errors.AkooError):
    """The record changed after it was read; nothing was written."""


class Addressee(structs.Struct, frozen=True, kw_only=True):
    """A record, and its Cluster if that exists."""

    record: Record
    cluster: Cluster | None = None


def annotate(
    annotation: effects.Annotation,
    key: str,
    *,
    name: str | None,
    yes: bool,
    kubeconfig: pathlib.Path | None,
) -> None:
    """Write ``annotation`` on the record of Cluster ``key`` (``name``: which, if it has several).

    Raises InputError when it would have no effect, AkooError when it was not confirmed.
    """
    fleet.split(key)
    addressee = management.run(kubeconfig, lambda kube: find(kube, key, name))
    record = addressee.record
    if why := effects.refusal(annotation, record, addressee.cluster):
        raise errors.InputError(f"{why}. Nothing was changed.")
    if effects.already_set(annotation, record):
        click.echo(f"{record.name} of {key} has this annotation already; nothing was changed")
        return
    for sentence in effects.effects(annotation, record):
        click.echo(sentence)
    confirm(f"Annotate {record.name}?", yes=yes)
    management.run(kubeconfig, lambda kube: write(kube, annotation, record, addressee.cluster))
    click.echo(f"annotated {record.name}; see akoo-core explain {key}")


def confirm(question: str, *, yes: bool) -> None:
    """Return after a confirmation, by ``yes`` or on the terminal.

    Raises InputError without a terminal to ask on, AkooError when the answer is no.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise errors.InputError("there is no terminal to ask on: give --yes if you mean it")
    if not click.confirm(question):
        raise errors.AkooError("not confirmed; nothing was changed")


async def find(kube: client.KubeClient, key: str, name: str | None) -> Addressee:
    """The record of Cluster ``key``, or the one called ``name``. Raises InputError."""
    records = await fleet.records(kube)
    mine = fleet.of_cluster(records, key)
    cluster = await fleet.cluster_at(kube, *fleet.split(key))
    if not mine:
        if cluster is None:
            raise await fleet.unknown(kube, key)
        broken = "".join(f" A record cannot be read: {problem}." for problem in records.unreadable)
        raise errors.InputError(f"{key} has no record; see akoo-core explain {key}.{broken}")
    record = chosen(mine, key, name)
    own = cluster if cluster is not None and cluster.uid == record.spec.cluster_ref.uid else None
    return Addressee(record=record, cluster=own)


def chosen(mine: Iterable[Record], key: str, name: str | None) -> Record:
    """The only record, or the record called ``name``. Raises InputError. Pure."""
    several = [record for record in mine if name is None or record.name == name]
    if len(several) == 1:
        return several[0]
    shown = ", ".join(f"{record.name} ({record.status.phase or 'Preparing'})" for record in mine)
    if not several:
        raise errors.InputError(f"{key} has no record {name}. It has: {shown}")
    raise errors.InputError(f"{key} has several records; choose one with --record: {shown}")


async def write(
    kube: client.KubeClient,
    annotation: effects.Annotation,
    record: Record,
    cluster: Cluster | None = None,
) -> None:
    """Annotate the record. Raises RecordChangedError."""
    consequences = effects.effects(annotation, record)

    def confirmed(fresh: Record) -> bool:
        same = effects.effects(annotation, fresh) == consequences
        return same and not effects.refusal(annotation, fresh, cluster)

    change = functools.partial(effects.patch, annotation)
    there = functools.partial(effects.already_set, annotation)
    await patch(kube, record, ConfirmedPatch(patch=change, there=there, confirmed=confirmed))


class ConfirmedPatch(structs.Struct, frozen=True, kw_only=True):
    """A patch of a record that was explained and confirmed, as functions of the record."""

    patch: Callable[[Record], structs.JSON]
    """The merge patch for exactly this version of the record."""
    there: Callable[[Record], bool]
    """The record has it already."""
    confirmed: Callable[[Record], bool]
    """The patch has the consequences that were confirmed."""


async def patch(kube: client.KubeClient, record: Record, change: ConfirmedPatch) -> None:
    """Patch the record as it is now, if the patch still has the consequences that were confirmed.

    The operator writes a record often: a version that changed is normal. Raises
    RecordChangedError.
    """
    for _ in range(ATTEMPTS):
        try:
            await kube.merge_patch(resource.AKO_DEPLOYMENTS, record.name, change.patch(record))
        except kube_errors.ConflictError:
            fresh = await _current(kube, record)
        except kube_errors.NotFoundError:
            break
        else:
            return
        if fresh is None or not change.confirmed(fresh):
            break
        if change.there(fresh):
            return
        record = fresh
    raise RecordChangedError(
        f"{record.name} changed while you were asked; nothing was written. Repeat the command"
    )


async def _current(kube: client.KubeClient, record: Record) -> Record | None:
    """The record now; None if it is gone, another of its name, or unreadable."""
    try:
        fresh = from_object(await kube.get(resource.AKO_DEPLOYMENTS, record.name))
    except (kube_errors.NotFoundError, structs.DecodeError):
        return None
    return fresh if fresh.uid == record.uid else None
