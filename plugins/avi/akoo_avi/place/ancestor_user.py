"""The look at the user of the Go ancestor, before an adopted AKO can get another one. Only reads.

The account of the operator looks it up, by the very name that the ancestor's Secret has. Nothing
waits for it: without the fact, release deletes no user, and audit lists it.
"""

from __future__ import annotations

from akoo_avi.client import AviClient, access
from akoo_avi.client.access import sight
from akoo_avi.spec import ancestor_user, names, placement
from akoo_avi.spec.ancestor_user import AviAncestorUser
from akoo_core.plugin import accounts, api, kube, structs

_ASIDE = (*access.ANSWERED, kube.KubeError, TimeoutError)


def kept(view: api.View) -> tuple[api.Fact, ...]:
    """The fact as it is stored; () while there is none. Pure."""
    known = view.fact(AviAncestorUser)
    return (known,) if known is not None else ()


async def look(
    ctx: api.VerbContext, avi: AviClient, stored: placement.Stored
) -> tuple[api.Fact, ...]:
    """The fact, which is looked for once; () for any other AKO, and while our user may not see
    users."""
    view = ctx.view
    known = kept(view)
    if known or not ancestor_user.is_adopted(view.spec):
        return known
    name = ancestor_user.name_of(view.spec.cluster_ref)
    none = AviAncestorUser(
        name=name, uuid="", secret_uid="", controller_uuid=stored.place.controller_uuid
    )
    try:
        secret_uid = await _secret(ctx, name)
        if not secret_uid:
            return (none,)
        user = structs.replace(none, secret_uid=secret_uid, uuid=await _uuid(avi, name))
        blind = "" if user.uuid else await sight.missing(avi, (ancestor_user.PERMISSION,))
    except _ASIDE as error:
        ctx.log.info("the user of AKOO cannot be looked up now", extra={"error": str(error)})
        return ()
    if blind:
        ctx.log.info("the user of AKOO is not seen", extra={"error": blind})
        return ()
    return (user,)


async def _secret(ctx: api.VerbContext, name: str) -> str:
    """The UID of the ancestor's Secret of this Cluster; "" unless it has the type and the name of
    the user. Raises the errors of the reader, and KubeErrors."""
    ref = ctx.view.spec.cluster_ref
    secret = ancestor_user.SECRET.format(ref.name)
    version = await ctx.secrets.version(ref.namespace, secret, of_ancestor=True)
    if not version:
        return ""
    source = api.SecretSource(
        namespace=ref.namespace,
        name=secret,
        key=accounts.USERNAME,
        optional=True,
        public=True,
        of_ancestor=True,
    )
    same = await ctx.secrets.read(source) == name.encode()
    return version.partition("/")[0] if same else ""


async def _uuid(avi: AviClient, name: str) -> str:
    users = await avi.list(
        ancestor_user.KIND,
        tenant=names.ADMIN_TENANT,
        params={"name": name, "include_service_accounts": "true"},
    )
    return next((str(user["uuid"]) for user in users if user.get("name") == name), "")
