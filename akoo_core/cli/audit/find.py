"""Asks the plugins for objects outside without a living owner, and puts them into rows."""

from __future__ import annotations

import collections
import datetime
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from akoo_core import structs
from akoo_core.app import parts
from akoo_core.cli import columns, fleet, operating
from akoo_core.kube import client, resource
from akoo_core.objects.record import Record, from_object
from akoo_core.plugin import api
from akoo_core.plugin.errors import VerbError
from akoo_core.plugin_host import context
from akoo_core.reconcile.act.services import Services

HEADS = ("OWNER", "KIND", "NAME", "WHERE", "TENANT", "AGE", "CLAIM")


class Result(structs.Struct, frozen=True, kw_only=True):
    """The strays of one plugin, and the places where it could not look."""

    plugin: str
    strays: tuple[api.Stray, ...] = ()
    unseen: tuple[str, ...] = ()


class Living(NamedTuple):
    """The records of this management cluster, and the owners whose objects no audit may show."""

    records: tuple[Record, ...]
    names: dict[str, str]
    """Record by the name that its objects carry outside; also for records that cannot be read."""
    unreadable: tuple[str, ...]


async def living(kube: client.KubeClient) -> Living:
    """Read the records, now."""
    records: list[Record] = []
    names: dict[str, str] = {}
    unreadable: list[str] = []
    for obj in await fleet.listed(kube, resource.AKO_DEPLOYMENTS):
        name = obj["metadata"]["name"]
        try:
            record = from_object(obj)
        except structs.DecodeError as error:
            unreadable.append(f"record {name} cannot be read: {error}")
            names |= {name: name, _marked(obj): name}
            continue
        records.append(record)
        if record.spec.finished_at is None:
            names |= {name: name, record.spec.ako_cluster_name: name}
    names.pop("", None)
    return Living(tuple(records), names, tuple(unreadable))


def _marked(obj: client.Object) -> str:
    spec = obj.get("spec")
    name = spec.get("akoClusterName") if isinstance(spec, dict) else None
    return name if isinstance(name, str) else ""


class Auditor:
    """Asks the plugins of one process. ``only``: one of them, or "" for all with an audit;
    ``tenants``: the only tenants in which objects may be removed, () for all."""

    def __init__(
        self,
        kube: client.KubeClient,
        loaded: operating.OperatorParts,
        services: Services,
        *,
        only: str = "",
        tenants: tuple[str, ...] = (),
    ) -> None:
        self._kube = kube
        self._loaded = loaded
        self._services = services
        self._tenants = tenants
        self.plugins = operating.asked(loaded, services, "audit", only)

    async def context(self, plugin: api.Plugin, there: Living) -> api.AuditContext:
        """The audit context for the plugin."""
        configs = await fleet.listed(self._kube, resource.AKO_DEPLOYMENT_CONFIGS)
        return context.build_audit_context(
            plugin,
            parts.means(self._services),
            self._kube,
            context.Belongings(self._loaded.registered, there.records, tuple(configs)),
            tenants=self._tenants,
        )

    async def results(self) -> tuple[Result, ...]:
        """The result of each plugin."""
        there = await living(self._kube)
        return tuple([await self._result(plugin, there) for plugin in self.plugins])

    async def _result(self, plugin: api.Plugin, there: Living) -> Result:
        ctx = await self.context(plugin, there)
        try:
            audit = await self._services.caller.audit(plugin, ctx) or api.Audit()
        except VerbError as error:
            return Result(plugin=plugin.name, unseen=(*there.unreadable, error.problem))
        strays = tuple(stray for stray in audit.strays if stray.owner not in there.names)
        unseen = (*there.unreadable, *audit.unseen)
        return Result(plugin=plugin.name, strays=strays, unseen=unseen)


# For people. Pure.


def clean(results: Sequence[Result]) -> bool:
    """No strays, and nothing unseen."""
    return not any(result.strays or result.unseen for result in results)


def lines(results: Sequence[Result], now: datetime.datetime) -> Iterator[str]:
    """A table for each plugin with strays, counts by owner, and the places not seen."""
    for result in results:
        if result.strays:
            owners = len({stray.owner for stray in result.strays})
            of = f"{owners} owner" if owners == 1 else f"{owners} owners"
            yield f"{result.plugin}: {len(result.strays)} without a living record, of {of}"
            yield from (f"  {line}" for line in columns.lines(rows(result.strays, now)))
            yield from counts(result.strays)
        elif result.unseen:
            yield f"{result.plugin}: nothing in the places it could read"
        else:
            yield f"{result.plugin}: nothing without a living record"
        yield from (f"  not seen: {sentence}" for sentence in result.unseen)


def rows(strays: Sequence[api.Stray], now: datetime.datetime) -> list[tuple[str, ...]]:
    """Heads and one row for each stray, grouped by owner."""
    ordered = sorted(strays, key=lambda stray: (stray.owner, stray.kind, stray.tenant, stray.name))
    return [HEADS, *(_row(stray, now) for stray in ordered)]


def _row(stray: api.Stray, now: datetime.datetime) -> tuple[str, ...]:
    known = stray.age_seconds is not None
    since = now - datetime.timedelta(seconds=stray.age_seconds or 0) if known else None
    age = columns.age(since, now)
    return (stray.owner, stray.kind, stray.name, stray.where, stray.tenant, age, stray.claim)


def counts(strays: Sequence[api.Stray]) -> Iterator[str]:
    """``akoo-1: 2 Pool, 1 VirtualService``."""
    by_owner: dict[str, collections.Counter[str]] = {}
    for stray in strays:
        by_owner.setdefault(stray.owner, collections.Counter())[stray.kind] += 1
    for owner, kinds in sorted(by_owner.items()):
        counted = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
        yield f"  {owner}: {counted}"


def plain(results: Sequence[Result]) -> dict[str, Any]:
    """The JSON output."""
    return {"plugins": [structs.to_object(result) for result in results]}
