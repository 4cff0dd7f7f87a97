"""Check that AKO can serve a Cluster of this IP family; pure.

The family comes from the Cluster's clusterNetwork, as the ancestor read it: none given is V4, with
two the first counts as primary. Without this gate AKO would run and its VIPs lead nowhere.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from akoo_ako.refusals import refusal
from akoo_core.plugin import structs

REASON = "IpFamilyMismatch"


def families(cluster: structs.JSON) -> tuple[int, ...]:
    """``(4,)``, ``(6,)``, ``(4, 6)`` or ``(6, 4)`` of a Cluster object.

    Refuses lists that are unparsable, too long, or differ between Pods and Services.
    """
    network = (cluster.get("spec") or {}).get("clusterNetwork") or {}
    pods, services = (
        _of(name, (network.get(name) or {}).get("cidrBlocks") or ())
        for name in ("pods", "services")
    )
    if pods and services and set(pods) != set(services):
        raise refusal.Refusal(
            "ClusterNetworkInvalid",
            "spec.clusterNetwork of the Cluster: Pods and Services have different IP families "
            f"({_text(pods)} and {_text(services)}). AKO cannot serve such a cluster.",
        )
    return pods or services or (4,)


def check(cluster: structs.JSON, ip_family: str | None) -> None:
    """Refuse a Cluster that AKO with this ``ipFamily`` (None: V4) cannot serve."""
    present = families(cluster)
    if present[0] == 6:
        raise refusal.Refusal(
            REASON,
            f"the Cluster's primary IP family is V6 ({_text(present)}); AKO is deployed to "
            "clusters whose primary family is V4 only. "
            "Match another cluster with spec.clusterSelector.",
        )
    if present == (4,) and ip_family == "V6":
        raise refusal.Refusal(
            REASON,
            "spec.extraConfigs.ipFamily: V6, but the Cluster has V4 addresses only. Unset it, or "
            "serve this Cluster by another AKODeploymentConfig.",
        )


def of_cidr(cidr: str) -> int | None:
    """4 or 6; None for what is no CIDR. Host bits may be set."""
    try:
        return ipaddress.ip_network(cidr, strict=False).version
    except ValueError:
        return None


def _of(name: str, blocks: Iterable[str]) -> tuple[int, ...]:
    path = f"spec.clusterNetwork.{name}.cidrBlocks of the Cluster"
    listed: list[int] = []
    for block in blocks:
        version = of_cidr(block)
        if version is None:
            raise refusal.Refusal("ClusterNetworkInvalid", f"{path}: {block!r} is no CIDR.")
        listed.append(version)
    if len(listed) > 2:
        raise refusal.Refusal("ClusterNetworkInvalid", f"{path}: more than two CIDRs.")
    return tuple(dict.fromkeys(listed))


def _text(families: tuple[int, ...]) -> str:
    return ", ".join(f"V{family}" for family in families)
