"""Admission of a request: its tenant, its API version, and the right of its sender to use them."""

import urllib.parse

from akoo_testbed.avisim import values, versions
from akoo_testbed.avisim.access import auth, permissions
from akoo_testbed.avisim.objects import references, store
from akoo_testbed.avisim.objects import state as states
from akoo_testbed.avisim.requests import context, problems


def admit(
    state: states.State,
    request: values.Request,
    user: store.Stored,
    session: auth.Session | None,
) -> context.Context:
    """The context of a request whose sender is known. Raises RefusedError."""
    pairs = request.query
    if state.profile.repeated_parameter == "first":
        pairs = pairs[::-1]
    rights = state.rights_of(user)
    return context.Context(
        state=state,
        request=request,
        query=dict(pairs),
        rights=rights,
        tenant=_tenant(state, request, rights),
        version=_version(state, request),
        session=session,
    )


def _version(state: states.State, request: values.Request) -> versions.Version:
    text = request.headers.get("x-avi-version", "")
    if not text:
        return versions.OLDEST
    try:
        version = versions.parse(text)
    except ValueError:
        raise problems.invalid_version(text, state.profile.version) from None
    if version > state.profile.version:
        raise problems.invalid_version(text, state.profile.version)
    return version


def _tenant(state: states.State, request: values.Request, rights: permissions.Rights) -> str:
    uuid = request.headers.get("x-avi-tenant-uuid", "")
    name = request.headers.get("x-avi-tenant", "")
    if state.switches["tenant-header"] == "percent":
        name = urllib.parse.unquote(name)
    if context.ALL_TENANTS in (uuid, name):
        return context.ALL_TENANTS
    if not uuid and not name:
        return str(rights.user.data.get("default_tenant_ref", references.ADMIN))
    objects = state.objects
    tenant = objects.get("tenant", uuid) if uuid else next(objects.named("tenant", name), None)
    if tenant is None:
        raise problems.tenant_unknown(uuid or name)
    if not rights.enters(tenant.uuid):
        if state.switches["forbidden-tenant-status"] == "404":
            raise problems.not_found("Tenant")
        raise problems.permission_denied(f"use tenant {tenant.name}")
    return tenant.uuid
