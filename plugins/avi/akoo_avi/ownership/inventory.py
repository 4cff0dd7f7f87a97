"""Reads all that has to do with one cluster from a controller: every kind, all tenants, all pages.

What is own always carries the marker, so one exact query per kind finds it. Suspects lack marks, so
they are asked for by parts of their names and by created_by as well. A field that a kind does not
have gives an empty list without an error: which queries a kind takes is in its table, and that it
can be seen at all is shown apart (:mod:`akoo_avi.ownership.visibility`).

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
from akoo_avi.ownership.found import Found, Inventory, Part, Query
from akoo_avi.spec import names
from akoo_core.plugin import structs

_FIXED_FORMS = ("ako-{}", "ako-gw-{}", "ako-crd-operator-{}")
WIDTH = 4
"""Lists read at the same time: each is held whole until it is judged, so this bounds memory."""


class _Question(NamedTuple):
    """One list to be read."""

    kind: kinds.Kind
    params: Mapping[str, str]
    told: str
    """The question in the words of the proof; the same for all kinds that are asked it."""
    controls: bool = False
    """It is the question that finds what is own, and that must find the claim."""
    still: bool = True
    """The list must hold still while it is read."""


class _Answer(structs.Struct, frozen=True, kw_only=True):
    """What one list says about the cluster; the bodies are not kept."""

    query: Query
    objects: tuple[Found, ...] = ()
    parts: tuple[Part, ...] = ()
    claims: tuple[structs.JSON, ...] = ()
    in_our_cloud: bool = False
    shared_by: str = ""


async def collect(client: AviClient, mark: marks.Mark, *, suspects: bool = True) -> Inventory:
    """The inventory of a cluster as it is now. Raises AviErrors: half of it is none.

    ``suspects=False``: only what carries the marker, in a third of the requests. Between the
    passes of a sweep that is enough.
    """
    asked = _questions(mark, suspects=suspects)
    work = [functools.partial(_ask, client, one, mark) for one in asked]
    inventory = _together(await bounded.run(work, width=WIDTH))
    if inventory.shared_by and mark.exclusive:
        # Rare: all is judged anew, by a mark under which nothing is own.
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
        # All of the controller: on a busy one they move. For a sweep, what is seen will do.
        yield _Question(kind, {}, "all", still=suspects)


def _wider(kind: kinds.Kind, x: str) -> Iterator[_Question]:
    part = marks.name_part(kind.path, x)
    yield _Question(kind, {"name.contains": part}, f"names with {part}")
    if kind.has_created_by:
        yield _Question(kind, {"search": f"(created_by,{x})"}, f"created_by with {x}")
    if kind.path == "stringgroup":
        for form in _FIXED_FORMS:
            value = form.format(x)
            params = {"label_key": marks.CREATED_BY_KEY, "label_value": value}
            yield _Question(kind, params, f"marker {marks.CREATED_BY_KEY}={value}")


async def _ask(client: AviClient, question: _Question, mark: marks.Mark) -> _Answer:
    params = {**question.params, "include_name": "true"}
    if question.still:
        bodies = await client.list(question.kind.path, params=params)
    else:
        bodies = (await client.seen(question.kind.path, params=params)).objects
    query = Query(question.kind.path, question.told, len(bodies))
    if question.kind in kinds.EDITED:
        return _of_shared(query, bodies, mark)
    return _of_objects(query, bodies, mark, controls=question.controls)


def _of_objects(
    query: Query, bodies: Iterable[structs.JSON], mark: marks.Mark, *, controls: bool
) -> _Answer:
    """Pure. ``controls``: a claim that this question finds shows that such questions find."""
    objects: list[Found] = []
    claims: list[structs.JSON] = []
    shared_by = ""
    for body in bodies:
        if query.kind == claim.KIND and claim.is_claim(body):
            claims += [body] if controls else []
            continue
        shared_by = shared_by or _other_cloud(query.kind, body, mark)
        one = found(query.kind, body, mark)
        if one.verdict.kind != "foreign":
            objects.append(one)
    return _Answer(query=query, objects=tuple(objects), claims=tuple(claims), shared_by=shared_by)


def _of_shared(query: Query, bodies: Iterable[structs.JSON], mark: marks.Mark) -> _Answer:
    """Pure: the entries of the cluster in VRFs, or in SE groups."""
    parts = [_part(query.kind, body, mark) for body in bodies]
    return _Answer(
        query=query,
        parts=tuple(part for part in parts if part.own or part.suspect),
        in_our_cloud=any(part.our_cloud for part in parts),
        shared_by=next((told for part in parts if (told := _other_part(part, mark))), ""),
    )


def _together(answers: Iterable[_Answer]) -> Inventory:
    """Pure: all answers as one; what several questions found is there once."""
    all_ = tuple(answers)
    objects = {one.key: one for answer in all_ for one in answer.objects}
    return Inventory(
        objects=tuple(objects.values()),
        parts=tuple(part for answer in all_ for part in answer.parts),
        queries=tuple(answer.query for answer in all_),
        claims=tuple(claim for answer in all_ for claim in answer.claims),
        visible=frozenset(answer.query.kind for answer in all_ if answer.in_our_cloud),
        shared_by=next((answer.shared_by for answer in all_ if answer.shared_by), ""),
    )


def found(kind: str, body: structs.JSON, mark: marks.Mark) -> Found:
    """One object, judged. Pure."""
    return Found(
        kind=kind,
        uuid=str(body.get("uuid") or ""),
        name=str(body.get("name") or ""),
        tenant=references.name_of(body.get("tenant_ref")),
        tenant_uuid=references.tenant_uuid(body),
        verdict=verdict.judge(kind, body, mark),
        targets=references.targets(body),
        modified=str(body.get("_last_modified") or ""),
    )


def _part(kind: str, body: structs.JSON, mark: marks.Mark) -> Part:
    our_cloud = not mark.cloud_uuid or references.uuid_of(body.get("cloud_ref")) == mark.cloud_uuid
    read = routes.entries if kind == kinds.VRF.path else labels.entries
    entries = read(body, mark, our_cloud=our_cloud)
    return Part(
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
    """Names an object that somebody in another cloud marked with the same cluster name.

    A name that we made is a hash over UIDs: there it is only an object in a strange place. Any
    other (AKO's own default is my-cluster) may be a stranger's as well, and then kinds without a
    cloud cannot be told apart.
    """
    if mark.tenants and not marks.in_tenant(mark, body):
        return ""  # the tenant tells it apart
    if not _may_be_shared(mark) or not kinds.BY_PATH[kind].cloud_scoped:
        return ""
    if marks.values(body, names.CLUSTER_MARKER) != ((mark.cluster_name,),):
        return ""
    cloud: Any = body.get("cloud_ref")
    if references.uuid_of(cloud) == mark.cloud_uuid:
        return ""
    called = f'{kinds.model_of(kind)} "{body.get("name", "")}"'
    return f"{called} (cloud {references.name_of(cloud)})"


def _other_part(part: Part, mark: marks.Mark) -> str:
    if part.our_cloud or not part.suspect or not _may_be_shared(mark):
        return ""
    return f"{part.suspect[0].name} of {part}"


def _may_be_shared(mark: marks.Mark) -> bool:
    return bool(mark.cloud_uuid) and not names.made_by_us(mark.cluster_name)
