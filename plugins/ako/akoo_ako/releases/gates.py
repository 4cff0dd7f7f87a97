"""Gates: AKO, Kubernetes and the Avi Controller must fit each other; pure."""

from __future__ import annotations

import re

from akoo_ako import versions
from akoo_ako.releases.release import Minor, Release
from akoo_ako.releases.table import Table, order

_KUBERNETES = re.compile(r"^v?(\d+)\.(\d+)(?P<rest>[.+-].*)?$")


def minor_of(version: str) -> Minor | None:
    """The minor version of ``v1.34.2``. None for a text that is no version, and for one whose minor
    has a suffix (``1.34+``): AKO judges neither."""
    match = _KUBERNETES.match(version)
    if match is None or (match["rest"] or "").startswith("+"):
        return None
    return int(match[1]), int(match[2])


def kubernetes_problem(
    table: Table, release: Release, version: str, controller: str = ""
) -> str | None:
    """The reason why AKO will not start on this Kubernetes version (``v1.34.2``); None if it will.

    ``controller``: version of the Avi Controller, for the release that is named instead; "" where
    it is not known.
    """
    minor = minor_of(version)
    if minor is None or release.starts_on(minor):
        return None
    return (
        f"AKO {release.version} starts on Kubernetes {release.kubernetes} only, the cluster is (or "
        f"is to become) {version}. {way_out(table, release, minor, controller)}"
    )


def avi_problem(table: Table, release: Release, controller: str, kubernetes: str) -> str | None:
    """The reason why AKO does not fit this version of the Avi Controller; None if it does, or if
    the version is not known."""
    if not versions.numbers(controller) or release.works_with(controller):
        return None
    way = way_out(table, release, minor_of(kubernetes), controller)
    return (
        f"AKO {release.version} works with Avi Controllers {release.avi} only, the controller has "
        f"{controller}. {way}"
    )


def way_out(table: Table, release: Release, minor: Minor | None, controller: str) -> str:
    """A sentence with the nearest release that fits; None known: not judged."""
    fitting = nearest(table, release, minor, controller)
    if fitting is None:
        return "No supported AKO does."
    mark = "" if fitting.built_in else ", which is not verified"
    return f"Choose AKO {fitting.version}{mark} (spec.plugins.ako.version)."


def nearest(table: Table, release: Release, minor: Minor | None, controller: str) -> Release | None:
    """The release that fits and is nearest to ``release`` in the table: a built-in one before
    others, and of two that are as near the newer one."""
    fitting = [
        other
        for other in table.releases
        if other.version != release.version
        and (minor is None or other.starts_on(minor))
        and (not versions.numbers(controller) or other.works_with(controller))
    ]
    ordered = sorted((*table.releases, release), key=order)
    here = ordered.index(release)

    def distance(other: Release) -> tuple[bool, int, bool]:
        steps = ordered.index(other) - here
        return not other.built_in, abs(steps), steps < 0

    return min(fitting, key=distance, default=None)
