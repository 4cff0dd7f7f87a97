"""All objects, by kind, by name and by reference. What is stored is never changed in place.

So a copy of the dictionaries is a snapshot, and any number of snapshots share the objects.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping

from akoo_testbed.avisim.objects import schema

Key = tuple[str, str]
"""Kind and uuid. The uuid alone is not enough: a network and its runtime share theirs."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One object. In `data` references are the uuids of their targets; nobody changes it."""

    kind: str
    uuid: str
    data: schema.Json
    targets: frozenset[Key]
    """The objects that it refers to, its tenant included."""
    modified: int
    """Microseconds since the epoch; no two writes have the same."""
    writes: int = 1
    order: int = 0
    """Objects are listed in the order in which they were made."""
    owner: Key | None = None
    """It came with this one, and goes with it."""
    builtin: bool = False
    """It came with the controller."""

    @property
    def key(self) -> Key:
        return self.kind, self.uuid

    @property
    def name(self) -> str:
        return str(self.data.get("name", ""))

    @property
    def tenant(self) -> str:
        """uuid of its tenant, "" if it has none."""
        return str(self.data.get("tenant_ref", ""))

    @property
    def cloud(self) -> str:
        return str(self.data.get("cloud_ref", ""))


class Store:
    """The objects."""

    def __init__(self) -> None:
        self._kinds: dict[str, dict[str, Stored]] = {}
        self._names: dict[Key, dict[str, None]] = {}
        self._referrers: dict[Key, dict[Key, None]] = {}

    def get(self, kind: str, uuid: str) -> Stored | None:
        """The object, or None."""
        return self._kinds.get(kind, {}).get(uuid)

    def of_kind(self, kind: str) -> Iterable[Stored]:
        """All of a kind, oldest first."""
        return self._kinds.get(kind, {}).values()

    def named(self, kind: str, name: str) -> Iterator[Stored]:
        """All of a kind that have this name, oldest first."""
        objects = self._kinds.get(kind, {})
        for uuid in self._names.get((kind, name), ()):
            yield objects[uuid]

    def referrers(self, key: Key) -> Iterator[Stored]:
        """All that refer to it."""
        for kind, uuid in self._referrers.get(key, ()):
            yield self._kinds[kind][uuid]

    def owned(self, key: Key) -> list[Stored]:
        """All that came with it."""
        return [each for each in self.referrers(key) if each.owner == key]

    def put(self, new: Stored) -> None:
        """Add it, or replace what has its kind and uuid."""
        objects = self._kinds.setdefault(new.kind, {})
        old = objects.get(new.uuid)
        if old is not None:
            self._unlink(old)
        objects[new.uuid] = new
        self._names.setdefault((new.kind, new.name), {})[new.uuid] = None
        for target in new.targets:
            self._referrers.setdefault(target, {})[new.key] = None

    def remove(self, key: Key) -> None:
        """Take it away."""
        self._unlink(self._kinds[key[0]].pop(key[1]))

    def _unlink(self, old: Stored) -> None:
        names = self._names[old.kind, old.name]
        del names[old.uuid]
        if not names:
            del self._names[old.kind, old.name]
        for target in old.targets:
            referrers = self._referrers[target]
            del referrers[old.key]
            if not referrers:
                del self._referrers[target]

    def everything(self) -> dict[Key, Stored]:
        """All objects: a snapshot."""
        return {each.key: each for objects in self._kinds.values() for each in objects.values()}

    def replace_all(self, objects: Mapping[Key, Stored]) -> None:
        """Hold exactly these objects from now on."""
        self._kinds, self._names, self._referrers = {}, {}, {}
        for each in sorted(objects.values(), key=lambda stored: stored.order):
            self.put(each)
