"""The AviTenants that a config's template makes. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from akoo_avi.client.access import implicit

from akoo_core.plugin import kube, names, structs
from akoo_tenancy.spec import config, tenant_used
from akoo_tenancy.spec.config import Options, TenantTemplate
from akoo_tenancy.spec.tenant import AVI_TENANTS, CONFIG_ANNOTATION


def options_of(obj: kube.Object) -> Options:
    """``spec.plugins.tenancy`` of a config. Raises DecodeError and Refusal."""
    plain = ((obj.get("spec") or {}).get("plugins") or {}).get("tenancy") or {}
    options = structs.convert(plain, Options, path=config.PATH)
    config.check(options)
    return options


def config_of(obj: kube.Object) -> str:
    """Name of the config of a record, or of an AviTenant that a template made; "" for none."""
    spec, metadata = obj.get("spec") or {}, obj.get("metadata") or {}
    if "clusterRef" in spec:
        return str((spec.get("configRef") or {}).get("name") or "")
    return str((metadata.get("annotations") or {}).get(CONFIG_ANNOTATION) or "")


def lives(record: kube.Object) -> bool:
    """The cluster of a record is neither leaving nor gone, and not observed only."""
    spec = record.get("spec") or {}
    return not any(spec.get(key) for key in ("leaving", "finishedAt", "observed"))


def object_names(config_name: str, options: Options, records: Iterable[kube.Object]) -> set[str]:
    """Names of all AviTenants that the template makes now."""
    template = options.tenant_template
    if template is None:
        return set()
    if template.per == "Config":
        return {config_name}
    return {
        object_name(config_name, options, record)
        for record in records
        if config_of(record) == config_name and lives(record)
    }


def object_name(config_name: str, options: Options, record: kube.Object) -> str:
    """Name of the AviTenant for one record."""
    metadata, ref = record["metadata"], (record.get("spec") or {}).get("clusterRef") or {}
    return tenant_used.object_name(
        options, config_name, str(ref.get("namespace") or ""), str(metadata["name"])
    )


def body(obj: kube.Object, name: str, template: TenantTemplate) -> kube.Object:
    """The AviTenant to create for a config. Raises Refusal for a config without a controller.

    A tenant that is there already is not taken: teams are apart only in tenants of their own.
    """
    spec: structs.JSON = {"adoptionPolicy": "Never", **_stated(template)}
    controller = implicit.names(obj)
    if controller:
        spec["controller"] = controller
    else:
        reach = implicit.reach(obj)
        spec |= {"address": reach.address, "credentialRef": structs.to_object(reach.credential)}
        if reach.ca is not None:
            spec["caRef"] = structs.to_object(reach.ca)
    return {
        "apiVersion": AVI_TENANTS.api_version,
        "kind": AVI_TENANTS.kind,
        "metadata": {
            "name": name,
            "annotations": {CONFIG_ANNOTATION: obj["metadata"]["name"]},
            "labels": {names.MANAGED_BY_LABEL: names.MANAGED_BY},
        },
        "spec": spec,
    }


def followed(spec: structs.JSON, template: TenantTemplate) -> structs.JSON:
    """The fields that follow the template while the object exists, where they differ."""
    wanted = {key: _stated(template).get(key) for key in ("deletionPolicy", "driftPolicy")}
    wanted["driftPolicy"] = wanted["driftPolicy"] or "Repair"
    return {key: value for key, value in wanted.items() if spec.get(key) != value}


def _stated(template: TenantTemplate) -> structs.JSON:
    values = structs.to_object(template)
    return {key: value for key, value in values.items() if key != "per" and value is not None}
