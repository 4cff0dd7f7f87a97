"""audit: users that the Go ancestor made for clusters that are gone. Only reads.

Release deletes those whose UUID the record has, see ``ancestor_removal``. The others are for a
person to delete, since a name proves nothing. The record of an AKO that was adopted from the
ancestor names the user, once that record has ended. An account that another plugin has replaced is
that plugin's to list.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from akoo_avi.client import AviClient
from akoo_avi.client.access import refusal, sight
from akoo_avi.connect import bounded
from akoo_avi.spec import ancestor_user, names
from akoo_avi.spec.ancestor_user import AviAncestorUser
from akoo_core.plugin import api, structs
from akoo_core.plugin.records import Record, RecordSpec

WIDTH: Final = 4


class Expected(NamedTuple):
    """A user that may be left."""

    owner: str
    """The clusterName that it belongs to."""
    uuids: frozenset[str] = frozenset()
    """Its UUIDs as records have them; none: it is known by its name alone."""


def expected(records: Iterable[Record]) -> Mapping[str, Expected]:
    """The users of ended records, by name. Pure."""
    listed = tuple(records)
    living = {each.spec.ako_cluster_name for each in listed if each.spec.finished_at is None}
    users: dict[str, Expected] = {}
    for spec in (record.spec for record in listed):
        if not _ended_as_ancestors(spec) or spec.ako_cluster_name in living:
            continue
        name = ancestor_user.name_of(spec.cluster_ref)
        known = users.get(name, Expected(spec.ako_cluster_name)).uuids
        users[name] = Expected(spec.ako_cluster_name, known | _uuids(spec))
    return users


def _ended_as_ancestors(spec: RecordSpec) -> bool:
    replaced = api.WorkloadCredential.fact_name in spec.facts
    return spec.finished_at is not None and ancestor_user.is_adopted(spec) and not replaced


def _uuids(spec: RecordSpec) -> frozenset[str]:
    fact = spec.facts.get(AviAncestorUser.fact_name)
    if fact is None:
        return frozenset()
    try:
        uuid = structs.convert(fact.data, AviAncestorUser).uuid
    except structs.DecodeError:
        return frozenset()
    return frozenset((uuid,)) if uuid else frozenset()


async def left(client: AviClient, wanted: Mapping[str, Expected]) -> tuple[api.Stray, ...]:
    """Those that are still on a controller. Raises Refusal where our user may not see them all,
    and AviErrors."""
    if not wanted:
        return ()
    if blind := await sight.missing(client, (ancestor_user.PERMISSION,)):
        raise refusal.Refusal(sight.REASON, blind)
    reads = [functools.partial(_uuid, client, name) for name in sorted(wanted)]
    answers = await bounded.run(reads, width=WIDTH)
    return tuple(
        api.Stray(owner=wanted[name].owner, kind="User", name=name, where=client.address)
        for name, uuid in zip(sorted(wanted), answers, strict=True)
        if uuid and uuid in (wanted[name].uuids or {uuid})
    )


async def _uuid(client: AviClient, name: str) -> str:
    """Of the user of that very name; "" for none."""
    params = {"name": name}
    listed = await client.list(ancestor_user.KIND, tenant=names.ADMIN_TENANT, params=params)
    return next((str(user["uuid"]) for user in listed if user.get("name") == name), "")
