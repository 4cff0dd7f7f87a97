"""Ingresses as AKO reads them: host by host, with paths and certificates; pure."""

import base64
import collections.abc
import dataclasses
import re

from akoo_testbed.akosim.config import Config
from akoo_testbed.akosim.world import SECRET, SERVICE, Backend, World
from akoo_testbed.kubeapi import Object

PASSTHROUGH_ANNOTATION = "passthrough.ako.vmware.com/enabled"

_REGEX = re.compile(r"[\\^$*+?()\[\]{}|]")


@dataclasses.dataclass(frozen=True, slots=True)
class Path:
    """One path of a host, and the Service behind it."""

    namespace: str
    ingress: str
    path: str
    exact: bool
    regex: bool
    """ImplementationSpecific with a pattern in it: stands for what a HostRule asks for."""
    service: str
    servers: tuple[Backend, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Certificate:
    """From a TLS Secret; PEM."""

    certificate: str
    key: str = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True, slots=True)
class VirtualHost:
    """A host, from all Ingresses of a tenant together."""

    host: str
    tenant: str
    namespace: str
    """Of the first Ingress that names the host."""
    certificate: Certificate | None
    paths: tuple[Path, ...]


def virtual_hosts(config: Config, world: World, *, passed: bool = False) -> list[VirtualHost]:
    """All hosts, by tenant and name. A host whose TLS Secret is not there is left out.

    ``passed``: those of Ingresses that pass TLS through, else those of all others.
    """
    rules_by_host: dict[tuple[str, str], list[tuple[Object, Object]]] = {}
    for ingress in world.ingresses(config):
        if _is_passed(ingress) is not passed:
            continue
        tenant = world.tenant(config, ingress["metadata"]["namespace"])
        for rule in ingress["spec"].get("rules") or ():
            if rule.get("host"):
                rules_by_host.setdefault((tenant, rule["host"]), []).append((ingress, rule))
    made = [
        _virtual_host(config, world, *key, rules) for key, rules in sorted(rules_by_host.items())
    ]
    return [each for each in made if each]


def _is_passed(ingress: Object) -> bool:
    annotations = ingress["metadata"].get("annotations") or {}
    return str(annotations.get(PASSTHROUGH_ANNOTATION)).lower() == "true"


def _virtual_host(
    config: Config, world: World, tenant: str, host: str, rules: list[tuple[Object, Object]]
) -> VirtualHost | None:
    certificate = None
    for ingress, _ in rules:
        if (name := _secret_name(ingress, host)) and not _is_passed(ingress):
            certificate = _certificate(world, ingress["metadata"]["namespace"], name)
            if certificate is None:
                return None
            break
    paths = [path for ingress, rule in rules for path in _paths(config, world, ingress, rule)]
    namespace = rules[0][0]["metadata"]["namespace"]
    return VirtualHost(host, tenant, namespace, certificate, tuple(paths))


def _secret_name(ingress: Object, host: str) -> str:
    for entry in ingress["spec"].get("tls") or ():
        if host in (entry.get("hosts") or ()):
            return str(entry.get("secretName") or "")
    return ""


def _certificate(world: World, namespace: str, name: str) -> Certificate | None:
    data = (world.find(SECRET, namespace, name) or {}).get("data") or {}
    if "tls.crt" not in data or "tls.key" not in data:
        return None
    return Certificate(*(base64.b64decode(data[key]).decode() for key in ("tls.crt", "tls.key")))


def _paths(
    config: Config, world: World, ingress: Object, rule: Object
) -> collections.abc.Iterator[Path]:
    metadata = ingress["metadata"]
    for entry in (rule.get("http") or {}).get("paths") or ():
        backend = entry["backend"].get("service")
        if not backend:
            continue
        path, kind = entry.get("path") or "/", entry["pathType"]
        yield Path(
            namespace=metadata["namespace"],
            ingress=metadata["name"],
            path=path,
            exact=kind == "Exact",
            regex=kind == "ImplementationSpecific" and bool(_REGEX.search(path)),
            service=backend["name"],
            servers=_servers(config, world, metadata["namespace"], backend),
        )


def _servers(config: Config, world: World, namespace: str, backend: Object) -> tuple[Backend, ...]:
    service = world.find(SERVICE, namespace, backend["name"])
    wanted = backend.get("port") or {}
    for port in (service or {}).get("spec", {}).get("ports") or ():
        if wanted in ({"number": port["port"]}, {"name": port.get("name")}):
            return tuple(world.backends(config, service or {}, port))
    return ()
