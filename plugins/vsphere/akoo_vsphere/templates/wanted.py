"""The VSpherePortGroups that a config wants, from its options. Pure."""

from __future__ import annotations

from akoo_core.plugin import kube, names, structs
from akoo_vsphere.spec import config, port_group_rules
from akoo_vsphere.spec.config import Options
from akoo_vsphere.spec.port_group import CONFIG_ANNOTATION, Spec
from akoo_vsphere.spec.template import Template


class Cluster(structs.Struct, frozen=True, kw_only=True):
    """A cluster of a config: its record, and its name for people."""

    record: str
    title: str
    live: bool
    """False: it is leaving, has left, or is observed only: nothing is made for it."""


def options_of(obj: kube.Object) -> Options:
    """The options of a config. Raises DecodeError, and Refusal for those that cannot be used."""
    plain = ((obj.get("spec") or {}).get("plugins") or {}).get("vsphere") or {}
    options = structs.convert(plain, Options, path=config.PATH)
    config.check(options)
    return options


def cluster_of(obj: kube.Object) -> Cluster | None:
    """The cluster of a record; None for a record that cannot be read: it wants nothing new."""
    spec = obj.get("spec") or {}
    ref = spec.get("clusterRef")
    if not isinstance(ref, dict):
        return None
    return Cluster(
        record=obj["metadata"]["name"],
        title=f"{ref.get('namespace')}/{ref.get('name')}",
        live=not any(spec.get(key) for key in ("leaving", "finishedAt", "observed")),
    )


def config_of(obj: kube.Object) -> str:
    """Name of the config of a record, or of a VSpherePortGroup that a template made."""
    spec, metadata = obj.get("spec") or {}, obj.get("metadata") or {}
    if "clusterRef" in spec:
        return str((spec.get("configRef") or {}).get("name") or "")
    return str((metadata.get("annotations") or {}).get(CONFIG_ANNOTATION) or "")


def description(name: str, cluster: Cluster | None) -> str:
    """The text for people on the port group in vCenter."""
    if cluster is None:
        return f"Avi data network of AKODeploymentConfig {name}"
    return f"Avi data network of Cluster {cluster.title}"


def shared(name: str, options: Options) -> str:
    """Name of the object that is made for the whole config; "" for none. Raises Refusal."""
    template = options.port_group_template
    if template is None or template.per != "Config":
        return ""
    made = config.shared_name(name)
    port_group_rules.check_object_name(made)
    return made


def of_cluster(options: Options, cluster: Cluster) -> str:
    """Name of the object that is made for one cluster; "" for none."""
    template = options.port_group_template
    wanted = template is not None and template.per == "Cluster" and cluster.live
    return cluster.record if wanted else ""


def body(config_name: str, name: str, spec: Spec) -> kube.Object:
    """The object to create."""
    return {
        "apiVersion": "akoo.io/v1alpha1",
        "kind": "VSpherePortGroup",
        "metadata": {
            "name": name,
            "annotations": {CONFIG_ANNOTATION: config_name},
            "labels": {names.MANAGED_BY_LABEL: names.MANAGED_BY},
        },
        "spec": structs.to_object(spec),
    }


def followed(spec: Spec, template: Template) -> Spec:
    """The spec with the fields that follow the template while the object exists.

    Place, VLAN, subnet and binding stay as they were chosen: the network is in use.
    """
    return structs.replace(
        spec,
        port_allocation=template.port_allocation,
        num_ports=template.num_ports,
        mac_management_policy=template.mac_management_policy,
        teaming=template.teaming,
        minimum_mtu=template.minimum_mtu,
        deletion_policy=template.deletion_policy,
        drift_policy=template.drift_policy,
        change_policy=template.change_policy,
    )
