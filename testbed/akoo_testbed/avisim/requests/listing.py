"""Reading: one object, or a page of a list."""

import itertools
import typing
import urllib.parse
from collections.abc import Iterable, Iterator

from akoo_testbed.avisim.access import permissions
from akoo_testbed.avisim.objects import convert, schema, store
from akoo_testbed.avisim.requests import context, problems, query

MAX_PAGE_SIZE = 200
_ALWAYS = frozenset({"uuid", "name", "url"})

Extra = typing.Callable[[context.Context, store.Stored], schema.Json]
"""A function that adds fields to an object when it is read."""


def find(
    ctx: context.Context, kind: schema.Kind, uuid: str, needed: permissions.Level
) -> store.Stored:
    """The object, if this request sees it and may do that to it. Raises RefusedError."""
    stored = ctx.state.objects.get(kind.path, uuid) or next(
        (each for each in ctx.state.lingering(kind.path) if each.uuid == uuid), None
    )
    if stored is None:
        ctx.require(kind.permission, needed)
        raise problems.not_found(kind.name)
    if not ctx.sees(kind, stored):
        raise problems.not_found(kind.name, int(ctx.state.switches["hidden-object-status"]))
    if not ctx.may(kind, stored, needed):
        _refuse(ctx, kind, stored, needed)
    return stored


def _refuse(
    ctx: context.Context, kind: schema.Kind, stored: store.Stored, needed: permissions.Level
) -> typing.NoReturn:
    ctx.require(kind.permission, needed)
    if ctx.state.switches["filtered-object-status"] == "404":
        raise problems.not_found(kind.name)
    raise problems.permission_denied(f"use {ctx.state.shown(stored)}")


def read(ctx: context.Context, kind: schema.Kind, uuid: str, extra: Extra) -> schema.Json:
    """One object, as the query wants it. Raises RefusedError."""
    stored = find(ctx, kind, uuid, permissions.Level.READ_ACCESS)
    writer = ctx.writer(include_name=ctx.include_name)
    out = ctx.show_with(writer, kind, stored, url_name=ctx.include_name)
    return _trimmed(ctx, kind, out) | extra(ctx, stored)


def matching(ctx: context.Context, kind: schema.Kind) -> list[store.Stored]:
    """All objects that the query asks for and the user may read, in their order."""
    if not ctx.rights.superuser:
        ctx.require(kind.permission, permissions.Level.READ_ACCESS)
    tests = query.tests(ctx, kind)
    if tests is None:
        return []
    matches: Iterator[store.Stored] = (
        each for each in _candidates(ctx, kind) if ctx.sees(kind, each)
    )
    for test in tests:
        matches = filter(test, matches)
    if not ctx.rights.superuser:
        matches = (e for e in matches if ctx.may(kind, e, permissions.Level.READ_ACCESS))
    return _limited(ctx, _sorted(ctx, kind, matches))


def _candidates(ctx: context.Context, kind: schema.Kind) -> Iterable[store.Stored]:
    name = ctx.query.get("name")
    lingering = ctx.state.lingering(kind.path)
    if name is not None and "exclude" not in ctx.query:
        return itertools.chain(
            ctx.state.objects.named(kind.path, name),
            (each for each in lingering if each.name == name),
        )
    return itertools.chain(ctx.state.objects.of_kind(kind.path), lingering)


def _sorted(
    ctx: context.Context, kind: schema.Kind, stored_objects: Iterator[store.Stored]
) -> Iterable[store.Stored]:
    field = ctx.query.get("sort", "")
    if not field and ctx.state.switches["list-order"] == "changing":
        shuffled = list(stored_objects)
        ctx.state.rng.shuffle(shuffled)
        return shuffled
    if not field:
        return stored_objects
    try:
        path = query.Path(ctx, kind, field.lstrip("-").split("."))
    except query.UnknownFieldError:
        return stored_objects

    def first(stored: store.Stored) -> str:
        return next(path.values(stored.data), "")

    return sorted(stored_objects, key=first, reverse=field.startswith("-"))


def _limited(ctx: context.Context, stored_objects: Iterable[store.Stored]) -> list[store.Stored]:
    limit = _number(ctx, "limit_by", 0)
    return list(itertools.islice(stored_objects, limit or None))


def _number(ctx: context.Context, name: str, default: int) -> int:
    text = ctx.query.get(name, "")
    if not text:
        return default
    if not text.isdecimal():
        raise problems.bad_request(f"{name} is not a number")
    return int(text)


def page(ctx: context.Context, kind: schema.Kind, extra: Extra) -> schema.Json:
    """One page of a list. `next` is there if there is one."""
    writer = ctx.writer(include_name=ctx.include_name)

    def show(stored: store.Stored) -> schema.Json:
        out = ctx.show_with(writer, kind, stored, url_name=ctx.include_name)
        return _trimmed(ctx, kind, out) | extra(ctx, stored)

    return envelope(ctx, matching(ctx, kind), show)


T = typing.TypeVar("T")


def envelope(
    ctx: context.Context, stored_objects: list[T], show: typing.Callable[[T], schema.Json]
) -> schema.Json:
    """`count`, `results` of the page that the query names, `next`."""
    default = int(ctx.state.switches["default-page-size"])
    size = min(max(_number(ctx, "page_size", default), 1), MAX_PAGE_SIZE)
    number = max(_number(ctx, "page", 1), 1)
    first = (number - 1) * size
    value: schema.Json = {
        "count": len(stored_objects),
        "results": [show(each) for each in stored_objects[first : first + size]],
    }
    if first + size < len(stored_objects):
        value["next"] = _next(ctx, number + 1)
    return value


def _next(ctx: context.Context, number: int) -> str:
    pairs = [(key, value) for key, value in ctx.request.query if key != "page"]
    pairs.append(("page", str(number)))
    return f"{ctx.request.origin}{ctx.request.path}?{urllib.parse.urlencode(pairs)}"


def _trimmed(ctx: context.Context, kind: schema.Kind, out: schema.Json) -> schema.Json:
    if fields := ctx.query.get("fields"):
        wanted = _ALWAYS.union(fields.split(","))
        out = {name: value for name, value in out.items() if name in wanted}
    if ctx.query.get("skip_default", "false").lower() not in ("false", "0"):
        defaults = convert.defaults(ctx.state.kinds, kind, ctx.state.profile.version)
        out = {k: v for k, v in out.items() if k not in defaults or defaults[k] != v}
    return out
