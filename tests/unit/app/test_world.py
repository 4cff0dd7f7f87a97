"""The counts of the caches are those of the records themselves."""

from __future__ import annotations

import collections
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from akoo_core.app import world
from akoo_core.kube import resource
from akoo_core.reconcile.status import config_status

STATES: dict[str, dict[str, Any]] = {
    "lives": {},
    "leaves": {"leaving": {"cause": "UserWord"}},
    "let go": {"leaving": {"cause": "UserWord", "letGo": {"why": "Proven"}}},
    "orphaned": {"orphaned": {"cause": "Unmatched"}},
    "finished": {"finishedAt": "2026-01-01T00:00:00Z"},
}


def a_record(version: int, number: int, config: str, state: str, ready: str) -> dict[str, Any]:
    ref = {"namespace": "demo", "name": f"shop-{number}", "uid": f"c-{number}"}
    condition = {"type": "Ready", "status": ready, "reason": "R"}
    return {
        "apiVersion": resource.AKO_DEPLOYMENTS.api_version,
        "kind": "AKODeployment",
        "metadata": {
            "name": f"akoo-{number}",
            "uid": f"r-{number}",
            "resourceVersion": str(version),
        },
        "spec": {"clusterRef": ref, "configRef": {"name": config, "uid": config}} | STATES[state],
        "status": {"conditions": [condition]} if ready else {},
    }


rows = st.tuples(
    st.integers(0, 4),
    st.sampled_from(["a", "b"]),
    st.sampled_from(sorted(STATES)),
    st.sampled_from(["", "True", "False", "Unknown"]),
)


@given(first=st.lists(rows, max_size=6), then=st.lists(rows, max_size=6))
def test_served_is_counted_however_records_change(
    first: list[tuple[int, str, str, str]], then: list[tuple[int, str, str, str]]
) -> None:
    cached = world.CachedWorld("mgmt", resource.CLUSTERS)
    store = cached.record_objects
    now = {row[0]: row for row in first}
    store.replace([store.item(a_record(1, *row)) for row in now.values()])
    for version, row in enumerate(then, start=2):
        now[row[0]] = row
        store.put(store.item(a_record(version, *row)))
    served: collections.Counter[str] = collections.Counter()
    ready: collections.Counter[str] = collections.Counter()
    for _, config, state, ready_status in now.values():
        if state in ("lives", "leaves"):
            served[config] += 1
            ready[config] += ready_status == "True"
    for config in ("a", "b"):
        assert cached.served_by(config) == config_status.ServedCounts(served[config], ready[config])
