"""The account before, on the controller and in the workload cluster. Thin."""

from __future__ import annotations

import datetime

from akoo_avi.client import AviClient, NotFoundError
from akoo_avi.client.access import refusal

from akoo_core.plugin import api, kube, records, structs
from akoo_tenancy.journal import ended
from akoo_tenancy.live import reaching, workload
from akoo_tenancy.live.snapshot import Snapshot
from akoo_tenancy.live.tools import Tools
from akoo_tenancy.spec import names, requests
from akoo_tenancy.spec.facts import Former, Stored, TenancyAccount
from akoo_tenancy.takeover import proof
from akoo_tenancy.users import applying as users
from akoo_tenancy.users import logins
from akoo_tenancy.users.logins import Activity

SILENT_SECONDS = 15.0
UNKNOWN = Former(username="")


def unseen(view: api.View) -> Former | None:
    """The account that AKO has when ours is made: unknown, unless nothing was ever deployed."""
    return None if view.spec.never_deployed else UNKNOWN


def is_unknown(account: TenancyAccount) -> bool:
    """AKO is not to get our account before the one that it has was looked at."""
    return account.former is not None and not account.former.username


async def look_at_takeover(
    ctx: api.VerbContext, tools: Tools, place: Stored, account: TenancyAccount
) -> api.Result:
    """Note the account that AKO has before ours is written. Raises AviErrors and KubeErrors."""
    if ctx.workload is None:
        return api.Wait(
            reason="WorkloadUnreachable",
            message="The workload cluster does not answer. AKO gets its own account once it was "
            "seen which account it has now.",
            after=SILENT_SECONDS,
        )
    live = await workload.secret(ctx.workload)
    username = live.username if live is not None else ""
    before: Former | None = None
    if username and names.sequence(ctx.view.record_name, username) is None:
        user = await users.find(await reaching.open(ctx, tools, place), username)
        before = Former(username=username, user_uuid=str((user or {}).get("uuid", "")))
    return api.Wait(
        reason="PickupAwaited",
        message="AKO gets its own account. The one that it has was noted.",
        after=0.0,
        expected_seconds=300.0,
        facts=(structs.replace(account, former=before),),
    )


def left(account: TenancyAccount, now: datetime.datetime) -> TenancyAccount:
    """AKO was seen with an account of ours. One that was never known is forgotten."""
    former = account.former
    if former is None or former.left_at is not None:
        return account
    known = former.username and former.user_uuid
    gone = structs.replace(former, left_at=now) if known else None
    return structs.replace(account, former=gone)


async def look(
    ctx: api.VerbContext, avi: AviClient, account: TenancyAccount, snapshot: Snapshot
) -> TenancyAccount:
    """Watch the account before, and delete it where that is proven to be right.

    Asks nothing until the snapshot speaks for a deletion. Raises AviErrors and KubeErrors.
    """
    former = account.former
    if former is None or former.left_at is None:
        return account
    if all(row.get("uuid") != former.user_uuid for row in snapshot.users):
        return _gone(account, former, ctx.clock.now())
    now, activity = ctx.clock.now(), None
    if snapshot.activity is not None:
        activity = snapshot.activity.get(former.username, logins.NEVER)
    if not former.released or not proof.is_unused(former, activity, now):
        return structs.replace(account, former=proof.watched(former, activity, now))
    return await _remove(ctx, avi, account, former)


async def at_release(ctx: api.VerbContext, avi: AviClient, account: TenancyAccount) -> str:
    """Delete the account before of a cluster that is gone, if the proof is complete by now; a
    sentence on it. Raises AviErrors."""
    former = account.former
    if former is None or not former.username:
        return ""
    after = account
    if requests.releases_former(ctx.view):
        former = structs.replace(former, released=True)
    if former.released and former.left_at is not None:
        after = await _remove(ctx, avi, account, former)
    if after.former is None:
        return f" {after.ended}" if after.ended != account.ended else ""
    return f' User "{former.username}", which AKO had before, is left: {_why(after.former)}.'


def _why(former: Former) -> str:
    return former.kept or "AKO was never seen without it"


async def _remove(
    ctx: api.VerbContext, avi: AviClient, account: TenancyAccount, former: Former
) -> TenancyAccount:
    """Everything is read anew before the one deletion."""
    now = ctx.clock.now()
    user = await _user(avi, former)
    if user is None:
        return _gone(account, former, now)
    try:
        activity: Activity | None = await logins.of(avi, former.username)
    except refusal.Refusal:
        activity = None
    seen = proof.Evidence(
        user=user,
        activity=activity,
        own_username=avi.username,
        shared_with=await _shared_with(ctx, former),
    )
    objection = proof.objection(former, seen)
    if objection:
        return structs.replace(account, former=structs.replace(former, kept=objection))
    if not proof.is_unused(former, activity, now):
        return structs.replace(account, former=proof.watched(former, activity, now))
    await users.remove(avi, user)
    sentence = f'Account "{former.username}" stopped working at {ended.at(now)}.'
    return structs.replace(account, former=None, ended=sentence)


def _gone(account: TenancyAccount, former: Former, now: datetime.datetime) -> TenancyAccount:
    """A person deleted it, or a process of ours that died before it could note that."""
    sentence = f'Account "{former.username}" was gone at {ended.at(now)}.'
    return structs.replace(account, former=None, ended=sentence)


async def _user(avi: AviClient, former: Former) -> structs.JSON | None:
    try:
        return await avi.get(f"{users.KIND}/{former.user_uuid}", tenant=users.ADMIN)
    except NotFoundError:
        return None


async def _shared_with(ctx: api.VerbContext, former: Former) -> tuple[str, ...]:
    """Other records whose AKO had the same user. Raises KubeErrors."""
    if ctx.shared is None:
        raise RuntimeError("no controller of this plugin watches records")
    return tuple(
        name
        for name, other in await _formers(ctx.shared)
        if name != ctx.view.record_name and other.user_uuid == former.user_uuid
    )


async def _formers(shared: kube.KubeClient) -> list[tuple[str, Former]]:
    listed: list[tuple[str, Former]] = []
    token = ""
    while True:
        page = await shared.list(kube.AKO_DEPLOYMENTS, token=token)
        for obj in page.items:
            former = of_record(obj)
            if former is not None:
                listed.append((str(obj["metadata"]["name"]), former))
        token = page.token
        if not token:
            return listed


def of_record(obj: structs.JSON) -> Former | None:
    """The account before of any record, by its object. Pure."""
    facts = (obj.get("spec") or {}).get("facts") or {}
    return _read((facts.get(TenancyAccount.fact_name) or {}).get("data"))


def of_facts(record: records.Record) -> Former | None:
    """The same for a typed record. Pure."""
    fact = record.spec.facts.get(TenancyAccount.fact_name)
    return _read(fact.data if fact is not None else None)


def _read(data: structs.JSON | None) -> Former | None:
    former = (data or {}).get("former")
    try:
        return structs.convert(former, Former) if former else None
    except structs.DecodeError:
        return None
