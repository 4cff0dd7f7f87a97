"""Says what belongs to a cluster, without asking the product: from what AKO is known to write.

Generous on purpose: whatever carries any trace of a cluster's name counts as its trace, so that
"nothing is left" means nothing at all. What has no trace must not change.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from akoo_testbed.avisim.objects import store

UNSTEADY = {"user", "useraccount", "usertoken"}
"""Kinds that logins change."""

Object = dict[str, Any]


def traces(objects: Iterable[store.Stored], name: str) -> Iterator[str]:
    """kind/name of each object, route or label with a trace of the cluster."""
    for obj in objects:
        if has_trace(obj.data, name):
            yield f"{obj.kind}/{obj.name}"
        for route in obj.data.get("static_routes") or ():
            if _route_of(route, name):
                yield f"{obj.kind}/{obj.name} route {route['route_id']}"
        if obj.kind == "serviceenginegroup" and name in _values(obj.data.get("labels")):
            yield f"{obj.kind}/{obj.name} label"


def has_trace(data: Object, name: str) -> bool:
    """True if an object itself shows the cluster's name, whole, in one of AKO's ways."""
    if name in _values(data.get("markers")):
        return True
    whole = re.escape(name)
    created = str(data.get("created_by") or "")
    if re.fullmatch(rf"ako-(gw-|crd-operator-)?{whole}(-[a-z0-9-]+)?", created):
        return True
    called = str(data.get("name") or "")
    forms = (
        rf"(ako-gw-|ako-crd-operator-)?{whole}--.*",
        rf"ako-{whole}-[0-9a-f]{{40}}",
        rf"istio-(pki|workload)-{whole}-.*",
        rf"akoo-claim-{whole}",
        rf"{whole}-[0-9]{{6}}",
        rf"{whole}-(infrastructure|everywhere|write|read|routes|ako)",
    )
    return any(re.fullmatch(form, called) for form in forms)


def others(objects: Iterable[store.Stored], name: str) -> dict[tuple[str, str], object]:
    """The objects of everybody else, to be compared before and after."""
    return {
        obj.key: _without(obj.data, name)
        for obj in objects
        if obj.kind not in UNSTEADY and not has_trace(obj.data, name)
    }


def _without(data: Object, name: str) -> Object:
    """An object without the routes and labels of the cluster, and without its times."""
    kept = {key: value for key, value in data.items() if not key.startswith("_last")}
    kept.pop("configpb_attributes", None)
    for key in ("static_routes", "labels"):
        entries = kept.pop(key, None) or ()
        left = [entry for entry in entries if not _of_entry(key, entry, name)]
        if left:
            kept[key] = left
    return kept


def _of_entry(key: str, entry: Object, name: str) -> bool:
    if key == "static_routes":
        return _route_of(entry, name)
    return name in _values([entry])


def _route_of(route: Object, name: str) -> bool:
    labels = route.get("labels") or ()
    if labels:
        return name in _values(labels)
    return bool(re.fullmatch(rf"{re.escape(name)}-[0-9]+", str(route.get("route_id"))))


def _values(entries: Any) -> set[str]:
    """All values under the key clustername, of markers (lists) and labels (texts)."""
    values: set[str] = set()
    for entry in entries or ():
        if entry.get("key") == "clustername":
            values |= set(entry.get("values") or ()) | {str(entry.get("value"))}
    return values
