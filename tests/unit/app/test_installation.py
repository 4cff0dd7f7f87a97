"""Two installations for one management cluster: never both act, and the second says why."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest

from akoo_core import errors
from akoo_core.app import installation
from akoo_core.election import installations, lease
from akoo_core.kube import client
from akoo_core.kube.resource import LEASES
from akoo_core.testing import memory, virtual_time

Clock = virtual_time.LoopClock
OURS = "c0ffee"
LEASE_SECONDS = 60.0


class SlowClient:
    """A client whose requests take a while before and after the server sees them."""

    def __init__(self, kube: client.KubeClient, chance: random.Random, longest: float) -> None:
        self._kube = kube
        self._chance = chance
        self._longest = longest

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._kube, name)

        async def call(*arguments: Any, **options: Any) -> Any:
            await asyncio.sleep(self._chance.random() * self._longest)
            answer = await method(*arguments, **options)
            await asyncio.sleep(self._chance.random() * self._longest)
            return answer

        return call


class Stage:
    """A management cluster, and the processes that run there."""

    def __init__(self, clock: Clock, seed: int = 0, *, slow: float = 0.0) -> None:
        self.clock = clock
        self.server = memory.MemoryServer(clock=clock)
        self.acting: set[str] = set()
        self.most = 0
        """Most installations that ever acted at the same time."""
        self.messages: dict[str, list[str]] = {}
        self._chance = random.Random(seed)
        self._slow = slow
        self._started = 0

    async def process(
        self, namespace: str, management_id: str = OURS, watch_namespace: str = ""
    ) -> None:
        """One replica, from start to end, as the operator orders it."""
        kube: Any = SlowClient(self.server.client(), self._chance, self._slow)
        self._started += 1
        elector = lease.Elector(
            kube,
            namespace=namespace,
            name="akoo-core",
            identity=f"{namespace}-{self._started}",
            clock=self.clock,
            labels=installations.labels(management_id, watch_namespace),
            uniform=self._chance.random,
        )
        only = installation.OnlyInstallation(
            kube,
            installations.Installations(namespace, "akoo-core", lease_seconds=LEASE_SECONDS),
            management_id=management_id,
            clock=self.clock,
            say=self.messages.setdefault(namespace, []).append,
        )

        async def body() -> None:
            await only.confirm()
            self.acting.add(namespace)
            self.most = max(self.most, len(self.acting))
            try:
                await asyncio.Event().wait()
            finally:
                self.acting.discard(namespace)

        await only.alone()
        try:
            await elector.lead(body)
        finally:
            await elector.release()

    async def restarted(self, namespace: str) -> None:
        """A replica whose process is started again when it ends by itself."""
        while True:
            with contextlib.suppress(errors.LeadershipLostError):
                await self.process(namespace)

    @contextlib.asynccontextmanager
    async def running(self, *namespaces: str) -> AsyncIterator[dict[str, asyncio.Task[None]]]:
        tasks = {name: asyncio.create_task(self.restarted(name)) for name in namespaces}
        try:
            yield tasks
        finally:
            for task in tasks.values():
                task.cancel()
            await asyncio.gather(*tasks.values(), return_exceptions=True)


@virtual_time.test
async def test_a_second_installation_says_so_and_acts_on_nothing(clock: Clock) -> None:
    stage = Stage(clock)
    async with stage.running("first"):
        await asyncio.sleep(10.0)
        assert stage.acting == {"first"}
        async with stage.running("second"):
            await asyncio.sleep(7200.0)
            assert stage.acting == {"first"}
            assert stage.messages["second"][-1] == (
                "another akoo-core is installed for this management cluster: Lease "
                "first/akoo-core, held by first-1, has the same management id. This one acts on "
                "nothing until that Lease is no longer renewed. Uninstall one of them"
            )
    assert [obj["metadata"]["namespace"] for obj in stage.server.objects(LEASES)] == ["first"]


@virtual_time.test
async def test_alone_it_acts_at_once(clock: Clock) -> None:
    stage, before = Stage(clock), clock.monotonic()
    async with stage.running("first"):
        await virtual_time.settle()
        assert stage.acting == {"first"}
        assert clock.monotonic() == before
    assert set(stage.messages["first"]) == {""}


@virtual_time.test
async def test_another_management_id_is_another_matter(clock: Clock) -> None:
    stage = Stage(clock)
    other = asyncio.create_task(stage.process("other", "elsewhere"))
    async with stage.running("first"):
        await asyncio.sleep(1.0)
        assert stage.acting == {"first", "other"}
    other.cancel()
    await asyncio.gather(other, return_exceptions=True)


@virtual_time.test
async def test_the_second_goes_on_when_the_first_is_gone(clock: Clock) -> None:
    """Released: after the time in which another replica of the first would take it."""
    stage = Stage(clock)
    async with stage.running("first") as tasks:
        await asyncio.sleep(10.0)
        async with stage.running("second"):
            await asyncio.sleep(10.0)
            tasks["first"].cancel()
            await asyncio.sleep(LEASE_SECONDS - 5.0)
            assert stage.acting == set()
            await asyncio.sleep(10.0)
            assert stage.acting == {"second"}
            assert stage.messages["second"][-1] == ""


@virtual_time.test
async def test_the_first_keeps_its_place_when_its_leader_changes(clock: Clock) -> None:
    stage = Stage(clock)
    async with stage.running("first") as leader:
        await asyncio.sleep(1.0)
        async with stage.running("first"), stage.running("second"):
            await asyncio.sleep(30.0)
            leader["first"].cancel()
            await asyncio.sleep(20.0)
            assert stage.acting == {"first"}
            await asyncio.sleep(600.0)
            assert stage.acting == {"first"}


@virtual_time.test
async def test_a_lease_that_was_released_long_ago_costs_no_time(clock: Clock) -> None:
    stage = Stage(clock)
    async with stage.running("moved"):
        await asyncio.sleep(5.0)
    await asyncio.sleep(3600.0)
    async with stage.running("first"):
        await virtual_time.settle()
        assert stage.acting == {"first"}


@virtual_time.test
async def test_a_lease_without_our_label_is_marked_when_it_is_taken(clock: Clock) -> None:
    """One that an older release left."""
    stage = Stage(clock)
    metadata = {"name": "akoo-core", "namespace": "first", "labels": {"team": "lb"}}
    stage.server.seed(
        {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": metadata,
            "spec": {"holderIdentity": ""},
        }
    )
    async with stage.running("first"):
        await asyncio.sleep(1.0)
    (obj,) = stage.server.objects(LEASES)
    assert obj["metadata"]["labels"] == {
        "team": "lb",
        installations.MANAGEMENT_LABEL: installations.label_value(OURS),
    }


@virtual_time.test
async def test_a_lease_names_the_namespace_that_its_holder_watches(clock: Clock) -> None:
    """And no longer when the next holder watches all."""
    stage = Stage(clock)
    for watched, expected in (("team-a", "team-a"), ("team-b", "team-b"), ("", None), ("", None)):
        process = asyncio.create_task(stage.process("first", watch_namespace=watched))
        await asyncio.sleep(1.0)
        assert stage.acting == {"first"}
        (obj,) = stage.server.objects(LEASES)
        assert obj["metadata"]["labels"].get(installations.WATCH_LABEL) == expected
        process.cancel()
        await asyncio.gather(process, return_exceptions=True)


@pytest.mark.parametrize("seed", range(15))
def test_never_both_act_however_they_start_and_die(seed: int) -> None:
    """Both start within a second, on slow connections; then one dies, and comes back."""

    async def main(clock: Clock) -> None:
        chance = random.Random(seed)
        stage = Stage(clock, seed, slow=chance.choice((0.0, 0.3, 2.0)))
        async with stage.running("first") as first:
            await asyncio.sleep(chance.random())
            async with stage.running("second"):
                await asyncio.sleep(400.0)
                assert len(stage.acting) == 1, (stage.acting, stage.messages)
                first["first"].cancel()
                await asyncio.sleep(400.0)
                assert stage.acting == {"second"}, stage.messages
                async with stage.running("first"):
                    await asyncio.sleep(400.0)
                    assert stage.acting == {"second"}
        assert stage.most == 1

    virtual_time.run(main)
