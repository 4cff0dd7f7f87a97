"""Counts what belongs to a cluster, straight from the simulator's store: the judge of the sweep.

Written from AKO's rules by a logic of its own: it takes names apart and asks whose they could be,
where the product puts forms together and matches them. It shares no line with the product.
"""

from __future__ import annotations

import collections
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

WITH_CREATED_BY = {
    "virtualservice",
    "pool",
    "poolgroup",
    "httppolicyset",
    "l4policyset",
    "vsdatascriptset",
    "sslkeyandcertificate",
    "pkiprofile",
    "applicationprofile",
    "networksecuritypolicy",
}
WITHOUT = {"vsvip", "stringgroup", "applicationpersistenceprofile", "healthmonitor"}
IN_A_CLOUD = {"virtualservice", "vsvip", "pool", "poolgroup"}
KINDS = WITH_CREATED_BY | WITHOUT
HEX = set("0123456789abcdef")
MAKERS = ("ako-", "ako-gw-", "ako-crd-operator-")
"""Prefixes of created_by: AKO's own container, that of its gateway, and the CRD operator."""
OF_THE_OPERATOR = {"healthmonitor", "applicationprofile", "pkiprofile"}
OF_NOBODY = {"networksecuritypolicy"}


class Count(NamedTuple):
    """(kind, uuid) of objects; (kind, uuid, name) of entries in shared ones."""

    own: frozenset[tuple[str, ...]]
    suspect: frozenset[tuple[str, ...]]

    @property
    def objects(self) -> frozenset[tuple[str, str]]:
        return frozenset((key[0], key[1]) for key in self.own if len(key) == 2)


def count(controller: Any, cluster: str, cloud_uuid: str) -> Count:
    """The objects of a cluster in the store, without claims."""
    own: set[tuple[str, ...]] = set()
    suspect: set[tuple[str, ...]] = set()
    for (kind, uuid), stored in controller.state.objects.everything().items():
        if kind in KINDS:
            verdict = whose(kind, stored.data, cluster, cloud_uuid)
            {"own": own, "suspect": suspect}.get(verdict, set()).add((kind, uuid))
        for name, verdict in _entries(kind, stored.data, cluster, cloud_uuid):
            {"own": own, "suspect": suspect}.get(verdict, set()).add((kind, uuid, name))
    return Count(frozenset(own), frozenset(suspect))


def whose(kind: str, data: dict[str, Any], cluster: str, cloud_uuid: str) -> str:
    """own, suspect, foreign, or claim."""
    markers = collections.defaultdict(list)
    for marker in data.get("markers", []):
        markers[marker["key"]].append(list(marker.get("values", [])))
    name = data.get("name") or ""
    if name[:11] == "akoo-claim-" and "akoo-claim" in markers:
        return "claim"
    clusters_ = [value for values in markers["clustername"] for value in values]
    if markers["clustername"] and cluster not in clusters_:
        return "foreign"
    clean = len(markers["clustername"]) == 1 and clusters_ == [cluster]
    author = _author(kind, data, markers)
    makers = [maker for maker in MAKERS if _named_for(kind, name, cluster, maker)]
    by_maker = any(_authored(kind, author, cluster, maker) for maker in makers)
    by_cloud = kind not in IN_A_CLOUD or data.get("cloud_ref") == cloud_uuid
    if clean and by_maker and by_cloud:
        return "own"
    spoken = any(_speaks_for(author or "", cluster, maker) for maker in MAKERS)
    return "suspect" if cluster in clusters_ or makers or spoken else "foreign"


def _author(kind: str, data: dict[str, Any], markers: dict[str, list[list[str]]]) -> str | None:
    """The author of an object; None: kinds that do not name it."""
    if kind in WITH_CREATED_BY:
        return data.get("created_by") or ""
    if kind == "stringgroup":
        creators = markers.get("created_by", [])
        return creators[0][0] if len(creators) == 1 and len(creators[0]) == 1 else ""
    return None


def _authored(kind: str, author: str | None, cluster: str, maker: str) -> bool:
    """True if this maker of such an object says so. The CRD operator does for one kind alone."""
    if author is None:
        return True
    silent = maker == "ako-crd-operator-" and kind == "applicationprofile"
    return (silent and not author) or _speaks_for(author, cluster, maker)


def _speaks_for(author: str, cluster: str, maker: str) -> bool:
    """True if the words ``author`` is made of can be: a maker, the cluster, a namespace."""
    if not author.startswith(maker):
        return False
    rest = author[len(maker) :]
    if rest == cluster:
        return True
    head, tail = rest[: len(cluster)], rest[len(cluster) :]
    takes_namespace = maker != "ako-crd-operator-"
    return takes_namespace and head == cluster and tail[:1] == "-" and _is_namespace(tail[1:])


