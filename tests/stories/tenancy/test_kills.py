"""The operator is killed at every class of call that a life with an account makes.

The other side of a kill, an operator that is only frozen, is in the tests of virtual time.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, NamedTuple

from akoo_testbed.openbao import Action, Fault, When

from tests.stories.scene import Scene
from tests.stories.setting import SECONDS, Object
from tests.stories.telling import proof, solo
from tests.stories.tenancy.accounts import SECRET, SHORT, Accounts, fact_of

HELD_SECONDS: Final = 300.0
REACHED_SECONDS: Final = 30.0
LEASE: Final = ("coordination.k8s.io/v1/Lease", "akoo-system", "akoo-core")


class Trap(NamedTuple):
    """A call that is waited for."""

    reached: Callable[[], Awaitable[None]]
    clear: Callable[[], Awaitable[None]]
    """After the death: what was held ends."""


class Death(NamedTuple):
    """A call at which the operator dies."""

    name: str
    arm: Callable[[Accounts, When], Awaitable[Trap]]


def _vault(method: str, part: str, skip: int = 0) -> Death:
    """A call about the record in OpenBao."""

    async def arm(a: Accounts, moment: When) -> Trap:
        path = f"/{part}/akoo-core/clusters/{a.scene.record_name}"
        front = a.vault.front
        fault = Fault(action=Action.HOLD, when=moment, method=method, path=path, skip=skip, count=1)
        number = front.inject(fault)

        async def clear() -> None:
            await front.deserted(number)
            front.release(number)

        return Trap(lambda: front.happened(number), clear)

    return Death(f"vault {method} {part} {skip}", arm)


def _avi(method: str, kind: str, skip: int = 0) -> Death:
    """A call at the Avi Controller."""

    async def arm(a: Accounts, moment: When) -> Trap:
        faults = a.scene.avi.controller.faults
        number = a.scene.fault(
            method=method,
            kind=kind,
            skip=skip,
            drop=True,
            after=moment is When.AFTER,
            hold_seconds=HELD_SECONDS if moment is When.BEFORE else 0.0,
            delay_seconds=HELD_SECONDS if moment is When.AFTER else 0.0,
        )

        async def reached() -> None:
            await a.until(lambda: faults.met(number) == 1, f"{method} {kind} {skip}")

        async def clear() -> None:
            faults.remove(number)

        return Trap(reached, clear)

    return Death(f"avi {method} {kind} {skip}", arm)


def _write(name: str, arm: Callable[[Accounts], Awaitable[Callable[[], Awaitable[None]]]]) -> Death:
    """A write at an API server: the operator is killed as soon as it is seen."""

    async def armed(a: Accounts, _: When) -> Trap:
        return Trap(await arm(a), _nothing)

    return Death(name, armed)


async def _nothing() -> None:
    """Nothing is held."""


async def _of_avi_secret(a: Accounts) -> Callable[[], Awaitable[None]]:
    async with a.scene.workload() as workload:
        known = _version(await workload.get(*SECRET))

    async def reached() -> None:
        async with a.scene.workload() as workload:
            await workload.wait_for(*SECRET, lambda obj: _version(obj) != known, SECONDS)

    return reached


async def _of_record(a: Accounts) -> Callable[[], Awaitable[None]]:
    async def reached() -> None:
        await a.scene.record(lambda obj: fact_of(obj).get("phase") == "Pending")

    return reached


ROTATION: Final = (
    _vault("POST", "data", 0),  # staged
    _avi("POST", "user"),
    _avi("PUT", "user"),  # opened
    _avi("GET", "user"),
    _vault("POST", "data", 1),  # made
    _write("management PATCH record", _of_record),
    _write("workload PATCH avi-secret", _of_avi_secret),
    _vault("POST", "data", 2),  # pushed
    _avi("GET", "useractivity"),
    _vault("POST", "data", 3),  # promoted
    _avi("PATCH", "user"),  # emptied
    _avi("DELETE", "user"),
    _vault("POST", "destroy"),
    _vault("POST", "data", 4),  # forgotten
)
LEAVING: Final = (
    _vault("GET", "data"),
    _vault("POST", "data", 0),  # revoking
    _avi("PUT", "user"),  # emptied
    _avi("DELETE", "user"),
    _avi("DELETE", "role"),
    _vault("POST", "data", 1),  # revoked
    _vault("GET", "metadata"),
    _vault("POST", "destroy"),
)
COMING: Final = (_avi("POST", "role"), _vault("POST", "data", 0), _avi("POST", "user"))


@proof
@solo
async def test_killed_before_each_call_of_a_rotation(s: Scene) -> None:
    """The call has no effect: the next operator goes on, and AKO restarts once all the same."""
    await _rotations(s, When.BEFORE)


@proof
@solo
async def test_killed_after_each_call_of_a_rotation(s: Scene) -> None:
    """The call has its effect, and nobody hears of it."""
    await _rotations(s, When.AFTER)


@proof
@solo
async def test_killed_before_each_call_of_a_fence(s: Scene) -> None:
    """The cluster leaves, comes back, and gets an account above all that were."""
    await _leavings(s, When.BEFORE)


@proof
@solo
async def test_killed_after_each_call_of_a_fence(s: Scene) -> None:
    """The same, where the effect of the call stays."""
    await _leavings(s, When.AFTER)


async def _rotations(s: Scene, moment: When) -> None:
    a = Accounts(s)
    await a.lives(**SHORT)
    for death in ROTATION:
        before = await a.sequence()
        async with a.watched(starts=1):
            async with _dies(a, death, moment):
                await a.rotate()
            await a.rotated(before)
    await a.ends()


async def _leavings(s: Scene, moment: When) -> None:
    a = Accounts(s)
    await a.lives(**SHORT, onUnmatch="Remove")
    for number, death in enumerate(LEAVING):
        before = await a.sequence()
        async with _dies(a, death, moment):
            await s.say(confirm_removal="yes")
            await s.unlabel()
        await a.ended(cluster_gone=False)
        await s.undeployed()
        async with contextlib.AsyncExitStack() as ends:
            if number < len(COMING):
                await ends.enter_async_context(_dies(a, COMING[number], moment))
            await s.label()
        await a.in_use(before)
        s.remember()
    await a.ends()


@contextlib.asynccontextmanager
async def _dies(a: Accounts, death: Death, moment: When) -> AsyncIterator[None]:
    """The act in the block leads to the call; there the operator is killed, and started anew."""
    operator = a.scene.story_bed.operator
    try:
        trap = await death.arm(a, moment)
        yield
        async with asyncio.timeout(REACHED_SECONDS):
            await trap.reached()
        await operator.stop(signal.SIGKILL)
        await trap.clear()
        await a.api.delete(*LEASE)  # the time of a lease that nobody renews is waited for elsewhere
        await operator.start()
        await operator.ready()
    except BaseException as error:
        error.add_note(f"{death.name}, {moment}")
        raise


def _version(obj: Object | None) -> str:
    return str((obj or {}).get("metadata", {}).get("resourceVersion", ""))
