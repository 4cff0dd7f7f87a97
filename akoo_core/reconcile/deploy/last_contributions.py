"""Last contribution of each plugin: it stays wanted while the plugin cannot answer.

It is kept in memory, compressed, since a fleet has thousands. After a restart only the Secrets are
known, by their sources in the inventory.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import NamedTuple

from akoo_core import structs
from akoo_core.objects import record
from akoo_core.plugin import api
from akoo_core.reconcile.deploy import inventory


class Last(NamedTuple):
    """The last deployed contribution of a plugin."""

    contribution: api.Contribution
    complete: bool
    """False if only its Secrets are known."""


class _Packed(NamedTuple):
    digest: str
    definitions: tuple[structs.JSON, ...]
    """Not compressed: all clusters of a release share the objects."""
    others: bytes
    secrets: tuple[api.SecretObject, ...]


class Kept:
    """One per process."""

    def __init__(self) -> None:
        self._packed: dict[str, dict[str, _Packed]] = {}

    def remember(
        self, record_name: str, plugin: str, contribution: api.Contribution, digest: str
    ) -> None:
        """Keep ``contribution``, which was applied. ``digest`` covers all of its objects."""
        mine = self._packed.setdefault(record_name, {})
        if plugin in mine and mine[plugin].digest == digest:
            return
        definitions = tuple(obj for obj in contribution.objects if _is_definition(obj))
        others = [obj for obj in contribution.objects if not _is_definition(obj)]
        packed = zlib.compress(structs.encode_json(others))
        mine[plugin] = _Packed(digest, definitions, packed, contribution.secrets)

    def last(
        self, record_name: str, plugin: str, items: Iterable[record.InventoryItem]
    ) -> Last | None:
        """The plugin's last; None when it has nothing in ``items``, the record's inventory."""
        mine = [item for item in items if item.plugin == plugin]
        if not mine:
            return None
        packed = self._packed.get(record_name, {}).get(plugin)
        if packed is None:
            return Last(inventory.secrets_of(mine, plugin), complete=False)
        others = structs.decode_json(zlib.decompress(packed.others))
        objects = (*packed.definitions, *others)
        return Last(api.Contribution(objects=objects, secrets=packed.secrets), complete=True)

    def forget(self, record_name: str) -> None:
        """Drop all of a record."""
        self._packed.pop(record_name, None)


def _is_definition(manifest: structs.JSON) -> bool:
    return bool(manifest["kind"] == "CustomResourceDefinition")
