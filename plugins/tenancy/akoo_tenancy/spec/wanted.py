"""The account that a cluster's config asks for. Pure."""

from __future__ import annotations

import hashlib
from typing import Final

from akoo_avi.client.access import implicit, refusal
from akoo_avi.client.access.reach import Reach

from akoo_core.plugin import ako_values, api, structs
from akoo_core.plugin import names as core_names
from akoo_tenancy.roles.permissions import Release
from akoo_tenancy.roles.plan import ADMIN, Isolation, Needs
from akoo_tenancy.spec import config, requests, tenant_used
from akoo_tenancy.spec.config import Choice, Options

NEWEST_AKO: Final[Release] = (99,)
"""For a config that names no release of AKO: the rights of the newest."""
REMEDY: Final = (
    "An AviTenant goes with an account of this plugin: remove spec.workloadCredentialRef and "
    "enabled: false, or name the tenant in spec.tenant and remove this field."
)
CA: Final = "certificateAuthorityData"


class _Tenant(structs.Struct, frozen=True, kw_only=True):
    name: str = ADMIN


class _Extra(structs.Struct, frozen=True, kw_only=True):
    disable_static_route_sync: bool | None = None


class _Ako(structs.Struct, frozen=True, kw_only=True):
    version: str = ""
    insecure_skip_tls_verify: bool = structs.field(default=False, name="insecureSkipTLSVerify")


class _Plugins(structs.Struct, frozen=True, kw_only=True):
    ako: _Ako = _Ako()


class _Spec(structs.Struct, frozen=True, kw_only=True):
    tenant: _Tenant = _Tenant()
    workload_credential_ref: api.SecretName = api.SecretName()
    certificate_authority_ref: api.SecretName = api.SecretName()
    extra_configs: _Extra = _Extra()
    plugins: _Plugins = _Plugins()


class Asked(structs.Struct, frozen=True, kw_only=True):
    """All that a config says of the account. Equal: the place and the roles found for it hold."""

    choice: Choice
    controller: str = ""
    """An AviController's name; then ``reach`` is None."""
    reach: Reach | None = None
    tenants: tuple[str, ...] = (ADMIN,)
    """Names; the first is that of the cluster's objects. "": its AviTenant was not seen yet."""
    tenant_uuid: str = ""
    """UUID of the first, if an AviTenant gives it."""
    ako: Release = NEWEST_AKO
    static_routes: bool = False
    isolation: Isolation = "Marker"
    ca: api.SecretSource | None = None
    """The CA for AKO; None: the config's own, which AKO's plugin knows."""


def options_of(view: api.View) -> Options:
    """``spec.plugins.tenancy``, or its defaults."""
    decoded = view.plugin_config
    return decoded if isinstance(decoded, Options) else Options()


def of_view(view: api.View) -> Asked:
    """The account that the cluster's config asks for. Raises Refusal."""
    options = options_of(view)
    config.check(options)
    try:
        written = ako_values.filled(view.config).get("spec") or {}
        spec = structs.convert(structs.without_empty(written), _Spec, path="spec")
    except structs.DecodeError as error:
        raise refusal.Refusal("ConfigInvalid", str(error)) from error
    choice = config.choice(
        options,
        reference=spec.workload_credential_ref.complete,
        management=view.spec.cluster_ref.namespace == core_names.MANAGEMENT_NAMESPACE,
    )
    if choice == "Tenancy" and _keeps_adopted(view):
        choice = "Adopted"
    own = tenant_used.of_view(view)
    if choice != "Tenancy":
        if own:
            field = "tenantRef" if options.tenant_ref else "tenantTemplate"
            problem = f"gives no tenant to this cluster, for it has another account. {REMEDY}"
            raise refusal.invalid(f"{config.PATH}.{field}", problem)
        return Asked(choice=choice)
    used = tenant_used.current(view)
    first = (used.name if used is not None else "") if own else spec.tenant.name or ADMIN
    name = implicit.names(view.config)
    reach = None if name else implicit.reach(view.config)
    return Asked(
        choice=choice,
        controller=name,
        reach=reach,
        tenants=tuple(dict.fromkeys((first, *options.additional_tenants))),
        tenant_uuid=used.uuid if used is not None else "",
        ako=release(spec.plugins.ako.version) or NEWEST_AKO,
        static_routes=spec.extra_configs.disable_static_route_sync is False,
        isolation=options.isolation,
    )


def _keeps_adopted(view: api.View) -> bool:
    """AKO was adopted, and keeps the account that it has: an adoption changes nothing. Once it has
    ended, a person may ask for another account (annotation ``tenancy.akoo.io/rotate``)."""
    adoption = view.spec.adoption
    if adoption is None or "TenancyAccount" in view.spec.facts:
        return False
    return adoption.ended_at is None or requests.cause(view) is None


def elsewhere(choice: Choice) -> str:
    """The provider of the account, where it is not this plugin, as a sentence."""
    if choice == "Adopted":
        return "AKO was adopted and keeps its account, until somebody asks for a rotation."
    if choice == "Reference":
        return "The account is that of spec.workloadCredentialRef."
    return (
        f"No account: {config.PATH}.enabled is false, or this is the management cluster, whose AKO "
        "keeps its admin account."
    )


def ca_source(view: api.View, reach: Reach) -> api.SecretSource | None:
    """The CA for AKO, where the config itself names none. Pure."""
    spec = structs.convert(structs.without_empty(view.config.get("spec") or {}), _Spec, path="spec")
    if spec.certificate_authority_ref.complete:
        return None
    optional = spec.plugins.ako.insecure_skip_tls_verify
    return (reach.ca or reach.credential).source(CA, optional=optional)


def release(text: str) -> Release:
    """``30.2.2`` or ``v1.13.4-9p1`` as numbers; () for a text without any."""
    numbers: list[int] = []
    for part in text.lstrip("v").partition("-")[0].split("."):
        if not part.isdecimal():
            break
        numbers.append(int(part))
    return tuple(numbers)


def needs(view: api.View, asked: Asked, *, controller: Release, own_engines: bool) -> Needs:
    """All that the roles depend on."""
    return Needs(
        record=view.record_name,
        cluster=view.spec.ako_cluster_name,
        ako=asked.ako,
        controller=controller,
        tenants=asked.tenants,
        static_routes=asked.static_routes,
        own_engines=own_engines,
        isolation=asked.isolation,
    )


def digest(needed: Needs) -> str:
    """A short text that is equal exactly if the needs are."""
    return hashlib.sha256(structs.encode_json(needed)).hexdigest()[:16]
