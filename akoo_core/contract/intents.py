"""Intents: the outside things of a cluster, stored before anything is touched."""

from __future__ import annotations

from akoo_core import structs
from akoo_core.kube.resource import Resource


class Use(structs.Struct, frozen=True, kw_only=True):
    """A shared object (a port group, an IP pool) that this cluster uses."""

    resource: Resource
    name: str
    uid: str


class RecordCondition(structs.Struct, frozen=True, kw_only=True):
    """A condition of the record beside the plugin's own: True, with ``type`` one of the plugin's
    ``conditions``. Its types that are not given are absent."""

    type: str
    reason: str
    message: str


class Intent(structs.Struct, frozen=True, kw_only=True):
    """The outside things that this plugin will touch for this cluster.

    Stored by the core before anything is touched. ``version`` is of the plugin's own ``data``; a
    record with a greater version than the plugin's ``intent_version`` waits (NewerRecord).
    """

    data: structs.JSON = {}
    uses: tuple[Use, ...] = ()
    placement: str = ""
    """The place outside, as one text that is equal exactly if the place is the same. When it
    changes, the leaves verbs leave the old place (with the old data) before the new one is stored.
    Any other change of ``data`` is stored at once. Empty: the whole of ``data`` is the place."""
    conditions: tuple[RecordCondition, ...] = ()
    """Things that people should know about this cluster, whatever the verbs answer."""
