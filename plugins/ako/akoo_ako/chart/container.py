"""Containers that a config adds to AKO's Pod, by the rules of API servers; pure.

:mod:`akoo_ako.chart.typed` has compared them with the fields of Kubernetes already.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from typing import Any, Final

from akoo_ako.chart import kubernetes, typed
from akoo_ako.refusals import pod
from akoo_ako.refusals.refusal import Refusal, invalid

Json = dict[str, Any]
_VARIABLE: Final = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")
_KEY: Final = re.compile(r"[-._a-zA-Z0-9]{1,253}")
_HEADER: Final = re.compile(r"[-A-Za-z0-9]+")
_FIELD: Final = re.compile(
    r"metadata\.(name|namespace|uid)|spec\.(nodeName|serviceAccountName)"
    r"|status\.(hostIPs?|podIPs?)"
)
_MARK: Final = re.compile(r"metadata\.(annotations|labels)\['(?P<key>[^']+)'\]")
_RESOURCE: Final = re.compile(r"(limits|requests)\.(cpu|memory|ephemeral-storage)")
_PROBES: Final = ("livenessProbe", "readinessProbe", "startupProbe")


def problems(container: Json, where: str, volumes: Set[str]) -> Iterator[Refusal]:
    """A Refusal for each part that a server would refuse. ``volumes``: names of those of the
    Pod."""
    wrong = list(typed.problems(container, kubernetes.CONTAINER, where))
    if wrong:
        yield from wrong
        return
    if container["image"] != container["image"].strip():
        yield invalid(f"{where}.image", "begins or ends with a space.")
    for number, entry in enumerate(container.get("env") or ()):
        yield from _variable(entry, f"{where}.env[{number}]")
    for number, entry in enumerate(container.get("envFrom") or ()):
        yield from _variables(entry, f"{where}.envFrom[{number}]")
    yield from _ports(container.get("ports") or [], f"{where}.ports")
    yield from _mounts(container.get("volumeMounts") or [], f"{where}.volumeMounts", volumes)
    for name in _PROBES:
        yield from _probe(container.get(name) or {}, name, f"{where}.{name}")
    for name, handler in (container.get("lifecycle") or {}).items():
        yield from _handler(handler or {}, f"{where}.lifecycle.{name}")
    yield from pod.resource_problems(container.get("resources") or {}, f"{where}.resources")
    yield from _security(container.get("securityContext") or {}, f"{where}.securityContext")


def host_ports(container: Json) -> Iterator[tuple[str, int]]:
    """The ports of the node that it opens, each with its protocol."""
    for port in container.get("ports") or ():
        if port.get("hostPort"):
            yield port.get("protocol") or "TCP", port["hostPort"]


def _variable(entry: Json, where: str) -> Iterator[Refusal]:
    if not _VARIABLE.fullmatch(entry["name"]):
        yield invalid(f"{where}.name", f"{entry['name']!r} is no name of a variable.")
    source = entry.get("valueFrom")
    if source is None:
        return
    if entry.get("value"):
        yield invalid(where, "has value and valueFrom. Keep one of the two.")
    for name in ("configMapKeyRef", "secretKeyRef"):
        reference = source.get(name)
        if reference is None:
            continue
        if not pod.is_subdomain(reference["name"]):
            yield invalid(f"{where}.valueFrom.{name}.name", "is no name of an object.")
        key = reference["key"]
        if not _KEY.fullmatch(key) or key.startswith("..") or key == ".":
            yield invalid(f"{where}.valueFrom.{name}.key", f"{key!r} is no key of a Secret.")
    yield from _downward(source, f"{where}.valueFrom")


def _downward(source: Json, where: str) -> Iterator[Refusal]:
    path = (source.get("fieldRef") or {}).get("fieldPath")
    mark = _MARK.fullmatch(path) if path else None
    known = path is None or _FIELD.fullmatch(path) or (mark and pod.is_key(mark["key"].lower()))
    if not known:
        yield invalid(f"{where}.fieldRef.fieldPath", f"{path!r} is no field that a Pod shows.")
    reference = source.get("resourceFieldRef") or {}
    if reference and not _RESOURCE.fullmatch(reference["resource"]):
        problem = f"{reference['resource']!r} is none such as limits.memory."
        yield invalid(f"{where}.resourceFieldRef.resource", problem)
    if reference.get("divisor") not in (None, 1, "1"):
        yield invalid(f"{where}.resourceFieldRef.divisor", "is not 1, which alone is taken here.")
    if reference.get("containerName"):
        yield invalid(f"{where}.resourceFieldRef.containerName", "is not taken here. Leave it out.")


def _variables(entry: Json, where: str) -> Iterator[Refusal]:
    prefix = entry.get("prefix")
    if prefix and not _VARIABLE.fullmatch(prefix):
        yield invalid(f"{where}.prefix", f"{prefix!r} is no beginning of a variable's name.")
    for name in ("configMapRef", "secretRef"):
        reference = entry.get(name)
        if reference is not None and not pod.is_subdomain(reference["name"]):
            yield invalid(f"{where}.{name}.name", "is no name of an object.")


def _ports(ports: list[Json], where: str) -> Iterator[Refusal]:
    seen: set[str] = set()
    for number, port in enumerate(ports):
        here = f"{where}[{number}]"
        if not 1 <= port["containerPort"] <= typed.LAST_PORT:
            yield invalid(f"{here}.containerPort", "is not between 1 and 65535.")
        if port.get("hostPort", 0) > typed.LAST_PORT:
            yield invalid(f"{here}.hostPort", "is not between 1 and 65535.")
        name = port.get("name")
        if not name:
            continue
        if not pod.is_port_name(name):
            yield invalid(f"{here}.name", f"{name!r} is no name of a port, such as metrics.")
        if name in seen:
            yield invalid(f"{here}.name", f"{name!r} is the name of another port.")
        seen.add(name)


def _mounts(mounts: list[Json], where: str, volumes: Set[str]) -> Iterator[Refusal]:
    for number, mount in enumerate(mounts):
        here = f"{where}[{number}]"
        if mount["name"] not in volumes:
            there = ", ".join(sorted(volumes)) or "has none"
            problem = f"{mount['name']!r} is no volume of AKO's Pod ({there})."
            yield invalid(f"{here}.name", problem)
        if mount.get("subPath") and mount.get("subPathExpr"):
            yield invalid(here, "has subPath and subPathExpr. Keep one of the two.")
        for key in ("subPath", "subPathExpr"):
            if not _descends(mount.get(key) or ""):
                yield invalid(f"{here}.{key}", "is no path below the volume.")


def _descends(path: str) -> bool:
    return not path.startswith("/") and ".." not in path.split("/")


def _probe(probe: Json, name: str, where: str) -> Iterator[Refusal]:
    yield from _handler(probe, where)
    if name != "readinessProbe" and probe.get("successThreshold") not in (None, 0, 1):
        yield invalid(f"{where}.successThreshold", "is not 1.")
    grace = probe.get("terminationGracePeriodSeconds")
    if grace is not None and (name == "readinessProbe" or grace < 1):
        yield invalid(f"{where}.terminationGracePeriodSeconds", "is not taken here.")


def _handler(handler: Json, where: str) -> Iterator[Refusal]:
    """Of a probe, or of a moment in the life of the container."""
    for number, header in enumerate((handler.get("httpGet") or {}).get("httpHeaders") or ()):
        if not _HEADER.fullmatch(header["name"]):
            yield invalid(f"{where}.httpGet.httpHeaders[{number}].name", "is no name of a header.")
    port = (handler.get("grpc") or {}).get("port", 1)
    if not 1 <= port <= typed.LAST_PORT:
        yield invalid(f"{where}.grpc.port", "is not between 1 and 65535.")


def _security(context: Json, where: str) -> Iterator[Refusal]:
    added = (context.get("capabilities") or {}).get("add") or ()
    strong = context.get("privileged") or "CAP_SYS_ADMIN" in added
    if strong and context.get("allowPrivilegeEscalation") is not True:
        yield invalid(f"{where}.allowPrivilegeEscalation", "is not true, but privileged needs it.")
    profile = context.get("seccompProfile") or {}
    local, path = profile.get("type") == "Localhost", profile.get("localhostProfile") or ""
    if local != bool(path) or not _descends(path):
        problem = "belongs to type Localhost, as a path below the kubelet's."
        yield invalid(f"{where}.seccompProfile.localhostProfile", problem)
