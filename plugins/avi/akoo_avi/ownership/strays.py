"""Whose an object is when nobody in particular is asked for: the name in its marks. Pure.

For audits. The marker says it; without one, created_by and the name do, taken together, since each
of them alone can be read in several ways.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from akoo_avi.ownership import claim, kinds, labels, marks, references, routes
from akoo_avi.spec import names
from akoo_core.plugin import api, structs

_WRITERS = ("ako-crd-operator-", "ako-gw-", "ako-")
_NAMED = re.compile(r"(?:ako-crd-operator-|ako-gw-)?([a-zA-Z0-9_-]+?)--.*", re.DOTALL)


class Marked(NamedTuple):
    """One object, route or label with the name in its marks."""

    owner: str
    kind: str
    name: str
    tenant: str
    modified: str = ""


def owner_of(kind: str, obj: structs.JSON) -> str:
    """The cluster name in an object's marks; "" for none that can be read."""
    named = {value for mark in marks.values(obj, names.CLUSTER_MARKER) for value in mark}
    if named:
        return named.pop() if len(named) == 1 else ""
    author = _author(kind, obj)
    match = _NAMED.fullmatch(str(obj.get("name") or ""))
    by_name = match[1] if match else ""
    if not author:
        return by_name if names.made_by_us(by_name) else ""
    if by_name and (author == by_name or author.startswith(f"{by_name}-")):
        return by_name
    return author


def _author(kind: str, obj: structs.JSON) -> str:
    """What created_by says behind the name of the writer; "" where it is not AKO."""
    if kind == "stringgroup":
        found = marks.values(obj, marks.CREATED_BY_KEY)
        text = found[0][0] if found and found[0] else ""
    else:
        text = str(obj.get("created_by") or "")
    writer = next((one for one in _WRITERS if text.startswith(one)), "")
    return text.removeprefix(writer) if writer else ""


def of_object(kind: kinds.Kind, obj: structs.JSON) -> Iterator[Marked]:
    """All that an object says about owners: one for itself, or one for each entry in it."""
    name, tenant = str(obj.get("name") or ""), references.name_of(obj.get("tenant_ref"))
    modified = str(obj.get("_last_modified") or "")
    if kind in kinds.EDITED:
        yield from (
            Marked(owner, f"{kind.model} {what}", f"{name}: {entry}", tenant)
            for owner, what, entry in _entries(kind, obj)
        )
    elif not (kind.path == claim.KIND and claim.is_claim(obj)) and (
        owner := owner_of(kind.path, obj)
    ):
        yield Marked(owner, kind.model, name, tenant, modified)


def _entries(kind: kinds.Kind, obj: structs.JSON) -> Iterator[tuple[str, str, str]]:
    if kind == kinds.VRF:
        for route in obj.get(routes.FIELD) or ():
            for owner in marks.label_values(route.get("labels"), names.CLUSTER_MARKER):
                yield owner, "route", str(route.get("route_id") or "")
    else:
        for owner in marks.label_values(obj.get(labels.FIELD), names.CLUSTER_MARKER):
            yield owner, "label", f"{names.CLUSTER_MARKER}={owner}"


def strays(
    address: str,
    marked: Iterable[Marked],
    claims: Iterable[structs.JSON],
    *,
    living: frozenset[str],
    management_id: str,
    now: datetime.datetime,
) -> Iterator[api.Stray]:
    """What no living record looks after. A claim of ours without a record is one as well."""
    claimed = dict(_claims(claims))
    for one in marked:
        if one.owner not in living:
            found = claimed.get(one.owner)
            told = f"{found.management_id}, epoch {found.epoch}" if found else ""
            yield api.Stray(
                owner=one.owner,
                kind=one.kind,
                name=one.name,
                where=address,
                tenant=one.tenant,
                age_seconds=age_seconds(one.modified, now),
                claim=told,
            )
    for owner, found in claimed.items():
        if owner not in living and found.management_id == management_id:
            yield api.Stray(
                owner=owner,
                kind="claim",
                name=names.claim(owner),
                where=address,
                tenant=names.ADMIN_TENANT,
                claim=f"{found.management_id}, epoch {found.epoch}",
            )


def _claims(objects: Iterable[structs.JSON]) -> Iterator[tuple[str, claim.Claim]]:
    for obj in objects:
        owner = str(obj.get("name") or "").removeprefix(names.CLAIM_PREFIX)
        found = claim.read(owner, [obj])
        if isinstance(found, claim.Claim):
            yield owner, found


def age_seconds(modified: str, now: datetime.datetime) -> float | None:
    """How long ago ``_last_modified`` (microseconds since the epoch) was; None without one."""
    if not modified.isdigit():
        return None
    return max(now.timestamp() - int(modified) / 1_000_000, 0.0)
