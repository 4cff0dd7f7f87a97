"""The view of AKO on its cluster, as a value, and the namespaces it serves; pure."""

import collections.abc
import dataclasses
import typing

from akoo_testbed.akosim.config import LB_CLASS, Config
from akoo_testbed.kubeapi import Object

SERVICE, INGRESS = "v1/Service", "networking.k8s.io/v1/Ingress"
INGRESS_CLASS = "networking.k8s.io/v1/IngressClass"
SLICE, NODE = "discovery.k8s.io/v1/EndpointSlice", "v1/Node"
SECRET, NAMESPACE = "v1/Secret", "v1/Namespace"
KINDS = (SERVICE, INGRESS, INGRESS_CLASS, SLICE, NODE, SECRET, NAMESPACE)

TENANT_ANNOTATION = "ako.vmware.com/tenant-name"
DEFAULT_CLASS_ANNOTATION = "ingressclass.kubernetes.io/is-default-class"
SERVICE_LABEL = "kubernetes.io/service-name"


class Backend(typing.NamedTuple):
    """A server of a pool."""

    address: str
    port: int


@dataclasses.dataclass(slots=True)
class World:
    """Objects of the cluster by kind and (namespace, name)."""

    objects: dict[str, dict[tuple[str, str], Object]] = dataclasses.field(default_factory=dict)

    def put(self, kind: str, obj: Object) -> bool:
        """Take in an object; False if nothing changed that could matter."""
        metadata = obj["metadata"]
        of_kind = self.objects.setdefault(kind, {})
        key = (metadata.get("namespace", ""), metadata["name"])
        old, of_kind[key] = of_kind.get(key), obj
        return old is None or _digest(kind, old) != _digest(kind, obj)

    def drop(self, kind: str, obj: Object) -> None:
        """Forget an object."""
        metadata = obj["metadata"]
        key = (metadata.get("namespace", ""), metadata["name"])
        self.objects.setdefault(kind, {}).pop(key, None)

    def all(self, kind: str) -> list[Object]:
        """All objects of a kind, in the order of their names."""
        return [obj for _, obj in sorted(self.objects.get(kind, {}).items())]

    def find(self, kind: str, namespace: str, name: str) -> Object | None:
        """One object, or None."""
        return self.objects.get(kind, {}).get((namespace, name))

    def serves(self, config: Config, namespace: str) -> bool:
        """True if AKO looks at a namespace at all."""
        if namespace in config.blocked:
            return False
        key, value = config.sync_label
        obj = self.find(NAMESPACE, "", namespace) or {}
        labels = obj.get("metadata", {}).get("labels") or {}
        return not (key and value) or labels.get(key) == value

    def tenant(self, config: Config, namespace: str) -> str:
        """The Avi tenant of a namespace's objects."""
        obj = self.find(NAMESPACE, "", namespace) or {}
        annotations = obj.get("metadata", {}).get("annotations") or {}
        return str(annotations.get(TENANT_ANNOTATION) or config.tenant)

    def load_balancers(self, config: Config) -> list[Object]:
        """The Services of type LoadBalancer that are this AKO's."""
        if config.layer7_only:
            return []
        return [
            service
            for service in self.all(SERVICE)
            if service["spec"].get("type") == "LoadBalancer"
            and _is_ours(config, service)
            and self.serves(config, service["metadata"]["namespace"])
        ]

    def ingresses(self, config: Config) -> list[Object]:
        """The Ingresses that are this AKO's."""
        return [
            ingress
            for ingress in self.all(INGRESS)
            if self._has_our_class(config, ingress)
            and self.serves(config, ingress["metadata"]["namespace"])
        ]

    def _has_our_class(self, config: Config, ingress: Object) -> bool:
        name = ingress["spec"].get("ingressClassName")
        annotations = ingress["metadata"].get("annotations") or {}
        name = name or annotations.get("kubernetes.io/ingress.class")
        if name:
            obj = self.find(INGRESS_CLASS, "", name) or {}
            return bool(obj.get("spec", {}).get("controller") == LB_CLASS)
        for each in self.all(INGRESS_CLASS):
            annotations = each["metadata"].get("annotations") or {}
            if annotations.get(DEFAULT_CLASS_ANNOTATION) == "true":
                return bool(each["spec"].get("controller") == LB_CLASS)
        return config.default_ingress

    def backends(self, config: Config, service: Object, port: Object) -> list[Backend]:
        """The servers behind one port of a Service, sorted."""
        if config.service_type == "NodePort":
            number = port.get("nodePort")
            addresses = [a for node in self.all(NODE) if (a := self._usable(config, node))]
            return sorted(Backend(a, number) for a in addresses) if number else []
        backends: set[Backend] = set()
        for each in self._slices(service):
            numbers = [p["port"] for p in each.get("ports") or () if _same_port(p, port)]
            for endpoint in each.get("endpoints") or ():
                if (endpoint.get("conditions") or {}).get("ready") is not False:
                    backends |= {Backend(a, n) for a in endpoint["addresses"] for n in numbers}
        return sorted(backends)

    def _slices(self, service: Object) -> collections.abc.Iterator[Object]:
        metadata = service["metadata"]
        for each in self.all(SLICE):
            labels, namespace = each["metadata"].get("labels") or {}, each["metadata"]["namespace"]
            same = namespace == metadata["namespace"]
            if same and labels.get(SERVICE_LABEL) == metadata["name"]:
                yield each

    def _usable(self, config: Config, node: Object) -> str | None:
        key, value = config.node_label
        labels = node["metadata"].get("labels") or {}
        return None if key and labels.get(key) != value else address(node)


def address(node: Object) -> str | None:
    """A Node's InternalIP."""
    entries = node.get("status", {}).get("addresses") or ()
    return next((str(a["address"]) for a in entries if a["type"] == "InternalIP"), None)


def _is_ours(config: Config, service: Object) -> bool:
    wanted = service["spec"].get("loadBalancerClass")
    return config.default_lb if wanted is None else wanted == LB_CLASS


def _same_port(offered: Object, port: Object) -> bool:
    return (offered.get("name") or "") == (port.get("name") or "") and (
        offered.get("protocol", "TCP") == port.get("protocol", "TCP")
    )


def _digest(kind: str, obj: Object) -> Object:
    """The part of an object that AKO reacts to. Heartbeats and status do not belong to it."""
    metadata = obj["metadata"]
    parts = {name: value for name, value in obj.items() if name not in ("metadata", "status")}
    if kind == NODE:
        parts["address"] = address(obj)
    kept = ("uid", "labels", "annotations")
    return parts | {name: metadata.get(name) for name in kept}
