"""What was found on a controller that has to do with one cluster, as values. Pure."""

from __future__ import annotations

from typing import NamedTuple

from akoo_avi.ownership import kinds, references
from akoo_avi.ownership.verdict import Verdict
from akoo_avi.spec import names
from akoo_core.plugin import structs


class Found(NamedTuple):
    """One object, own or suspect: what is needed to order, delete and name it, not its body."""

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


class Part(NamedTuple):
    """Entries of one shared object: routes of a VRF, labels of an SE group."""

    kind: str
    uuid: str
    name: str
    tenant: str
    own: tuple[Entry, ...] = ()
    suspect: tuple[Entry, ...] = ()
    our_cloud: bool = True
    tenant_uuid: str = names.ADMIN_TENANT

    def __str__(self) -> str:
        return f'{kinds.model_of(self.kind)} "{self.name}" (tenant {self.tenant or "none"})'


class Entry(NamedTuple):
    """One route or label."""

    name: str
    verdict: Verdict


class Query(NamedTuple):
    """One question to the controller, and how many it answered."""

    kind: str
    asked: str
    answers: int


class Inventory(structs.Struct, frozen=True, kw_only=True):
    """All that was found, at one moment."""

    objects: tuple[Found, ...] = ()
    parts: tuple[Part, ...] = ()
    queries: tuple[Query, ...] = ()
    claims: tuple[structs.JSON, ...] = ()
    """What the marker query for StringGroups gave that is a claim: whole objects."""
    visible: frozenset[str] = frozenset()
    """Shared kinds of which our cloud showed at least one: it always has some."""
    shared_by: str = ""
    """Names an object of somebody else who has the same cluster name; empty: nobody is known."""

    @property
    def own(self) -> tuple[Found, ...]:
        return tuple(one for one in self.objects if one.verdict.kind == "own")

    @property
    def suspects(self) -> tuple[Found, ...]:
        return tuple(one for one in self.objects if one.verdict.kind == "suspect")

    @property
    def outside(self) -> tuple[str, ...]:
        """What only its tenant keeps from being own, by name."""
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

    def suspects_told(self) -> tuple[str, ...]:
        """Each suspect by name, with what is wrong with it."""
        told = [f"{suspect}: {suspect.verdict.why}" for suspect in self.suspects]
        for part in self.parts:
            told += [f"{entry.name} of {part}: {entry.verdict.why}" for entry in part.suspect]
        return tuple(told)
