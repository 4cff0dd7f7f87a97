"""Virtual services: a service with TLS gets the controller's own TLS profile if it names none."""

from akoo_testbed.avisim.objects import rules, schema, store
from akoo_testbed.avisim.requests import context

_PROFILE = "System-Standard"


class VirtualServiceRule(rules.Rule):
    """Fills in the TLS profile."""

    def prepare(
        self, ctx: context.Context, data: schema.Json, old: store.Stored | None, body: schema.Json
    ) -> None:
        encrypted = any(service.get("enable_ssl") for service in data.get("services", ()))
        if encrypted and "ssl_profile_ref" not in data:
            profile = next(ctx.state.objects.named("sslprofile", _PROFILE), None)
            if profile is not None:
                data["ssl_profile_ref"] = profile.uuid
