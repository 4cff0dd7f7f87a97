"""The contract of a store, as one table: on a Vault in memory and on a real OpenBao."""

from __future__ import annotations

import asyncio
import dataclasses
import pathlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from akoo_tenancy.spec import settings
from akoo_tenancy.store import api, document, errors, kept, vault
from akoo_tenancy.testing.store import MemoryVault, StoreMeans
from akoo_testbed.openbao.pytest import Mounted

from akoo_core.plugin import api as core_api
from akoo_core.plugin import clock, structs
from akoo_core.testing import World

KEY = api.record_key("akoo-0f3b2c1d4e5a")
OTHER = api.record_key("akoo-111111111111")


@dataclasses.dataclass
class Bench:
    """A store, and the hand of a person on the same server."""

    store: api.Store
    delete: Callable[[api.Key], Awaitable[None]]
    """Delete the current version, which can be restored."""
    stores: api.Stores
    kind: str = "Vault"


KINDS = ["memory", "kept", pytest.param("openbao", marks=pytest.mark.bed)]


@pytest.fixture(params=KINDS)
async def bench(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> AsyncIterator[Bench]:
    made = {"memory": _memory, "kept": _kept, "openbao": _openbao}[request.param](request, tmp_path)
    try:
        yield made
    finally:
        await made.stores.close()


def _memory(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Bench:
    means = StoreMeans(clock.SystemClock())
    server = MemoryVault(means.clock)
    stores = server.stores()

    async def delete(key: api.Key) -> None:
        server.delete(key)

    return Bench(stores.of(means), delete, stores)


class Keeping(core_api.Plugin):
    """A plugin that keeps Secrets."""

    name = "tenancy"
    keeps = True


def _kept(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Bench:
    world = World()
    means = StoreMeans(clock.SystemClock(), keep=world.kept_secrets(Keeping()))
    stores = kept.KeptStores()
    store = stores.of(means)

    async def delete(key: api.Key) -> None:
        """Mark it as KV does: no person has such a button here."""
        assert means.keep is not None
        secret = await means.keep.get(str(key).replace("/", "."))
        assert secret is not None
        plain = structs.decode_json(secret.data["history"])
        history = document.deleted(structs.convert(plain, document.History))
        data = {"history": structs.encode_json(history)}
        await means.keep.replace(secret.name, data, version=secret.version)

    return Bench(store, delete, stores, "Secret")


def _openbao(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Bench:
    mounted: Mounted = request.getfixturevalue("openbao")
    server, admin = mounted.server, mounted.server.admin
    chosen = vault_settings(mounted, tmp_path, admin.token)
    stores = vault.VaultStores(chosen)

    async def delete(key: api.Key) -> None:
        await server.call(admin.ask("DELETE", f"{mounted.mount}/data/{chosen.prefix}/{key}"))

    return Bench(stores.of(StoreMeans(clock.SystemClock())), delete, stores)


def vault_settings(mounted: Mounted, folder: pathlib.Path, token: str) -> settings.Vault:
    file = folder / "token"
    file.write_text(f"{token}\n")
    return settings.Vault(
        address=mounted.server.url,
        ca_file=str(mounted.server.ca_file),
        mount=mounted.mount,
        login=settings.Login(method="TokenFile", token_file=str(file)),
    )


async def test_an_absent_key(bench: Bench) -> None:
    with pytest.raises(errors.AbsentError):
        await bench.store.read(KEY)
    with pytest.raises(errors.AbsentError):
        await bench.store.read_version(KEY, 1)
    with pytest.raises(errors.AbsentError):
        await bench.store.metadata(KEY)
    assert await bench.store.names(api.RECORDS) == ()
    await bench.store.destroy(KEY, [1])
    with pytest.raises(errors.ConflictError):
        await bench.store.write(KEY, {"a": "1"}, expected=1)
    with pytest.raises(errors.AbsentError):
        await bench.store.read(KEY)


async def test_versions_count_from_one(bench: Bench) -> None:
    assert await bench.store.write(KEY, {"a": "1"}, expected=0) == 1
    assert await bench.store.write(KEY, {"a": "2"}, expected=1) == 2
    document = await bench.store.read(KEY)
    assert (document.version, document.data) == (2, {"a": "2"})
    earlier = await bench.store.read_version(KEY, 1)
    assert (earlier.version, earlier.data) == (1, {"a": "1"})
    with pytest.raises(errors.AbsentError):
        await bench.store.read_version(KEY, 3)


DOCUMENT = {
    "schema": 1,
    "state": "rotating",
    "active": {"seq": 3, "username": "akoo-0f3b2c1d4e5a-000003", "password": "p-1._-é"},
    "pending": None,
    "retired": [{"seq": 1}, {"seq": 2}],
    "empty": {},
    "text": "",
    "flag": True,
    "large": 2**53 - 1,
    "negative": -1,
}


async def test_data_comes_back_as_it_was(bench: Bench) -> None:
    await bench.store.write(KEY, DOCUMENT, expected=0)
    assert (await bench.store.read(KEY)).data == DOCUMENT


@pytest.mark.parametrize("expected", [0, 1, 3, -1])
async def test_a_stale_writer_changes_nothing(bench: Bench, expected: int) -> None:
    await bench.store.write(KEY, {"a": "1"}, expected=0)
    await bench.store.write(KEY, {"a": "2"}, expected=1)
    with pytest.raises(errors.ConflictError):
        await bench.store.write(KEY, {"a": "stale"}, expected=expected)
    document = await bench.store.read(KEY)
    assert (document.version, document.data) == (2, {"a": "2"})


async def test_one_of_many_writers_wins(bench: Bench) -> None:
    async def write(number: int) -> int | None:
        try:
            return await bench.store.write(KEY, {"writer": number}, expected=0)
        except errors.ConflictError:
            return None

    results = await asyncio.gather(*(write(number) for number in range(8)))
    assert sorted(filter(None, results)) == [1]
    assert (await bench.store.read(KEY)).data == {"writer": results.index(1)}


async def test_a_destroyed_version_is_gone(bench: Bench) -> None:
    await bench.store.write(KEY, {"a": "1"}, expected=0)
    await bench.store.write(KEY, {"a": "2"}, expected=1)
    await bench.store.destroy(KEY, [1, 1, 7])
    await bench.store.destroy(KEY, [1])
    await bench.store.destroy(KEY, [])
    with pytest.raises(errors.DeletedError) as refused:
        await bench.store.read_version(KEY, 1)
    assert (refused.value.version, refused.value.destroyed) == (1, True)
    assert (await bench.store.read(KEY)).version == 2
    metadata = await bench.store.metadata(KEY)
    assert (metadata.current, metadata.versions) == (2, {1: "destroyed", 2: "live"})
    assert metadata.below(3) == (2,)


async def test_after_a_destroyed_head_the_count_goes_on(bench: Bench) -> None:
    await bench.store.write(KEY, {"a": "1"}, expected=0)
    await bench.store.destroy(KEY, [1])
    with pytest.raises(errors.DeletedError) as refused:
        await bench.store.read(KEY)
    assert (refused.value.version, refused.value.destroyed) == (1, True)
    with pytest.raises(errors.ConflictError):
        await bench.store.write(KEY, {"a": "2"}, expected=0)
    assert await bench.store.write(KEY, {"a": "2"}, expected=refused.value.version) == 2
    assert (await bench.store.metadata(KEY)).versions == {1: "destroyed", 2: "live"}


async def test_a_deleted_head_is_no_absent_key(bench: Bench) -> None:
    await bench.store.write(KEY, {"a": "1"}, expected=0)
    await bench.delete(KEY)
    with pytest.raises(errors.DeletedError) as refused:
        await bench.store.read(KEY)
    assert (refused.value.version, refused.value.destroyed) == (1, False)
    assert (await bench.store.metadata(KEY)).versions == {1: "deleted"}
    assert (await bench.store.metadata(KEY)).below(2) == (1,)
    with pytest.raises(errors.ConflictError):
        await bench.store.write(KEY, {"a": "2"}, expected=0)
    assert await bench.store.write(KEY, {"a": "2"}, expected=1) == 2


async def test_names_of_a_folder(bench: Bench) -> None:
    await bench.store.write(OTHER, {"a": "1"}, expected=0)
    await bench.store.write(KEY, {"a": "1"}, expected=0)
    await bench.store.write(KEY / "below", {"a": "1"}, expected=0)
    await bench.delete(OTHER)
    assert await bench.store.names(api.RECORDS) == (KEY.name, OTHER.name)
    assert await bench.store.names(KEY) == ("below",)
    assert await bench.store.names(OTHER) == ()


async def test_old_versions_are_dropped(bench: Bench) -> None:
    for version in range(api.MAX_VERSIONS + 2):
        await bench.store.write(KEY, {"a": str(version)}, expected=version)
    metadata = await bench.store.metadata(KEY)
    assert metadata.current == api.MAX_VERSIONS + 2
    assert metadata.below(metadata.current) == tuple(range(3, metadata.current))
    with pytest.raises(errors.AbsentError):
        await bench.store.read_version(KEY, 1)


@pytest.mark.parametrize(
    "data",
    [
        {"a": 1.5},
        {"a": 2**53},
        {"a": [b"bytes"]},
        {"a": {1: "b"}},
        {str(number): "a" for number in range(501)},
    ],
    ids=["float", "large", "bytes", "key", "many"],
)
async def test_values_that_a_store_would_change_are_refused(bench: Bench, data: object) -> None:
    with pytest.raises(ValueError, match="document"):
        await bench.store.write(KEY, data, expected=0)  # type: ignore[arg-type]
    with pytest.raises(errors.AbsentError):
        await bench.store.read(KEY)


async def test_the_most_values_that_a_document_holds(bench: Bench) -> None:
    data = {f"{number:03d}": "a" for number in range(250)}
    await bench.store.write(KEY, data, expected=0)
    assert (await bench.store.read(KEY)).data == data


async def test_state(bench: Bench) -> None:
    state = await bench.store.state()
    assert (state.kind, bool(state.address)) == (bench.kind, True)


@pytest.mark.parametrize(
    "segment", ["", ".", "..", "a/b", "A", "a%2fb", "a b", "+", "*", "a?x", "-a", "a..b", "a" * 254]
)
def test_a_key_has_no_other_path(segment: str) -> None:
    with pytest.raises(ValueError, match="no segment"):
        api.record_key(segment)


@pytest.mark.parametrize(
    "segment", ["a", "akoo-0f3b2c1d4e5a", "a.b-c.d", "0", "3f2504e0-4f89-11d3-9a0c-0305e82c3301"]
)
def test_names_of_records_are_keys(segment: str) -> None:
    assert str(api.record_key(segment)) == f"clusters/{segment}"


def test_no_text_of_a_document_holds_its_data() -> None:
    document = api.Document(key=KEY, version=1, data={"password": "hunter2-secret"})
    assert "hunter2" not in f"{document} {document!r}"
