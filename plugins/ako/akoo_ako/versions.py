"""What each supported release of AKO needs, as data.

Sources: buildsettings.json, the ConfigMap and the StatefulSet of the Helm chart on AKO's release
branches. The Kubernetes range is a hard gate: AKO exits at its next start outside of it. An Avi
Controller below ``avi_minimum`` stops it, too.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from akoo_ako import refusal

_KEYS_1_13: Final = frozenset(
    """
    apiServerPort autoFQDN bgpPeerLabels blockedNamespaceList cloudName clusterName cniPlugin
    controllerIP controllerVersion defaultDomain defaultIngController defaultLBController
    deleteConfig disableStaticRouteSync enableEVH enableEndpointSlice enableEvents enableMCI
    enablePrometheus enableRHI fqdnReusePolicy fullSyncFrequency ipFamily istioEnabled layer7Only
    logLevel noPGForSNI nodeNetworkList nsSyncLabelKey nsSyncLabelValue nsxtT1LR
    passthroughShardSize primaryInstance serviceEngineGroupName serviceType servicesAPI shardVSSize
    tenantName useDefaultSecretsOnly vipNetworkList vipPerNamespace vrfName
    """.split()  # noqa: SIM905 - one name per line would hide the table
)
_KEYS_1_13_3: Final = _KEYS_1_13 | {"dedicatedTenantMode", "vpcMode"}
_KEYS_2_1: Final = (_KEYS_1_13_3 - {"enableEndpointSlice"}) | {"akoCRDOperatorEnabled"}

NODE_PORT_KEYS: Final = ("nodeKey", "nodeValue")
"""Keys of every release, present only when serviceType is NodePort."""


class Release(NamedTuple):
    """One release of AKO."""

    version: str
    kubernetes: tuple[tuple[int, int], tuple[int, int]]
    """The lowest and the highest minor version it starts on, both included."""
    avi_minimum: str
    keys: frozenset[str]
    """Keys of ConfigMap avi-k8s-config. One that is missing keeps the container from starting."""

    @property
    def since_2_1(self) -> bool:
        """Whether it is 2.1 or newer: its kinds have more fields than those of 1.13."""
        return at_least(self.version, "2.1")

    @property
    def has_crd_operator(self) -> bool:
        """Whether it knows the kinds of the ako-crd-operator (which is not deployed)."""
        return "akoCRDOperatorEnabled" in self.keys

    @property
    def kubernetes_range(self) -> str:
        """``1.29 to 1.34``."""
        low, high = self.kubernetes
        return f"{low[0]}.{low[1]} to {high[0]}.{high[1]}"


_AVI_MINIMUM = "22.1.3"

RELEASES: Final = {
    release.version: release
    for release in (
        Release("1.13.1", ((1, 27), (1, 32)), _AVI_MINIMUM, _KEYS_1_13),
        Release("1.13.2", ((1, 24), (1, 32)), _AVI_MINIMUM, _KEYS_1_13),
        Release("1.13.3", ((1, 24), (1, 34)), _AVI_MINIMUM, _KEYS_1_13_3),
        Release("1.13.4", ((1, 24), (1, 34)), _AVI_MINIMUM, _KEYS_1_13_3),
        Release("2.1.1", ((1, 29), (1, 34)), _AVI_MINIMUM, _KEYS_2_1),
    )
}
DEFAULT: Final = "2.1.1"
"""Of a new install that names no version. An existing one keeps what its record says."""


def release(version: str, path: str) -> Release:
    """The release of that version. Refuses others, naming ``path`` and what is supported."""
    found = RELEASES.get(version)
    if found is None:
        raise refusal.Refusal(
            "AkoVersionUnsupported",
            f"{path}: AKO {version} is not supported. Supported: {', '.join(RELEASES)}.",
        )
    return found


_KUBERNETES = re.compile(r"^v?(\d+)\.(\d+)(?P<rest>[.+-].*)?$")


def unsupported_kubernetes(one: Release, version: str) -> str | None:
    """Why AKO will not start on this Kubernetes version (``v1.34.2``); None if it will.

    A text that is no version, or whose minor has a suffix (``1.34+``), is not judged: neither does
    AKO.
    """
    match = _KUBERNETES.match(version)
    if match is None or (match["rest"] or "").startswith("+"):
        return None
    low, high = one.kubernetes
    if low <= (int(match[1]), int(match[2])) <= high:
        return None
    fitting = [r.version for r in RELEASES.values() if r is not one and _fits(r, match)]
    way_out = f"Choose AKO {' or '.join(fitting)}" if fitting else "No supported AKO does"
    return (
        f"AKO {one.version} starts on Kubernetes {one.kubernetes_range} only, the cluster is (or "
        f"is to become) {version}. {way_out} (spec.plugins.ako.version)."
    )


def _fits(one: Release, match: re.Match[str]) -> bool:
    return one.kubernetes[0] <= (int(match[1]), int(match[2])) <= one.kubernetes[1]


def at_least(version: str, minimum: str) -> bool:
    """Whether the dotted number ``version`` is ``minimum`` or above (``22.1`` is ``22.1.0``)."""
    ours, least = ([int(part) for part in text.split(".")] for text in (version, minimum))
    width = max(len(ours), len(least))
    pad = [0] * width
    return (ours + pad)[:width] >= (least + pad)[:width]
