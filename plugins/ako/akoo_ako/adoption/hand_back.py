"""Gives an adopted AKO back as it was: the annotation ``ako.akoo.io/hand-back``.

Each step is a fact of the record before it begins: first the objects get the shape that was found,
then our marks come off them and the former owner finds them again. What is done is found done.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Final, Literal

from akoo_ako import desired, names
from akoo_ako.adoption import former, harmless, render
from akoo_ako.adoption.former import AkoFormerOwner
from akoo_ako.adoption.request import HAND_BACK
from akoo_ako.adoption.shape import AkoShape
from akoo_ako.installs import checked, kinds
from akoo_ako.installs.seen import metadata_of, name_of, namespace_of
from akoo_ako.running import pushes, workload
from akoo_core.plugin import api, structs
from akoo_core.plugin import names as core_names
from akoo_core.plugin.kube import KubeClient, NotFoundError, Resource, managed_fields

_MARKS: Final = (core_names.MANAGED_BY_LABEL, core_names.RECORD_LABEL)
_KINDS: Final[dict[str, Resource]] = {kind.kind: kind for kind in kinds.OWN}
_OURS: Final = "akoo-core"
"""Our field manager."""
Operation = Literal["Apply", "Update"]


def _owner(view: api.View) -> AkoFormerOwner | None:
    return view.fact(AkoFormerOwner) if render.adopted(view) is not None else None


def is_asked(view: api.View) -> bool:
    """A person wants the AKO given back, or it is being given back."""
    owner = _owner(view)
    return owner is not None and bool(owner.hand_back or HAND_BACK.name in view.annotations)


def contribution(view: api.View) -> api.Contribution | api.Wait | None:
    """The shape that was found, while it is put back; a Wait for the other steps; None for an AKO
    that is not given back. Raises Refusal."""
    owner = _owner(view)
    if owner is None or not owner.hand_back:
        return None
    if owner.hand_back == "Objects":
        return render.as_it_was(view)
    if owner.hand_back == "Done":
        return api.Wait(
            reason="HandedBack",
            message="AKO was given back as it was.",
            after=60.0,
            expected_seconds=0.0,
        )
    return api.Wait(
        reason="HandingBack",
        message="Our marks are taken off AKO's objects, and its former owner finds them again.",
        after=5.0,
    )


async def observe(ctx: api.VerbContext) -> api.Result:
    """The next step. It is called once the shape is in place."""
    owner = _owner(ctx.view)
    there = render.adopted(ctx.view)
    if owner is None or there is None:
        raise RuntimeError(f"{ctx.view.record_name} gives nothing back")
    if not owner.hand_back:
        # Of an owner that is active, the objects are left as it has them.
        first = render.written(ctx.view) and not owner.active
        if first:
            return _noted(ctx.view, structs.replace(owner, hand_back="Objects"))
    if owner.hand_back in ("", "Objects"):
        written_at = await _account_written_at(ctx, there[0].namespace)
        owner = structs.replace(owner, hand_back="Marks", account_written_at=written_at)
        return _noted(ctx.view, owner)
    if owner.hand_back == "Marks":
        if ctx.workload is None:
            return _noted(ctx.view, owner)
        await _unmark(ctx, there[1], owner, there[0].namespace)
        for each in owner.objects:
            await harmless.restore(ctx.workload, each)
        owner = structs.replace(owner, hand_back="Done")
    return _noted(ctx.view, owner)


def _noted(view: api.View, owner: AkoFormerOwner) -> api.Wait:
    done = owner.hand_back == "Done"
    asked = HAND_BACK.name in view.annotations
    name = former.adopted_name(view, owner, desired.options_of(view).adopt_at_once)
    return api.Wait(
        reason="HandedBack" if done else "HandingBack",
        message="AKO was given back as it was." if done else "AKO is given back.",
        after=5.0,
        facts=(owner, name),
        consumed=(HAND_BACK.name,) if done and asked else (),
    )


async def _account_written_at(ctx: api.VerbContext, namespace: str) -> datetime.datetime | None:
    """Our last write of Secret avi-secret; None where that was the adoption, which changed no
    value. It is asked before our marks come off, and with them the time."""
    adoption = ctx.view.spec.adoption
    if ctx.workload is None or adoption is None:
        return None
    at = pushes.written_at(await workload.credential_metadata(ctx.workload, namespace))
    since = adoption.ended_at
    return at if at is not None and since is not None and at > since + pushes.CLOCKS else None


async def _unmark(
    ctx: api.VerbContext, shape: AkoShape, owner: AkoFormerOwner, namespace: str
) -> None:
    """Take our marks off the objects of the shape, and off avi-secret."""
    if ctx.workload is None:
        return
    program = former.program(owner)
    operation: Operation = "Apply" if owner.applies else "Update"
    kube = KubeClient(ctx.workload.transport, field_manager=program)
    manifests = [each.manifest for each in shape.objects]
    metadata = {"name": names.SECRET, "namespace": namespace, "labels": shape.secret_labels}
    secret = {"kind": "Secret", "metadata": metadata}
    for manifest in [*manifests, secret]:
        kind = _KINDS[manifest["kind"]]
        live = await _read(kube, kind, manifest)
        if live is None:
            continue
        patch = unmarked(live, manifest, ctx.view.record_name, program, operation=operation)
        if patch is not None:
            await kube.merge_patch(kind, name_of(manifest), patch, namespace_of(manifest) or None)


async def _read(kube: KubeClient, kind: Resource, manifest: structs.JSON) -> structs.JSON | None:
    """The metadata of an object as it is now; None where it is gone. Raises KubeErrors."""
    try:
        page = await kube.list(
            kind,
            namespace_of(manifest) or None,
            field_selector=f"metadata.name={name_of(manifest)}",
            limit=1,
            metadata_only=True,
        )
    except NotFoundError:
        return None
    if not page.items:
        return None
    checked.check(kind, page.items[0])
    return page.items[0]


def unmarked(
    live: structs.JSON,
    manifest: structs.JSON,
    record_name: str,
    program: str,
    *,
    operation: Operation = "Update",
) -> structs.JSON | None:
    """The merge patch that takes our marks off an object, for exactly the version that was read;
    None for one without. Our fields become its former owner's again, by the operation that it
    writes with: an apply conflicts with its own updates. Pure."""
    metadata = metadata_of(live)
    labels = metadata.get("labels") or {}
    if labels.get(core_names.RECORD_LABEL) != record_name:
        return None
    before = metadata_of(manifest).get("labels") or {}
    return {
        "metadata": {
            "uid": metadata["uid"],
            "resourceVersion": metadata["resourceVersion"],
            "labels": {mark: before.get(mark) for mark in _MARKS},
            "managedFields": _given_back(metadata.get("managedFields") or (), program, operation),
        }
    }


def _given_back(
    entries: Sequence[structs.JSON], program: str, operation: Operation
) -> list[structs.JSON]:
    """The managed fields, with ours among those of the former owner: a server takes one entry for
    each manager."""
    taken = [
        entry
        for entry in entries
        if entry.get("manager") in (_OURS, program) and not entry.get("subresource")
    ]
    kept = [entry for entry in entries if entry not in taken]
    if not taken:
        return kept
    return [
        *kept,
        {
            **taken[-1],
            "manager": program,
            "operation": operation,
            "fieldsV1": managed_fields.union(taken),
        },
    ]
