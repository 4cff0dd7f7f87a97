"""Static routes of a VRF: those that are AKO's, and the VRF without them. Pure.

AKO labels its routes with clustername since 1.9. Before that only route_id shows the owner:
``X-<n>`` up to 1.13.1, ``X-<uuid4>-<index>`` since. All routes of a VRF are written in one PUT.
"""

from __future__ import annotations

import re
from typing import Any

from akoo_avi.ownership import marks, verdict
from akoo_avi.ownership.judged import JudgedEntry
from akoo_avi.ownership.verdict import Verdict
from akoo_avi.spec import names
from akoo_core.plugin import structs

FIELD = "static_routes"
_UUID4 = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


def judge(route: structs.JSON, mark: marks.Mark, *, our_cloud: bool, outside: str = "") -> Verdict:
    """The verdict on a route. A label of any other cluster settles it, whatever its id looks like.
    ``outside``: the reason why its VRF is in no named tenant."""
    labels = route.get("labels") or []
    values = marks.label_values(labels, names.CLUSTER_MARKER)
    shaped = _shaped(str(route.get("route_id") or ""), mark.cluster_name)
    if mark.cluster_name in values:
        if len(labels) != 1:
            return Verdict("suspect", "it has more labels than clustername")
        why = f"its label clustername is {mark.cluster_name}"
    elif values:
        return Verdict("foreign", f"its label clustername is {', '.join(values)}")
    elif not shaped:
        return Verdict("foreign", "nothing on it names this cluster")
    elif labels:
        return Verdict("suspect", "its route_id has the form of this cluster's, its label has not")
    else:
        why = "it has no label, and its route_id has the form of this cluster's"
    if not our_cloud:
        return Verdict("suspect", f"{why}, but it is in another cloud")
    if outside:
        return Verdict("suspect", outside, outside=True)
    if not mark.exclusive:
        return Verdict("suspect", f'{why}, but others use the name "{mark.cluster_name}", too')
    return Verdict("own", why)


def entries(vrf: structs.JSON, mark: marks.Mark, *, our_cloud: bool) -> tuple[JudgedEntry, ...]:
    """The own and suspect routes of a VRF."""
    judged = []
    outside = verdict.outside_of(mark, vrf)
    for route in _routes(vrf):
        route_verdict = judge(route, mark, our_cloud=our_cloud, outside=outside)
        if route_verdict.kind != "foreign":
            judged.append(
                JudgedEntry(str(route.get("route_id") or "without route_id"), route_verdict)
            )
    return tuple(judged)


def without_own(vrf: structs.JSON, mark: marks.Mark, *, our_cloud: bool) -> structs.JSON | None:
    """The VRF to write back, otherwise as it was read; None: it has no own route."""
    outside = verdict.outside_of(mark, vrf)
    kept = [
        route
        for route in _routes(vrf)
        if judge(route, mark, our_cloud=our_cloud, outside=outside).kind != "own"
    ]
    if len(kept) == len(_routes(vrf)):
        return None
    return {**vrf, FIELD: kept}


def _routes(vrf: structs.JSON) -> list[Any]:
    return [route for route in vrf.get(FIELD) or () if isinstance(route, dict)]


def _shaped(route_id: str, cluster_name: str) -> bool:
    """Anchored at both ends: the routes of ``c-2`` and ``c2`` are not those of ``c``."""
    x = re.escape(cluster_name)
    return re.fullmatch(rf"{x}-(?:[0-9]+|{_UUID4}-[0-9]+)", route_id) is not None
