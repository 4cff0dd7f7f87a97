"""The objects of one kind as last seen, as bytes.

A decoded object takes seven times the memory, and copying it takes ten times as long as decoding
it. Besides, nobody can change a shared object by mistake.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from akoo_core import errors, structs
from akoo_core.cache import versions
from akoo_core.cache.indexes import Indexes, IndexFunction, NamespacedName, Values
from akoo_core.kube import client
from akoo_core.kube.resource import Resource

LAST_APPLIED_ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration"

Transform = Callable[[client.Object], client.Object]
"""Pure: the part of an object to keep. Must keep metadata."""


class Item(NamedTuple):
    """One object as it is stored."""

    key: NamespacedName
    uid: str
    resource_version: str
    data: bytes
    values: Values

    def decode(self) -> client.Object:
        """The object, fresh for every caller."""
        obj: client.Object = structs.decode_json(self.data)
        return obj


class Change(NamedTuple):
    """An object that came, changed or went. ``old`` and ``new`` are decoded anew at every access.

    A name that was deleted and created again gives two changes: one for the old UID, one for the
    new.
    """

    resource: Resource
    key: NamespacedName
    old_item: Item | None
    new_item: Item | None
    tombstone: bool = False
    """The deletion itself was not seen; ``old`` may be older than the object's last state."""
    initial: bool = False
    """From the first list after start: the object may not have changed at all."""

    @property
    def old(self) -> client.Object | None:
        """The object before; for a seen deletion its final state. None when it came."""
        return self.old_item.decode() if self.old_item else None

    @property
    def new(self) -> client.Object | None:
        """The object now. None when it went."""
        return self.new_item.decode() if self.new_item else None


def without_noise(obj: client.Object) -> client.Object:
    """The object without the parts that nobody here reads and that are often most of it."""
    metadata = dict(obj["metadata"])
    metadata.pop("managedFields", None)
    annotations = metadata.get("annotations")
    if annotations and LAST_APPLIED_ANNOTATION in annotations:
        metadata["annotations"] = {
            k: v for k, v in annotations.items() if k != LAST_APPLIED_ANNOTATION
        }
    return {**obj, "metadata": metadata}


class Store:
    """Reads are for everybody; ``item``, ``replace``, ``put`` and ``remove`` for its reflector.

    ``transform`` is applied after ``without_noise``. Until the first ``replace`` every read raises
    PrerequisiteError, for an empty answer would be wrong. No returned object is shared.
    """

    def __init__(
        self,
        resource: Resource,
        *,
        indexes: Mapping[str, IndexFunction] | None = None,
        transform: Transform | None = None,
    ) -> None:
        self.resource = resource
        self._transform = transform
        self._items: dict[NamespacedName, Item] = {}
        self._indexes = Indexes(indexes or {})
        self._filled = False

    # Reads.

    @property
    def filled(self) -> bool:
        """True once the first list is stored: until then reads by name raise."""
        return self._filled

    def __len__(self) -> int:
        return len(self._items)

    def get(self, name: str, namespace: str = "") -> client.Object | None:
        """The object of that name as last seen, or None."""
        self._require_filled()
        item = self._items.get(NamespacedName(namespace, name))
        return item.decode() if item else None

    def version(self, name: str, namespace: str = "") -> str | None:
        """``uid/resourceVersion`` of the object of that name as last seen, or None."""
        self._require_filled()
        item = self._items.get(NamespacedName(namespace, name))
        return f"{item.uid}/{item.resource_version}" if item else None

    def keys(self) -> tuple[NamespacedName, ...]:
        """All keys, sorted."""
        self._require_filled()
        return tuple(sorted(self._items))

    def objects(self) -> Iterator[client.Object]:
        """All objects in the order of their keys, decoded one by one."""
        for key in self.keys():
            item = self._items.get(key)
            if item is not None:
                yield item.decode()

    def lookup(self, index: str, value: str) -> list[client.Object]:
        """The objects that an index has under ``value``. Raises UnknownIndexError."""
        self._require_filled()
        return [self._items[key].decode() for key in self._indexes.keys(index, value)]

    def indexed(self, index: str, name: str, namespace: str = "") -> frozenset[str] | None:
        """The values of that object in an index, without decoding it. None: no such object."""
        self._require_filled()
        item = self._items.get(NamespacedName(namespace, name))
        return item.values[index] if item else None

    def keys_by(self, index: str, value: str) -> tuple[NamespacedName, ...]:
        """The keys an index has under ``value`` so far, also before the first list.

        For mapping events to keys: an object that is not stored yet will come as an event.
        """
        return self._indexes.keys(index, value)

    def count_by(self, index: str, value: str) -> int:
        """Number of keys an index has under ``value``, at constant cost."""
        return self._indexes.count(index, value)

    # Writes, by the reflector.

    def item(self, obj: client.Object) -> Item:
        """``obj`` as it would be stored: transformed, indexed, encoded."""
        kept = without_noise(obj)
        if self._transform is not None:
            kept = self._transform(kept)
        metadata = kept["metadata"]
        key = NamespacedName(metadata.get("namespace") or "", metadata["name"])
        return Item(
            key=key,
            uid=metadata.get("uid", ""),
            resource_version=metadata.get("resourceVersion", ""),
            data=structs.encode_as_is(kept),
            values=self._indexes.values_of(key, kept),
        )

    def replace(self, items: Iterable[Item]) -> list[Change]:
        """Set the whole collection: an object that is missing was deleted unseen; its Change is a
        tombstone."""
        initial = not self._filled
        self._filled = True
        wanted = {item.key: item for item in items}
        changes: list[Change] = []
        for key in [key for key in self._items if key not in wanted]:
            changes += self._go(self._items[key], tombstone=True)
        for item in wanted.values():
            old = self._items.get(item.key)
            if old is None or not _same(old, item):
                changes += self._come(item, initial=initial)
        return changes

    def put(self, item: Item) -> list[Change]:
        """Store an object that came or changed. It is dropped if it is not newer than the stored
        one."""
        old = self._items.get(item.key)
        if old is not None and old.uid == item.uid:
            later = versions.newer(item.resource_version, old.resource_version)
            if later is False or _same(old, item):
                return []
        return self._come(item)

    def remove(self, item: Item) -> list[Change]:
        """Remove an object whose deletion was seen; ``item`` is the final state. Ignored for
        another UID.

        Versions are not compared: a UID does not come back, so its deletion is never out of date.
        """
        old = self._items.get(item.key)
        if old is None or old.uid != item.uid:
            return []
        self._go(old)
        return [Change(self.resource, item.key, item, None)]

    def _come(self, item: Item, *, initial: bool = False) -> list[Change]:
        changes: list[Change] = []
        old = self._items.get(item.key)
        if old is not None and old.uid != item.uid:
            changes += self._go(old, tombstone=True)
            old = None
        self._items[item.key] = item
        self._indexes.update(item.key, old.values if old else {}, item.values)
        changes.append(Change(self.resource, item.key, old, item, initial=initial))
        return changes

    def _go(self, item: Item, *, tombstone: bool = False) -> list[Change]:
        del self._items[item.key]
        self._indexes.update(item.key, item.values, {})
        return [Change(self.resource, item.key, item, None, tombstone=tombstone)]

    def _require_filled(self) -> None:
        if not self._filled:
            raise errors.PrerequisiteError(
                "CacheNotSynced",
                f"{self.resource.qualified} were not listed yet; wait for their reflector",
            )


def _same(old: Item, new: Item) -> bool:
    return old.uid == new.uid and old.resource_version == new.resource_version
