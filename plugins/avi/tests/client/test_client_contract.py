"""MemoryAvi and HTTPS behave alike: one table of scenes, played on both."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from akoo_avi.client import AviClient, AviError
from akoo_avi.testing import MemoryAvi, memory
from akoo_testbed.avisim import Controller, client, faults
from akoo_testbed.avisim import pytest as avisim_

from akoo_core import external

Connect = Callable[..., Awaitable[AviClient]]
Scene = Callable[[AviClient, Controller], Awaitable[object]]
SCENES: dict[str, tuple[Scene, object]] = {}


def scene(expected: object) -> Callable[[Scene], Scene]:
    """A row of the table: a scene, and its outcome on both."""

    def add(function: Scene) -> Scene:
        SCENES[function.__name__] = function, expected
        return function

    return add


async def outcome(work: Awaitable[object]) -> str:
    """The class of the error, or `done`."""
    try:
        await work
    except AviError as error:
        return type(error).__name__
    return "done"


async def pool(avi: AviClient, name: str = "p", **more: Any) -> str:
    """The uuid of a new pool in tenant admin."""
    return str((await avi.create("pool", {"name": name, **more}, tenant="admin"))["uuid"])


@scene(["p", True, False, "NotFoundError"])
async def a_life(avi: AviClient, _: Controller) -> object:
    uuid = await pool(avi)
    name = (await avi.get(f"pool/{uuid}"))["name"]
    gone = [await avi.delete("pool", uuid, tenant="admin") for _ in range(2)]
    return [name, *gone, await outcome(avi.get(f"pool/{uuid}"))]


@scene(["ExistsError", "ConflictError", "ReferencedError", "InvalidError"])
async def refusals(avi: AviClient, controller: Controller) -> object:
    uuid = await pool(avi)
    stale = {"name": "p", "_last_modified": "1"}
    controller.refer("pool", uuid, "GslbService web")
    return [
        await outcome(pool(avi)),
        await outcome(avi.replace("pool", uuid, stale, tenant="admin")),
        await outcome(avi.delete("pool", uuid, tenant="admin")),
        await outcome(avi.create("pool", {}, tenant="admin")),
    ]


@scene([205, ["p-7"], 0])
async def lists(avi: AviClient, controller: Controller) -> object:
    await pool(avi, "p-0")
    admin = client.Client(controller, password=memory.PASSWORD)
    for number in range(1, 205):
        admin.post("pool", {"name": f"p-{number}"})
    named = await avi.list("pool", params={"name": "p-7"})
    nothing = await avi.list("pool", params={"no_such_field": "x"})
    return [len(await avi.list("pool")), [each["name"] for each in named], len(nothing)]


@scene([["Grün 客户 "], 1, 0])
async def a_tenant_of_any_name(avi: AviClient, _: Controller) -> object:
    tenant = await avi.create("tenant", {"name": "Grün 客户 "}, tenant="admin")
    await avi.create("pool", {"name": "p"}, tenant=str(tenant["uuid"]))
    names = [each["name"] for each in await avi.list("tenant") if each["name"] != "admin"]
    inside = await avi.list("pool", tenant=str(tenant["uuid"]))
    return [names, len(inside), len(await avi.list("pool", tenant="admin"))]


@scene(["done", "NotReadyError", "RateLimitedError", "ForbiddenError"])
async def answers_of_faults(avi: AviClient, controller: Controller) -> object:
    met = [await outcome(avi.list("pool"))]
    for answer in ("booting", "rate-limited", "denied"):
        controller.faults.add(faults.Fault(answer=answer, kind="pool", times=1))
        met.append(await outcome(avi.list("pool")))
    return met


@scene(["OutcomeUnknownError", 1])
async def a_lost_answer(avi: AviClient, controller: Controller) -> object:
    controller.faults.add(faults.Fault(drop=True, after=True, kind="pool", method="POST"))
    return [await outcome(pool(avi)), len(await avi.list("pool"))]


@scene(["done", "done"])
async def a_lost_session(avi: AviClient, controller: Controller) -> object:
    first = await outcome(avi.list("pool"))
    controller.lose_sessions()
    return [first, await outcome(avi.list("pool"))]


@scene(["NotReadyError", "done", "32.1.4"])
async def an_upgrade(avi: AviClient, controller: Controller) -> object:
    await avi.list("pool")
    controller.restart()
    during = await outcome(avi.list("pool"))
    controller.come_back("32.1.4")
    return [during, await outcome(avi.list("pool")), await avi.version()]


@pytest.fixture
def avisim_options() -> avisim_.AviOptions:
    return avisim_.AviOptions(password=memory.PASSWORD)


@pytest.mark.parametrize("name", SCENES)
async def test_in_memory(name: str) -> None:
    play, expected = SCENES[name]
    avi = MemoryAvi()
    assert await play(avi, avi.controller) == expected


@pytest.mark.parametrize("name", SCENES)
async def test_over_https(name: str, connect: Connect, avisim: avisim_.RunningAvi) -> None:
    play, expected = SCENES[name]
    assert await play(await connect(), avisim.controller) == expected


async def test_a_held_request_has_its_effect_after_its_caller_gave_up() -> None:
    avi = MemoryAvi(through=external.External(longest_seconds=0.5))
    avi.controller.faults.add(faults.Fault(hold_seconds=60, kind="pool", method="POST"))
    await avi.version()
    assert await outcome(pool(avi)) == "OutcomeUnknownError"
    assert len(await avi.list("pool")) == 1
