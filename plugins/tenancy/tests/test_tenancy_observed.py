"""A cluster that is observed only gets no tenant of a template."""

from __future__ import annotations

from typing import Any

import pytest
from akoo_tenancy.tenants import wanted


@pytest.mark.parametrize(
    ("spec", "lives"),
    [
        ({}, True),
        ({"observed": False}, True),
        ({"observed": True}, False),
        ({"leaving": {"cause": "ClusterDeleted"}}, False),
        ({"finishedAt": "2026-01-01T00:00:00Z"}, False),
    ],
)
def test_records_that_want_a_tenant(spec: dict[str, Any], lives: bool) -> None:
    assert wanted.lives({"metadata": {"name": "akoo-1"}, "spec": spec}) is lives
