"""Users and roles: passwords, names, and what keeps them."""

from akoo_testbed.avisim import versions
from akoo_testbed.avisim.access import auth
from akoo_testbed.avisim.objects import references, rules, schema, store
from akoo_testbed.avisim.requests import context, problems

_MINIMUM_LENGTH = 8


class UserRule(rules.Rule):
    """Passwords are kept as hashes; a user is found by its username."""

    def prepare(
        self, ctx: context.Context, data: schema.Json, old: store.Stored | None, body: schema.Json
    ) -> None:
        data.setdefault("username", data["name"])
        other = ctx.state.user_named(data["username"])
        if other is not None and (old is None or other.uuid != old.uuid):
            raise problems.RefusedError(409, "User with this Username already exist")
        _check_rise(ctx, data, old)
        _check_roles(ctx, data)
        data["password_history"] = old.data.get("password_history", []) if old else []
        password = body.get("password")
        if isinstance(password, str) and password and password != references.SENSITIVE:
            set_password(ctx, data, password)
        elif old is not None:
            data["password"] = old.data["password"]
        else:
            raise problems.bad_request("Password is required")
        data.setdefault("default_tenant_ref", _first_tenant(data))

    def created(self, ctx: context.Context, stored: store.Stored) -> None:
        ctx.state.accounts.password_set(stored.uuid, ctx.state.clock())

    def changed(self, ctx: context.Context, old: store.Stored, new: store.Stored) -> None:
        accounts, switches = ctx.state.accounts, ctx.state.switches
        if old.data.get("password") != new.data.get("password"):
            accounts.password_set(new.uuid, ctx.state.clock())
            if switches["password-change"] == "end-sessions":
                accounts.end(accounts.of_user(new.uuid))
        suspended = old.data.get("is_active", True) and not new.data.get("is_active", True)
        if suspended and switches["suspended-user-sessions"] == "end":
            accounts.end(accounts.of_user(new.uuid))

    def deleting(self, ctx: context.Context, stored: store.Stored) -> None:
        own = stored.uuid == ctx.rights.user.uuid
        if stored.builtin or (own and ctx.state.switches["own-user-delete"] == "refuse"):
            raise problems.bad_request(f"user {stored.name} cannot be deleted")
        accounts = ctx.state.accounts
        accounts.forget(stored.uuid)
        if ctx.state.switches["deleted-user-sessions"] == "keep":
            accounts.deleted_users[stored.uuid] = stored
        else:
            accounts.end(accounts.of_user(stored.uuid))


def _check_rise(ctx: context.Context, data: schema.Json, old: store.Stored | None) -> None:
    rises = data.get("is_superuser") and not (old and old.data.get("is_superuser"))
    if rises and not ctx.rights.superuser:
        raise problems.permission_denied("make superusers")


_ADMIN_ONLY = frozenset(f"PERMISSION_{name}" for name in ("CONTROLLER", "ROLE", "TENANT", "USER"))
"""Rights that a user has in tenant admin, or by a role for all tenants."""


def _check_roles(ctx: context.Context, data: schema.Json) -> None:
    """Refuse some rights in other tenants, with the text of terraform-provider-avi, issue 584.
    Roles that came with the controller may be used."""
    for entry in data.get("access", ()):
        tenant = entry.get("tenant_ref", references.ADMIN)
        role = ctx.state.objects.get("role", entry.get("role_ref", ""))
        if role is None or role.builtin or entry.get("all_tenants") or tenant == references.ADMIN:
            continue
        if _ADMIN_ONLY.intersection(_granted(role.data)):
            raise problems.bad_request(
                f"Cannot use Role {role.name} with access to Controller, Role, Tenant or User in "
                "non-admin tenant"
            )


def _granted(role: schema.Json) -> list[str]:
    return [each["resource"] for each in role.get("privileges", ()) if each["type"] != "NO_ACCESS"]


def _first_tenant(data: schema.Json) -> str:
    for entry in data.get("access", ()):
        if "tenant_ref" in entry:
            return str(entry["tenant_ref"])
    return references.ADMIN


def set_password(ctx: context.Context, data: schema.Json, password: str) -> None:
    """Keep a new password of a user; the one it has already is fine. Raises RefusedError."""
    portal = ctx.state.system_configuration.get("portal_configuration", {})
    least = portal.get("minimum_password_length", _MINIMUM_LENGTH)
    if len(password) < least:
        raise problems.bad_request(f"Password must have at least {least} characters")
    kept: list[str] = data.get("password_history", [])
    if kept and auth.password_matches(kept[0], password):
        data["password"] = kept[0]
        return
    if any(auth.password_matches(each, password) for each in kept):
        raise problems.bad_request("Password was used before")
    data["password"] = auth.hash_password(password, ctx.state.accounts.secret(8))
    profile = ctx.state.objects.get("useraccountprofile", data.get("user_profile_ref", ""))
    count = profile.data.get("max_password_history_count", 0) if profile else 0
    data["password_history"] = [data["password"], *kept][:count]


_PING_AGENT_UNTIL = versions.parse("30.2.1")


class RoleRule(rules.Rule):
    """Rights that the release or the tenant has; a role that users have stays, unless the switch
    says otherwise."""

    def prepare(
        self, ctx: context.Context, data: schema.Json, old: store.Stored | None, body: schema.Json
    ) -> None:
        tenant = old.tenant if old is not None else ctx.tenant
        refused = _ADMIN_ONLY.intersection(_granted(data))
        strict = ctx.state.switches["role-outside-admin"] == "refuse"
        if refused and tenant != references.ADMIN and strict:
            listed = ", ".join(sorted(refused))
            raise problems.bad_request(f"{listed} cannot be given in a role of a tenant")
        named = {each["resource"] for each in data.get("privileges", ())}
        late = ctx.state.profile.version >= _PING_AGENT_UNTIL
        if late and "PERMISSION_PINGACCESSAGENT" in named:
            raise problems.bad_request("Unknown resource PERMISSION_PINGACCESSAGENT")

    def deleting(self, ctx: context.Context, stored: store.Stored) -> None:
        if ctx.state.switches["referenced-role-delete"] == "refuse":
            return
        for user in list(ctx.state.objects.referrers(stored.key)):
            access = [e for e in user.data.get("access", ()) if e.get("role_ref") != stored.uuid]
            ctx.state.change(user, {**user.data, "access": access})
