"""Endpoints that are no kinds: the cluster, licences, one's own account, tokens."""

import datetime
from collections.abc import Callable

from akoo_testbed.avisim import values
from akoo_testbed.avisim.access import auth, login, permissions
from akoo_testbed.avisim.objects import schema
from akoo_testbed.avisim.objects import state as states
from akoo_testbed.avisim.requests import context, problems
from akoo_testbed.avisim.special import users

MAX_TOKEN_HOURS = 24 * 365
_READ = permissions.Level.READ_ACCESS


def initial_data(state: states.State) -> schema.Json:
    """The data that clients ask for before they know the release."""
    return {"version": login.version_answer(state), "controller": {"api_idle_timeout": 15}}


def cluster_status(state: states.State) -> schema.Json:
    """The health probe; needs no login."""
    return {"cluster_state": {"state": state.cluster_state}}


def _cluster_version(ctx: context.Context, _body: schema.Json) -> values.Response:
    return values.answer(login.version_answer(ctx.state))


def _cluster_runtime(ctx: context.Context, _body: schema.Json) -> values.Response:
    """Leader and state. Clients take a new leader, or up_since, as a failover."""
    ctx.require("CONTROLLER", _READ)
    cluster = next(iter(ctx.state.objects.of_kind("cluster")))
    nodes = cluster.data.get("nodes", [])
    leader = ctx.state.leader % max(len(nodes), 1)
    since = _timestamp(ctx.state.leader_since, "%Y-%m-%d %H:%M:%S")
    node_states = [
        {
            "name": node["name"],
            "role": "CLUSTER_LEADER" if number == leader else "CLUSTER_FOLLOWER",
            "state": "CLUSTER_ACTIVE",
            "up_since": since,
            "mgmt_ip": node["ip"]["addr"],
        }
        for number, node in enumerate(nodes)
    ]
    return values.answer(
        {
            "node_info": {
                "uuid": cluster.uuid,
                "cluster_uuid": cluster.uuid,
                "version": ctx.state.profile.name,
            },
            "cluster_state": {"state": ctx.state.cluster_state, "up_since": since, "progress": 100},
            "node_states": node_states,
        }
    )


def _timestamp(seconds: float, form: str) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime(form)


def _licensing(ctx: context.Context, _body: schema.Json) -> values.Response:
    ctx.require("SYSTEMCONFIGURATION", _READ)
    tier = ctx.state.system_configuration.get("default_license_tier", "")
    return values.answer({"uuid": "default", "default_license_tier": tier, "licenses": []})


def _ledger(ctx: context.Context, _body: schema.Json) -> values.Response:
    ctx.require("SYSTEMCONFIGURATION", _READ)
    return values.answer({"uuid": "default", "tier_usages": [], "se_infos": []})


def _domains(ctx: context.Context, _body: schema.Json) -> values.Response:
    """DNS domains of a cloud's DNS and IPAM profiles."""
    ctx.require("IPAMDNSPROVIDERPROFILE", _READ)
    cloud = ctx.state.objects.get("cloud", ctx.query.get("cloud_uuid", ""))
    domains: dict[str, None] = {}
    for field in ("dns_provider_ref", "ipam_provider_ref"):
        uuid = cloud.data.get(field, "") if cloud else ""
        profile = ctx.state.objects.get("ipamdnsproviderprofile", uuid)
        internal = profile.data.get("internal_profile", {}) if profile else {}
        domains |= dict.fromkeys(d["domain_name"] for d in internal.get("dns_service_domain", ()))
    return values.answer({"domains": list(domains)})


def _account(ctx: context.Context, body: schema.Json) -> values.Response:
    """One's own account; PUT changes the password and answers with an empty body."""
    user = ctx.rights.user
    if ctx.state.objects.get(*user.key) is None:
        raise problems.not_found("User")  # Deleted, and its sessions go on.
    if ctx.request.method == "GET":
        return values.answer(ctx.show(ctx.state.kinds.kinds["user"], user, include_name=False))
    old, new = str(body.get("old_password", "")), str(body.get("password", ""))
    data = dict(user.data)
    if new:
        if not auth.password_matches(data["password"], old):
            raise problems.bad_request("The old password is not right")
        users.set_password(ctx, data, new)
        ctx.state.accounts.password_set(user.uuid, ctx.state.clock())
    for field in ("full_name", "email"):
        if isinstance(body.get(field), str):
            data[field] = body[field]
    ctx.state.change(user, data)
    if ctx.state.switches["password-change"] == "end-sessions":
        own = ctx.session.id if ctx.session else ""
        accounts = ctx.state.accounts
        accounts.end(each for each in accounts.of_user(user.uuid) if each.id != own)
    return values.Response()


def _tokens(ctx: context.Context, body: schema.Json) -> values.Response:
    """Tokens of the user who asks. The token itself is told once, when it is made."""
    accounts = ctx.state.accounts
    if ctx.request.method == "GET":
        own = [t for t in accounts.tokens.values() if t.user == ctx.rights.user.uuid]
        return values.answer({"count": len(own), "results": [_shown(t) for t in own]})
    try:
        hours = float(body.get("hours", 1))
    except (TypeError, ValueError):
        hours = 0.0
    if not 0 < hours <= MAX_TOKEN_HOURS:
        raise problems.bad_request(f"hours is a number up to {MAX_TOKEN_HOURS}")
    token = auth.Token(
        token=accounts.secret(40),
        uuid=ctx.state.new_uuid("user-token"),
        user=ctx.rights.user.uuid,
        hours=hours,
        expires=ctx.state.clock() + hours * auth.HARD_SECONDS_PER_HOUR,
    )
    accounts.tokens[token.uuid] = token
    return values.answer({**_shown(token), "token": token.token}, 201)


def _shown(token: auth.Token) -> schema.Json:
    expires = _timestamp(token.expires, "%Y-%m-%dT%H:%M:%S.%f+00:00")
    return {"uuid": token.uuid, "hours": token.hours, "expires_at": expires}


def delete_token(ctx: context.Context, uuid: str) -> values.Response:
    """DELETE /api/user-token/<uuid>. Raises RefusedError."""
    token = ctx.state.accounts.tokens.get(uuid)
    if token is None or token.user != ctx.rights.user.uuid:
        raise problems.not_found("UserToken")
    del ctx.state.accounts.tokens[uuid]
    return values.Response(status=204)


Endpoint = Callable[[context.Context, schema.Json], values.Response]

ENDPOINTS: dict[str, tuple[frozenset[str], Endpoint]] = {
    "cluster/version": (frozenset({"GET"}), _cluster_version),
    "cluster/runtime": (frozenset({"GET"}), _cluster_runtime),
    "licensing": (frozenset({"GET"}), _licensing),
    "licensing/status": (frozenset({"GET"}), _licensing),
    "licensing/ledger/details": (frozenset({"GET"}), _ledger),
    "ipamdnsproviderprofiledomainlist": (frozenset({"GET"}), _domains),
    "useraccount": (frozenset({"GET", "PUT"}), _account),
    "user-token": (frozenset({"GET", "POST"}), _tokens),
}
"""Path below /api/: methods, and what answers."""
