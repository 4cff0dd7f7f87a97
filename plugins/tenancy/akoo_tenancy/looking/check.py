"""check: the store, and on each controller the rights of our own account beyond those that the avi
plugin needs. Reads only."""

from __future__ import annotations

from akoo_avi.client import access as avi_access
from akoo_avi.client.access import sight

from akoo_core.plugin import api, kube
from akoo_tenancy.live import answers
from akoo_tenancy.live.tools import Tools
from akoo_tenancy.looking import ways
from akoo_tenancy.spec.tenant import AVI_TENANTS
from akoo_tenancy.store import api as stores

PERMISSIONS = ("PERMISSION_USER", "PERMISSION_ROLE")
"""The permissions to write that accounts need."""
TENANTS = ("PERMISSION_TENANT",)
"""Those that AviTenants need beside them."""


async def check(ctx: api.CheckContext, tools: Tools) -> tuple[api.Finding, ...]:
    """The store first, then each controller once."""
    known = await ways.ways(ctx)
    findings = [await _store(ctx, tools)]
    tenants, unseen = await _tenants(ctx)
    findings += unseen
    permissions = (*PERMISSIONS, *(TENANTS if tenants else ()))
    good = "Our account may write users and roles."
    if tenants:
        good = "Our account may write users, roles and tenants."
    findings += (
        api.Finding(system="management cluster", subject=title, state="wrong", message=problem)
        for title, problem in known.unread
    )
    for reach, title in known.named_by.items():
        subject = f"{title}: accounts"
        version = ""
        try:
            avi = await avi_access.open(ctx, tools.clients, reach)
            version = await avi.version()
            lacking = await sight.unwritable(avi, permissions)
        except answers.ANSWERED as error:
            state, message = _problem(error)
        else:
            state = "wrong" if lacking else "good"
            message = f"{lacking}." if lacking else good
        findings.append(
            api.Finding(
                system=reach.address,
                subject=subject,
                state=state,
                message=message,
                version=version,
            )
        )
    return tuple(findings)


async def _tenants(ctx: api.CheckContext) -> tuple[bool, tuple[api.Finding, ...]]:
    """There is an AviTenant; and a finding where that cannot be seen."""
    try:
        return bool((await ctx.kube.list(AVI_TENANTS, limit=1)).items), ()
    except kube.KubeError as error:
        system, subject = "management cluster", "AviTenants"
        finding = api.Finding(system=system, subject=subject, state="unknown", message=str(error))
        return False, (finding,)


async def _store(ctx: api.CheckContext, tools: Tools) -> api.Finding:
    store = tools.stores.of(ctx)
    try:
        seen = await store.state()
        await store.names(stores.RECORDS)
    except answers.ANSWERED as error:
        state, message = _problem(error)
        return api.Finding(system="store", subject="records", state=state, message=message)
    return api.Finding(
        system=seen.address,
        subject=f"{seen.kind}: records",
        state="good",
        message=f"Records can be listed as {seen.subject}." if seen.subject else "",
        version=seen.version,
    )


def _problem(error: Exception) -> tuple[api.FindingState, str]:
    result = answers.answer(error)
    return ("wrong" if isinstance(result, api.Blocked) else "unknown"), result.message
