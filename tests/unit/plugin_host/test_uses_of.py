"""uses_of: all records that hold a use, from the API server, page by page."""

from __future__ import annotations

from typing import Any

import pytest

from akoo_core import structs
from akoo_core.kube import resource as resources
from akoo_core.kube.resource import Resource
from akoo_core.objects import record
from akoo_core.plugin import uses
from akoo_core.testing import builders, memory

POOLS = Resource("akoo.io", "v1alpha1", "aviippools", "AviIPPool", namespaced=False)


def use(**changes: Any) -> record.StoredUse:
    base = record.StoredUse(plugin="avi", group=POOLS.group, kind=POOLS.kind, name="p", uid="u1")
    return structs.replace(base, **changes)


@pytest.fixture
def server() -> memory.MemoryServer:
    return memory.MemoryServer()


def seed(server: memory.MemoryServer, name: str, *stored: record.StoredUse, **spec: Any) -> None:
    server.seed(record.to_object(name, builders.record_spec(uses=stored, **spec)))


async def names(server: memory.MemoryServer, uid: str = "") -> list[str]:
    return [user.name for user in await uses.uses_of(server.client(), POOLS, "p", uid)]


async def test_tentative_and_confirmed_uses_count(server: memory.MemoryServer) -> None:
    seed(server, "akoo-2", use(state="confirmed"))
    seed(server, "akoo-1", use(), use(name="other"))
    seed(server, "akoo-3", use(name="other"), use(group="g"), use(kind="K"))
    seed(server, "akoo-4")
    assert await names(server) == ["akoo-1", "akoo-2"]


async def test_of_one_uid_or_of_any(server: memory.MemoryServer) -> None:
    seed(server, "akoo-1", use(uid="u1"))
    seed(server, "akoo-2", use(uid="u2"))
    assert await names(server, "u2") == ["akoo-2"]
    assert await names(server) == ["akoo-1", "akoo-2"]


async def test_finished_records_use_nothing(server: memory.MemoryServer) -> None:
    seed(server, "akoo-1", use(), finished_at=builders.CREATED)
    assert await names(server) == []


async def test_all_pages_are_read(server: memory.MemoryServer) -> None:
    for number in range(501):
        seed(server, f"akoo-{number:03}", use(name="other"))
    seed(server, "akoo-last", use())
    assert await names(server) == ["akoo-last"]


async def test_a_record_that_cannot_be_read_may_be_a_user(server: memory.MemoryServer) -> None:
    obj = record.to_object("akoo-1", builders.record_spec())
    obj["spec"]["uses"] = "?"
    server.seed(obj)
    with pytest.raises(structs.DecodeError, match=r"spec\.uses"):
        await uses.uses_of(server.client(), POOLS, "p")


async def test_the_server_is_asked_for_what_is_true_now(
    server: memory.MemoryServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    client = server.client()
    listing = client.list

    async def noting(resource: Resource, **how: Any) -> Any:
        assert resource == resources.AKO_DEPLOYMENTS
        seen.append(how.get("resource_version", ""))
        return await listing(resource, **how)

    monkeypatch.setattr(client, "list", noting)
    await uses.uses_of(client, POOLS, "p")
    assert seen == [""], "no resourceVersion: a quorum read"
