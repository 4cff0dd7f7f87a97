"""The traffic in a cluster that gives its AKO objects on Avi: an L4 and an L7 service."""

from __future__ import annotations

import base64
from typing import Any

from akoo_testbed import kubeapi
from akoo_testbed.akosim import ako_bed
from akoo_testbed.trust import certificates

NAMESPACE = "web"
HOST_SUFFIX = "example.com"
KINDS = (
    *ako_bed.KINDS,
    "pkiprofile",
    "applicationpersistenceprofile",
    "healthmonitor",
    "applicationprofile",
    "networksecuritypolicy",
)

Object = dict[str, Any]


def objects(namespace: str, host: str) -> list[Object]:
    """A Service of type LoadBalancer, and an Ingress with TLS and a path that is a pattern."""
    return [
        _object("v1", "Service", namespace, "l4", spec=_ports("LoadBalancer")),
        _object("v1", "Service", namespace, "web", spec=_ports("NodePort")),
        _certificate(namespace, host),
        _object("networking.k8s.io/v1", "Ingress", namespace, "web", spec=_rules(host)),
    ]


async def serve(api: kubeapi.KubeApi, namespace: str, host: str) -> None:
    """Create the namespace, unless it is there, and the objects."""
    if await api.find("v1/Namespace", None, namespace) is None:
        await api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    for obj in objects(namespace, host):
        await api.create(obj)


def late_service() -> Object:
    """One more Service of type LoadBalancer."""
    return _object("v1", "Service", NAMESPACE, "late", spec=_ports("LoadBalancer"))


def address(service: Object | None) -> str:
    """The address that AKO wrote into a Service; "" for none."""
    entries = ((service or {}).get("status") or {}).get("loadBalancer", {}).get("ingress") or ()
    return next((str(entry.get("ip", "")) for entry in entries), "")


def _ports(kind: str) -> Object:
    return {"type": kind, "ports": [{"port": 80, "protocol": "TCP", "targetPort": 8080}]}


def _rules(host: str) -> Object:
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    paths = [
        {"path": path, "pathType": "ImplementationSpecific", "backend": backend}
        for path in ("/", "/item[0-9]+")
    ]
    return {
        "ingressClassName": "avi-lb",
        "tls": [{"hosts": [host], "secretName": "tls"}],
        "rules": [{"host": host, "http": {"paths": paths}}],
    }


def _certificate(namespace: str, host: str) -> Object:
    pair = certificates.Authority("stories").server([host], [])
    data = {
        "tls.crt": base64.b64encode(pair.certificate_pem.encode()).decode(),
        "tls.key": base64.b64encode(pair.key_pem.encode()).decode(),
    }
    return _object("v1", "Secret", namespace, "tls", type="kubernetes.io/tls", data=data)


def _object(version: str, kind: str, namespace: str, name: str, **parts: Any) -> Object:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **parts}
