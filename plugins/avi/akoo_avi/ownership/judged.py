"""The objects of one cluster on a controller, judged, as values. Pure."""

from __future__ import annotations

from typing import NamedTuple

from akoo_avi.ownership import kinds, references
from akoo_avi.ownership.verdict import Verdict
from akoo_avi.spec import names
from akoo_core.plugin import structs


class JudgedObject(NamedTuple):
    """An object, own or suspect: the values to order, delete and name it, without its body."""

    kind: str
    uuid: str
    name: str
    tenant: str
    verdict: Verdict
    targets: frozenset[references.Key] = frozenset()
    modified: str = ""
    """``_last_modified``: microseconds since the epoch."""
    tenant_uuid: str = names.ADMIN_TENANT
    """Requests about it go to this tenant; ``tenant`` is its name, for people."""

    @property
    def key(self) -> references.Key:
        return self.kind, self.uuid

    def __str__(self) -> str:
        return f'{kinds.model_of(self.kind)} "{self.name}" (tenant {self.tenant or "none"})'


class SharedObject(NamedTuple):
    """The cluster's entries of a shared object: routes of a VRF, labels of an SE group."""

    kind: str
    uuid: str
    name: str
    tenant: str
    own: tuple[JudgedEntry, ...] = ()
    suspect: tuple[JudgedEntry, ...] = ()
    our_cloud: bool = True
    tenant_uuid: str = names.ADMIN_TENANT

    def __str__(self) -> str:
        return f'{kinds.model_of(self.kind)} "{self.name}" (tenant {self.tenant or "none"})'


class JudgedEntry(NamedTuple):
    """A route or label."""

    name: str
    verdict: Verdict


class Query(NamedTuple):
    """A query to the controller, and the number of its results."""

    kind: str
    asked: str
    answers: int


class Inventory(structs.Struct, frozen=True, kw_only=True):
    """All objects of a cluster, at one moment."""

    objects: tuple[JudgedObject, ...] = ()
    parts: tuple[SharedObject, ...] = ()
    queries: tuple[Query, ...] = ()
    claims: tuple[structs.JSON, ...] = ()
    """Claims in the result of the marker query for StringGroups: whole objects."""
    visible: frozenset[str] = frozenset()
    """Shared kinds of which our cloud showed at least one: it always has some."""
    shared_by: str = ""
    """An object of somebody else with the same cluster name; "" if there is none."""

    @property
    def own(self) -> tuple[JudgedObject, ...]:
        return tuple(obj for obj in self.objects if obj.verdict.kind == "own")

    @property
    def suspects(self) -> tuple[JudgedObject, ...]:
        return tuple(obj for obj in self.objects if obj.verdict.kind == "suspect")

    @property
    def outside(self) -> tuple[str, ...]:
        """Names of suspects that only their tenant keeps from being own."""
        objects = [str(suspect) for suspect in self.suspects if suspect.verdict.outside]
        return (
            *objects,
            *(
                f"{entry.name} of {part}"
                for part in self.parts
                for entry in part.suspect
                if entry.verdict.outside
            ),
        )

    @property
    def own_count(self) -> int:
        """Own objects, and own entries in shared ones: column LEFT."""
        return len(self.own) + sum(len(part.own) for part in self.parts)

    @property
    def suspect_count(self) -> int:
        return len(self.suspects) + sum(len(part.suspect) for part in self.parts)

    def suspects_listed(self) -> tuple[str, ...]:
        """Each suspect by name, with its problem."""
        lines = [f"{suspect}: {suspect.verdict.why}" for suspect in self.suspects]
        for part in self.parts:
            lines += [f"{entry.name} of {part}: {entry.verdict.why}" for entry in part.suspect]
        return tuple(lines)
