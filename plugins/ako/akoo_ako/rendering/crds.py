"""The kinds that AKO needs to exist when it starts; pure.

Our own definitions, with what AKO's own have: AKO dereferences the defaults and required fields of
its definitions without looking, so an object that lacks them ends its process. The kinds of the
ako-crd-operator are not among them: it is not deployed, so nothing would ever answer.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Final, NamedTuple

from akoo_ako.definitions import gateway, infra, layer4, layer7, sso
from akoo_ako.definitions.schema import Schema
from akoo_ako.releases.release import Release, Schemas
from akoo_core.plugin import structs

SchemaOf = Callable[[str, Schemas], Schema]
"""The schema of a version of a kind, in the definitions of a release of AKO."""


class Kind(NamedTuple):
    """One CustomResourceDefinition."""

    kind: str
    plural: str
    schema: SchemaOf
    group: str = "ako.vmware.com"
    versions: tuple[str, ...] = ("v1alpha1",)
    """The last one is stored."""
    short_names: tuple[str, ...] = ()
    namespaced: bool = True
    status: bool = True
    """The stored version has a status subresource."""
    columns: tuple[tuple[str, str], ...] = (("Status", ".status.status"),)

    @property
    def name(self) -> str:
        return f"{self.plural}.{self.group}"


_OLD_AND_NEW = ("v1alpha1", "v1beta1")
_RULE = ("v1alpha2",)
_OLD_GATEWAY = "networking.x-k8s.io"
_STATUS = ("Status", ".status.status")


def _always(build: Callable[[], Schema]) -> SchemaOf:
    return lambda _version, _schemas: build()


def _infra_setting(_version: str, schemas: Schemas) -> Schema:
    return infra.infra_setting(project=schemas == "1.12")


def _host_rule(version: str, schemas: Schemas) -> Schema:
    newer = version == "v1beta1"
    return layer7.host_rule(
        newer=newer, duration=newer and schemas == "2.1", paths=newer and schemas != "1.12"
    )


def _http_rule(version: str, schemas: Schemas) -> Schema:
    return layer7.http_rule(http2=version == "v1beta1" and schemas != "1.12")


def _l4_rule(_version: str, schemas: Schemas) -> Schema:
    return layer4.l4_rule(since_2_1=schemas == "2.1")


def _l7_rule(_version: str, schemas: Schemas) -> Schema:
    return layer7.l7_rule(profiles=schemas == "2.1")


KINDS: Final = (
    Kind(
        "AviInfraSetting",
        "aviinfrasettings",
        _infra_setting,
        versions=_OLD_AND_NEW,
        namespaced=False,
    ),
    Kind(
        "HostRule",
        "hostrules",
        _host_rule,
        versions=_OLD_AND_NEW,
        short_names=("hostrule", "hr"),
        columns=(("Host", ".spec.virtualhost.fqdn"), _STATUS),
    ),
    Kind(
        "HTTPRule",
        "httprules",
        _http_rule,
        versions=_OLD_AND_NEW,
        short_names=("httprule",),
        columns=(("Host", ".spec.fqdn"), _STATUS),
    ),
    Kind("L4Rule", "l4rules", _l4_rule, versions=_RULE, short_names=("l4rule",)),
    Kind("L7Rule", "l7rules", _l7_rule, versions=_RULE, short_names=("l7rule",)),
    Kind("SSORule", "ssorules", _always(sso.sso_rule), versions=_RULE, short_names=("ssorule",)),
    Kind(
        "ClusterSet",
        "clustersets",
        _always(infra.cluster_set),
        short_names=("cs",),
        status=False,
        columns=(),
    ),
    Kind(
        "MultiClusterIngress",
        "multiclusteringresses",
        _always(infra.multi_cluster_ingress),
        short_names=("mci",),
        columns=(),
    ),
    Kind(
        "ServiceImport",
        "serviceimports",
        _always(infra.service_import),
        short_names=("si",),
        status=False,
        columns=(),
    ),
    Kind(
        "GatewayClass",
        "gatewayclasses",
        _always(gateway.gateway_class),
        _OLD_GATEWAY,
        short_names=("gc",),
        namespaced=False,
        columns=(("Controller", ".spec.controller"),),
    ),
    Kind(
        "Gateway",
        "gateways",
        _always(gateway.gateway),
        _OLD_GATEWAY,
        short_names=("gtw",),
        columns=(("Class", ".spec.gatewayClassName"),),
    ),
)


NEEDED: Final = tuple(
    kind.name
    for kind in KINDS
    if kind.kind in ("AviInfraSetting", "HostRule", "HTTPRule", "L4Rule", "L7Rule", "SSORule")
)
"""Names of the definitions without which AKO does not work. The others belong to modes: to
multi-cluster ingress, and to gateways of networking.x-k8s.io."""


def render(release: Release) -> tuple[structs.JSON, ...]:
    """Every CustomResourceDefinition of ``release``: the same objects for every cluster, not to be
    changed."""
    return _rendered(release.schemas)


@functools.cache
def _rendered(schemas: Schemas) -> tuple[structs.JSON, ...]:
    return tuple(_definition(kind, schemas) for kind in KINDS)


def _definition(kind: Kind, schemas: Schemas) -> structs.JSON:
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": kind.name},
        "spec": {
            "group": kind.group,
            "scope": "Namespaced" if kind.namespaced else "Cluster",
            "names": {
                "kind": kind.kind,
                "listKind": f"{kind.kind}List",
                "plural": kind.plural,
                "singular": kind.kind.lower(),
                **({"shortNames": list(kind.short_names)} if kind.short_names else {}),
            },
            "versions": [_version(kind, version, schemas) for version in kind.versions],
        },
    }


def _version(kind: Kind, version: str, schemas: Schemas) -> structs.JSON:
    stored = version == kind.versions[-1]
    columns = [
        *({"name": name, "type": "string", "jsonPath": path} for name, path in kind.columns),
        {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
    ]
    return {
        "name": version,
        "served": True,
        "storage": stored,
        "schema": {"openAPIV3Schema": kind.schema(version, schemas)},
        "additionalPrinterColumns": columns,
        # The old versions of AKO's kinds have none, and clients of them write status with the rest.
        **({"subresources": {"status": {}}} if kind.status and stored else {}),
    }
