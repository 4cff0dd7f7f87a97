"""The marks that the objects of one AKO carry, and the scope of a piece of work. Pure.

``X`` is AKO's clusterName. :mod:`akoo_avi.ownership.writers` lists the programs that set each mark.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from akoo_avi.ownership import references, writers
from akoo_avi.spec import names
from akoo_core.plugin import structs

CREATED_BY_KEY = "created_by"
"""Key of the marker that a StringGroup has in place of the field."""

_VALID = re.compile(r"[a-zA-Z0-9_-]+")


class Mark(structs.Struct, frozen=True, kw_only=True):
    """The cluster whose objects are meant, and their possible places.

    Raises ValueError for a name that AKO itself would refuse: an empty one would match everything.
    """

    cluster_name: str
    cloud_uuid: str
    """Empty: any cloud (a person was shown the objects and confirmed them)."""
    tenants: frozenset[str] | None = None
    """Names or UUIDs of the tenants in which objects can be own; None: in all. See :func:`of`."""
    exclusive: bool = True
    """Nobody else has this name: we made it, or nothing contradicts that. If False, no object is
    own, and all are suspects."""

    def __post_init__(self) -> None:
        if not _VALID.fullmatch(self.cluster_name):
            raise ValueError(f"{self.cluster_name!r} is not a name that AKO gives its objects")


def of(cluster_name: str, cloud_uuid: str, tenants: Iterable[str] = ()) -> Mark:
    """The mark under which a cluster is swept.

    ``tenants``: those that a person named. A name that we made is nobody else's, so without a list
    it counts in all tenants. Any other name may belong to somebody else's AKO in another tenant of
    the same cloud, and no mark distinguishes the two: without a list it counts in none.
    Raises ValueError as Mark does.
    """
    named = frozenset(tenants)
    everywhere = not named and names.made_by_us(cluster_name)
    return Mark(
        cluster_name=cluster_name, cloud_uuid=cloud_uuid, tenants=None if everywhere else named
    )


def in_tenant(mark: Mark, body: structs.JSON) -> bool:
    """The object is in a tenant in which it can be own."""
    if mark.tenants is None:
        return True
    reference = body.get("tenant_ref")
    return bool({references.name_of(reference), references.uuid_of(reference)} & mark.tenants)


def values(obj: structs.JSON, key: str) -> tuple[tuple[str, ...], ...]:
    """The values of each marker with that key; () for none. Ignores entries that are no markers."""
    return tuple(
        tuple(str(value) for value in marker.get("values") or ())
        for marker in obj.get("markers") or ()
        if isinstance(marker, dict) and marker.get("key") == key
    )


def label_values(labels: Any, key: str) -> tuple[str, ...]:
    """The values of the labels (of a route, of an SE group) with that key."""
    return tuple(
        str(label.get("value", ""))
        for label in labels or ()
        if isinstance(label, dict) and label.get("key") == key
    )


def name_part(kind: str, cluster_name: str) -> str:
    """The part that all names of this kind contain that can be the cluster's: for
    ``name.contains``."""
    return f"{cluster_name}-" if kind in writers.BESIDE_PREFIX else f"{cluster_name}--"
