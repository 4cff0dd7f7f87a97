"""Verbs on collections and objects: from a checked request to an answer."""

import json
import typing
import urllib.parse

from akoo_testbed.avisim import values
from akoo_testbed.avisim.access import permissions
from akoo_testbed.avisim.objects import schema
from akoo_testbed.avisim.requests import (
    context,
    listing,
    macro,
    patch,
    problems,
    system,
    views,
    write,
)


def special(ctx: context.Context, rest: str) -> values.Response | None:
    """The answer of what is no kind (`rest` is below /api/), None if it is one."""
    method = ctx.request.method
    if rest == "macro":
        if method != "POST":
            raise problems.method_not_allowed(method)
        return macro.macro(ctx, _body(ctx.request))
    if rest == "initial-data":
        return values.answer(system.initial_data(ctx.state))
    if rest in system.ENDPOINTS:
        methods, answer = system.ENDPOINTS[rest]
        if method not in methods:
            raise problems.method_not_allowed(method)
        return answer(ctx, _object(ctx.request) if ctx.request.body else {})
    path, _, last = rest.rpartition("/")
    if path == "user-token" and method == "DELETE":
        return system.delete_token(ctx, last)
    return _view(ctx, rest, path, last)


def _view(ctx: context.Context, rest: str, path: str, last: str) -> values.Response | None:
    name, uuid = (rest, "") if rest in views.VIEWS else (path, last)
    view = views.VIEWS.get(name)
    if view is not None and view.since <= ctx.state.profile.version:
        _only_get(ctx)
        return values.answer(views.read(ctx, view, uuid) if uuid else views.page(ctx, view))
    kind_path, _, uuid = path.rpartition("/")
    runtime = views.RUNTIMES.get(kind_path)
    if runtime is not None and last == "runtime":
        _only_get(ctx)
        kind = ctx.state.kinds.kinds[kind_path]
        stored = listing.find(ctx, kind, uuid, permissions.Level.READ_ACCESS)
        return values.answer(runtime(ctx, stored))
    return None


def _only_get(ctx: context.Context) -> None:
    if ctx.request.method != "GET":
        raise problems.method_not_allowed(ctx.request.method)


def collection(ctx: context.Context, kind: schema.Kind) -> values.Response:
    """GET and POST of /api/<kind>."""
    match ctx.request.method:
        case "GET":
            return values.answer(listing.page(ctx, kind, views.joined))
        case "POST" if not kind.readonly:
            uuid = ctx.request.headers.get("slug", "")
            stored = write.create(ctx, kind, _object(ctx.request), uuid=uuid)
            shown = ctx.show(kind, stored, include_name=True, url_name=True)
            response = values.answer(shown, 201)
            response.headers.append(("Location", urllib.parse.quote(shown["url"], safe=":/#")))
            return response
    raise problems.method_not_allowed(ctx.request.method)


def item(ctx: context.Context, kind: schema.Kind, uuid: str) -> values.Response:
    """GET, PUT, PATCH and DELETE of /api/<kind>/<uuid>."""
    match ctx.request.method:
        case "GET":
            return values.answer(listing.read(ctx, kind, uuid, views.joined))
        case "PUT":
            stored = write.replace(ctx, kind, uuid, _object(ctx.request))
            return values.answer(ctx.show(kind, stored, include_name=True))
        case "PATCH":
            stored = patch.patch(ctx, kind, uuid, _object(ctx.request))
            names = ctx.state.switches["patch-names"] == "yes"
            return values.answer(ctx.show(kind, stored, include_name=names))
        case "DELETE":
            write.delete(ctx, kind, uuid)
            return values.Response(status=204)
    raise problems.method_not_allowed(ctx.request.method)


def singleton(ctx: context.Context, kind: schema.Kind) -> values.Response:
    """GET, PUT and PATCH of a kind of which there is one: without list, whatever the query."""
    stored = next(iter(ctx.state.objects.of_kind(kind.path)), None)
    if stored is None or ctx.request.method not in ("GET", "PUT", "PATCH"):
        raise problems.method_not_allowed(ctx.request.method)
    return item(ctx, kind, stored.uuid)


def _body(request: values.Request) -> typing.Any:
    try:
        return json.loads(request.body)
    except (ValueError, RecursionError):
        raise problems.RefusedError(400, "JSON parse error", key="detail") from None


def _object(request: values.Request) -> schema.Json:
    body = _body(request)
    if not isinstance(body, dict):
        raise problems.bad_request("the body is not an object")
    return body
