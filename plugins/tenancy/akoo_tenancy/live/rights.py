"""The roles of an AKO on its controller, and everything that a new user needs beside them."""

from __future__ import annotations

from akoo_avi.client import AviClient, Credential
from akoo_avi.client.access import refusal

from akoo_core.plugin import api, structs
from akoo_tenancy.live.tools import Tools
from akoo_tenancy.passwords import Rules
from akoo_tenancy.roles import applying, plan, probe
from akoo_tenancy.roles.plan import Needs
from akoo_tenancy.spec import config, names, wanted
from akoo_tenancy.spec.facts import AppliedRights, Stored
from akoo_tenancy.spec.wanted import Asked
from akoo_tenancy.users import applying as users
from akoo_tenancy.users.wire import Shape

CHOSEN = (
    "VMware's single role was chosen (isolation: Vendor): AKO can change and delete objects that "
    "carry no marker."
)


async def apply(
    ctx: api.VerbContext, tools: Tools, avi: AviClient, *, asked: Asked, place: Stored
) -> AppliedRights:
    """Make or repair the roles. Raises Refusal and AviErrors."""
    version = await avi.version()
    needed = wanted.needs(
        ctx.view,
        asked,
        controller=wanted.release(version),
        own_engines=place.own_engines,
    )
    profile = await users.profile(avi)
    _check_age(ctx.view, profile, avi.address)
    rules = await password_rules(avi)
    outcome = await _outcome(ctx, tools, avi, needed, rules, place)
    chosen = structs.replace(needed, isolation=outcome.isolation)
    by_name = {tenant.name: tenant.uuid for tenant in place.tenants}
    by_name.setdefault(plan.ADMIN, plan.ADMIN)
    return AppliedRights(
        digest=wanted.digest(needed),
        controller=version,
        access=await applying.apply(avi, plan.plan(chosen), by_name),
        profile=profile.uuid,
        rules=rules,
        isolation=outcome.isolation,
        reduced=outcome.reduced,
    )


async def password_rules(avi: AviClient) -> Rules:
    """The controller's rules for passwords."""
    system = await avi.get("systemconfiguration")
    portal = system.get("portal_configuration") or {}
    return Rules(
        minimum_length=int(portal.get("minimum_password_length") or Rules().minimum_length),
        strength_check=bool(portal.get("password_strength_check")),
    )


def _check_age(view: api.View, profile: users.Profile, address: str) -> None:
    every = config.timing(wanted.options_of(view).rotation).every
    if profile.age_days and every.days >= profile.age_days:
        raise refusal.invalid(
            f"{config.PATH}.rotation.every",
            f"{every.days}d is not below the age at which {address} ends passwords "
            f"({profile.age_days} days).",
        )


async def _outcome(
    ctx: api.VerbContext,
    tools: Tools,
    avi: AviClient,
    needed: Needs,
    rules: Rules,
    place: Stored,
) -> probe.Outcome:
    if needed.isolation == "Vendor":
        return probe.Outcome(isolation="Vendor", reduced=CHOSEN)
    key = (place.controller_uuid, await avi.version())
    if key not in tools.outcomes:
        tools.outcomes[key] = await probe.probe(
            avi,
            _login(ctx, tools, place),
            needed,
            management_id=ctx.view.spec.management_id,
            rules=rules,
        )
    return tools.outcomes[key]


def _login(ctx: api.VerbContext, tools: Tools, place: Stored) -> probe.Login:
    async def login(username: str, password: str) -> AviClient:
        return await as_user(ctx, tools, place, username=username, password=password)

    return login


async def as_user(
    ctx: api.VerbContext, tools: Tools, place: Stored, *, username: str, password: str
) -> AviClient:
    """Log in as another user, over the same TLS. Raises AviErrors."""
    known = tools.clients.last_good(place.reach.address, str(place.reach.credential))
    ca_pem = known.ca_pem if known is not None else ""
    credential = Credential(username, password, ca_pem)
    return await tools.clients.client(place.reach.address, credential, external=ctx.external)


def shape(view: api.View, place: Stored, rights: AppliedRights, sequence: int) -> Shape:
    """The user of an account."""
    return Shape(
        username=names.username(view.record_name, sequence),
        mark=names.mark(view.spec.management_id, view.spec.epoch),
        access=rights.access,
        tenant=place.tenants[0].uuid,
        profile=rights.profile,
        controller=wanted.release(rights.controller),
    )
