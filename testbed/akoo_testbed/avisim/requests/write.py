"""Create, replace and delete: references, defaults, uniqueness, concurrency, integrity."""

import dataclasses
import typing

from akoo_testbed.avisim import special
from akoo_testbed.avisim.access import licence, permissions
from akoo_testbed.avisim.objects import resolution, rules, schema, store
from akoo_testbed.avisim.requests import context, listing, problems

_WRITE = permissions.Level.WRITE_ACCESS


def rule(kind: schema.Kind) -> rules.Rule:
    """The rule of this kind beyond its table."""
    return special.RULES.get(kind.path, rules.NOTHING)


def create(
    ctx: context.Context, kind: schema.Kind, body: schema.Json, *, uuid: str = ""
) -> store.Stored:
    """A new object; `uuid` if the client insists on one. Raises RefusedError."""
    if kind.tenant and ctx.tenant == context.ALL_TENANTS:
        raise problems.bad_request("objects cannot be created in tenant *")
    if not ctx.rights.superuser:
        ctx.require(kind.permission, _WRITE)
    data = _read(ctx, kind, body, None)
    if kind.tenant:
        _check_tenant(ctx, data)
        data["tenant_ref"] = ctx.tenant
    resolution.default_references(ctx, kind, data)
    uuid = uuid or ctx.state.new_uuid(kind.path)
    if ctx.state.objects.get(kind.path, uuid) is not None:
        raise problems.already_exists(kind.name, uuid)
    _check_unique(ctx, kind, data, "")
    licence.check_fields(ctx.state, data)
    rule(kind).prepare(ctx, data, None, body)
    _check_markers(ctx, kind, data)
    stored = ctx.state.add(kind, uuid, data)
    rule(kind).created(ctx, stored)
    return stored


def replace(ctx: context.Context, kind: schema.Kind, uuid: str, body: schema.Json) -> store.Stored:
    """Full replacement: what is not given is empty or default again. Raises RefusedError."""
    old = writable(ctx, kind, uuid)
    _check_fresh(ctx, kind, old, body)
    ctx = in_tenant(ctx, old)
    data = _read(ctx, kind, body, old)
    if ctx.state.switches["older-put"] == "keep":
        _keep_newer(ctx, kind, old.data, data)
    return store_change(ctx, kind, old, data, body)


def _keep_newer(
    ctx: context.Context, message: schema.Message, old: schema.Json, data: schema.Json
) -> None:
    """Keep the fields that a client of an older version cannot know."""
    for field in ctx.state.kinds.shaped(message, ctx.version):
        if field.name not in old:
            continue
        if field.since > ctx.version:
            data[field.name] = old[field.name]
        elif field.form is schema.Form.MESSAGE and not field.repeated and field.name in data:
            inner = ctx.state.kinds.messages[field.message]
            _keep_newer(ctx, inner, old[field.name], data[field.name])


def store_change(
    ctx: context.Context,
    kind: schema.Kind,
    old: store.Stored,
    data: schema.Json,
    body: schema.Json,
) -> store.Stored:
    """Check complete new content of an object, and store it. Raises RefusedError."""
    for fixed in ("tenant_ref", "cloud_ref"):
        if fixed in old.data:
            data[fixed] = old.data[fixed]
    resolution.default_references(ctx, kind, data)
    _check_unique(ctx, kind, data, old.uuid)
    licence.check_fields(ctx.state, data)
    rule(kind).prepare(ctx, data, old, body)
    _check_markers(ctx, kind, data)
    new = ctx.state.change(old, data)
    rule(kind).changed(ctx, old, new)
    return new


