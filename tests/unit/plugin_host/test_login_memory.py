"""Refused logins: how they are remembered, and the modes in which they count."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

import pytest

from akoo_core import clock, external, structs
from akoo_core.kube import resource
from akoo_core.plugin import api
from akoo_core.plugin_host import login_memory
from akoo_core.testing import memory

ACCOUNT = api.Account(secret="avi/admin", version="uid-1/7", address="avi.example.com:8443")


class Place:
    """An installation: its ConfigMap, and processes that come and go."""

    def __init__(self) -> None:
        self.now = clock.ManualClock()
        self.server = memory.MemoryServer()

    def process(
        self, mode: login_memory.Mode = "operator", guard: external.Guard | None = None
    ) -> login_memory.ConfigMapLoginMemory:
        return login_memory.ConfigMapLoginMemory(
            self.server.client(external=external.External(guard=guard)),
            namespace="akoo-system",
            name=login_memory.name("akoo-core"),
            clock=self.now,
            mode=mode,
        )

    def data(self) -> Mapping[str, str]:
        (config_map,) = self.server.objects(resource.CONFIG_MAPS, "akoo-system")
        return dict(config_map.get("data") or {})


async def test_another_process_knows_it() -> None:
    place = Place()
    first = place.process()
    assert await first.refused(ACCOUNT) is None
    assert await first.note(ACCOUNT) == login_memory.FIRST_SECONDS
    place.now.advance(100)
    refused = await place.process().refused(ACCOUNT)
    assert refused == api.RefusedLogin(
        at=place.now.now() - datetime.timedelta(seconds=100),
        retry_seconds=login_memory.FIRST_SECONDS - 100,
    )
    place.now.advance(200)
    assert await place.process().refused(ACCOUNT) is None


@pytest.mark.parametrize(
    "other",
    [
        structs.replace(ACCOUNT, version="uid-1/8"),
        structs.replace(ACCOUNT, version="uid-2/7"),
        structs.replace(ACCOUNT, address="avi2.example.com"),
    ],
)
async def test_it_counts_for_that_state_of_that_secret_at_that_address(
    other: api.Account,
) -> None:
    place = Place()
    await place.process().note(ACCOUNT)
    assert await place.process().refused(other) is None
    assert await place.process("command").refused(other) is None


async def test_the_second_refusal_rests_for_an_hour_whoever_meets_it() -> None:
    place = Place()
    await place.process().note(ACCOUNT)
    place.now.advance(login_memory.FIRST_SECONDS)
    later = place.process()
    assert await later.refused(ACCOUNT) is None
    assert await later.note(ACCOUNT) == login_memory.AGAIN_SECONDS
    place.now.advance(login_memory.AGAIN_SECONDS - 1)
    assert await place.process().refused(ACCOUNT) is not None


async def test_a_command_waits_for_another_secret_and_a_person_may_insist() -> None:
    place = Place()
    await place.process().note(ACCOUNT)
    place.now.advance(24 * 3600)
    refused = await place.process("command").refused(ACCOUNT)
    assert refused is not None
    assert refused.by_command
    assert refused.retry_seconds == 0.0
    assert await place.process("insist").refused(ACCOUNT) is None
    assert await place.process().refused(ACCOUNT) is None


async def test_what_is_accepted_is_forgotten() -> None:
    place = Place()
    await place.process().note(ACCOUNT)
    insisting = place.process("insist")
    await insisting.refused(ACCOUNT)
    await insisting.accept(ACCOUNT)
    assert place.data() == {}
    assert await place.process("command").refused(ACCOUNT) is None


async def test_nothing_is_written_where_nothing_was_known() -> None:
    place = Place()
    process = place.process()
    await process.refused(ACCOUNT)
    await process.accept(ACCOUNT)
    assert not place.server.objects(resource.CONFIG_MAPS, "akoo-system")


async def test_who_may_not_write_is_not_stopped_by_that() -> None:
    place = Place()
    looking = place.process("command", external.ReadOnly())
    assert await looking.note(ACCOUNT) == login_memory.FIRST_SECONDS
    assert await looking.refused(ACCOUNT) is None, "nobody knows it"
    await place.process().note(ACCOUNT)
    assert await looking.refused(ACCOUNT) is not None
    await looking.accept(ACCOUNT)
    assert place.data()


async def test_what_cannot_be_read_is_left_out() -> None:
    place = Place()
    await place.process().note(ACCOUNT)
    client = place.server.client()
    patch = {"data": {"x": "not JSON", "y": "{}", "z": "[" * 9000}}
    await client.merge_patch(
        resource.CONFIG_MAPS, login_memory.name("akoo-core"), patch, "akoo-system"
    )
    assert await place.process().refused(ACCOUNT) is not None


async def test_it_is_bounded() -> None:
    place = Place()
    process = place.process()
    for number in range(login_memory.CAPACITY + 2):
        place.now.advance(1)
        await process.note(structs.replace(ACCOUNT, version=f"uid-{number}/1"))
    assert len(place.data()) == login_memory.CAPACITY
    first = structs.replace(ACCOUNT, version="uid-0/1")
    assert await place.process("command").refused(first) is None
