"""One snapshot for all clusters, and what it says of each."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from akoo_avi.client.access.reach import Reach
from akoo_avi.health import observe, snapshot
from akoo_avi.spec import placement
from akoo_avi.testing.memory import PASSWORD, MemoryAvi
from akoo_testbed import avisim
from akoo_testbed.avisim import client as admins
from hypothesis import given
from hypothesis import strategies as st

from akoo_core import clock
from akoo_core.plugin import api

REACH = Reach(address="avi.example.com", credential=api.SecretName(namespace="a", name="b"))
PLACE = placement.Place(
    controller_uuid="cluster-1", cloud_uuid="cloud-1", tenant_uuid="admin", se_group_uuid="seg-1"
)


def stored(name: str = "shop") -> placement.Stored:
    return placement.Stored(
        cluster_name=name, reach=REACH, place=PLACE, cloud="vc", tenant="admin", se_group="group"
    )


def service(name: str, state: str, reason: str = "") -> snapshot.VirtualService:
    return snapshot.VirtualService(name, "admin", state, reason)


def seen(*services: snapshot.VirtualService, **changes: Any) -> snapshot.Snapshot:
    whole: dict[str, Any] = {
        "taken_at": 0.0,
        "services": {"shop": services},
        "clouds": {"cloud-1": "CLOUD_STATE_PLACEMENT_READY"},
        "engines": {"seg-1": ("OPER_UP",)},
    }
    return snapshot.Snapshot(**(whole | changes))


def judged(seen: snapshot.Snapshot) -> api.Result:
    return observe.judge(seen, stored(), address="avi.example.com", again=30.0)


def test_all_up() -> None:
    result = judged(seen(service("a", "OPER_UP"), service("b", "OPER_DISABLED")))
    assert result == api.Done(message="2 virtual services.", recheck_seconds=30.0)


def test_down_is_told_and_nobodys_fault_here() -> None:
    result = judged(seen(service("a", "OPER_UP"), service("b", "OPER_DOWN", "no pool is up")))
    assert isinstance(result, api.Done)
    assert result.message == "2 virtual services, 1 down: b (no pool is up)."


@pytest.mark.parametrize(
    ("shot", "reason"),
    [
        (seen(service("a", "OPER_RESOURCES")), "VirtualServiceBroken"),
        (
            seen(service("a", "OPER_RESOURCES"), engines={"seg-1": ("OPER_DOWN",)}),
            "NoServiceEngine",
        ),
        (seen(service("a", "OPER_UP"), clouds={"cloud-1": "CLOUD_STATE_FAILED"}), "CloudNotReady"),
    ],
)
def test_what_the_platform_owes(shot: snapshot.Snapshot, reason: str) -> None:
    result = judged(shot)
    assert isinstance(result, api.Wait)
    assert result.reason == reason


def test_engines_are_made_on_demand() -> None:
    """A group without engines is no fault while nothing needs one."""
    assert isinstance(judged(seen(service("a", "OPER_DOWN"), engines={})), api.Done)


def exhausted(name: str) -> placement.ExhaustedPool:
    return placement.ExhaustedPool(name=name, correct="its spec.subnets")


def test_pools_without_an_address_are_added_to_whatever_is_said() -> None:
    broken = judged(seen(service("a", "OPER_RESOURCES")))
    assert isinstance(broken, api.Wait)
    result = observe.with_exhausted(broken, [exhausted(name) for name in "abcde"])
    assert isinstance(result, api.Wait)
    assert result.reason == "VirtualServiceBroken"
    assert result.message.startswith(f"{broken.message} AviIPPool/a has no free address")
    assert "AviIPPool/c has" in result.message
    assert "Add ranges to its spec.subnets. 2 more AviIPPools have none." in result.message
    assert observe.with_exhausted(broken, ()) == broken


STATES = st.sampled_from(sorted({*observe.UP, *observe.UNDER_WAY, *observe.BROKEN, "OPER_DOWN"}))


@given(st.lists(STATES, max_size=8), STATES)
def test_others_do_not_matter(states: list[str], other: str) -> None:
    mine = tuple(service(f"vs-{n}", state) for n, state in enumerate(states))
    alone = seen(services={"shop": mine})
    beside = seen(services={"shop": mine, "shop-2": (service("x", other),)})
    assert judged(alone) == judged(beside)
    broken = any(state in observe.BROKEN for state in states)
    assert isinstance(judged(alone), api.Wait) is broken


def test_one_reading_serves_all_who_ask() -> None:
    controller = avisim.Controller(password=PASSWORD)
    admin = admins.Client(controller, password=PASSWORD)
    for number in range(30):
        vip = admin.post("vsvip", {"name": f"v{number}", "vip": []})
        marker = {"key": "clustername", "values": [f"c{number % 10}"]}
        body = {"name": f"v{number}", "vsvip_ref": vip["url"], "markers": [marker]}
        made = admin.post("virtualservice", body)
        if number == 7:
            controller.state.oper_states["virtualservice", made["uuid"]] = "OPER_RESOURCES"
    now = clock.ManualClock()

    async def ask(clusters: int) -> list[api.Result]:
        avi = MemoryAvi(controller)
        shared = snapshot.Snapshots()
        controller.journal.clear()

        async def observe_cluster(number: int) -> api.Result:
            seen = await shared.of(REACH, avi, now)
            return observe.judge(seen, stored(f"c{number}"), address="a", again=30.0)

        results = await asyncio.gather(*(observe_cluster(number) for number in range(clusters)))
        reads = len(controller.journal.entries(method="GET"))
        await asyncio.gather(*(observe_cluster(number) for number in range(clusters)))
        assert len(controller.journal.entries(method="GET")) == reads, "it was fresh"
        now.advance(31.0)
        await observe_cluster(0)
        assert len(controller.journal.entries(method="GET")) > reads, "it had aged"
        counts.append(reads)
        return list(results)

    counts: list[int] = []
    few, many = asyncio.run(ask(1)), asyncio.run(ask(500))
    assert counts[0] == counts[1], "reads grow with pages, not with clusters"
    assert len(many) == 500
    assert isinstance(few[0], api.Done)
    assert isinstance(many[7], api.Wait)
    assert isinstance(many[8], api.Done)