def delete(ctx: context.Context, kind: schema.Kind, uuid: str) -> None:
    """Delete an object and what came with it. Raises RefusedError."""
    stored = writable(ctx, kind, uuid)
    if ctx.state.objects.get(*stored.key) is None:
        return  # It lingers: its DELETE was answered before.
    rule(kind).deleting(in_tenant(ctx, stored), stored)
    if ctx.state.objects.get(*stored.key) is None:
        return
    doomed = _with_owned(ctx, stored)
    keys = {each.key for each in doomed}
    referrers = [
        referrer
        for each in doomed
        for referrer in ctx.state.objects.referrers(each.key)
        if referrer.key not in keys
    ]
    names = dict.fromkeys(map(ctx.state.shown, referrers))
    for each in doomed:
        names |= dict.fromkeys(ctx.state.outside_referrers.get(each.key, ()))
    if names:
        raise problems.referred_by(names, 400 if kind.path == "cloud" else 403)
    for each in reversed(doomed):
        ctx.state.objects.remove(each.key)
        if ctx.state.switches["deleted-object"] == "lingers":
            ctx.state.linger(each)


def _with_owned(ctx: context.Context, stored: store.Stored) -> list[store.Stored]:
    family = [stored]
    for each in family:
        family += ctx.state.objects.owned(each.key)
    return family


def writable(ctx: context.Context, kind: schema.Kind, uuid: str) -> store.Stored:
    """The object, if this request may change it. Raises RefusedError."""
    if kind.readonly:
        raise problems.method_not_allowed(ctx.request.method)
    stored = listing.find(ctx, kind, uuid, _WRITE)
    if ctx.request.method != "DELETE" and ctx.state.objects.get(*stored.key) is None:
        raise problems.not_found(kind.name)  # It lingers: it can be read, and no more.
    if kind.tenant and stored.tenant != ctx.tenant != context.ALL_TENANTS:
        if kind.path in ("vrfcontext", "serviceenginegroup"):
            raise problems.bad_request(f"Cannot modify {kind.name} object of another tenant")
        raise problems.permission_denied(f"write {ctx.state.shown(stored)} from this tenant")
    return stored


def in_tenant(ctx: context.Context, stored: store.Stored) -> context.Context:
    """The same request in the tenant of the object, where its references are looked up."""
    if ctx.tenant != context.ALL_TENANTS or not stored.tenant:
        return ctx
    return dataclasses.replace(ctx, tenant=stored.tenant)


def _read(
    ctx: context.Context, kind: schema.Kind, body: schema.Json, old: store.Stored | None
) -> schema.Json:
    cloud = resolution.cloud_of(ctx, kind, body, old)
    return resolution.reader(ctx, cloud).whole(kind, body, old.data if old else None)


def _check_tenant(ctx: context.Context, data: schema.Json) -> None:
    tenant = data.get("tenant_ref", ctx.tenant)
    if tenant != ctx.tenant and ctx.state.switches["tenant-mismatch"] == "refuse":
        raise problems.bad_request("tenant_ref is not the tenant of the request")


def _check_unique(ctx: context.Context, kind: schema.Kind, data: schema.Json, own: str) -> None:
    name = data.get("name")
    if not kind.unique or not name:
        return
    for other in ctx.state.objects.named(kind.path, name):
        if other.uuid == own or (kind.unique == "unbacked" and other.owner is not None):
            continue
        if kind.tenant and other.tenant != data.get("tenant_ref"):
            continue
        if kind.cloud and other.cloud != data.get("cloud_ref", ""):
            continue
        status = int(ctx.state.switches["duplicate-name-status"])
        raise problems.already_exists(kind.name, name, status)


def _check_markers(ctx: context.Context, kind: schema.Kind, data: schema.Json) -> None:
    """A role filter holds for what is written, too: nobody marks himself out of his filter."""
    if ctx.rights.superuser or "markers" not in kind.fields:
        return
    if not ctx.rights.may(ctx.tenant, kind, data, _WRITE):
        raise problems.permission_denied(f"write {kind.name} {data.get('name', '')} so marked")


def _check_fresh(
    ctx: context.Context, kind: schema.Kind, old: store.Stored, body: schema.Json
) -> None:
    modified: typing.Any = body.get("_last_modified")
    if modified is None:
        if ctx.state.switches["put-without-last-modified"] == "refuse":
            raise problems.concurrent_update(kind.name)
    elif str(modified) != str(old.modified):
        raise problems.concurrent_update(kind.name)
