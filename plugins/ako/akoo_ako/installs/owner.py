"""One owner of an object, and the objects among which it is looked for; pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

from akoo_ako.installs import seen
from akoo_ako.installs.seen import Seen, at, name_of, namespace_of
from akoo_core.plugin import structs

Where = Literal["workload", "management", "not found"]

HELM: Final = "Helm release"
HELM_STORES: Final = ("Secret", "ConfigMap")
"""Kinds in which Helm keeps releases. HELM_DRIVER chooses one of them; Secrets are the default."""
HELM_LABEL: Final = "owner"
"""The label by which Helm finds them. Its value is ``helm``."""
KAPP: Final = "kapp app"


class Owner(structs.Struct, frozen=True, kw_only=True):
    """One owner in a chain."""

    kind: str
    name: str
    namespace: str = ""
    where: Where = "not found"

    def __str__(self) -> str:
        place = f"{self.namespace}/" if self.namespace else ""
        text = f"{self.kind} {place}{self.name}"
        return text if self.where == "workload" else f"{text} ({_PLACES[self.where]})"


Link = tuple[Owner, structs.JSON | None]
"""An owner, and its object where that was read and may have an owner itself."""

_PLACES: Final[dict[str, str]] = {
    "management": "management cluster",
    "not found": "found in neither cluster",
}


def listed(objects: Seen, where: Where, kind: str) -> Iterator[structs.JSON]:
    """The objects of a kind that were read in one of the clusters."""
    return objects.workload_of(kind) if where == "workload" else objects.management_of(kind)


def both(
    objects: Seen, kind: str, of: Where = "workload"
) -> tuple[tuple[Where, Iterator[structs.JSON]], ...]:
    """The objects that may own one in ``of``: a workload cluster owns nothing above it."""
    management: tuple[Where, Iterator[structs.JSON]] = "management", objects.management_of(kind)
    if of == "management":
        return (management,)
    return ("workload", objects.workload_of(kind)), management


def summaries(objects: Seen) -> Iterator[structs.JSON]:
    """The ClusterSummaries of Sveltos for this Cluster."""
    for summary in objects.management_of("ClusterSummary"):
        of = (at(summary, "spec.clusterNamespace"), at(summary, "spec.clusterName"))
        if of == (objects.namespace, objects.name):
            yield summary


def find(listed: Iterator[structs.JSON], name: str, namespace: str = "") -> structs.JSON | None:
    """The object with a name; in a namespace, or in any."""
    for obj in listed:
        if name_of(obj) == name and namespace in ("", namespace_of(obj)):
            return obj
    return None


def marked(obj: structs.JSON, part: str) -> bool:
    """A label or annotation whose name has that part."""
    metadata = seen.metadata_of(obj)
    marks = [*(metadata.get("labels") or {}), *(metadata.get("annotations") or {})]
    return any(part in mark for mark in marks)


def made(obj: structs.JSON, where: Where) -> Owner:
    """The owner that an object is."""
    return Owner(kind=obj["kind"], name=name_of(obj), namespace=namespace_of(obj), where=where)
