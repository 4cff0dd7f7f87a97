"""Requests to plugins: prints the effects, asks, and writes the annotation on the records."""

from __future__ import annotations

import functools
import pathlib
from collections.abc import Iterable

import click

from akoo_core import errors, structs
from akoo_core.cli import fleet, management
from akoo_core.cli.annotate import effects, write
from akoo_core.kube import client
from akoo_core.objects.record import Record
from akoo_core.plugin import api
from akoo_core.plugin.errors import describe
from akoo_core.reconcile.decide import plugin_annotations, user_annotations


class PluginRequest(structs.Struct, frozen=True, kw_only=True):
    """An annotation of a plugin to write, with the flags that were chosen."""

    plugin: str
    annotation: api.PluginAnnotation
    flags: frozenset[str]

    @property
    def name(self) -> str:
        """The whole name of the annotation."""
        return plugin_annotations.key_of(self.plugin, self.annotation.name)

    @property
    def value(self) -> str:
        """The value to write: the flags in the order of their declaration."""
        chosen = [flag.name for flag in self.annotation.flags if flag.name in self.flags]
        return ",".join(chosen) or self.annotation.value

    def effects(self, subject: str) -> tuple[str, ...]:
        """The consequences, in sentences."""
        chosen = [flag for flag in self.annotation.flags if flag.name in self.flags]
        texts = [*self.annotation.effects, *(text for flag in chosen for text in flag.effects)]
        return tuple(text.replace("{key}", subject) for text in texts)


class Recipients(structs.Struct, frozen=True, kw_only=True):
    """The records of a fleet that get the annotation, that have it, and that are left out."""

    write: tuple[Record, ...] = ()
    there: tuple[Record, ...] = ()
    refused: tuple[str, ...] = ()
    """The reasons, one sentence for each record."""


def ask_one(
    request: PluginRequest,
    key: str,
    *,
    name: str | None,
    yes: bool,
    kubeconfig: pathlib.Path | None,
) -> None:
    """Write the annotation on the record of Cluster ``key`` (``name``: which, if it has several).

    Raises InputError when it would have no effect, AkooError when it was not confirmed.
    """
    fleet.split(key)
    record = management.run(kubeconfig, lambda kube: write.find(kube, key, name)).record
    if why := refusal(request, record):
        raise errors.InputError(f"{why}. Nothing was changed.")
    if is_there(request, record):
        click.echo(f"{record.name} of {key} has this annotation already; nothing was changed")
        return
    _explain(request, key, (record,))
    write.confirm(f"Annotate {record.name}?", yes=yes)
    management.run(kubeconfig, functools.partial(_written, request, record))
    click.echo(f"annotated {record.name}; see akoo-core explain {key}")


def ask_all(
    request: PluginRequest, config: str, *, yes: bool, kubeconfig: pathlib.Path | None
) -> None:
    """Write the annotation on the records of all clusters of a config. Raises InputError when it
    would have no effect on any, AkooError when it was not confirmed or not written everywhere."""
    records = management.run(kubeconfig, lambda kube: _of_config(kube, config))
    recipients = chosen(request, records)
    for reason in recipients.refused:
        click.echo(f"left out: {reason}")
    for record in recipients.there:
        click.echo(f"left out: {record.name} of {fleet.key_of(record)} has this annotation already")
    if not recipients.write:
        raise errors.InputError(f"no cluster of config {config} is left. Nothing was changed.")
    count = len(recipients.write)
    clusters = "the cluster" if count == 1 else f"each of the {count} clusters"
    _explain(request, f"{clusters} of config {config}", recipients.write)
    click.echo(f"The clusters: {', '.join(map(fleet.key_of, recipients.write))}.")
    write.confirm(f"Annotate {count} record{'' if count == 1 else 's'}?", yes=yes)
    missed: list[str] = []
    for record in recipients.write:
        try:
            management.run(kubeconfig, functools.partial(_written, request, record))
        except write.RecordChangedError:
            missed.append(fleet.key_of(record))
    click.echo(f"annotated {count - len(missed)} of {count} records; see akoo-core status")
    if missed:
        raise errors.AkooError(
            f"the records of {', '.join(missed)} changed meanwhile. Repeat the command: those that "
            "were annotated are left out"
        )


def chosen(request: PluginRequest, records: Iterable[Record]) -> Recipients:
    """The records that the request goes to. Pure."""
    recipients = Recipients()
    for record in records:
        if why := refusal(request, record):
            recipients = structs.replace(recipients, refused=(*recipients.refused, why))
        elif is_there(request, record):
            recipients = structs.replace(recipients, there=(*recipients.there, record))
        else:
            recipients = structs.replace(recipients, write=(*recipients.write, record))
    return recipients


def is_there(request: PluginRequest, record: Record) -> bool:
    """The record has the annotation with this value already."""
    return record.annotations.get(request.name) == request.value


def refusal(request: PluginRequest, record: Record) -> str:
    """The reason why the annotation would have no effect, "" for none."""
    key, spec = fleet.key_of(record), record.spec
    if spec.finished_at is not None:
        return f"{record.name} of {key} is Finished: the operator does nothing more for it"
    if spec.leaving is not None and spec.leaving.cause != "Relocated":
        return f"AKO is being removed from {key}; plugin {request.plugin} does only that now"
    if request.plugin not in spec.plugins:
        plugins = ", ".join(spec.plugins) or "no plugin yet"
        return f'plugin "{request.plugin}" does nothing for {key} (there: {plugins})'
    if request.annotation.refusal is None:
        return ""
    try:
        return request.annotation.refusal(record, request.flags)
    except Exception as error:  # A plugin may raise anything.
        raise errors.AkooError(f"plugin {request.plugin} failed: {describe(error)}") from error


def _explain(request: PluginRequest, subject: str, records: Iterable[Record]) -> None:
    for sentence in request.effects(subject):
        click.echo(sentence)
    for record in records:
        for sentence in _warnings(request, record):
            click.echo(sentence)


def _warnings(request: PluginRequest, record: Record) -> tuple[str, ...]:
    """The sentences about this record alone."""
    warnings: tuple[str, ...] = ()
    if user_annotations.read(record.annotations).paused:
        warnings += (f"{record.name} is paused: nothing of this happens until you resume it.",)
    other = record.annotations.get(request.name)
    if other is not None:
        warnings += (f"{record.name} has {request.name}={other} now; this replaces it.",)
    return warnings


async def _of_config(kube: client.KubeClient, config: str) -> tuple[Record, ...]:
    """The records of a config, those that are finished left out. Raises InputError for none."""
    records = [
        record for record in (await fleet.records(kube)).known if record.spec.finished_at is None
    ]
    mine = tuple(record for record in records if record.spec.config_ref.name == config)
    if not mine:
        near = fleet.near(config, {record.spec.config_ref.name for record in records})
        raise errors.InputError(f"no cluster is managed by a config {config}.{near}")
    return mine


async def _written(request: PluginRequest, record: Record, kube: client.KubeClient) -> None:
    shown = _warnings(request, record)
    change = write.ConfirmedPatch(
        patch=lambda fresh: effects.merge_patch(fresh, request.name, request.value),
        there=functools.partial(is_there, request),
        confirmed=lambda fresh: (
            not refusal(request, fresh)
            and (is_there(request, fresh) or _warnings(request, fresh) == shown)
        ),
    )
    await write.patch(kube, record, change)
