"""The mark on a network changes nobody's sight; that of an earlier release is taken over."""

from __future__ import annotations

from typing import Any

import pytest
from akoo_avi.pools import marking
from akoo_avi.testing.pool_world import OWNER, PoolWorld, pool

RANGE = "10.70.0.10-10.70.0.19"
Object = dict[str, Any]


def filtered_user(there: PoolWorld) -> Any:
    label = {"key": "clustername", "values": ["other"]}
    filters = [{"name": "c", "match_operation": "ROLE_FILTER_EQUALS", "match_label": label}]
    read = {"resource": "PERMISSION_NETWORK", "type": "READ_ACCESS"}
    role = {"name": "ako-other", "privileges": [read], "filters": filters}
    there.admin.post("role", {**role, "allow_unlabelled_access": True})
    access = {"role_ref": "/api/role?name=ako-other", "all_tenants": True}
    body = {"name": "ako-other", "username": "ako-other", "password": "Avi-simulated-1"}
    tenant = "/api/tenant/admin"
    access["tenant_ref"] = tenant
    there.admin.post("user", {**body, "access": [access], "default_tenant_ref": tenant})
    return there.admin.as_user("ako-other", "Avi-simulated-1")


def marked_by_an_earlier_release(there: PoolWorld, *more: str) -> None:
    """The state that it left: the ranges as they are now, and its marker instead of the
    attribute."""
    body = there.network
    body.pop("attrs", None)
    values = [f"{OWNER}={RANGE}=Both", f"{OWNER}=10.70.0.0/24", *more]
    body["markers"] = [{"key": "team", "values": ["a"]}, {"key": "akoo-pool", "values": values}]
    there.admin.put(f"network/{there.net['uuid']}", body)


def test_who_sees_a_network_stays_as_it_was() -> None:
    there = PoolWorld(pool("edge", RANGE))
    user = filtered_user(there)
    asked = f"network?name=vip&cloud_ref.uuid={there.cloud['uuid']}"
    assert user.get(asked)["count"] == 1
    there.run_pool()
    assert there.ready()[:2] == ("True", "Applied")
    assert user.get(asked)["count"] == 1
    assert not there.network.get("markers")


@pytest.mark.parametrize("policy", ["Repair", "Report"])
def test_a_marker_becomes_an_attribute(policy: str) -> None:
    """It is no drift: Report does not leave it, and nothing else is changed."""
    there = PoolWorld(pool("edge", RANGE, driftPolicy=policy))
    there.run_pool()
    foreign = "elsewhere/pool=10.70.0.50-10.70.0.59=Both"
    marked_by_an_earlier_release(there, foreign)
    there.edit_status({"ranges": None, "subnets": None})
    there.run_pool()
    assert there.ready()[:2] == ("True", "Applied")
    assert there.ranges == {RANGE}
    assert there.network["markers"] == [
        {"key": "team", "values": ["a"]},
        {"key": "akoo-pool", "values": [foreign]},
    ]
    assert not marking.is_marker(there.network, OWNER)
    assert marking.read(there.network)[OWNER].subnets


def test_a_pool_leaves_with_the_marker_of_an_earlier_release() -> None:
    there = PoolWorld(pool("edge", RANGE))
    there.run_pool()
    marked_by_an_earlier_release(there)
    there.edit_status({"ranges": None, "subnets": None})
    there.delete()
    there.run_pool()
    assert there.gone()
    assert not there.ranges
    assert there.network["markers"] == [{"key": "team", "values": ["a"]}]
