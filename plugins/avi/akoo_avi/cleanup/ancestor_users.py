"""audit: users that the Go ancestor made for clusters that are gone. Only reads.

Nobody but a person deletes one: its name proves nothing. The record of an AKO that was adopted from
the ancestor names it, once that record has ended. An account that another plugin has replaced is
that plugin's to list.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import Final

from akoo_avi.client import AviClient
from akoo_avi.client.access import refusal, sight
from akoo_avi.connect import bounded
from akoo_avi.spec import names
from akoo_core.plugin import api
from akoo_core.plugin.records import Record, RecordSpec

KIND: Final = "user"
PERMISSION: Final = "PERMISSION_USER"
WIDTH: Final = 4


def expected(records: Iterable[Record]) -> Mapping[str, str]:
    """The clusterName that each such user belongs to, by the name of the user. Pure."""
    listed = tuple(records)
    living = {each.spec.ako_cluster_name for each in listed if each.spec.finished_at is None}
    return {
        f"{spec.cluster_ref.name}-{spec.cluster_ref.namespace}-ako-user": spec.ako_cluster_name
        for spec in (record.spec for record in listed)
        if _ended_as_ancestors(spec) and spec.ako_cluster_name not in living
    }


def _ended_as_ancestors(spec: RecordSpec) -> bool:
    ref = spec.cluster_ref
    of_ancestor = spec.ako_cluster_name == f"{ref.namespace}-{ref.name}"
    replaced = api.WorkloadCredential.fact_name in spec.facts
    ended = spec.finished_at is not None and spec.adoption is not None
    return ended and of_ancestor and not replaced


async def left(client: AviClient, wanted: Mapping[str, str]) -> tuple[api.Stray, ...]:
    """Those that are still on a controller. Raises Refusal where our user may not see them all,
    and AviErrors."""
    if not wanted:
        return ()
    if blind := await sight.missing(client, (PERMISSION,)):
        raise refusal.Refusal(sight.REASON, blind)
    reads = [functools.partial(_called, client, name) for name in sorted(wanted)]
    answers = await bounded.run(reads, width=WIDTH)
    there = [name for name, called in zip(sorted(wanted), answers, strict=True) if called]
    return tuple(
        api.Stray(owner=wanted[name], kind="User", name=name, where=client.address)
        for name in there
    )


async def _called(client: AviClient, name: str) -> bool:
    params = {"name": name}
    listed = await client.list(KIND, tenant=names.ADMIN_TENANT, params=params)
    return any(user.get("name") == name for user in listed)
