"""Check that AKO, Kubernetes and the Avi Controller of a cluster fit each other; pure.

AKO ends its process at its next start on a Kubernetes outside of its range, and with an Avi
Controller below its minimum. So an AKO that runs is left alone, and its cluster says what is wrong.
"""

from __future__ import annotations

from typing import Final

from akoo_ako import names, versions
from akoo_ako.refusals import refusal
from akoo_ako.releases import gates
from akoo_ako.releases.release import Release
from akoo_ako.releases.table import Table
from akoo_core.plugin import api

UPGRADE: Final = "UpgradeBreaksAko"
"""The Cluster is to become a Kubernetes on which its AKO does not start again."""


def check(view: api.View, release: Release, table: Table) -> None:
    """Raises Refusal for a combination that the table does not have; it names the nearest release
    that fits. Versions that are not known (yet) are not judged."""
    kubernetes, controller = kubernetes_of(view), controller_of(view)
    # The version that a Cluster is to have counts as much as the one that it has.
    for version in dict.fromkeys((kubernetes, view.kubernetes_version)):
        problem = gates.kubernetes_problem(table, release, version, controller)
        if problem and runs(view, release):
            raise refusal.Refusal(
                UPGRADE,
                f"AKO still runs, and ends at its next restart: {problem} Until then nothing of "
                "AKO but its Secrets is changed.",
            )
        if problem:
            raise refusal.Refusal("KubernetesVersionUnsupported", problem)
    known = kubernetes or view.kubernetes_version
    problem = gates.avi_problem(table, release, controller, known)
    # A controller that was upgraded is no reason to leave an AKO that works with it as it is.
    if problem and not (runs(view, release) and versions.at_least(controller, release.avi.min)):
        raise refusal.Refusal("AviVersionUnsupported", problem)


def kubernetes_of(view: api.View) -> str:
    """The version that the Cluster's topology names: it has it, or is to become it; "" for none."""
    spec = (view.cluster.raw.get("spec") or {}) if view.cluster is not None else {}
    return str((spec.get("topology") or {}).get("version") or "")


def controller_of(view: api.View) -> str:
    """The version of the Avi Controller, as the plugin read it that checks the place; "" for one
    that is not known."""
    placement = view.fact(api.LoadBalancerPlacement)
    return placement.controller_version if placement is not None else ""


def runs(view: api.View, release: Release) -> bool:
    """AKO of that release was deployed here."""
    intent = view.intent(names.PLUGIN)
    if intent is None or intent.data.get("version") != release.version:
        return False
    return any(
        (item.plugin, item.kind, item.name) == (names.PLUGIN, "StatefulSet", names.STATEFUL_SET)
        and item.digest
        for item in view.spec.inventory
    )
