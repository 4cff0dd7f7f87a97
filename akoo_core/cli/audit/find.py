"""What is left outside without a living owner: asks the plugins, and puts it into rows."""

from __future__ import annotations

import collections
import datetime
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from akoo_core import errors, structs
from akoo_core.app import assembly
from akoo_core.cli import columns, fleet, operating
from akoo_core.kube import client, resource
from akoo_core.objects import record
from akoo_core.plugin import api
from akoo_core.plugin.errors import VerbError
from akoo_core.plugin_host import context
from akoo_core.reconcile.act import attempt

HEADS = ("OWNER", "KIND", "NAME", "WHERE", "TENANT", "AGE", "CLAIM")


class Found(structs.Struct, frozen=True, kw_only=True):
    """What one plugin found, and where it could not look."""

    plugin: str
    strays: tuple[api.Stray, ...] = ()
    unseen: tuple[str, ...] = ()


class Living(NamedTuple):
    """The records of this management cluster, and whose objects no audit may show."""

    records: tuple[record.Record, ...]
    names: dict[str, str]
    """Record by the name that its objects carry outside; also of records that cannot be read."""
    unreadable: tuple[str, ...]


async def living(kube: client.KubeClient) -> Living:
    """Read the records, now."""
    records: list[record.Record] = []
    names: dict[str, str] = {}
    unreadable: list[str] = []
    for obj in await fleet.listed(kube, resource.AKO_DEPLOYMENTS):
        name = obj["metadata"]["name"]
        try:
            one = record.from_object(obj)
        except structs.DecodeError as error:
            unreadable.append(f"record {name} cannot be read: {error}")
            names |= {name: name, _marked(obj): name}
            continue
        records.append(one)
        if one.spec.finished_at is None:
            names |= {name: name, one.spec.ako_cluster_name: name}
    names.pop("", None)
    return Living(tuple(records), names, tuple(unreadable))


def _marked(obj: client.Object) -> str:
    spec = obj.get("spec")
    found = spec.get("akoClusterName") if isinstance(spec, dict) else None
    return found if isinstance(found, str) else ""


class Auditor:
    """Asks the plugins of one process. ``only`` is one of them, or "" for all with an audit;
    ``tenants`` are those in which something may be taken away, if only there."""

    def __init__(
        self,
        kube: client.KubeClient,
        loaded: operating.Loaded,
        services: attempt.Services,
        *,
        only: str = "",
        tenants: tuple[str, ...] = (),
    ) -> None:
        self._kube = kube
        self._loaded = loaded
        self._services = services
        self._tenants = tenants
        self.plugins = _asked(loaded, services, only)

    async def context(self, plugin: api.Plugin, there: Living) -> api.AuditContext:
        """What the plugin is given."""
        configs = await fleet.listed(self._kube, resource.AKO_DEPLOYMENT_CONFIGS)
        return context.build_audit_context(
            plugin,
            assembly.means(self._services),
            self._kube,
            registered=self._loaded.registered,
            records=there.records,
            configs=tuple(configs),
            tenants=self._tenants,
        )

    async def found(self) -> tuple[Found, ...]:
        """What each plugin finds."""
        there = await living(self._kube)
        return tuple([await self._found(plugin, there) for plugin in self.plugins])

    async def _found(self, plugin: api.Plugin, there: Living) -> Found:
        ctx = await self.context(plugin, there)
        try:
            audit = await self._services.caller.audit(plugin, ctx) or api.Audit()
        except VerbError as error:
            return Found(plugin=plugin.name, unseen=(*there.unreadable, error.problem))
        strays = tuple(stray for stray in audit.strays if stray.owner not in there.names)
        unseen = (*there.unreadable, *audit.unseen)
        return Found(plugin=plugin.name, strays=strays, unseen=unseen)


def _asked(
    loaded: operating.Loaded, services: attempt.Services, only: str
) -> tuple[api.Plugin, ...]:
    names = ", ".join(loaded.plugins.names) or "none"
    if only and loaded.plugins.get(only) is None:
        near = fleet.near(only, loaded.plugins.names)
        raise errors.InputError(f'no plugin "{only}" is selected ({names}).{near}')
    able = [one for one in loaded.plugins.ordered if services.caller.implements(one, "audit")]
    asked = tuple(one for one in able if only in ("", one.name))
    if not asked:
        raise errors.InputError(
            f"plugin {only} has no audit" if only else f"no plugin has an audit ({names})"
        )
    return asked


# For people. Pure.


def clean(found: Sequence[Found]) -> bool:
    """Whether nothing was found, and everything was seen."""
    return not any(one.strays or one.unseen for one in found)


def lines(found: Sequence[Found], now: datetime.datetime) -> Iterator[str]:
    """A table for each plugin with strays, counts by owner, and what was not seen."""
    for one in found:
        if one.strays:
            owners = len({stray.owner for stray in one.strays})
            of = f"{owners} owner" if owners == 1 else f"{owners} owners"
            yield f"{one.plugin}: {len(one.strays)} without a living record, of {of}"
            yield from (f"  {line}" for line in columns.lines(rows(one.strays, now)))
            yield from counts(one.strays)
        elif one.unseen:
            yield f"{one.plugin}: nothing found where it could look"
        else:
            yield f"{one.plugin}: nothing without a living record"
        yield from (f"  not seen: {sentence}" for sentence in one.unseen)


def rows(strays: Sequence[api.Stray], now: datetime.datetime) -> list[tuple[str, ...]]:
    """Heads, and a row for each, the rows of an owner together."""
    ordered = sorted(strays, key=lambda stray: (stray.owner, stray.kind, stray.tenant, stray.name))
    return [HEADS, *(_row(one, now) for one in ordered)]


def _row(one: api.Stray, now: datetime.datetime) -> tuple[str, ...]:
    known = one.age_seconds is not None
    since = now - datetime.timedelta(seconds=one.age_seconds or 0) if known else None
    age = columns.age(since, now)
    return (one.owner, one.kind, one.name, one.where, one.tenant, age, one.claim)


def counts(strays: Sequence[api.Stray]) -> Iterator[str]:
    """``akoo-1: 2 Pool, 1 VirtualService``."""
    by_owner: dict[str, collections.Counter[str]] = {}
    for stray in strays:
        by_owner.setdefault(stray.owner, collections.Counter())[stray.kind] += 1
    for owner, kinds in sorted(by_owner.items()):
        told = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
        yield f"  {owner}: {told}"


def plain(found: Sequence[Found]) -> dict[str, Any]:
    """As JSON shows it."""
    return {"plugins": [structs.to_object(one) for one in found]}
