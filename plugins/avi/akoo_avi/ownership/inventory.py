"""Collects everything of one cluster from a controller: every kind, all tenants, all pages.

Own objects always carry the marker, so one exact query per kind finds them. Suspects lack marks, so
queries for parts of their names and for created_by look for them. A field that a kind does not have
gives an empty list without an error. The table of kinds lists the queries that a kind takes, and
:mod:`akoo_avi.ownership.visibility` proves that our user would see the kind at all.

A list of one page is one moment; a longer one may miss an object while others come and go. Own
objects that are gone make no pages, so zero is always of one moment.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from akoo_avi.client import AviClient
from akoo_avi.connect import bounded
from akoo_avi.ownership import claim, kinds, labels, marks, references, routes, verdict
from akoo_avi.ownership.judged import Inventory, JudgedObject, Query, SharedObject
from akoo_avi.spec import names
from akoo_core.plugin import structs

_FIXED_FORMS = ("ako-{}", "ako-gw-{}", "ako-crd-operator-{}")
WIDTH = 4
"""Lists read at the same time: each is held whole until it is judged, so this bounds memory."""


class _Question(NamedTuple):
    """One list to be read."""

    kind: kinds.AviKind
    params: Mapping[str, str]
    words: str
    """The question in the words of the proof; the same for all kinds."""
    controls: bool = False
    """It is the question that finds own objects, and that must find the claim."""
    still: bool = True
    """The list must hold still while it is read."""


class _ListResult(structs.Struct, frozen=True, kw_only=True):
    """The result of one list for the cluster; the bodies are not kept."""

    query: Query
    objects: tuple[JudgedObject, ...] = ()
    parts: tuple[SharedObject, ...] = ()
    claims: tuple[structs.JSON, ...] = ()
    in_our_cloud: bool = False
    shared_by: str = ""


async def collect(client: AviClient, mark: marks.Mark, *, suspects: bool = True) -> Inventory:
    """The inventory of a cluster as it is now. Raises AviErrors: there is no half of it.

    ``suspects=False``: only objects with the marker, in a third of the requests. Between the passes
    of a sweep that is enough.
    """
    asked = _questions(mark, suspects=suspects)
    lists = [functools.partial(_ask, client, question, mark) for question in asked]
    inventory = _together(await bounded.run(lists, width=WIDTH))
    if inventory.shared_by and mark.exclusive:
        # Rare: everything is judged anew, by a mark under which nothing is own.
        shared = structs.replace(mark, exclusive=False)
        return await collect(client, shared, suspects=suspects)
    return inventory


def _questions(mark: marks.Mark, *, suspects: bool) -> Iterator[_Question]:
    x = mark.cluster_name
    for kind in kinds.KINDS:
        by_marker = {"label_key": names.CLUSTER_MARKER, "label_value": x}
        yield _Question(kind, by_marker, f"marker {names.CLUSTER_MARKER}={x}", controls=True)
        if suspects:
            yield from _wider(kind, x)
    for kind in kinds.EDITED:
        # Every object of the controller: on a busy one they change. A sweep needs no proof.
        yield _Question(kind, {}, "all", still=suspects)


def _wider(kind: kinds.AviKind, x: str) -> Iterator[_Question]:
    part = marks.name_part(kind.path, x)
    yield _Question(kind, {"name.contains": part}, f"names with {part}")
    if kind.has_created_by:
        yield _Question(kind, {"search": f"(created_by,{x})"}, f"created_by with {x}")
    if kind.path == "stringgroup":
        for form in _FIXED_FORMS:
            value = form.format(x)
            params = {"label_key": marks.CREATED_BY_KEY, "label_value": value}
            yield _Question(kind, params, f"marker {marks.CREATED_BY_KEY}={value}")


async def _ask(client: AviClient, question: _Question, mark: marks.Mark) -> _ListResult:
    params = {**question.params, "include_name": "true"}
    if question.still:
        bodies = await client.list(question.kind.path, params=params)
    else:
        bodies = (await client.seen(question.kind.path, params=params)).objects
    query = Query(question.kind.path, question.words, len(bodies))
    if question.kind in kinds.EDITED:
        return _of_shared(query, bodies, mark)
    return _of_objects(query, bodies, mark, controls=question.controls)


def _of_objects(
    query: Query, bodies: Iterable[structs.JSON], mark: marks.Mark, *, controls: bool
) -> _ListResult:
    """Pure. ``controls``: a claim that this question finds shows that such questions find."""
    objects: list[JudgedObject] = []
    claims: list[structs.JSON] = []
    shared_by = ""
    for body in bodies:
        if query.kind == claim.KIND and claim.is_claim(body):
            claims += [body] if controls else []
            continue
        shared_by = shared_by or _other_cloud(query.kind, body, mark)
        judged = judge_object(query.kind, body, mark)
        if judged.verdict.kind != "foreign":
            objects.append(judged)
    return _ListResult(
        query=query, objects=tuple(objects), claims=tuple(claims), shared_by=shared_by
    )


def _of_shared(query: Query, bodies: Iterable[structs.JSON], mark: marks.Mark) -> _ListResult:
    """Pure: the entries of the cluster in VRFs, or in SE groups."""
    parts = [_part(query.kind, body, mark) for body in bodies]
    return _ListResult(
        query=query,
        parts=tuple(part for part in parts if part.own or part.suspect),
        in_our_cloud=any(part.our_cloud for part in parts),
        shared_by=next((shared for part in parts if (shared := _other_part(part, mark))), ""),
    )


def _together(answers: Iterable[_ListResult]) -> Inventory:
    """All results together; an object of several questions is there once. Pure."""
    results = tuple(answers)
    objects = {obj.key: obj for answer in results for obj in answer.objects}
    return Inventory(
        objects=tuple(objects.values()),
        parts=tuple(part for answer in results for part in answer.parts),
        queries=tuple(answer.query for answer in results),
        claims=tuple(claim for answer in results for claim in answer.claims),
        visible=frozenset(answer.query.kind for answer in results if answer.in_our_cloud),
        shared_by=next((answer.shared_by for answer in results if answer.shared_by), ""),
    )


def judge_object(kind: str, body: structs.JSON, mark: marks.Mark) -> JudgedObject:
    """An object, judged. Pure."""
    return JudgedObject(
        kind=kind,
        uuid=str(body.get("uuid") or ""),
        name=str(body.get("name") or ""),
        tenant=references.name_of(body.get("tenant_ref")),
        tenant_uuid=references.tenant_uuid(body),
        verdict=verdict.judge(kind, body, mark),
        targets=references.targets(body),
        modified=str(body.get("_last_modified") or ""),
    )


def _part(kind: str, body: structs.JSON, mark: marks.Mark) -> SharedObject:
    our_cloud = not mark.cloud_uuid or references.uuid_of(body.get("cloud_ref")) == mark.cloud_uuid
    read = routes.entries if kind == kinds.VRF.path else labels.entries
    entries = read(body, mark, our_cloud=our_cloud)
    return SharedObject(
        kind=kind,
        uuid=str(body.get("uuid") or ""),
        name=str(body.get("name") or ""),
        tenant=references.name_of(body.get("tenant_ref")),
        tenant_uuid=references.tenant_uuid(body),
        own=tuple(entry for entry in entries if entry.verdict.kind == "own"),
        suspect=tuple(entry for entry in entries if entry.verdict.kind == "suspect"),
        our_cloud=our_cloud,
    )


def _other_cloud(kind: str, body: structs.JSON, mark: marks.Mark) -> str:
    """An object with the same cluster name in another cloud, in words; "" for none.

    A name that we made is a hash over UIDs: there it is only an object in a strange place. Any
    other (AKO's own default is my-cluster) may be a stranger's as well, and kinds without a cloud
    do not show whose an object is.
    """
    if mark.tenants and not marks.in_tenant(mark, body):
        return ""  # the tenant shows whose it is
    if not _may_be_shared(mark) or not kinds.BY_PATH[kind].cloud_scoped:
        return ""
    if marks.values(body, names.CLUSTER_MARKER) != ((mark.cluster_name,),):
        return ""
    cloud: Any = body.get("cloud_ref")
    if references.uuid_of(cloud) == mark.cloud_uuid:
        return ""
    called = f'{kinds.model_of(kind)} "{body.get("name", "")}"'
    return f"{called} (cloud {references.name_of(cloud)})"


def _other_part(part: SharedObject, mark: marks.Mark) -> str:
    if part.our_cloud or not part.suspect or not _may_be_shared(mark):
        return ""
    return f"{part.suspect[0].name} of {part}"


def _may_be_shared(mark: marks.Mark) -> bool:
    return bool(mark.cloud_uuid) and not names.made_by_us(mark.cluster_name)
