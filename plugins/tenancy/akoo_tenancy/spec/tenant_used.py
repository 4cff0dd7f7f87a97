"""The AviTenant of a cluster: its name by the config, and the fact about the one that was seen.
Pure."""

from __future__ import annotations

from typing import ClassVar

from akoo_core.plugin import api
from akoo_tenancy.spec.config import Options


class TenantUsed(api.Fact, frozen=True, kw_only=True):
    """The AviTenant that prepare found in force."""

    fact_name: ClassVar[str] = "TenantUsed"

    object: str
    """Name of the AviTenant."""
    uid: str
    name: str
    """Name of the tenant on Avi."""
    uuid: str


def object_name(options: Options, config: str, namespace: str, record: str) -> str:
    """Name of the AviTenant of a cluster; "" for none."""
    template = options.tenant_template
    if template is None:
        return options.tenant_ref
    match template.per:
        case "Config":
            return config
        case "Namespace":
            return f"{config}.{namespace}"
        case "Cluster":
            return record


def of_view(view: api.View) -> str:
    """The same for a view; "" without a config."""
    options = view.plugin_config
    if not isinstance(options, Options) or not view.config:
        return ""
    spec = view.spec
    return object_name(options, spec.config_ref.name, spec.cluster_ref.namespace, view.record_name)


def current(view: api.View) -> TenantUsed | None:
    """The fact, if it is about the AviTenant that the config means now."""
    used = view.fact(TenantUsed)
    return used if used is not None and used.object == of_view(view) else None
