"""What plugins contributed last: it stays wanted while a plugin cannot say what it wants.

Kept in memory, small: a fleet has thousands. After a restart only the Secrets are known, by their
sources in the inventory.
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
    """What a plugin had deployed last."""

    contribution: api.Contribution
    complete: bool
    """False: it is the Secrets only."""


class _Packed(NamedTuple):
    digest: str
    definitions: tuple[structs.JSON, ...]
    """As they are: one object for all clusters of a release."""
    others: bytes
    secrets: tuple[api.SecretObject, ...]


class Kept:
    """One per process."""

    def __init__(self) -> None:
        self._packed: dict[str, dict[str, _Packed]] = {}

    def remember(self, record_name: str, plugin: str, given: api.Contribution, digest: str) -> None:
        """Keep ``given``, which was applied. ``digest``: of all that is in it."""
        mine = self._packed.setdefault(record_name, {})
        if plugin in mine and mine[plugin].digest == digest:
            return
        definitions = tuple(one for one in given.objects if _is_definition(one))
        others = [one for one in given.objects if not _is_definition(one)]
        packed = zlib.compress(structs.encode_json(others))
        mine[plugin] = _Packed(digest, definitions, packed, given.secrets)

    def last(
        self, record_name: str, plugin: str, items: Iterable[record.InventoryItem]
    ) -> Last | None:
        """What the plugin had; None when it has nothing in ``items``, the record's inventory."""
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
