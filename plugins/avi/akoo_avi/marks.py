"""The marks that the objects of one AKO carry: names, created_by, markers. Pure.

``X`` is AKO's clusterName. Sources: AKO's naming conventions and its objects' documentation;
which writer uses which form is told at each form below.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from akoo_core import structs

CREATED_BY_KEY = "created_by"
"""Key of the marker that a StringGroup has instead of the field."""

_VALID = re.compile(r"[a-zA-Z0-9_-]+")
_NAMESPACE = r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?"


class Mark(structs.Struct, frozen=True, kw_only=True):
    """Whose objects are meant, and where they can be.

    Raises ValueError for a name that AKO itself would refuse: an empty one would match everything.
    """

    cluster_name: str
    cloud_uuid: str
    """Empty: any cloud (a person was shown the objects and confirmed them)."""
    exclusive: bool = True
    """Nobody else has this name: we made it, or nothing speaks against it. Else no object is own,
    all are suspects."""

    def __post_init__(self) -> None:
        if not _VALID.fullmatch(self.cluster_name):
            raise ValueError(f"{self.cluster_name!r} is not a name that AKO gives its objects")


class Patterns(NamedTuple):
    """The forms of one cluster, compiled."""

    created_by: re.Pattern[str]
    name: re.Pattern[str]
    by_kind: dict[str, re.Pattern[str]]


def patterns(cluster_name: str) -> Patterns:
    """All forms in which ``cluster_name`` marks objects."""
    x = re.escape(cluster_name)
    writers = "|".join(
        (
            rf"ako-{x}(?:-{_NAMESPACE})?",  # AKO; with the namespace: of a secondary instance
            rf"ako-gw-{x}(?:-{_NAMESPACE})?",  # the gateway container
            rf"ako-crd-operator-{x}",  # the CRD operator
        )
    )
    return Patterns(
        created_by=re.compile(writers),
        name=re.compile(rf"(?:ako-gw-|ako-crd-operator-)?{x}--.*", re.DOTALL),
        by_kind={
            # <created_by>-<sha1 of host and path>
            "stringgroup": re.compile(rf"(?:{writers})-[0-9a-f]{{40}}"),
            # Of AKO with Istio: one of each per namespace.
            "sslkeyandcertificate": re.compile(rf"istio-workload-{x}-{_NAMESPACE}"),
            "pkiprofile": re.compile(rf"istio-pki-{x}-{_NAMESPACE}"),
        },
    )


def name_agrees(forms: Patterns, kind: str, name: str) -> bool:
    """Whether an object of this kind and name can be the cluster's."""
    special = forms.by_kind.get(kind)
    return bool(forms.name.fullmatch(name) or (special and special.fullmatch(name)))


def values(obj: structs.JSON, key: str) -> tuple[tuple[str, ...], ...]:
    """The values of each marker with that key; () for none. Tolerates what is no marker."""
    return tuple(
        tuple(str(value) for value in marker.get("values") or ())
        for marker in obj.get("markers") or ()
        if isinstance(marker, dict) and marker.get("key") == key
    )


def label_values(labels: Any, key: str) -> tuple[str, ...]:
    """The values of the labels (of a route, of an SE group) with that key."""
    return tuple(
        str(one.get("value", ""))
        for one in labels or ()
        if isinstance(one, dict) and one.get("key") == key
    )


def name_part(kind: str, cluster_name: str) -> str:
    """What every name of this kind contains that can be the cluster's: for ``name.contains``."""
    wide = kind in ("stringgroup", "sslkeyandcertificate", "pkiprofile")
    return f"{cluster_name}-" if wide else f"{cluster_name}--"
