"""VMware's ako-infra and this plugin, side by side on one controller each.

ako-infra makes a role per cluster whose filter lets unlabelled objects pass, and one role in tenant
admin that all clusters share, without a filter. It deletes and makes anew a user that differs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from akoo_tenancy.roles.plan import Needs
from akoo_testbed.avisim import client

from tests.tenancy import tenancy_isolation
from tests.tenancy.tenancy_isolation import PASSWORD, Ako, Site

CLUSTER, OTHER = "akoo-0f3b2c1d4e5a", "other"
Make = Callable[[Site], client.Client]
Json = dict[str, Any]


def ours(site: Site) -> client.Client:
    return site.ours(Needs(record=CLUSTER, ako=(2, 1, 1), controller=(30, 2, 2), tenants=("blue",)))


def infra(site: Site) -> client.Client:
    return site.infra(CLUSTER, "blue")


def markers(name: str) -> list[Json]:
    return [{"key": "clustername", "values": [name]}] if name else []


def attempts(site: Site, who: client.Client) -> dict[str, int]:
    """Statuses of the requests that tell the two apart, and of some that do not."""
    statuses: dict[str, int] = {}
    admin, listed = site.admin, {"type": "SG_TYPE_STRING"}
    for label, marker in (("own", CLUSTER), ("another cluster's", OTHER), ("nobody's", "")):
        body = {"name": f"pool-{marker}", "markers": markers(marker)}
        pool = admin.post("pool", body, x_avi_tenant="blue")
        path = f"pool/{pool['uuid']}"
        change = {"replace": {"description": "changed"}}
        statuses[f"change {label}"] = who.call("PATCH", path, change, x_avi_tenant="blue").status
        statuses[f"delete {label}"] = who.call("DELETE", path, x_avi_tenant="blue").status
    claim = {"name": f"akoo-claim-{OTHER}", **listed, "markers": markers(OTHER)}
    made = admin.post("stringgroup", claim)
    statuses["delete a claim in tenant admin"] = who.call(
        "DELETE", f"stringgroup/{made['uuid']}", x_avi_tenant="admin"
    ).status
    vrf = admin.get("vrfcontext?name=global")["results"][0]
    routes = {**vrf, "static_routes": []}
    path = f"vrfcontext/{vrf['uuid']}"
    statuses["remove all routes"] = who.call("PUT", path, routes, x_avi_tenant="admin").status
    return statuses


@pytest.mark.parametrize("unlabelled", ["read-no-labels", "write-lacks-key"])
def test_the_reach_of_an_account(unlabelled: str) -> None:
    makes: dict[str, Make] = {"ako-infra": infra, "ours": ours}
    reach = {}
    for name, make in makes.items():
        site = Site(**{"unlabelled-access": unlabelled})
        reach[name] = attempts(site, make(site))
    hole = unlabelled == "write-lacks-key"
    assert reach["ours"] == {
        "change own": 200,
        "delete own": 204,
        "change another cluster's": 403,
        "delete another cluster's": 403,
        "change nobody's": 403,
        "delete nobody's": 403,
        "delete a claim in tenant admin": 403,
        "remove all routes": 403,
    }
    assert reach["ako-infra"] == reach["ours"] | {
        "change nobody's": 200 if hole else 403,
        "delete nobody's": 204 if hole else 403,
        "delete a claim in tenant admin": 204,
        "remove all routes": 200,
    }


@pytest.mark.parametrize("make", [infra, ours])
async def test_an_ako_works_with_either(make: Make) -> None:
    site = Site()
    chosen = tenancy_isolation.settings(CLUSTER, "blue")
    ako = Ako(make(site), chosen, tenancy_isolation.world(CLUSTER))
    assert await ako.sync()
    assert await ako.clear()
    assert ako.session.refused() == []


def test_a_user_that_is_made_anew_locks_its_ako_out() -> None:
    """As ako-infra does with a user whose access somebody changed. That this plugin repairs it in
    place is shown by the lives of an account."""
    site = Site()
    who = infra(site)
    assert who.login().status == 200
    (user,) = site.admin.get(f"user?name={who.user}&include_service_accounts=true")["results"]
    site.admin.delete(f"user/{user['uuid']}")
    anew = {key: user[key] for key in ("name", "username", "access")}
    site.admin.post("user", {**anew, "password": f"{PASSWORD}-new"})
    assert client.Client(site.avi, user=who.user, password=PASSWORD).login().status == 401
