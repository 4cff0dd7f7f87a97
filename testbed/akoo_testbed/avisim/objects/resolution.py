"""From what a client writes to stored data: which objects its references mean, and defaults.

A name means the object of the request's tenant, else one that the provider shares; among several,
the one in the same cloud.
"""

import functools
from collections.abc import Iterator

from akoo_testbed.avisim.objects import convert, references, schema, store
from akoo_testbed.avisim.requests import context, problems


def reader(ctx: context.Context, cloud: str) -> convert.Reader:
    """Reads bodies of this request."""
    return convert.Reader(
        kinds=ctx.state.kinds,
        controller=ctx.state.profile.version,
        requested=ctx.version,
        strict=ctx.state.strict,
        ill_typed=ctx.state.switches["ill-typed-field"],
        resolve=functools.partial(_resolve, ctx, cloud),
    )


def cloud_of(
    ctx: context.Context, kind: schema.Kind, body: schema.Json, old: store.Stored | None
) -> str:
    """uuid of the cloud that the object is in: names are looked up there first."""
    if not kind.cloud:
        return ""
    if old is not None:
        return old.cloud
    field = kind.fields["cloud_ref"]
    text = body.get("cloud_ref") or f"/api/cloud?name={field.default}"
    try:
        return (_resolve(ctx, "", field, text) or "") if isinstance(text, str) else ""
    except convert.IllTypedError:  # the reader will say so
        return ""


def _resolve(ctx: context.Context, cloud: str, field: schema.Field, text: str) -> str | None:
    if not text:
        return None
    wanted = references.read(text)
    if wanted is None:
        raise convert.IllTypedError("is a reference")
    kind = ctx.state.kinds.kinds[field.target]
    if wanted.uuid:
        stored = ctx.state.objects.get(kind.path, wanted.uuid)
        existing = stored if stored is not None and _reachable(ctx, kind, stored) else None
    else:
        existing = references.choose(
            _visible_named(ctx, kind, wanted.name), tenant=ctx.tenant, cloud=cloud
        )
    if existing is None:
        raise problems.not_found(kind.name, _missing_status(ctx, kind))
    return existing.uuid


def _reachable(ctx: context.Context, kind: schema.Kind, stored: store.Stored) -> bool:
    """Users are in no tenant, and their access names roles of any (VMware's own watcher for AKO
    makes such users): by uuid, whoever may enter the tenant reaches its roles."""
    if kind.path == "role" and ctx.rights.enters(stored.tenant):
        return True
    return ctx.sees(kind, stored)


def _missing_status(ctx: context.Context, kind: schema.Kind) -> int:
    chosen = ctx.state.switches["missing-reference-status"]
    if chosen == "recorded":
        return 404 if kind.path == "pool" else 400
    return int(chosen)


def _visible_named(ctx: context.Context, kind: schema.Kind, name: str) -> Iterator[store.Stored]:
    return (each for each in ctx.state.objects.named(kind.path, name) if ctx.sees(kind, each))


def default_references(ctx: context.Context, kind: schema.Kind, data: schema.Json) -> None:
    """Fill in references that have a default: the cloud first, the others are found in it."""
    for field in _defaulted(kind):
        if field.name in data:
            continue
        target = ctx.state.kinds.kinds[field.target]
        cloud = data.get("cloud_ref", "")
        existing = references.choose(
            (
                each
                for each in _visible_named(ctx, target, field.default)
                if not (target.cloud and cloud) or each.cloud == cloud
            ),
            tenant=ctx.tenant,
            cloud=cloud,
        )
        if existing is not None:
            data[field.name] = existing.uuid


@functools.cache
def _defaulted(kind: schema.Kind) -> tuple[schema.Field, ...]:
    fields = (f for f in kind.fields.values() if f.form is schema.Form.REFERENCE and f.default)
    return tuple(sorted(fields, key=lambda field: field.name != "cloud_ref"))
