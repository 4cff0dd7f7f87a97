"""Tenants: their settings, the objects that come with them, and what keeps them."""

import dataclasses
from collections.abc import Iterator

from akoo_testbed.avisim import switches, versions
from akoo_testbed.avisim.objects import references, rules, schema, store
from akoo_testbed.avisim.requests import context, problems


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """An object that the controller itself puts into a new tenant."""

    kind: str
    name: str
    setting: str = ""
    """The setting of the tenant that decides; "" where none does."""
    value: bool = True
    """The value of the setting with which the object is made."""
    each_cloud: bool = False
    """In each cloud of tenant admin."""
    since: versions.Version = versions.OLDEST
    switch: str = ""
    """A switch that has to be `made`, where nobody outside knows it."""


MADE = (
    Made(
        kind="serviceenginegroup",
        name="Default-Group",
        setting="se_in_provider_context",
        value=False,
        each_cloud=True,
    ),
    Made(kind="vrfcontext", name="global", setting="tenant_vrf", each_cloud=True),
    Made(
        kind="tenantsystemconfiguration",
        name="default",
        since=(30, 1, 1),
        switch="tenant-system-configuration",
    ),
)
"""All objects that may be in a tenant that nobody has put anything into."""
_DEFAULTS = {"se_in_provider_context": True, "tenant_vrf": False}


def made(
    version: versions.Version, settings: schema.Json, chosen: switches.Switches
) -> Iterator[Made]:
    """The objects that come with a new tenant of these settings, on this release."""
    for each in MADE:
        wanted = not each.setting or (
            settings.get(each.setting, _DEFAULTS[each.setting]) == each.value
        )
        known = not each.switch or chosen[each.switch] == "made"
        if wanted and known and each.since <= version:
            yield each


class TenantRule(rules.Rule):
    """A tenant out of provider context gets objects of its own, which go with it."""

    def prepare(
        self, ctx: context.Context, data: schema.Json, old: store.Stored | None, body: schema.Json
    ) -> None:
        settings_ = body.get("config_settings") if old is None else {}
        if old is None and not isinstance(settings_, dict):
            defaults = ctx.state.system_configuration.get("global_tenant_config", {})
            data["config_settings"] = {**data.get("config_settings", {}), **defaults}

    def created(self, ctx: context.Context, stored: store.Stored) -> None:
        settings = stored.data.get("config_settings", {})
        clouds = [
            cloud
            for cloud in ctx.state.objects.of_kind("cloud")
            if cloud.tenant == references.ADMIN
        ]
        state = ctx.state
        for each in made(state.profile.version, settings, state.switches):
            for cloud in clouds if each.each_cloud else [None]:
                _add(ctx, stored, cloud, each)

    def deleting(self, ctx: context.Context, stored: store.Stored) -> None:
        if stored.builtin:
            raise problems.bad_request(f"tenant {stored.name} cannot be deleted")
        if ctx.state.switches["full-tenant-delete"] == "cascade":
            _remove_all(ctx, stored)


def _add(
    ctx: context.Context, tenant: store.Stored, cloud: store.Stored | None, each: Made
) -> None:
    data = {"name": each.name, "tenant_ref": tenant.uuid}
    if cloud is not None:
        data["cloud_ref"] = cloud.uuid
    kind = ctx.state.kinds.kinds[each.kind]
    ctx.state.add(kind, ctx.state.new_uuid(each.kind), data, owner=tenant.key)


def _remove_all(ctx: context.Context, tenant: store.Stored) -> None:
    """Everything of the tenant, referrers before what they refer to, as far as that goes."""
    objects = ctx.state.objects
    left = [each for each in objects.referrers(tenant.key) if each.tenant == tenant.uuid]
    while left:
        keys = {each.key for each in left}
        free = [e for e in left if not any(r.key in keys for r in objects.referrers(e.key))]
        for each in free or left:
            if next(objects.referrers(each.key), None) is None:
                objects.remove(each.key)
        still = [each for each in left if objects.get(*each.key) is not None]
        if len(still) == len(left):
            return  # the rest refers to itself in a circle, or is used from other tenants
        left = still
