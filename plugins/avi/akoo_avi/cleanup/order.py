"""In which order objects can go: what nothing refers to any more goes first. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from akoo_avi.ownership import kinds
from akoo_avi.ownership.judged import JudgedObject
from akoo_avi.ownership.references import Key


def levels(objects: Iterable[JudgedObject]) -> tuple[tuple[JudgedObject, ...], ...]:
    """Groups to be deleted one after the other; within a group in any order, at once.

    An object is in the first group in which all that refer to it (among ``objects``) are gone. So
    children come before their parents and a leaf certificate before its CA, without a table. Should
    references go in a circle, the kinds' own order breaks it.
    """
    left = {one.key: one for one in objects}
    waits = dict.fromkeys(left, 0)
    for one in left.values():
        for target in _within(one, left):
            waits[target] += 1
    found: list[tuple[JudgedObject, ...]] = []
    ready = [key for key, count in waits.items() if not count]
    while left:
        group = [left.pop(key) for key in ready or _first_of_circle(left)]
        found.append(tuple(sorted(group, key=_place)))
        ready = []
        for one in group:
            for target in _within(one, left):
                waits[target] -= 1
                if not waits[target]:
                    ready.append(target)
    return tuple(found)


def kept_by(kept: Iterable[Key], objects: Iterable[JudgedObject]) -> frozenset[Key]:
    """Of ``objects`` those that cannot go while ``kept`` stay: they and all they refer to."""
    by_key = {one.key: one for one in objects}
    reached = {key for key in kept if key in by_key}
    edge = list(reached)
    while edge:
        for target in by_key[edge.pop()].targets:
            if target in by_key and target not in reached:
                reached.add(target)
                edge.append(target)
    return frozenset(reached)


def roots(objects: Iterable[JudgedObject]) -> tuple[JudgedObject, ...]:
    """Those that no other one of ``objects`` refers to: only others can keep them."""
    found = tuple(objects)
    by_key = {one.key: one for one in found}
    referred = {target for one in found for target in _within(one, by_key)}
    return tuple(one for one in found if one.key not in referred)


def _within(one: JudgedObject, others: Mapping[Key, JudgedObject]) -> Iterable[Key]:
    return (target for target in one.targets if target in others and target != one.key)


def _first_of_circle(left: Mapping[Key, JudgedObject]) -> list[Key]:
    rank = min(_rank(one) for one in left.values())
    return [key for key, one in left.items() if _rank(one) == rank]


def _rank(one: JudgedObject) -> int:
    kind = kinds.BY_PATH.get(one.kind)
    return kind.rank if kind else 0


def _place(one: JudgedObject) -> tuple[int, str, str]:
    return _rank(one), one.kind, one.uuid
