"""The order of deletion: objects that nothing refers to any more go first. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from akoo_avi.ownership import kinds
from akoo_avi.ownership.judged import JudgedObject
from akoo_avi.ownership.references import Key


def levels(objects: Iterable[JudgedObject]) -> tuple[tuple[JudgedObject, ...], ...]:
    """Groups for deletion, one after the other; within a group in any order, at once.

    An object is in the first group in which all that refer to it (among ``objects``) are gone. So
    children come before their parents and a leaf certificate before its CA, without a table. If
    references form a circle, the kinds' own order breaks it.
    """
    left = {obj.key: obj for obj in objects}
    waits = dict.fromkeys(left, 0)
    for obj in left.values():
        for target in _within(obj, left):
            waits[target] += 1
    groups: list[tuple[JudgedObject, ...]] = []
    ready = [key for key, count in waits.items() if not count]
    while left:
        group = [left.pop(key) for key in ready or _first_of_circle(left)]
        groups.append(tuple(sorted(group, key=_sort_key)))
        ready = []
        for obj in group:
            for target in _within(obj, left):
                waits[target] -= 1
                if not waits[target]:
                    ready.append(target)
    return tuple(groups)


def kept_by(kept: Iterable[Key], objects: Iterable[JudgedObject]) -> frozenset[Key]:
    """The members of ``objects`` that cannot go while ``kept`` stay: these and all they refer
    to."""
    by_key = {obj.key: obj for obj in objects}
    reached = {key for key in kept if key in by_key}
    edge = list(reached)
    while edge:
        for target in by_key[edge.pop()].targets:
            if target in by_key and target not in reached:
                reached.add(target)
                edge.append(target)
    return frozenset(reached)


def roots(objects: Iterable[JudgedObject]) -> tuple[JudgedObject, ...]:
    """Objects that no other one of ``objects`` refers to: only others can keep them."""
    all_objects = tuple(objects)
    by_key = {obj.key: obj for obj in all_objects}
    referred = {target for obj in all_objects for target in _within(obj, by_key)}
    return tuple(obj for obj in all_objects if obj.key not in referred)


def _within(obj: JudgedObject, others: Mapping[Key, JudgedObject]) -> Iterable[Key]:
    return (target for target in obj.targets if target in others and target != obj.key)


def _first_of_circle(left: Mapping[Key, JudgedObject]) -> list[Key]:
    rank = min(_rank(obj) for obj in left.values())
    return [key for key, obj in left.items() if _rank(obj) == rank]


def _rank(obj: JudgedObject) -> int:
    kind = kinds.BY_PATH.get(obj.kind)
    return kind.rank if kind else 0


def _sort_key(obj: JudgedObject) -> tuple[int, str, str]:
    return _rank(obj), obj.kind, obj.uuid
