"""Resolution of a config's names to one place, by a controller's catalog. Pure.

Each refusal has the name, the searched scope, the existing names and the field to correct. A
misspelt name must never reach an AKO, which stops itself over it.
"""

from __future__ import annotations

from akoo_avi.client import versions
from akoo_avi.client.access import nearest, refusal
from akoo_avi.ownership.references import uuid_of
from akoo_avi.place import catalog, networks
from akoo_avi.place.catalog import Catalog, Row
from akoo_avi.spec import names
from akoo_avi.spec.placement import Place, PlacedNetwork, WantedPlace
from akoo_core.plugin import structs

USABLE_STATES = ("CLUSTER_UP_NO_HA", "CLUSTER_UP_HA_ACTIVE", "CLUSTER_UP_HA_COMPROMISED")
"""AKO's own list: in any other state it does not start."""


class Resolved(structs.Struct, frozen=True, kw_only=True):
    """The objects that a config's names mean on one controller."""

    place: Place
    cloud: Row
    tenant: Row
    se_group: Row
    networks: tuple[PlacedNetwork, ...] = ()
    control_plane: PlacedNetwork | None = None


def resolve(wanted: WantedPlace, known: Catalog, correct: str) -> Resolved:
    """The place of a config. Raises Refusal. ``correct``: the object to correct,
    ``AKODeploymentConfig/edge``."""
    tenant = _tenant(wanted, known, correct)
    cloud = cloud_called(wanted.cloud, tenant, known, f"spec.cloudName of {correct}")
    se_group = _se_group(wanted, known, cloud, tenant, correct)
    scope = networks.NetworkScope(catalog=known, cloud=cloud, tenant=tenant, correct=correct)
    data = networks.find(scope, wanted.network, "spec.dataNetwork")
    return Resolved(
        place=Place(
            controller_uuid=known.uuid,
            cloud_uuid=cloud["uuid"],
            tenant_uuid=tenant["uuid"],
            se_group_uuid=se_group["uuid"],
        ),
        cloud=cloud,
        tenant=tenant,
        se_group=se_group,
        networks=() if data is None else (data,),
        control_plane=networks.find(scope, wanted.control_plane, "spec.controlPlaneNetwork"),
    )


def problem_of(known: Catalog) -> str:
    """The reason that no cluster can be placed on this controller yet; "" for none."""
    if known.state not in USABLE_STATES:
        return (
            f"{known.address} is not usable: its cluster state is {known.state or 'not known'}. "
            "Clusters are placed once it is up."
        )
    return ""


def check_version(known: Catalog) -> None:
    """Raise Refusal for a release that is too old. An unknown release passes."""
    own, least = versions.parse(known.version), versions.parse(versions.OLDEST)
    if own is not None and least is not None and own < least:
        raise refusal.Refusal(
            "ControllerVersionUnsupported",
            f"{known.address} runs Avi {known.version}; {versions.OLDEST} is the oldest release "
            "that AKO and this operator work with. Upgrade it.",
        )


def has_tenant(wanted: WantedPlace, known: Catalog) -> bool:
    """The catalog shows the tenant, or it always exists."""
    if wanted.tenant_uuid:
        return _tenant_with(wanted.tenant_uuid, known) is not None
    return wanted.tenant == names.ADMIN_TENANT or bool(catalog.called(wanted.tenant, known.tenants))


def _tenant(wanted: WantedPlace, known: Catalog, correct: str) -> Row:
    if not wanted.tenant_uuid:
        return tenant_called(wanted.tenant, known, f"spec.tenant.name of {correct}")
    tenant = _tenant_with(wanted.tenant_uuid, known)
    if tenant is not None:
        return tenant
    raise refusal.Refusal(
        "TenantNotFound",
        f'tenant "{wanted.tenant}" ({wanted.tenant_uuid}) does not exist on {known.address}, or is '
        "not for our user. Another plugin gave it for this cluster: see that plugin's condition.",
    )


def _tenant_with(uuid: str, known: Catalog) -> Row | None:
    """The tenant with that UUID; None if the catalog lacks it."""
    if uuid == names.ADMIN_TENANT:
        return {"uuid": names.ADMIN_TENANT, "name": names.ADMIN_TENANT}
    return next((row for row in known.tenants if row.get("uuid") == uuid), None)


