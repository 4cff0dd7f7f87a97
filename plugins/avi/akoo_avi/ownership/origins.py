"""The objects of Kubernetes that objects on Avi were made for. Pure.

AKO notes them in markers (``Namespace`` with ``ServiceName`` or ``IngressName``, and others) and,
on virtual services and pools, as JSON in the text ``service_metadata``. Shared parents, their VIPs
and policies name none: they belong to the objects that references connect them with.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from akoo_avi.ownership import marks, references
from akoo_core.plugin import structs

SERVICE: Final = "Service"
INGRESS: Final = "Ingress"
ROUTE: Final = "Route"
GATEWAY: Final = "Gateway"
HTTP_ROUTE: Final = "HTTPRoute"
INFRA_SETTING: Final = "AviInfraSetting"


class Origin(NamedTuple):
    """An object of Kubernetes; ``namespace`` is "" for a cluster-scoped one."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}".replace(" /", " ")


Origins = frozenset[Origin]
"""Alternatives: the object was made for one of them."""


class MarkedObject(NamedTuple):
    """An object on Avi with the marker of a cluster, without its body."""

    key: references.Key
    label: str
    """For people: ``Pool "my-cluster--shop" (tenant blue)``."""
    targets: frozenset[references.Key] = frozenset()
    origins: tuple[Origins, ...] = ()
    """Each entry must exist in at least one of its alternatives."""


_MARKERS: Final = (
    ("ServiceName", "Namespace", (SERVICE,)),
    ("IngressName", "Namespace", (INGRESS, ROUTE)),
    ("GatewayName", "GatewayNamespace", (GATEWAY,)),
    ("HTTPRouteName", "HTTPRouteNamespace", (HTTP_ROUTE,)),
    ("BackendName", "BackendNs", (SERVICE,)),
)
"""Markers with names, the marker with their namespaces, and the kinds that may be meant."""
_METADATA: Final = (
    ("namespace_svc_name", (SERVICE,)),
    ("namespace_ingress_name", (INGRESS, ROUTE)),
    ("gateway", (GATEWAY,)),
)
"""Keys of ``service_metadata`` with values ``namespace/name``."""
METADATA_LIMIT: Final = 100_000
"""Characters of ``service_metadata`` that are read."""
NAMES_LIMIT: Final = 1_000
"""Origins of one object that are read."""


def of(body: structs.JSON) -> tuple[Origins, ...]:
    """The objects that an object on Avi was made for; () if it names none."""
    named = dict.fromkeys((*_by_markers(body), *_by_metadata(body)))
    return tuple(named)[:NAMES_LIMIT]


def _by_markers(body: structs.JSON) -> Iterator[Origins]:
    for name_key, namespace_key, kinds in _MARKERS:
        namespaces = list(dict.fromkeys(_flat(body, namespace_key)))[:NAMES_LIMIT]
        names = list(dict.fromkeys(_flat(body, name_key)))[:NAMES_LIMIT] if namespaces else []
        for name in names:
            yield frozenset(
                Origin(kind, namespace, name) for kind in kinds for namespace in namespaces
            )
    for name in list(dict.fromkeys(_flat(body, "InfrasettingName")))[:NAMES_LIMIT]:
        yield frozenset({Origin(INFRA_SETTING, "", name)})


def _flat(body: structs.JSON, key: str) -> Iterator[str]:
    return (value for values in marks.values(body, key) for value in values if value)


def _by_metadata(body: structs.JSON) -> Iterator[Origins]:
    text = body.get("service_metadata")
    if not isinstance(text, str) or len(text) > METADATA_LIMIT:
        return
    try:
        metadata: Any = json.loads(text)
    except (ValueError, RecursionError):
        return
    if not isinstance(metadata, Mapping):
        return
    for key, kinds in _METADATA:
        value = metadata.get(key)
        for entry in value if isinstance(value, list) else [value]:
            namespace, slash, name = (
                entry.partition("/") if isinstance(entry, str) else ("", "", "")
            )
            if slash and name:
                yield frozenset(Origin(kind, namespace, name) for kind in kinds)


def kinds_of(objects: Iterable[MarkedObject]) -> frozenset[str]:
    """The kinds of Kubernetes that have to be read to judge these objects."""
    return frozenset(
        origin.kind for obj in objects for origins in obj.origins for origin in origins
    )


def strangers(objects: Iterable[MarkedObject], there: frozenset[Origin]) -> tuple[str, ...]:
    """The objects that were not shown to be of the cluster whose objects are ``there``.

    An object is shown to be of the cluster if everything that it names exists there, and so does
    everything that the objects connected with it name, and at least one of them names something.
    """
    listed = {obj.key: obj for obj in objects}
    lines: list[str] = []
    for group in _groups(listed):
        missing = [line for obj in group if (line := _missing(obj, there))]
        if missing:
            lines += missing
        elif not any(obj.origins for obj in group):
            lines += [f"{obj.label} names nothing that it was made for" for obj in group]
    return tuple(sorted(lines))


def _missing(obj: MarkedObject, there: frozenset[Origin]) -> str:
    """A sentence on the first thing that an object names and that is not there; "" for none."""
    for origins in obj.origins:
        if not origins & there:
            named = " or ".join(sorted(map(str, origins)))
            return f"{obj.label} was made for {named}, which this cluster does not have"
    return ""


def _groups(listed: Mapping[references.Key, MarkedObject]) -> Iterator[list[MarkedObject]]:
    """The objects in groups that references connect, in either direction."""
    neighbours: dict[references.Key, set[references.Key]] = {key: set() for key in listed}
    for key, obj in listed.items():
        for target in obj.targets & listed.keys():
            neighbours[key].add(target)
            neighbours[target].add(key)
    open_keys = dict.fromkeys(listed)
    while open_keys:
        first, _ = open_keys.popitem()
        group, waiting = [listed[first]], [first]
        while waiting:
            for neighbour in neighbours[waiting.pop()] & open_keys.keys():
                del open_keys[neighbour]
                group.append(listed[neighbour])
                waiting.append(neighbour)
        yield group
