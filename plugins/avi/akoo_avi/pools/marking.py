"""The mark of our ranges on a network: an attribute. Pure.

Attribute ``akoo-pool/<owner>`` lists the ranges and subnets that a pool of ours put there. The
request that writes the ranges writes the mark, too. The mark says that the pool makes the network
usable, before the pool does so. It stays when the pool's object is moved or restored, which loses
the status.

An attribute does not change access. Earlier releases used a marker, which does: a network with
any marker can be hidden from users whose roles have filters (the vendor's manual of granular RBAC
on allow_unlabelled_access). Such markers are read as well, and go with the next write.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Final

from akoo_avi.ownership import marks
from akoo_avi.spec.spans import TYPES, Ours, Use, span
from akoo_core.plugin import structs

KEY: Final = "akoo-pool"
"""Start of the attribute's key, and key of the marker of earlier releases."""
_START: Final = f"{KEY}/"
USABLE: Final = "usable"
"""Part of the mark: we made the network usable."""


def owner(management_id: str, pool: str) -> str:
    """The pool's name on Avi: several management clusters may share one controller."""
    return f"{management_id}/{pool}"


def read(network: structs.JSON) -> dict[str, Ours]:
    """The mark's content by owner, without entries that no pool of ours wrote."""
    claims: dict[str, Ours] = {}
    for pool_owner, text in (*_attributed(network), *_marked(network)):
        ours = _read(text)
        if pool_owner and ours is not None:
            claims[pool_owner] = claims.get(pool_owner, Ours()) | ours
    return claims


def is_marker(network: structs.JSON, pool_owner: str) -> bool:
    """The owner has a marker, as earlier releases wrote it."""
    return any(marked == pool_owner for marked, _ in _marked(network))


def _attributed(network: structs.JSON) -> Iterator[tuple[str, str]]:
    for attribute in network.get("attrs") or ():
        pool_owner = _owner_of(attribute)
        for text in str(attribute.get("value", "")).split() if pool_owner else ():
            yield pool_owner, text


def _owner_of(attribute: object) -> str:
    """The owner of an attribute; "" for an attribute of somebody else."""
    key = str(attribute.get("key", "")) if isinstance(attribute, dict) else ""
    return key.removeprefix(_START) if key.startswith(_START) else ""


def _marked(network: structs.JSON) -> Iterator[tuple[str, str]]:
    for values in marks.values(network, KEY):
        for value in values:
            pool_owner, _, text = value.partition("=")
            yield pool_owner, text


def _read(text: str) -> Ours | None:
    if text == USABLE:
        return Ours(usable=True)
    try:
        if "/" in text:
            return Ours(subnets=frozenset({ipaddress.ip_network(text)}))
        both, _, use = text.partition("=")
        begin, _, end = both.partition("-")
        known: Use | None = next((name for name in TYPES if name == use), None)
        return None if known is None else Ours(spans=frozenset({span(begin, end, known)}))
    except ValueError:
        return None


def texts(ours: Ours) -> list[str]:
    """The parts of the mark, in a fixed order."""
    ranges = [f"{span.begin}-{span.end}={span.use}" for span in sorted(ours.spans)]
    return ranges + sorted(map(str, ours.subnets)) + ([USABLE] if ours.usable else [])


def write(network: structs.JSON, wanted: dict[str, Ours]) -> None:
    """Make the mark of ``network`` say exactly that for these owners; all else stays."""
    _write_attributes(network, wanted)
    _drop_markers(network, wanted)


def _write_attributes(network: structs.JSON, wanted: dict[str, Ours]) -> None:
    before = network.get("attrs") or []
    kept = [attribute for attribute in before if _owner_of(attribute) not in wanted]
    ours = [
        {"key": f"{_START}{who}", "value": " ".join(texts(wanted[who]))}
        for who in sorted(wanted)
        if wanted[who]
    ]
    former = [attribute for attribute in before if _owner_of(attribute) in wanted]
    if sorted(map(repr, former)) == sorted(map(repr, ours)):
        return
    network["attrs"] = [*kept, *ours]
    if not network["attrs"]:
        del network["attrs"]  # absent and empty are the same in a PUT


def _drop_markers(network: structs.JSON, wanted: dict[str, Ours]) -> None:
    if not any(who in wanted for who, _ in _marked(network)):
        return
    values = [value for marker_values in marks.values(network, KEY) for value in marker_values]
    kept = [value for value in values if value.partition("=")[0] not in wanted]
    others = [
        marker
        for marker in network.get("markers") or ()
        if not (isinstance(marker, dict) and marker.get("key") == KEY)
    ]
    network["markers"] = [*others, *([{"key": KEY, "values": kept}] if kept else [])]
