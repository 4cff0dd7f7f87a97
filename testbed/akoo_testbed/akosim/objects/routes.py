"""Static routes of a VRF and labels of an SE group: which are ours, which stay; pure."""

import collections.abc
import uuid

from akoo_testbed.akosim.config import Config
from akoo_testbed.akosim.world import NODE, World, address
from akoo_testbed.kubeapi import Object

LABEL = "clustername"
CIDRS_ANNOTATION = "ako.vmware.com/pod-cidrs"


class ForeignLabelError(Exception):
    """The SE group is another cluster's."""


def labelled(labels: list[Object], cluster: str) -> list[Object] | None:
    """The labels that AKO writes to an SE group; None: it writes nothing, they are right.

    Raises ForeignLabelError if there is any other label.
    """
    if not labels:
        return [{"key": LABEL, "value": cluster}]
    if all(label == {"key": LABEL, "value": cluster} for label in labels):
        return None
    raise ForeignLabelError("labels do not match with cluster name")


def wanted(config: Config, world: World) -> list[tuple[str, str]]:
    """(pod network, next hop) of each Node, sorted; empty if AKO writes no routes."""
    if not config.routes or config.cni == "ncp":
        return []
    routes_ = set()
    for node in world.all(NODE):
        hop = address(node)
        routes_ |= {(cidr, hop) for cidr in _cidrs(config, node) if hop}
    return sorted(routes_)


def merged(
    existing: list[Object],
    wanted: collections.abc.Iterable[tuple[str, str]],
    cluster: str,
    new_id: collections.abc.Callable[[], uuid.UUID] = uuid.uuid4,
) -> list[Object]:
    """All routes of the VRF as AKO writes them back.

    A foreign route stays only if it has no label, or if its first one is another cluster's: one
    with any other label is dropped, as by the real AKO.
    """
    kept = [route for route in existing if _is_kept(route, cluster)]
    own = {_way(route): route for route in existing if _is_ours(route, cluster)}
    ours = []
    for index, (cidr, hop) in enumerate(sorted(wanted)):
        ours.append(
            own.get((cidr, hop)) or _route(cidr, hop, f"{cluster}-{new_id()}-{index}", cluster)
        )
    return kept + ours


def has_ours(existing: list[Object], cluster: str) -> bool:
    """True if any of the routes is this cluster's."""
    return any(_is_ours(route, cluster) for route in existing)


def _first_label(route: Object) -> Object | None:
    labels = route.get("labels") or [None]
    first: Object | None = labels[0]
    return first


def _is_ours(route: Object, cluster: str) -> bool:
    return _first_label(route) == {"key": LABEL, "value": cluster}


def _is_kept(route: Object, cluster: str) -> bool:
    first = _first_label(route)
    return first is None or (first["key"] == LABEL and first.get("value") != cluster)


def _way(route: Object) -> tuple[str, str]:
    prefix = route["prefix"]
    return f"{prefix['ip_addr']['addr']}/{prefix['mask']}", route["next_hop"]["addr"]


def _route(cidr: str, hop: str, route_id: str, cluster: str) -> Object:
    base, _, mask = cidr.partition("/")
    kinds = {text: "V6" if ":" in text else "V4" for text in (base, hop)}
    return {
        "route_id": route_id,
        "prefix": {"ip_addr": {"addr": base, "type": kinds[base]}, "mask": int(mask)},
        "next_hop": {"addr": hop, "type": kinds[hop]},
        "labels": [{"key": LABEL, "value": cluster}],
    }


def _cidrs(config: Config, node: Object) -> list[str]:
    text = (node["metadata"].get("annotations") or {}).get(CIDRS_ANNOTATION, "")
    if text and not config.cni:
        return [cidr.strip() for cidr in text.split(",") if cidr.strip()]
    spec = node.get("spec", {})
    single = [spec["podCIDR"]] if spec.get("podCIDR") else []
    return list(spec.get("podCIDRs") or single)
