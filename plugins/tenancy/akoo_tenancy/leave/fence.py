"""fence: make it impossible that this AKO logs in again."""

from __future__ import annotations

from akoo_avi.client import AviError, CredentialRefusedError

from akoo_core.plugin import api
from akoo_tenancy.journal import ended
from akoo_tenancy.leave import revoking
from akoo_tenancy.leave.revoking import Revocation
from akoo_tenancy.live import rights
from akoo_tenancy.live.tools import Tools
from akoo_tenancy.spec.facts import Stored, TenancyAccount

AGAIN_SECONDS = 5.0


async def fence(ctx: api.VerbContext, tools: Tools, place: Stored) -> api.Fenced | api.Wait:
    """One call of the verb. Raises Refusal, AviErrors and NotAllowed."""
    revoked = await revoking.revoke(ctx, tools, place)
    if not _ours_alone(ctx.view):
        return api.Fenced(
            grade="Unfenced",
            evidence="AKO has an account that this plugin did not make, and cannot revoke.",
            # It is asked again with each attempt: only the call that deleted them reports it.
            notices=_notices(ctx, revoked) if revoked.removed else (),
        )
    refused = await _refused(ctx, tools, place, revoked)
    if refused is None:
        return api.Wait(
            reason="AccountStillValid",
            message=f"{place.reach.address} still lets the deleted user in. It is asked again.",
            after=AGAIN_SECONDS,
        )
    return api.Fenced(
        grade="Revoked",
        evidence=_evidence(place, revoked, refused),
        notices=_notices(ctx, revoked),
    )


def _notices(ctx: api.VerbContext, revoked: Revocation) -> tuple[api.Notice, ...]:
    """The Event. Users that an earlier call deleted, whose answer was not stored, are gone."""
    time = ended.at(ctx.clock.now())
    sentence = f"The accounts of {ctx.view.record_name} were gone at {time}."
    if revoked.removed:
        sentence = f"Account {', '.join(revoked.removed)} stopped working at {time}."
    return (api.Notice(reason=ended.REASON, message=sentence),)


def _ours_alone(view: api.View) -> bool:
    """AKO has no account but those of this plugin, as far as anybody can know.

    Until AKO was seen with ours, it may work with the account that it had before. A cluster that
    nothing was deployed into has no AKO of ours at all.
    """
    account = view.fact(TenancyAccount)
    if api.WorkloadCredential.fact_name in view.spec.declined or account is None:
        return False
    former = account.former
    return former is None or former.left_at is not None or view.spec.never_deployed


async def _refused(
    ctx: api.VerbContext, tools: Tools, place: Stored, revoked: Revocation
) -> str | None:
    """The evidence of one refused login, "" where none could be tried; None: it was accepted."""
    account = revoked.account
    if account is None:
        return ""
    try:
        await rights.as_user(
            ctx, tools, place, username=account.username, password=account.password
        )
    except CredentialRefusedError:
        return f" A login as {account.username} is refused."
    except AviError:
        return ""
    return None


def _evidence(place: Stored, revoked: Revocation, refused: str) -> str:
    record = ", ".join(revoked.removed) or "all users of this cluster were gone"
    store = f" The store was away: {revoked.store}" if revoked.store else ""
    deleted = f"deleted {record}" if revoked.removed else record
    return f"On {place.reach.address}: {deleted}; none is listed any more.{refused}{store}"
