"""The supported releases of AKO, and what each needs around it.

Source: buildsettings.json of AKO's release branches. The Kubernetes range is a hard gate: AKO exits
at its next start outside of it. An Avi Controller below ``avi_minimum`` stops it, too. Their
ConfigMap keys are in mapping.py.
"""

from __future__ import annotations

import functools
import re
from typing import Final, NamedTuple

from akoo_ako import refusal

MODES_SINCE: Final = "1.13.3"
"""The first version with dedicatedTenantMode and vpcMode."""


class Release(NamedTuple):
    """One release of AKO."""

    version: str
    kubernetes: tuple[tuple[int, int], tuple[int, int]]
    """The lowest and the highest minor version it starts on, both included."""
    avi_minimum: str

    @property
    def since_2_1(self) -> bool:
        """It is 2.1 or newer: it knows the kinds of the ako-crd-operator (which is not deployed),
        and its own kinds have more fields than those of 1.13."""
        return at_least(self.version, "2.1")

    @property
    def kubernetes_range(self) -> str:
        """``1.29 to 1.34``."""
        low, high = self.kubernetes
        return f"{low[0]}.{low[1]} to {high[0]}.{high[1]}"


_AVI_MINIMUM = "22.1.3"

RELEASES: Final = {
    release.version: release
    for release in (
        Release("1.13.1", ((1, 27), (1, 32)), _AVI_MINIMUM),
        Release("1.13.2", ((1, 24), (1, 32)), _AVI_MINIMUM),
        Release("1.13.3", ((1, 24), (1, 34)), _AVI_MINIMUM),
        Release("1.13.4", ((1, 24), (1, 34)), _AVI_MINIMUM),
        Release("2.1.1", ((1, 29), (1, 34)), _AVI_MINIMUM),
    )
}
DEFAULT: Final = "2.1.1"
"""Of a new install that names no version. An existing one keeps what its record says."""


def release(version: str, path: str) -> Release:
    """The release of that version. Refuses others, naming ``path`` and what is supported."""
    supported = RELEASES.get(version)
    if supported is None:
        raise refusal.Refusal(
            "AkoVersionUnsupported",
            f"{path}: AKO {version} is not supported. Supported: {', '.join(RELEASES)}.",
        )
    return supported


_KUBERNETES = re.compile(r"^v?(\d+)\.(\d+)(?P<rest>[.+-].*)?$")


def unsupported_kubernetes(release: Release, version: str) -> str | None:
    """The reason why AKO will not start on this Kubernetes version (``v1.34.2``); None if it will.

    A text that is no version, or whose minor has a suffix (``1.34+``), is not judged: neither does
    AKO.
    """
    match = _KUBERNETES.match(version)
    if match is None or (match["rest"] or "").startswith("+"):
        return None
    low, high = release.kubernetes
    if low <= (int(match[1]), int(match[2])) <= high:
        return None
    fitting = [
        other.version for other in RELEASES.values() if other is not release and _fits(other, match)
    ]
    way_out = f"Choose AKO {' or '.join(fitting)}" if fitting else "No supported AKO does"
    return (
        f"AKO {release.version} starts on Kubernetes {release.kubernetes_range} only, the cluster "
        f"is (or is to become) {version}. {way_out} (spec.plugins.ako.version)."
    )


def _fits(release: Release, match: re.Match[str]) -> bool:
    low, high = release.kubernetes
    return low <= (int(match[1]), int(match[2])) <= high


@functools.lru_cache(maxsize=256)
def at_least(version: str, minimum: str) -> bool:
    """The dotted number ``version`` is ``minimum`` or above (``22.1`` is ``22.1.0``)."""
    ours, least = ([int(part) for part in text.split(".")] for text in (version, minimum))
    width = max(len(ours), len(least))
    pad = [0] * width
    return (ours + pad)[:width] >= (least + pad)[:width]
