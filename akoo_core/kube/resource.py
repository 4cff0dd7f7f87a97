"""The name and path of a kind in the REST API."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote

from akoo_core.kube import errors

_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_PLURAL = re.compile(_LABEL)
_GROUP = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_KIND = re.compile(r"[A-Za-z][A-Za-z0-9]{0,62}")
_UNQUOTED = re.compile(r"[A-Za-z0-9._~-]+")
"""Texts that quoting leaves as they are: nearly all."""
_NAME_LIMIT = 253
"""Characters of a group, and of the name of an object."""


class Resource(NamedTuple):
    """One kind at one version, as a REST path needs it. ``group`` is "" for the core group."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    discovered: bool = False
    """The names come from an API server, not from code: metrics and spans call the kind
    ``other``."""

    @property
    def api_version(self) -> str:
        """``v1`` or ``apps/v1``."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """``clusters.cluster.x-k8s.io``: how RBAC messages and CRDs name it."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def label(self) -> str:
        """The plural for metrics and names of spans, which must be a bounded set."""
        return "other" if self.discovered else self.plural

    def path(
        self, namespace: str | None = None, name: str | None = None, subresource: str | None = None
    ) -> str:
        """The URL path. Without ``namespace`` a namespaced kind means all namespaces.

        Raises InvalidError for a part that no path can hold (``..``, ``a/b``).
        """
        parts = ["/apis", self.group, self.version] if self.group else ["/api", self.version]
        if self.namespaced and namespace:
            parts += ["namespaces", namespace]
        parts += [self.plural, *(part for part in (name, subresource) if part)]
        return "/".join([parts[0], *map(_segment, parts[1:])])


def _segment(text: str) -> str:
    """``text`` as one segment of a path. Kubernetes has the same rule for names."""
    if text in ("", ".", "..") or "/" in text or "%" in text or len(text) > _NAME_LIMIT:
        raise errors.InvalidError("a name has letters that no name of the API may have")
    return text if _UNQUOTED.fullmatch(text) else quote(text, safe="")


def is_group(text: str) -> bool:
    """Return True for the name of an API group (a DNS name); the core group, "", is none."""
    return len(text) <= _NAME_LIMIT and _GROUP.fullmatch(text) is not None


def is_object_name(text: str) -> bool:
    """Return True for a DNS name, which names of objects are; other kinds of names are rare."""
    return is_group(text)


def is_version(text: str) -> bool:
    """Return True for a version of a group, such as ``v1beta2`` (a DNS label)."""
    return _PLURAL.fullmatch(text) is not None


def is_kind(text: str) -> bool:
    """Return True for the name of a kind, such as ``Cluster``."""
    return _KIND.fullmatch(text) is not None


def is_plural(text: str) -> bool:
    """Return True for the name of a kind in paths, such as ``clusters`` (a DNS label)."""
    return _PLURAL.fullmatch(text) is not None


NAMESPACES = Resource("", "v1", "namespaces", "Namespace", namespaced=False)
SECRETS = Resource("", "v1", "secrets", "Secret")
CONFIG_MAPS = Resource("", "v1", "configmaps", "ConfigMap")
PODS = Resource("", "v1", "pods", "Pod")
DEPLOYMENTS = Resource("apps", "v1", "deployments", "Deployment")
STATEFUL_SETS = Resource("apps", "v1", "statefulsets", "StatefulSet")
LEASES = Resource("coordination.k8s.io", "v1", "leases", "Lease")
EVENTS = Resource("events.k8s.io", "v1", "events", "Event")
CORE_EVENTS = Resource("", "v1", "events", "Event")
"""The same objects, as a field selector on ``involvedObject`` finds them."""
CUSTOM_RESOURCE_DEFINITIONS = Resource(
    "apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", False
)
CLUSTERS = Resource("cluster.x-k8s.io", "v1beta2", "clusters", "Cluster")
MACHINES = Resource("cluster.x-k8s.io", "v1beta2", "machines", "Machine")
AKO_DEPLOYMENTS = Resource(
    "akoo.io", "v1alpha1", "akodeployments", "AKODeployment", namespaced=False
)
AKO_DEPLOYMENT_CONFIGS = Resource(
    "networking.tkg.tanzu.vmware.com",
    "v1alpha1",
    "akodeploymentconfigs",
    "AKODeploymentConfig",
    namespaced=False,
)
