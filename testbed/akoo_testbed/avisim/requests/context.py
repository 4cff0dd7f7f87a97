"""One request after its checks: who asks, for which tenant, in which version."""

import dataclasses

from akoo_testbed.avisim import values, versions
from akoo_testbed.avisim.access import auth, permissions
from akoo_testbed.avisim.objects import references, schema, store
from akoo_testbed.avisim.objects import state as states
from akoo_testbed.avisim.requests import problems

ALL_TENANTS = "*"
_WRITE_COUNTER_SINCE: versions.Version = (21, 1, 1)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The sender of a request, and the tenant it is for."""

    state: states.State
    request: values.Request
    query: dict[str, str]
    rights: permissions.Rights
    tenant: str
    """uuid, or ALL_TENANTS."""
    version: versions.Version
    session: auth.Session | None = None

    @property
    def include_name(self) -> bool:
        """Presence counts, even without a value."""
        return self.query.get("include_name", "false").lower() not in ("false", "0")

    def writer(self, *, include_name: bool) -> references.Writer:
        """Writes objects for this client."""
        return references.Writer(
            self.state.kinds,
            self.state.name_of,
            origin=self.request.origin,
            include_name=include_name,
            version=self.version,
            masked=self.state.switches["secret-read-back"] == "masked",
        )

    def show(
        self, kind: schema.Kind, stored: store.Stored, *, include_name: bool, url_name: bool = False
    ) -> schema.Json:
        """An object as it is read."""
        writer = self.writer(include_name=include_name)
        return self.show_with(writer, kind, stored, url_name=url_name or include_name)

    def show_with(
        self,
        writer: references.Writer,
        kind: schema.Kind,
        stored: store.Stored,
        *,
        url_name: bool,
    ) -> schema.Json:
        """The same with a writer at hand, for lists."""
        out = writer.message(kind, stored.data)
        url = f"{self.request.origin}/api/{kind.path}/{stored.uuid}"
        out["url"] = f"{url}#{stored.name}" if url_name else url
        out["_last_modified"] = str(stored.modified)
        counted = self.version >= _WRITE_COUNTER_SINCE
        if counted and self.state.switches["write-counter"] == "yes":
            out["configpb_attributes"] = {"version": stored.writes}
        return out

    def sees(self, kind: schema.Kind, stored: store.Stored) -> bool:
        """True if the object exists in the tenant of this request."""
        if not kind.tenant or kind.singleton:
            return True
        if self.tenant == ALL_TENANTS:
            return self.rights.enters(stored.tenant)
        if stored.tenant == self.tenant:
            return True
        return stored.tenant == references.ADMIN and self._shared(kind, stored)

    def _shared(self, kind: schema.Kind, stored: store.Stored) -> bool:
        if kind.shared == "system":
            return stored.builtin or stored.name.startswith("System-")
        if kind.shared != "all":
            return False
        own = _OWN_IF.get(kind.path)
        return own is None or self.tenant_settings.get(own[0], own[1]) == own[1]

    @property
    def tenant_settings(self) -> schema.Json:
        """config_settings of the tenant of this request."""
        tenant = self.state.objects.get("tenant", self.tenant)
        settings = tenant.data.get("config_settings", {}) if tenant else {}
        return dict(settings)

    def may(self, kind: schema.Kind, stored: store.Stored, needed: permissions.Level) -> bool:
        """True if the user's roles allow it, markers considered."""
        if self.rights.superuser:
            return True
        tenants = {self.tenant}
        if self.tenant == ALL_TENANTS:
            tenants = {stored.tenant} if kind.tenant else self.rights.tenants() | {ALL_TENANTS}
        return any(self.rights.may(each, kind, stored.data, needed) for each in tenants)

    def require(self, resource: str, needed: permissions.Level) -> None:
        """Raise RefusedError unless the user has this privilege here."""
        tenants = {self.tenant}
        if self.tenant == ALL_TENANTS:
            tenants = self.rights.tenants() | {ALL_TENANTS}
        if max(self.rights.level(each, resource) for each in tenants) < needed:
            access = "read" if needed is permissions.Level.READ_ACCESS else "write"
            raise problems.permission_denied(f"{access} {resource or 'this'}")


_OWN_IF = {
    "serviceenginegroup": ("se_in_provider_context", True),
    "serviceengine": ("tenant_access_to_provider_se", True),
    "vrfcontext": ("tenant_vrf", False),
    "network": ("tenant_vrf", False),
}
"""Setting of a tenant and the value with which it uses the provider's objects of a kind."""