def _is_namespace(text: str) -> bool:
    allowed = set("abcdefghijklmnopqrstuvwxyz0123456789-")
    inside = set(text) <= allowed and 1 <= len(text) <= 63
    return inside and text[0] != "-" and text[-1] != "-"


def _named_for(kind: str, name: str, cluster: str, maker: str) -> bool:
    """True if this maker gives such names to this kind."""
    if kind in OF_NOBODY or (maker == "ako-crd-operator-" and kind not in OF_THE_OPERATOR):
        return False
    if maker == "ako-gw-" and kind in ("healthmonitor", "applicationprofile"):
        return False
    if kind == "stringgroup":
        ending = name[-41:]
        total = len(ending) == 41 and ending[0] == "-" and set(ending[1:]) <= HEX
        return total and _speaks_for(name[:-41], cluster, maker)
    prefix = "" if maker == "ako-" else maker
    return name.startswith(prefix + cluster + "--") or (
        maker == "ako-" and _named_beside(kind, name, cluster)
    )


def _named_beside(kind: str, name: str, cluster: str) -> bool:
    once = {
        "applicationprofile": f"{cluster}-proxy-applicationprofile",
        "healthmonitor": f"{cluster}-tcphalfopen-healthmonitor",
    }
    if name == once.get(kind):
        return True
    istio = {"sslkeyandcertificate": "istio-workload-", "pkiprofile": "istio-pki-"}
    start = f"{istio.get(kind)}{cluster}-"
    return kind in istio and name.startswith(start) and _is_namespace(name[len(start) :])


def _entries(
    kind: str, data: dict[str, Any], cluster: str, cloud_uuid: str
) -> Iterator[tuple[str, str]]:
    ours = data.get("cloud_ref") == cloud_uuid
    if kind == "vrfcontext":
        for index, route in enumerate(data.get("static_routes", [])):
            verdict = _route(route, cluster)
            if verdict == "own" and not ours:
                verdict = "suspect"
            yield f"{index} {route['route_id']}", verdict
    if kind == "serviceenginegroup":
        for index, label in enumerate(data.get("labels", [])):
            if (label["key"], label.get("value")) == ("clustername", cluster):
                yield str(index), "own" if ours else "suspect"


def _route(route: dict[str, Any], cluster: str) -> str:
    labels = [(label["key"], label.get("value")) for label in route.get("labels", [])]
    named = [value for key, value in labels if key == "clustername"]
    if named:
        if cluster not in named:
            return "foreign"
        return "own" if len(labels) == 1 else "suspect"
    start, _, rest = route["route_id"].partition(f"{cluster}-")
    if start or not rest:
        return "foreign"
    old = rest.isascii() and rest.isdigit()
    uuid, _, index = rest.rpartition("-")
    new = index.isascii() and index.isdigit() and _is_uuid4(uuid)
    if not (old or new):
        return "foreign"
    return "suspect" if labels else "own"


def _is_uuid4(text: str) -> bool:
    shape = [len(part) for part in text.split("-")] == [8, 4, 4, 4, 12]
    return shape and set(text) <= HEX | {"-"} and text[14] == "4" and text[19] in "89ab"


def shown(controller: Any, keys: frozenset[tuple[str, ...]]) -> list[str]:
    """For messages of tests."""
    objects = controller.state.objects
    return sorted(f"{key[0]} {objects.get(key[0], key[1]).name} {key[2:]}" for key in keys)


def hashed(text: str) -> str:
    """Forty digits of hex, as AKO's sums are."""
    digits = re.sub("[^0-9a-f]", "", text.encode().hex())
    return (digits * 40)[:40] or "0" * 40


def made_by_operator(cluster: str) -> bool:
    """True if the name is one that the operator gives: a word and twelve digits of hex."""
    word, _, digits = cluster.partition("-")
    return word == "akoo" and len(digits) == 12 and set(digits) <= HEX


def elsewhere(controller: Any, cluster: str, cloud_uuid: str) -> bool:
    """True if something in another cloud is marked with exactly this name."""
    for (kind, _), stored in controller.state.objects.everything().items():
        if kind in IN_A_CLOUD and stored.data.get("cloud_ref") != cloud_uuid:
            names = [
                marker.get("values", [])
                for marker in stored.data.get("markers", [])
                if marker["key"] == "clustername"
            ]
            if names == [[cluster]]:
                return True
        if stored.data.get("cloud_ref") != cloud_uuid and any(
            verdict == "suspect" for _, verdict in _entries(kind, stored.data, cluster, cloud_uuid)
        ):
            return True
    return False
