"""PATCH: `add`, `replace` and `delete`, each with a partial object, one level deep."""

import typing

from akoo_testbed.avisim.objects import convert, resolution, schema, store
from akoo_testbed.avisim.requests import context, problems, write

_VERBS = ("add", "replace", "delete")
_IDENTITIES = ("vip_id", "uuid", "route_id", "name", "index", "key", "nw_ref", "pool_ref", "prefix")


def patch(ctx: context.Context, kind: schema.Kind, uuid: str, body: schema.Json) -> store.Stored:
    """Apply a patch. Raises RefusedError."""
    old = write.writable(ctx, kind, uuid)
    ctx = write.in_tenant(ctx, old)
    if not body or not set(body) <= set(_VERBS):
        raise problems.bad_request(f"a patch has one of {', '.join(_VERBS)}")
    data = dict(old.data)
    reader = resolution.reader(ctx, old.cloud)
    for verb in _VERBS:
        part = body.get(verb, {})
        if not isinstance(part, dict):
            raise problems.bad_request(f"{verb} is an object")
        named = _named_only(part) if verb == "delete" else part
        _apply(kind, verb, data, reader.partial(kind, named), part)
    defaults = convert.defaults(ctx.state.kinds, kind, ctx.state.profile.version)
    for name, value in defaults.items():
        data.setdefault(name, value)
    for field in convert.required(kind):
        if field.name not in data:
            raise problems.bad_request(f"{kind.name}: {field.name} is required")
    written = {**body.get("add", {}), **body.get("replace", {})}
    return write.store_change(ctx, kind, old, data, written)


def _named_only(part: schema.Json) -> schema.Json:
    """A scalar may be deleted by name, with any value: only lists need theirs read."""
    return {name: value for name, value in part.items() if isinstance(value, list)}


def _apply(
    kind: schema.Kind, verb: str, data: schema.Json, patch_part: schema.Json, part: schema.Json
) -> None:
    for name in part:
        field = kind.fields.get(name)
        if field is None or (verb != "delete" and name not in patch_part):
            continue
        if verb == "delete":
            _delete(field, data, patch_part.get(name))
        elif verb == "add" and field.repeated:
            data[name] = _added(data.get(name, []), patch_part[name])
        else:
            data[name] = patch_part[name]


def _delete(field: schema.Field, data: schema.Json, members: list[typing.Any] | None) -> None:
    if members is None:
        data.pop(field.name, None)
    elif field.repeated:
        gone = [identity(each) for each in members]
        left = [each for each in data.get(field.name, []) if identity(each) not in gone]
        data[field.name] = left


def _added(old: list[typing.Any], new: list[typing.Any]) -> list[typing.Any]:
    """Entries of the same identity are updated, the others appended."""
    result = list(old)
    for each in new:
        places = [i for i, other in enumerate(result) if identity(other) == identity(each)]
        if places and isinstance(each, dict):
            result[places[0]] = result[places[0]] | each
        elif not places:
            result.append(each)
    return result


def identity(entry: typing.Any) -> typing.Any:
    """The identity of an entry of a list: its key field, or all of its fields."""
    if not isinstance(entry, dict):
        return entry
    if "ip" in entry:
        return "ip", entry["ip"], entry.get("port")
    for name in _IDENTITIES:
        if name in entry:
            return name, entry[name]
    return entry
