"""Tenants: their settings, their own SE group and VRF, and what keeps them."""

from akoo_testbed.avisim import context, problems, references, rules, schema, store


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
        for cloud in clouds:
            if not settings.get("se_in_provider_context", True):
                _add(ctx, stored, cloud, "serviceenginegroup", "Default-Group")
            if settings.get("tenant_vrf"):
                _add(ctx, stored, cloud, "vrfcontext", "global")

    def deleting(self, ctx: context.Context, stored: store.Stored) -> None:
        if stored.builtin:
            raise problems.bad_request(f"tenant {stored.name} cannot be deleted")
        if ctx.state.switches["full-tenant-delete"] == "cascade":
            _remove_all(ctx, stored)


def _add(
    ctx: context.Context, tenant: store.Stored, cloud: store.Stored, path: str, name: str
) -> None:
    kind = ctx.state.kinds.kinds[path]
    data = {"name": name, "tenant_ref": tenant.uuid, "cloud_ref": cloud.uuid}
    ctx.state.add(kind, ctx.state.new_uuid(path), data, owner=tenant.key)


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
