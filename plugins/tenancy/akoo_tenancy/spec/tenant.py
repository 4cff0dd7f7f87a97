"""An AviTenant: one tenant of an Avi Controller, made or used. Pure."""

from __future__ import annotations

import datetime
from typing import Final, Literal

from akoo_avi.client.access import refusal
from akoo_avi.client.access.avi_controller import AVI_CONTROLLERS
from akoo_avi.client.access.reach import Reach

from akoo_core.plugin import api, conditions, kube, names, structs

AVI_TENANTS: Final = kube.Resource(
    AVI_CONTROLLERS.group, "v1alpha1", "avitenants", "AviTenant", namespaced=False
)
FINALIZER: Final = "akoo.io/avi-tenant"
CONFIG_ANNOTATION: Final = "akoo.io/config"
"""On an AviTenant that a template made: the AKODeploymentConfig."""
ADMIN: Final = "admin"

Whose = Literal["Provider", "Own"]
Provenance = Literal["Created", "Adopted", "Used"]
"""Used: the tenant is somebody else's. It is neither changed nor deleted."""


class Spec(structs.Struct, frozen=True, kw_only=True):
    """``spec`` of an AviTenant. A setting that is None is never changed."""

    controller: str = ""
    """Name of an AviController; without it, address and credentialRef lead to the controller."""
    address: str = ""
    credential_ref: api.SecretName | None = None
    ca_ref: api.SecretName | None = None
    tenant_name: str = ""
    """"": the object's name."""
    service_engines: Whose | None = None
    """Own: the tenant has service engine groups of its own."""
    vrf: Whose | None = None
    """Own: the tenant has a routing domain of its own."""
    adoption_policy: Literal["Use", "IfIdentical", "Never"] = "Use"
    deletion_policy: Literal["Delete", "Retain"] | None = None
    """None: a tenant that was created is deleted; one that was adopted stays."""
    drift_policy: Literal["Repair", "Report"] = "Repair"


class Status(structs.Struct, frozen=True, kw_only=True):
    """``status``: the tenant, and what was seen of it."""

    observed_generation: int | None = None
    applied_generation: int | None = None
    """The last generation that was wholly in force; a later difference is drift."""
    controller_uuid: str = ""
    tenant_uuid: str = ""
    tenant_name: str = ""
    provenance: Provenance | None = None
    creating_since: datetime.datetime | None = None
    """A create was announced, and its outcome is not recorded yet."""
    conditions: tuple[conditions.Condition, ...] = ()


class Tenant(structs.Struct, frozen=True, kw_only=True):
    """An AviTenant as read."""

    name: str
    uid: str
    resource_version: str
    generation: int
    deleting: bool
    finalizers: tuple[str, ...]
    let_go: str
    """The reason of a person who leaves everything on Avi as it is (annotation)."""
    moved: bool
    """Deleted here by clusterctl: it lives elsewhere now."""
    adopt: str
    """The former management cluster whose tenant it takes over; "" for none."""
    config: str
    """The AKODeploymentConfig whose template made it; "" for none."""
    spec: Spec
    status: Status

    @property
    def avi_name(self) -> str:
        """Name of the tenant on the controller."""
        return self.spec.tenant_name or self.name

    @property
    def settings(self) -> dict[str, bool]:
        """The stated settings, as ``config_settings`` of a tenant has them."""
        spec = self.spec
        stated: dict[str, bool] = {}
        if spec.service_engines is not None:
            stated["se_in_provider_context"] = spec.service_engines == "Provider"
        if spec.vrf is not None:
            stated["tenant_vrf"] = spec.vrf == "Own"
        return stated


def from_object(obj: structs.JSON) -> Tenant:
    """The tenant of an object. Raises structs.DecodeError with the path."""
    metadata = obj["metadata"]
    annotations = metadata.get("annotations") or {}
    return Tenant(
        name=metadata["name"],
        uid=metadata["uid"],
        resource_version=metadata.get("resourceVersion", ""),
        generation=metadata.get("generation", 0),
        deleting="deletionTimestamp" in metadata,
        finalizers=tuple(metadata.get("finalizers") or ()),
        let_go=annotations.get(names.LET_GO_ANNOTATION, ""),
        moved=names.DELETE_FOR_MOVE_ANNOTATION in annotations,
        adopt=annotations.get(names.ADOPT_ANNOTATION, ""),
        config=annotations.get(CONFIG_ANNOTATION, ""),
        spec=structs.convert(obj.get("spec") or {}, Spec, path="spec"),
        status=structs.convert(obj.get("status") or {}, Status, path="status"),
    )


def own_reach(tenant: Tenant) -> Reach:
    """The way to the controller of a tenant that names no AviController. Raises Refusal."""
    spec = tenant.spec
    if not spec.address or spec.credential_ref is None:
        raise refusal.Refusal(
            "ConfigInvalid",
            f"AviTenant/{tenant.name}: give spec.controller, or spec.address and "
            "spec.credentialRef.",
        )
    return Reach(address=spec.address, credential=spec.credential_ref, ca=spec.ca_ref)


def secrets_of(obj: structs.JSON) -> tuple[api.SecretPair, ...]:
    """(namespace, name) of the Secrets that it names itself; () for an unreadable object."""
    try:
        spec = from_object(obj).spec
    except structs.DecodeError:
        return ()
    named = (secret for secret in (spec.credential_ref, spec.ca_ref) if secret is not None)
    return tuple(secret.pair for secret in named)
