"""A cluster that is observed only gets no port group of a template."""

from __future__ import annotations

from typing import Any

import pytest
from akoo_vsphere.templates import wanted

REF = {"clusterRef": {"namespace": "team-a", "name": "shop"}}


@pytest.mark.parametrize(
    ("spec", "live"),
    [
        ({}, True),
        ({"observed": False}, True),
        ({"observed": True}, False),
        ({"leaving": {"cause": "ClusterDeleted"}}, False),
        ({"finishedAt": "2026-01-01T00:00:00Z"}, False),
    ],
)
def test_records_that_want_a_port_group(spec: dict[str, Any], live: bool) -> None:
    cluster = wanted.cluster_of({"metadata": {"name": "akoo-1"}, "spec": {**REF, **spec}})
    assert cluster is not None
    assert cluster.live is live
