"""A controller that others change while its lists are read: who needs no proof goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from akoo_avi.client import AviError, IncompleteListError
from akoo_avi.client.access.reach import Reach
from akoo_avi.connect import readings
from akoo_avi.health import snapshot
from akoo_avi.place import catalog
from akoo_avi.testing import MemoryAvi

from akoo_core import clock
from akoo_core.plugin import api
from tests.avi.avi_bed import PASSWORD, AviBed

PAGE = 5
REACH = Reach(address="avi.example.com", credential=api.SecretName(namespace="a", name="b"))


class Busy(MemoryAvi):
    """Calls ``between`` after each page but the last of a list of ``kind``."""

    def __init__(self, bed: AviBed, kind: str, between: Callable[[int], None]) -> None:
        super().__init__(bed.controller, password=PASSWORD, page_size=PAGE)
        self.kind = kind
        self.between = between
        self.pages = 0

    async def _call(self, method: str, path: str, tenant: str, **keywords: Any) -> Any:
        answer = await super()._call(method, path, tenant, **keywords)
        if path == self.kind and answer.get("next"):
            self.pages += 1
            self.between(self.pages)
        return answer


def fill(bed: AviBed, kind: str, count: int) -> None:
    for number in range(count):
        add(bed, kind, f"{number:03}")


def add(bed: AviBed, kind: str, name: str) -> None:
    in_cloud = {"cloud_ref": "/api/cloud/?name=Default-Cloud"}
    if kind == "virtualservice":
        vip = bed.make("vsvip", name=name, **in_cloud)["url"]
        marker = {"key": "clustername", "values": [f"c{int(name) % 3}"]}
        bed.make(kind, name=name, vsvip_ref=vip, markers=[marker], **in_cloud)
    elif kind == "tenant":
        bed.make(kind, name=name)
    elif kind == "cloud":
        bed.make(kind, name=name, vtype="CLOUD_NONE")
    else:
        bed.make(kind, name=name, **in_cloud)


def adding(bed: AviBed, kind: str) -> Callable[[int], None]:
    """A new object, which sorts first, after each page."""
    return lambda number: add(bed, kind, f"-{number:03}")


async def test_observe_takes_what_was_seen() -> None:
    bed = AviBed()
    fill(bed, "virtualservice", 22)
    busy = Busy(bed, "virtualservice-inventory", adding(bed, "virtualservice"))
    taken = await snapshot.take(busy, now=0.0)
    names = {service.name for of in taken.services.values() for service in of}
    assert names >= {f"{number:03}" for number in range(22)}
    assert busy.pages <= 12, "two readings at most"
    with pytest.raises(IncompleteListError):
        await busy.list("virtualservice-inventory")


@pytest.mark.parametrize("kind", ["network", "serviceenginegroup", "tenant", "cloud"])
async def test_a_catalog_is_read_while_things_come(kind: str) -> None:
    bed = AviBed()
    fill(bed, kind, 12)
    known = await catalog.read(Busy(bed, kind, adding(bed, kind)))
    assert kind in known.moving


def remove(bed: AviBed, kind: str, name: str) -> None:
    bed.hand.delete(f"{kind}/{bed.uuid(kind, name)}")


async def test_a_network_that_slipped_between_two_pages_is_found_by_its_name() -> None:
    """In both readings 005 moves to the page before, just after that page was read."""
    bed = AviBed()
    fill(bed, "network", 12)

    def between(page: int) -> None:
        if page == 2:
            add(bed, "network", "-")
        elif page in (1, 3):
            remove(bed, "network", "000" if page == 1 else "-")

    busy = Busy(bed, "network", between)
    known = await catalog.read(busy)
    assert known.moving == {"network"}
    assert not catalog.called("005", known.networks)
    sought = catalog.Sought(tenant="admin", cloud="Default-Cloud", networks=("005",))
    settled = await catalog.settled(bed.client(), known, sought)
    assert len(catalog.called("005", settled.networks)) == 1


async def test_a_row_that_is_gone_by_now_is_not_kept() -> None:
    bed = AviBed()
    fill(bed, "network", 12)
    known = await catalog.read(Busy(bed, "network", adding(bed, "network")))
    gone = catalog.called("003", known.networks)[0]
    bed.hand.delete(f"network/{gone['uuid']}")
    sought = catalog.Sought(tenant="admin", cloud="Default-Cloud", networks=("003", "004"))
    settled = await catalog.settled(bed.client(), known, sought)
    assert not catalog.called("003", settled.networks)
    assert len(catalog.called("004", settled.networks)) == 1


async def test_a_second_network_of_the_name_is_not_overlooked() -> None:
    bed = AviBed()
    fill(bed, "network", 12)
    known = await catalog.read(Busy(bed, "network", adding(bed, "network")))
    uuid = bed.hand.get("tenant?name=blue")["results"][0]["uuid"]
    body = {"name": "003", "cloud_ref": "/api/cloud/?name=Default-Cloud"}
    bed.hand.call("POST", "network", body, x_avi_tenant=None, x_avi_tenant_uuid=uuid)
    sought = catalog.Sought(tenant="admin", cloud="Default-Cloud", networks=("003",))
    settled = await catalog.settled(bed.client(), known, sought)
    assert len(catalog.called("003", settled.networks)) == 2


async def test_a_catalog_that_held_still_costs_nothing_more() -> None:
    bed = AviBed()
    client = bed.client()
    known = await catalog.read(client)
    since = bed.controller.journal.last
    sought = catalog.Sought(tenant="admin", cloud="Default-Cloud", networks=("x",), moref="m")
    assert await catalog.settled(client, known, sought) is known
    assert bed.controller.journal.last == since


async def test_a_sweep_goes_on_while_se_groups_come_and_a_proof_does_not() -> None:
    bed = AviBed()
    bed.claim()
    fill(bed, "serviceenginegroup", 12)
    bed.own("pool")
    busy = Busy(bed, "serviceenginegroup", adding(bed, "serviceenginegroup"))
    assert isinstance(await bed.sweep(busy), api.Done)
    with pytest.raises(IncompleteListError):
        await bed.verify(busy)


# Whoever waits


class Source:
    """Readings that wait until they are let on."""

    def __init__(self) -> None:
        self.begun = 0
        self.answers: asyncio.Queue[int | Exception] = asyncio.Queue()

    async def read(self) -> int:
        self.begun += 1
        answer = await self.answers.get()
        if isinstance(answer, Exception):
            raise answer
        return answer


async def asked(shared: readings.Readings[str, int], source: Source, fresh: bool = True) -> int:
    return await shared.get("a", source.read, lambda _: fresh)


async def test_all_who_wait_for_a_reading_that_fails_get_its_error() -> None:
    shared: readings.Readings[str, int] = readings.Readings()
    source = Source()
    tasks = [asyncio.create_task(asked(shared, source)) for _ in range(5)]
    await asyncio.sleep(0)
    source.answers.put_nowait(AviError("it failed"))
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [str(result) for result in results] == ["it failed"] * 5
    assert source.begun == 1
    source.answers.put_nowait(7)
    assert await asked(shared, source) == 7, "who comes later reads anew"


async def test_all_who_wait_for_a_reading_share_it() -> None:
    shared: readings.Readings[str, int] = readings.Readings()
    source = Source()
    tasks = [asyncio.create_task(asked(shared, source)) for _ in range(5)]
    await asyncio.sleep(0)
    source.answers.put_nowait(7)
    assert await asyncio.gather(*tasks) == [7] * 5
    assert source.begun == 1


async def test_the_next_one_reads_where_the_reader_is_cancelled() -> None:
    shared: readings.Readings[str, int] = readings.Readings()
    source = Source()
    first, second = (asyncio.create_task(asked(shared, source)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    source.answers.put_nowait(7)
    assert await second == 7
    assert source.begun == 2
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_a_controller_that_fails_is_asked_once_for_all_its_clusters() -> None:
    bed = AviBed()
    client = bed.client()
    real, failed = client._call, 0

    async def call(method: str, path: str, tenant: str, **keywords: Any) -> Any:
        nonlocal failed
        await asyncio.sleep(0)
        if path == "virtualservice-inventory":
            failed += 1
            raise AviError("it failed")
        return await real(method, path, tenant, **keywords)

    client._call = call  # type: ignore[method-assign]
    shared, now = snapshot.Snapshots(), clock.ManualClock()
    asking = [shared.of(REACH, client, now) for _ in range(20)]
    results = await asyncio.gather(*asking, return_exceptions=True)
    assert {str(result) for result in results} == {"it failed"}
    assert failed == 1
