"""The kinds that AKO needs to exist when it starts; pure.

Our own definitions, on purpose permissive: right names, scopes, versions and subresources, and any
content, since AKO itself judges its objects and writes Accepted or Rejected into their status. The
kinds of the ako-crd-operator are not among them: it is not deployed, so nothing would ever answer.
"""

from __future__ import annotations

import functools
from typing import Final, NamedTuple

from akoo_core import structs


class Kind(NamedTuple):
    """One CustomResourceDefinition."""

    kind: str
    plural: str
    group: str = "ako.vmware.com"
    versions: tuple[str, ...] = ("v1alpha1",)
    """The last one is stored."""
    short_names: tuple[str, ...] = ()
    namespaced: bool = True
    status: bool = True
    """Whether the stored version has a status subresource."""
    columns: tuple[tuple[str, str], ...] = (("Status", ".status.status"),)

    @property
    def name(self) -> str:
        return f"{self.plural}.{self.group}"


_OLD_AND_NEW = ("v1alpha1", "v1beta1")
_RULE = ("v1alpha2",)
_OLD_GATEWAY = "networking.x-k8s.io"
_STATUS = ("Status", ".status.status")

KINDS: Final = (
    Kind("AviInfraSetting", "aviinfrasettings", versions=_OLD_AND_NEW, namespaced=False),
    Kind(
        "HostRule",
        "hostrules",
        versions=_OLD_AND_NEW,
        short_names=("hostrule", "hr"),
        columns=(("Host", ".spec.virtualhost.fqdn"), _STATUS),
    ),
    Kind(
        "HTTPRule",
        "httprules",
        versions=_OLD_AND_NEW,
        short_names=("httprule",),
        columns=(("Host", ".spec.fqdn"), _STATUS),
    ),
    Kind("L4Rule", "l4rules", versions=_RULE, short_names=("l4rule",)),
    Kind("L7Rule", "l7rules", versions=_RULE, short_names=("l7rule",)),
    Kind("SSORule", "ssorules", versions=_RULE, short_names=("ssorule",)),
    Kind("ClusterSet", "clustersets", short_names=("cs",), status=False, columns=()),
    Kind("MultiClusterIngress", "multiclusteringresses", short_names=("mci",), columns=()),
    Kind("ServiceImport", "serviceimports", short_names=("si",), status=False, columns=()),
    Kind(
        "GatewayClass",
        "gatewayclasses",
        _OLD_GATEWAY,
        short_names=("gc",),
        namespaced=False,
        columns=(("Controller", ".spec.controller"),),
    ),
    Kind(
        "Gateway",
        "gateways",
        _OLD_GATEWAY,
        short_names=("gtw",),
        columns=(("Class", ".spec.gatewayClassName"),),
    ),
)


@functools.cache
def render() -> tuple[structs.JSON, ...]:
    """Every CustomResourceDefinition: the same objects for every cluster, not to be changed."""
    return tuple(_definition(one) for one in KINDS)


def _definition(one: Kind) -> structs.JSON:
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": one.name},
        "spec": {
            "group": one.group,
            "scope": "Namespaced" if one.namespaced else "Cluster",
            "names": {
                "kind": one.kind,
                "listKind": f"{one.kind}List",
                "plural": one.plural,
                "singular": one.kind.lower(),
                **({"shortNames": list(one.short_names)} if one.short_names else {}),
            },
            "versions": [_version(one, version) for version in one.versions],
        },
    }


def _version(one: Kind, version: str) -> structs.JSON:
    stored = version == one.versions[-1]
    open_object = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    columns = [
        *({"name": name, "type": "string", "jsonPath": path} for name, path in one.columns),
        {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
    ]
    schema = {"type": "object", "properties": {"spec": open_object, "status": open_object}}
    return {
        "name": version,
        "served": True,
        "storage": stored,
        "schema": {"openAPIV3Schema": schema},
        "additionalPrinterColumns": columns,
        # The old versions of AKO's kinds have none, and clients of them write status with the rest.
        **({"subresources": {"status": {}}} if one.status and stored else {}),
    }
