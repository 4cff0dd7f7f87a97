"""Isolation by trying: every request of the simulated AKO under its own user, and every one on the
objects of others. The oracle knows markers and tenants, and nothing of roles."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import pytest
from akoo_tenancy.roles.plan import Needs
from akoo_testbed.avisim import client, versions
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.tenancy import tenancy_isolation
from tests.tenancy.tenancy_isolation import MODES, Ako, Site

Json = dict[str, Any]
MINE = "akoo-0f3b2c1d4e5a"
EXAMPLES = 40 if os.environ.get("AKOO_PROOF") == "1" else 6
KINDS = {
    "httppolicyset",
    "l4policyset",
    "pool",
    "poolgroup",
    "sslkeyandcertificate",
    "stringgroup",
    "virtualservice",
    "vsdatascriptset",
    "vsvip",
}
"""Kinds that the simulated AKO makes for these Services and Ingresses."""


def needs(**changes: Any) -> Needs:
    fields: Json = {
        "record": MINE,
        "ako": (2, 1, 1),
        "controller": (30, 2, 2),
        "tenants": ("blue",),
    }
    return Needs(**(fields | changes))


async def furnish(site: Site, tenant: str, mode: str) -> None:
    """All objects of another cluster, and those of one more without their markers."""
    for name in (f"other-{tenant}", f"nobody-{tenant}"):
        chosen = tenancy_isolation.settings(name, tenant, **MODES[mode])
        ako = Ako(site.admin, chosen, tenancy_isolation.world(name))
        assert await ako.sync()
        for key, existing in ako.hands.observed.items():
            if name.startswith("nobody"):
                body = site.admin.get(f"{key.kind}/{existing.uuid}", x_avi_tenant=tenant)
                path = f"{key.kind}/{existing.uuid}"
                site.admin.put(path, {**body, "markers": []}, x_avi_tenant=tenant)


def all_objects(site: Site) -> dict[tuple[str, str], Json]:
    return {(kind, row["uuid"]): row for kind, row in site.objects()}


def readable(row: Json) -> bool:
    """The oracle: nobody labelled it. All other objects here are of others."""
    return not row.get("markers")


def try_everything(site: Site, who: client.Client, tenants: tuple[str, ...]) -> set[str]:
    """Each request on each object, in the object's tenant and in an own one; the kinds."""
    kinds = set()
    taken = [{"key": "clustername", "values": [MINE]}]
    for kind, row in list(site.objects()):
        where, path = site.tenant_of(row), f"{kind}/{row['uuid']}"
        bodies: dict[str, Json | None] = {
            "GET": None,
            "PUT": {**row, "markers": taken},
            "PATCH": {"replace": {"markers": taken}},
            "DELETE": None,
        }
        for method, body in bodies.items():
            for asked in dict.fromkeys((where, tenants[0])):
                status = who.call(method, path, body, x_avi_tenant=asked).status
                context = (method, kind, row["name"], asked, status)
                if method == "GET" and readable(row) and where in tenants:
                    assert asked != where or status == 200, context
                elif method == "GET" and str(row["name"]).startswith("System-"):
                    assert readable(row), context  # the controller's own, for all tenants
                else:
                    assert status in {403, 404}, context
        kinds.add(kind)
    return kinds


@pytest.mark.parametrize("mode", MODES)
async def test_an_ako_does_its_work_and_reaches_nothing_of_others(mode: str) -> None:
    site = Site()
    for tenant in ("blue", "green"):
        await furnish(site, tenant, mode)
    before = all_objects(site)
    who = site.ours(needs())
    assert try_everything(site, who, ("blue",)) >= KINDS
    assert all_objects(site) == before
    chosen = tenancy_isolation.settings(MINE, "blue", **MODES[mode])
    ako = Ako(who, chosen, tenancy_isolation.world(MINE))
    assert await ako.sync()
    assert {key.kind for key in ako.hands.observed} == KINDS
    assert await ako.touch()
    assert await ako.clear()
    assert ako.session.refused() == []
    assert all_objects(site) == before


CHOICES = st.builds(
    needs,
    ako=st.sampled_from([(1, 10, 1), (1, 12, 3), (1, 13, 1), (2, 1, 1), (2, 2, 1)]),
    controller=st.sampled_from([profile.version for profile in versions.PROFILES.values()]),
    tenants=st.permutations(["admin", "blue", "green"]).flatmap(
        lambda names: st.integers(1, 3).map(lambda count: tuple(names[:count]))
    ),
    static_routes=st.booleans(),
)


UNLABELLED = ("read-no-labels", "write-lacks-key")
"""Meanings of allow_unlabelled_access: switch ``unlabelled-access``."""


@given(CHOICES, st.sampled_from(sorted(MODES)), st.sampled_from(UNLABELLED))
@settings(max_examples=EXAMPLES, phases=(Phase.explicit, Phase.generate))
def test_for_all_releases_and_choices(chosen: Needs, mode: str, unlabelled: str) -> None:
    asyncio.run(live(chosen, mode, unlabelled))


async def live(chosen: Needs, mode: str, unlabelled: str) -> None:
    profile = ".".join(map(str, chosen.controller))
    site = Site(profile, **{"unlabelled-access": unlabelled})
    for tenant in ("admin", "blue", "green"):
        await furnish(site, tenant, mode)
    before = all_objects(site)
    who = site.ours(chosen)
    try_everything(site, who, chosen.tenants)
    assert all_objects(site) == before
    # AKO before 1.13 makes no string groups.
    world = tenancy_isolation.world(MINE, patterns=chosen.ako >= (1, 13))
    data = dict(MODES[mode], **({"serviceType": "ClusterIP"} if chosen.static_routes else {}))
    ako = Ako(who, tenancy_isolation.settings(MINE, chosen.tenants[0], **data), world)
    assert await ako.sync()
    assert await ako.touch()
    assert await ako.clear()
    assert ako.session.refused() == []
    assert all_objects(site) == before
