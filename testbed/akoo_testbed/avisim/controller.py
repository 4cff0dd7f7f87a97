"""The controller: a request goes in, an answer comes out. No I/O, no clock of its own."""

import json
import random
import time
import typing
import urllib.parse
from collections.abc import Callable, Mapping

from akoo_testbed.avisim import (
    auth,
    context,
    listing,
    login,
    macro,
    patch,
    permissions,
    problems,
    references,
    schema,
    seeds,
    store,
    switches,
    values,
    versions,
    write,
)
from akoo_testbed.avisim import state as states


class Controller:
    """A simulated Avi Controller.

    `clock` gives seconds since the epoch; `rng` makes uuids and secrets; `chosen` are switches.
    """

    def __init__(
        self,
        *,
        password: str,
        username: str = "admin",
        profile: str = versions.DEFAULT_PROFILE,
        strict: bool = False,
        chosen: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.time,
        rng: random.Random | None = None,
    ) -> None:
        """Raises ValueError for an unknown profile or switch."""
        if profile not in versions.PROFILES:
            known = ", ".join(versions.PROFILES)
            raise ValueError(f'no profile "{profile}"; there are: {known}')
        self.state = states.State(
            profile=versions.PROFILES[profile],
            chosen=switches.Switches(chosen),
            clock=clock,
            rng=rng or random.SystemRandom(),
            strict=strict,
        )
        seeds.plant(self.state, username, password)

    def handle(self, request: values.Request) -> values.Response:
        """Answer one request. Never raises for anything a client may send."""
        try:
            return self._route(request)
        except problems.RefusedError as refused:
            return refused.response()

    def _route(self, request: values.Request) -> values.Response:
        path = request.path
        if path == "/login":
            if request.method != "POST":
                raise problems.method_not_allowed(request.method)
            return login.login(self.state, request)
        if path == "/logout":
            return login.logout(self.state, request)
        if not path.startswith("/api/"):
            raise problems.unknown_endpoint()
        user, session = login.authenticate(self.state, request)
        return self._answered(request, user, session)

    def _answered(
        self, request: values.Request, user: store.Stored, session: auth.Session | None
    ) -> values.Response:
        """The answer in its session: errors, too, renew the cookies."""
        try:
            response = self._api(self._context(request, user, session))
        except problems.RefusedError as refused:
            response = refused.response()
        cookies = auth.session_cookies(session.id) if session else auth.NO_SESSION_COOKIES
        response.headers += cookies
        return response

    def _context(
        self, request: values.Request, user: store.Stored, session: auth.Session | None
    ) -> context.Context:
        pairs = request.query
        if self.state.profile.repeated_parameter == "first":
            pairs = pairs[::-1]
        rights = permissions.Rights(self.state.objects, user)
        return context.Context(
            state=self.state,
            request=request,
            query=dict(pairs),
            rights=rights,
            tenant=self._tenant(request, rights),
            version=self._version(request),
            session=session,
        )

    def _version(self, request: values.Request) -> versions.Version:
        text = request.headers.get("x-avi-version", "")
        if not text:
            return versions.OLDEST
        try:
            version = versions.parse(text)
        except ValueError:
            raise problems.invalid_version(text, self.state.profile.version) from None
        if version > self.state.profile.version:
            raise problems.invalid_version(text, self.state.profile.version)
        return version

    def _tenant(self, request: values.Request, rights: permissions.Rights) -> str:
        uuid = request.headers.get("x-avi-tenant-uuid", "")
        name = urllib.parse.unquote(request.headers.get("x-avi-tenant", ""))
        if context.ALL_TENANTS in (uuid, name):
            return context.ALL_TENANTS
        if not uuid and not name:
            return str(rights.user.data.get("default_tenant_ref", references.ADMIN))
        objects = self.state.objects
        found = objects.get("tenant", uuid) if uuid else next(objects.named("tenant", name), None)
        if found is None:
            raise problems.tenant_unknown(uuid or name)
        if not rights.enters(found.uuid):
            if self.state.switches["forbidden-tenant-status"] == "404":
                raise problems.not_found("Tenant")
            raise problems.permission_denied(f"use tenant {found.name}")
        return found.uuid

    def _api(self, ctx: context.Context) -> values.Response:
        response = self._kinds(ctx)
        version = versions.underscored(ctx.version)
        response.headers += [("AVI_API_VERSION", version), ("Vary", "Accept, Cookie")]
        return response

    def _kinds(self, ctx: context.Context) -> values.Response:
        rest = ctx.request.path.removeprefix("/api/")
        if rest == "macro":
            return macro.macro(ctx, _body(ctx.request))
        kind, uuid = self._split(rest)
        if kind.singleton:
            return _singleton(ctx, kind)
        return _item(ctx, kind, uuid) if uuid else _collection(ctx, kind)

    def _split(self, rest: str) -> tuple[schema.Kind, str]:
        kind = self.state.kind(rest)
        if kind is not None:
            return kind, ""
        path, _, uuid = rest.rpartition("/")
        kind = self.state.kind(path)
        if kind is None:
            raise problems.unknown_endpoint()
        return kind, uuid


def _body(request: values.Request) -> typing.Any:
    try:
        return json.loads(request.body)
    except ValueError:
        raise problems.RefusedError(400, "JSON parse error", key="detail") from None


def _object(request: values.Request) -> schema.Json:
    body = _body(request)
    if not isinstance(body, dict):
        raise problems.bad_request("the body is not an object")
    return body


def _collection(ctx: context.Context, kind: schema.Kind) -> values.Response:
    match ctx.request.method:
        case "GET":
            return values.answer(listing.page(ctx, kind))
        case "POST" if not kind.readonly:
            body = _object(ctx.request)
            uuid = ctx.request.headers.get("slug", "")
            stored = write.create(ctx, kind, body, uuid=uuid)
            shown = ctx.show(kind, stored, include_name=True, url_name=True)
            response = values.answer(shown, 201)
            response.headers.append(("Location", urllib.parse.quote(shown["url"], safe=":/#")))
            return response
    raise problems.method_not_allowed(ctx.request.method)


def _item(ctx: context.Context, kind: schema.Kind, uuid: str) -> values.Response:
    match ctx.request.method:
        case "GET":
            return values.answer(listing.read(ctx, kind, uuid))
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


def _singleton(ctx: context.Context, kind: schema.Kind) -> values.Response:
    stored = next(iter(ctx.state.objects.of_kind(kind.path)), None)
    if stored is None or ctx.request.method not in ("GET", "PUT", "PATCH"):
        raise problems.method_not_allowed(ctx.request.method)
    return _item(ctx, kind, stored.uuid)