def tenant_called(name: str, known: Catalog, correct: str) -> Row:
    """The tenant of that name. ``correct``: the field and the object that name it. Raises Refusal.

    Tenant admin has a fixed UUID, so our user need not be able to list it.
    """
    tenants = catalog.called(name, known.tenants)
    if tenants:
        return tenants[0]
    if name == names.ADMIN_TENANT:
        return {"uuid": names.ADMIN_TENANT, "name": names.ADMIN_TENANT}
    raise refusal.Refusal(
        "TenantNotFound",
        f'tenant "{name}" does not exist on {known.address}, or is not for our user. '
        f"{nearest.sentence(name, catalog.names_of(known.tenants))} Correct {correct}, or create "
        "the tenant.",
    )


def cloud_called(name: str, tenant: Row, known: Catalog, correct: str) -> Row:
    """The cloud of that name that the tenant can see: its own, or one of tenant admin.

    AKO asks in its tenant, and starts with exactly one result. Raises Refusal.
    """
    seen = [cloud for cloud in known.clouds if tenant_of(cloud) in _providers(tenant)]
    clouds = catalog.called(name, seen)
    if len(clouds) == 1:
        return clouds[0]
    if clouds:
        uuids = ", ".join(sorted(cloud["uuid"] for cloud in clouds))
        raise refusal.Refusal(
            "CloudAmbiguous",
            f'{len(clouds)} clouds are called "{name}"{networks.of_tenant(tenant)} on '
            f"{known.address} ({uuids}), and AKO starts "
            "with exactly one. Rename all but one.",
        )
    raise refusal.Refusal(
        "CloudNotFound",
        f'cloud "{name}" does not exist{networks.of_tenant(tenant)} on {known.address}. '
        f"{nearest.sentence(name, catalog.names_of(seen))} Correct {correct}, or create the cloud.",
    )


def _providers(tenant: Row) -> tuple[str, ...]:
    """UUIDs of the tenants whose clouds a tenant can see; "" for a row that names no tenant."""
    return ("", names.ADMIN_TENANT, tenant["uuid"])


def _se_group(wanted: WantedPlace, known: Catalog, cloud: Row, tenant: Row, correct: str) -> Row:
    """The SE group in the tenant that has the SEs: admin, or the tenant itself if it has its
    own."""
    there = [group for group in known.se_groups if uuid_of(group.get("cloud_ref")) == cloud["uuid"]]
    owner = names.ADMIN_TENANT if shares_engines(tenant) else tenant["uuid"]
    allowed = [group for group in there if tenant_of(group) in ("", owner, tenant["uuid"])]
    named = catalog.called(wanted.se_group, allowed)
    own = (group for group in named if tenant_of(group) == owner)
    best = next(own, named[0] if named else None)
    if best is not None:
        return best
    raise refusal.Refusal(
        "ServiceEngineGroupNotFound",
        f'service engine group "{wanted.se_group}" does not exist in cloud "{cloud["name"]}" on '
        f"{known.address}. {nearest.sentence(wanted.se_group, catalog.names_of(allowed))} Correct "
        f"spec.serviceEngineGroup of {correct}, or create the group.",
    )


def shares_engines(tenant: Row) -> bool:
    """The tenant's virtual services run on the engines of tenant admin (Avi's default)."""
    return bool((tenant.get("config_settings") or {}).get("se_in_provider_context", True))


def tenant_of(row: Row) -> str:
    """The uuid of the tenant that an object is in; "" if it names none."""
    return uuid_of(row.get("tenant_ref"))


def check_labels(se_group: Row, cluster_name: str, address: str, correct: str) -> None:
    """Raise Refusal for an SE group with another cluster's label, if AKO labels its group."""
    labels = [label for label in se_group.get("labels") or () if isinstance(label, dict)]
    ours = {"key": names.CLUSTER_MARKER, "value": cluster_name}
    if not labels or any({k: label.get(k) for k in ours} == ours for label in labels):
        return
    shown = ", ".join(f"{label.get('key')}={label.get('value')}" for label in labels)
    raise refusal.Refusal(
        "ServiceEngineGroupTaken",
        f'service engine group "{se_group["name"]}" on {address} carries the labels {shown}: with '
        "serviceType ClusterIP and static routes every cluster needs a group of its own, and AKO "
        f"would not start. Choose another spec.serviceEngineGroup in {correct}, or take the label "
        "off if that cluster is gone.",
    )
