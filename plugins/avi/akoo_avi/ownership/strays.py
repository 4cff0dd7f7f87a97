"""Owners of objects for audits: the cluster name in the marks of an object. Pure.

The marker has the name. Without a marker, created_by and the name have it together, since each of
them alone is ambiguous.
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
    """An object, route or label with the cluster name in its marks."""

    owner: str
    kind: str
    name: str
    tenant: str
    modified: str = ""


def owner_of(kind: str, obj: structs.JSON) -> str:
    """The cluster name in an object's marks; "" if none is readable."""
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
    """The part of created_by behind the name of the writer; "" if the writer is not AKO."""
    if kind == "stringgroup":
        authors = marks.values(obj, marks.CREATED_BY_KEY)
        text = authors[0][0] if authors and authors[0] else ""
    else:
        text = str(obj.get("created_by") or "")
    writer = next((prefix for prefix in _WRITERS if text.startswith(prefix)), "")
    return text.removeprefix(writer) if writer else ""


def of_object(kind: kinds.AviKind, obj: structs.JSON) -> Iterator[Marked]:
    """The owners that an object names: one for itself, or one for each entry in it."""
    name, tenant = str(obj.get("name") or ""), references.name_of(obj.get("tenant_ref"))
    modified = str(obj.get("_last_modified") or "")
    if kind in kinds.EDITED:
        yield from (
            Marked(owner, f"{kind.model} {entry_kind}", f"{name}: {entry}", tenant)
            for owner, entry_kind, entry in _entries(kind, obj)
        )
    elif not (kind.path == claim.KIND and claim.is_claim(obj)) and (
        owner := owner_of(kind.path, obj)
    ):
        yield Marked(owner, kind.model, name, tenant, modified)


def _entries(kind: kinds.AviKind, obj: structs.JSON) -> Iterator[tuple[str, str, str]]:
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
    """The objects that no living record looks after. A claim of ours without a record is one,
    too."""
    claimed = dict(_claims(claims))
    for obj in marked:
        if obj.owner not in living:
            owner_claim = claimed.get(obj.owner)
            claim_text = _described(owner_claim) if owner_claim else ""
            yield api.Stray(
                owner=obj.owner,
                kind=obj.kind,
                name=obj.name,
                where=address,
                tenant=obj.tenant,
                age_seconds=age_seconds(obj.modified, now),
                claim=claim_text,
            )
    for owner, owner_claim in claimed.items():
        if owner not in living and owner_claim.management_id == management_id:
            yield api.Stray(
                owner=owner,
                kind="claim",
                name=names.claim(owner),
                where=address,
                tenant=names.ADMIN_TENANT,
                claim=_described(owner_claim),
            )


def _described(owner_claim: claim.Claim) -> str:
    return f"{owner_claim.management_id}, epoch {owner_claim.epoch}"


def _claims(objects: Iterable[structs.JSON]) -> Iterator[tuple[str, claim.Claim]]:
    for obj in objects:
        owner = str(obj.get("name") or "").removeprefix(names.CLAIM_PREFIX)
        owner_claim = claim.read(owner, [obj])
        if isinstance(owner_claim, claim.Claim):
            yield owner, owner_claim


def age_seconds(modified: str, now: datetime.datetime) -> float | None:
    """Seconds since ``_last_modified`` (microseconds since the epoch); None without one."""
    if not modified.isdigit():
        return None
    return max(now.timestamp() - int(modified) / 1_000_000, 0.0)
