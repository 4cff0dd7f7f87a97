"""The login of the store: one token for a process, in virtual time on a Vault in memory."""

from __future__ import annotations

import asyncio
import dataclasses
import math
from collections.abc import Mapping

import pytest
from akoo_tenancy.spec import settings
from akoo_tenancy.store import api, errors, keeper, vault
from akoo_tenancy.store.calls import LostError, Route, Secret, VaultAnswer, VaultCall
from akoo_tenancy.testing.store import JWT_FILE, VAULT, MemoryVault, MemoryWire, StoreMeans, refusal

from akoo_core.kube import circuit
from akoo_core.plugin import structs
from akoo_core.testing import recorded, virtual_time

KEY = api.record_key("akoo-0f3b2c1d4e5a")
MOUNT = "akoo"
LOGINS = (Route.KUBERNETES, Route.JWT, Route.APPROLE)


def logins(server: MemoryVault) -> int:
    return sum(server.calls[route] for route in LOGINS)


@virtual_time.test
async def test_many_callers_share_one_login(clock: virtual_time.LoopClock) -> None:
    server = MemoryVault(clock)
    server.latency_seconds = 0.1
    stores = server.stores()
    store = stores.of(StoreMeans(clock))
    await asyncio.gather(*(store.names(api.RECORDS) for _ in range(50)))
    assert (logins(server), stores.logins, server.tokens) == (1, 1, 1)
    await stores.close()


@virtual_time.test
async def test_a_day_of_work_costs_a_login_for_each_life(clock: virtual_time.LoopClock) -> None:
    server = MemoryVault(clock, ttl=1200, max_ttl=3600)
    stores = server.stores()
    for _ in range(24 * 60):
        await stores.of(StoreMeans(clock)).names(api.RECORDS)
        await asyncio.sleep(60)
    lives = 24 * 3600 / 3600
    assert lives <= logins(server) <= lives * 1.5
    assert server.calls[Route.RENEW] <= 24 * 3600 / (1200 * 2 / 3) + 1
    assert server.calls[Route.LOOKUP] == 0
    await stores.close()


@virtual_time.test
async def test_nothing_is_called_at_rest(clock: virtual_time.LoopClock) -> None:
    server = MemoryVault(clock)
    stores = server.stores()
    await stores.of(StoreMeans(clock)).names(api.RECORDS)
    before = server.calls.total()
    await asyncio.sleep(24 * 3600)
    assert server.calls.total() == before
    await stores.of(StoreMeans(clock)).names(api.RECORDS)
    assert logins(server) == 2
    await stores.close()


@virtual_time.test
async def test_a_renewal_at_two_thirds(clock: virtual_time.LoopClock) -> None:
    server = MemoryVault(clock, ttl=900, max_ttl=10**6)
    stores = server.stores()
    store = stores.of(StoreMeans(clock))
    await store.names(api.RECORDS)
    await asyncio.sleep(599)
    await store.names(api.RECORDS)
    assert server.calls[Route.RENEW] == 0
    await asyncio.sleep(2)
    await asyncio.gather(*(store.names(api.RECORDS) for _ in range(20)))
    assert (server.calls[Route.RENEW], logins(server)) == (1, 1)
    await asyncio.sleep(599)
    await store.names(api.RECORDS)
    assert server.calls[Route.RENEW] == 1
    await stores.close()


@virtual_time.test
async def test_a_renewal_that_fails_stops_nobody(clock: virtual_time.LoopClock) -> None:
    server = MemoryVault(clock, ttl=900)
    stores = server.stores()
    store = stores.of(StoreMeans(clock))
    await store.names(api.RECORDS)
    await asyncio.sleep(601)
    server.fail(refusal(500, "internal error"), Route.RENEW)
    for _ in range(10):
        await store.names(api.RECORDS)
    assert (server.calls[Route.RENEW], logins(server)) == (1, 1)
    server.heal()
    await asyncio.sleep(keeper.SHORTEST_SECONDS)
    await store.names(api.RECORDS)
    assert (server.calls[Route.RENEW], logins(server)) == (2, 1)
    await stores.close()


@pytest.mark.parametrize("problem", [refusal(400, "lease is not renewable"), refusal(403, "no")])
def test_a_token_that_cannot_be_renewed_is_replaced(problem: object) -> None:
    @virtual_time.test
    async def run(clock: virtual_time.LoopClock) -> None:
        server = MemoryVault(clock, ttl=900)
        stores = server.stores()
        store = stores.of(StoreMeans(clock))
        await store.names(api.RECORDS)
        await asyncio.sleep(601)
        server.fail(problem, Route.RENEW)  # type: ignore[arg-type]
        await store.names(api.RECORDS)
        assert logins(server) == 2
        await stores.close()

    run()


@virtual_time.test
async def test_a_lost_token_costs_one_probe_and_one_login(clock: virtual_time.LoopClock) -> None:
    server = MemoryVault(clock)
    server.latency_seconds = 0.1
    stores = server.stores()
    store = stores.of(StoreMeans(clock))
    await store.write(KEY, {"a": "1"}, expected=0)
    await asyncio.sleep(60)
    server.lose_tokens()
    documents = await asyncio.gather(*(store.read(KEY) for _ in range(20)))
    assert {document.version for document in documents} == {1}
    assert (logins(server), server.tokens) == (2, 1)
    assert server.calls[Route.LOOKUP] <= 2
    await stores.close()


@virtual_time.test
async def test_a_write_with_a_lost_token_is_made_once(clock: virtual_time.LoopClock) -> None:
    server = MemoryVault(clock)
    stores = server.stores()
    store = stores.of(StoreMeans(clock))
    await store.names(api.RECORDS)
    await asyncio.sleep(60)
    server.lose_tokens()
    assert await store.write(KEY, {"a": "1"}, expected=0) == 1
    assert server.histories["akoo-core/clusters/akoo-0f3b2c1d4e5a"].current == 1
    await stores.close()


@virtual_time.test
async def test_a_narrow_policy_costs_no_login(clock: virtual_time.LoopClock) -> None:
    server = MemoryVault(clock)
    stores = server.stores()
    store = stores.of(StoreMeans(clock))
    server.denied.add(f"{MOUNT}/data/")
    for _ in range(100):
        with pytest.raises(errors.DeniedError, match="akoo/data/akoo-core/clusters") as refused:
            await store.read(KEY)
        assert refused.value.path == f"akoo/data/akoo-core/{KEY}"
        await asyncio.sleep(60)
    assert logins(server) <= 100 * 60 / 3600 + 2
    server.denied.clear()
    await store.write(KEY, {"a": "1"}, expected=0)
    await stores.close()


@virtual_time.test
async def test_without_lookup_self_there_is_no_storm_of_logins(
    clock: virtual_time.LoopClock,
) -> None:
    server = MemoryVault(clock)
    stores = server.stores()
    store = stores.of(StoreMeans(clock))
    server.denied |= {f"{MOUNT}/data/", "auth/token/lookup-self"}
    for _ in range(600):
        with pytest.raises(errors.StoreError):
            await store.read(KEY)
        await asyncio.sleep(1)
    assert logins(server) <= 600 / keeper.LONGEST_SECONDS + 2
    server.lose_tokens()
    server.denied.remove(f"{MOUNT}/data/")
    await asyncio.sleep(keeper.LONGEST_SECONDS)
    await store.write(KEY, {"a": "1"}, expected=0)
    await stores.close()


@virtual_time.test
async def test_refused_logins_become_rare_and_go_on_by_themselves(
    clock: virtual_time.LoopClock,
) -> None:
    server = MemoryVault(clock)
    server.role = "another"
    stores = server.stores()
    store = stores.of(StoreMeans(clock))
    for _ in range(3600):
        with pytest.raises(errors.UnavailableError, match='role "akoo-core"') as refused:
            await store.read(KEY)
        assert refused.value.cause is errors.Cause.LOGIN
        assert 0 < refused.value.retry_seconds <= keeper.LONGEST_SECONDS
        await asyncio.sleep(1)
    assert 3600 / 60 <= logins(server) <= 3600 / 60 + 6
    server.role = "akoo-core"
    await asyncio.sleep(refused.value.retry_seconds)
    await store.write(KEY, {"a": "1"}, expected=0)
    await stores.close()


@virtual_time.test
async def test_a_token_that_is_revoked_at_once_makes_no_storm(
    clock: virtual_time.LoopClock,
) -> None:
    server = MemoryVault(clock)
    stores = server.stores()
    store = stores.of(StoreMeans(clock))
    for _ in range(60):
        server.lose_tokens()
        with pytest.raises(errors.StoreError):
            await store.read(KEY)
        await asyncio.sleep(1)
    assert logins(server) <= 60 / keeper.SHORTEST_SECONDS + 1
    await stores.close()


@virtual_time.test
async def test_sealed_and_unsealed(clock: virtual_time.LoopClock) -> None:
    server = MemoryVault(clock)
    stores = server.stores()
    store = stores.of(StoreMeans(clock))
    await store.write(KEY, {"a": "1"}, expected=0)
    server.seal()
    before = server.calls.total()
    for _ in range(600):
        with pytest.raises(errors.UnavailableError, match="Unseal") as refused:
            await store.read(KEY)
        assert refused.value.cause is errors.Cause.SEALED
        await asyncio.sleep(1)
    most = 600 / (circuit.MAX_PAUSE_SECONDS / 2) + 8  # pauses double, and are at least half as long
    assert server.calls.total() - before <= most, "one probe for all, not a call for each"
    server.unseal()
    await asyncio.sleep(refused.value.retry_seconds)
    assert (await store.read(KEY)).version == 1
    assert logins(server) == 1
    await stores.close()


@virtual_time.test
async def test_sealed_for_longer_than_the_token_lives(clock: virtual_time.LoopClock) -> None:
    server = MemoryVault(clock, ttl=60)
    stores = server.stores()
    store = stores.of(StoreMeans(clock))
    await store.write(KEY, {"a": "1"}, expected=0)
    server.seal()
    await asyncio.sleep(3600)
    server.unseal()
    assert (await store.read(KEY)).version == 1
    assert logins(server) == 2
    await stores.close()


@virtual_time.test
async def test_a_server_that_came_back_empty_is_no_new_beginning(
    clock: virtual_time.LoopClock,
) -> None:
    """Neither a mount nor a login that is gone reads like an absent record."""
    server = MemoryVault(clock)
    stores = server.stores()
    store = stores.of(StoreMeans(clock))
    await store.write(KEY, {"a": "1"}, expected=0)
    await asyncio.sleep(60)
    server.mount = None
    with pytest.raises(errors.MisconfiguredError, match="no mount"):
        await store.read(KEY)
    server.erase()
    server.login_mount = None
    with pytest.raises(errors.UnavailableError) as refused:
        await store.read(KEY)
    assert refused.value.cause is errors.Cause.LOGIN
    await stores.close()


@virtual_time.test
async def test_the_token_of_the_pod_is_read_for_each_login(clock: virtual_time.LoopClock) -> None:
    server = MemoryVault(clock)
    stores = server.stores()
    store = stores.of(StoreMeans(clock))
    await store.names(api.RECORDS)
    server.files[JWT_FILE] = " another-jwt\n"
    server.lose_tokens()
    await asyncio.sleep(60)
    with pytest.raises(errors.UnavailableError):  # the server compares it with the line break
        await store.names(api.RECORDS)
    server.files[JWT_FILE] = "another-jwt"
    await asyncio.sleep(60)
    await store.names(api.RECORDS)
    await stores.close()


BAD_FILES = {"absent": None, "empty": " \n"}


@pytest.mark.parametrize("content", BAD_FILES.values(), ids=BAD_FILES)
def test_a_file_that_cannot_be_used(content: str | None) -> None:
    @virtual_time.test
    async def run(clock: virtual_time.LoopClock) -> None:
        server = MemoryVault(clock)
        del server.files[JWT_FILE]
        if content is not None:
            server.files[JWT_FILE] = content
        stores = server.stores()
        store = stores.of(StoreMeans(clock))
        with pytest.raises(errors.MisconfiguredError, match=JWT_FILE):
            await store.read(KEY)
        assert server.calls.total() == 0, "nothing is sent"
        server.files[JWT_FILE] = next(iter(server.secrets))
        await asyncio.sleep(keeper.LONGEST_SECONDS)
        await store.write(KEY, {"a": "1"}, expected=0)
        await stores.close()

    run()


METHODS = {
    "Kubernetes": settings.Login(method="Kubernetes", role="akoo-core", mount="kubernetes"),
    "JWT": settings.Login(method="JWT", role="akoo-core", mount="kubernetes"),
    "AppRole": settings.Login(
        method="AppRole", role_id="akoo-core", secret_id_file=JWT_FILE, mount="kubernetes"
    ),
}


@pytest.mark.parametrize("login", METHODS.values(), ids=METHODS)
def test_each_method_uses_its_route(login: settings.Login) -> None:
    @virtual_time.test
    async def run(clock: virtual_time.LoopClock) -> None:
        server = MemoryVault(clock)
        stores = server.stores(structs.replace(VAULT, login=login))
        await stores.of(StoreMeans(clock)).names(api.RECORDS)
        route = Route(f"POST login {(login.method or '').lower()}")
        assert [name for name in LOGINS if server.calls[name]] == [route]
        await stores.close()
        assert server.tokens == 0, "revoked at the end"

    run()


@virtual_time.test
async def test_a_token_file_is_read_anew_and_never_revoked(clock: virtual_time.LoopClock) -> None:
    server = MemoryVault(clock)
    agent = server.stores()
    await agent.of(StoreMeans(clock)).names(api.RECORDS)
    server.files["/token"] = next(text for text in server.secrets if text.startswith("s."))
    login = settings.Login(method="TokenFile", token_file="/token")
    stores = server.stores(structs.replace(VAULT, login=login))
    store = stores.of(StoreMeans(clock))
    await store.write(KEY, {"a": "1"}, expected=0)
    server.lose_tokens()
    await asyncio.sleep(60)
    with pytest.raises(errors.UnavailableError, match="/token") as refused:
        await store.read(KEY)
    assert refused.value.cause is errors.Cause.LOGIN
    await agent.of(StoreMeans(clock)).names(api.RECORDS)
    server.files["/token"] = max(text for text in server.secrets if text.startswith("s."))
    await asyncio.sleep(60)
    assert (await store.read(KEY)).version == 1
    await stores.close()
    assert server.tokens == 1
    await agent.close()
    assert server.tokens == 0


@virtual_time.test
async def test_the_end_does_not_wait_for_a_dead_server(clock: virtual_time.LoopClock) -> None:
    server = MemoryVault(clock)
    stores = server.stores()
    await stores.of(StoreMeans(clock)).names(api.RECORDS)
    server.latency_seconds = 3600.0
    before = clock.monotonic()
    await stores.close()
    assert clock.monotonic() - before <= keeper.CLOSE_SECONDS
    await stores.close()


LOST = LostError("the connection was cut", sent=True)


@virtual_time.test
async def test_a_lost_answer_of_a_write_is_not_sent_again(clock: virtual_time.LoopClock) -> None:
    server = MemoryVault(clock)
    stores = server.stores()
    store = stores.of(StoreMeans(clock))
    server.lose_replies(Route.WRITE)
    with pytest.raises(errors.UnavailableError) as refused:
        await store.write(KEY, {"a": "1"}, expected=0)
    assert refused.value.outcome_unknown
    assert (await store.read(KEY)).version == 1
    server.fail(LostError("nobody accepts connections there", sent=False), Route.WRITE, times=1)
    with pytest.raises(errors.UnavailableError) as refused:
        await store.write(KEY, {"a": "2"}, expected=1)
    assert not refused.value.outcome_unknown
    await stores.close()


@virtual_time.test
async def test_a_lost_answer_of_a_login(clock: virtual_time.LoopClock) -> None:
    server = MemoryVault(clock)
    server.lose_replies(Route.KUBERNETES)
    stores = server.stores()
    store = stores.of(StoreMeans(clock))
    with pytest.raises(errors.UnavailableError) as refused:
        await store.read(KEY)
    assert refused.value.cause is errors.Cause.UNREACHABLE
    await asyncio.sleep(math.ceil(keeper.SHORTEST_SECONDS))
    await store.write(KEY, {"a": "1"}, expected=0)
    await stores.close()


@virtual_time.test
async def test_a_version_one_mount_is_seen_before_anything_is_written(
    clock: virtual_time.LoopClock,
) -> None:
    server = MemoryVault(clock)
    stores = server.stores()
    store = stores.of(StoreMeans(clock))
    server.mount = None
    with pytest.raises(errors.MisconfiguredError, match="no mount"):
        await store.read(KEY)
    asked = server.calls[Route.MOUNT]
    server.calls.clear()
    server.mount, server.kv_version = MOUNT, 1
    for _ in range(3):
        with pytest.raises(errors.MisconfiguredError, match="version 1"):
            await store.read(KEY)
        with pytest.raises(errors.MisconfiguredError, match="version 1"):
            await store.write(KEY, {"a": "1"}, expected=0)
    assert server.calls[Route.READ] == server.calls[Route.WRITE] == 0
    server.kv_version = 2
    await store.write(KEY, {"a": "1"}, expected=0)
    assert (asked, server.calls[Route.MOUNT]) == (1, 7), (
        "asked until it is good, and then never again"
    )
    await store.read(KEY)
    assert server.calls[Route.MOUNT] == 7
    await stores.close()


class Noting(MemoryWire):
    """A way that notes the headers of each call, and gives each answer a position."""

    def __init__(self, server: MemoryVault) -> None:
        super().__init__(server)
        self.headers: list[tuple[Route, Mapping[str, str]]] = []

    async def send(
        self, call: VaultCall, *, token: Secret, headers: Mapping[str, str]
    ) -> VaultAnswer:
        self.headers.append((call.route, dict(headers)))
        answer = await super().send(call, token=token, headers=headers)
        return dataclasses.replace(answer, index="position-7" if call.writes else "")


@pytest.mark.parametrize("forward", [True, False])
def test_reads_name_the_last_write_where_that_is_set(forward: bool) -> None:
    @virtual_time.test
    async def run(clock: virtual_time.LoopClock) -> None:
        wire = Noting(MemoryVault(clock))
        chosen = structs.replace(VAULT, forward_reads=forward)
        stores = vault.VaultStores(chosen, lambda _: wire)
        store = stores.of(StoreMeans(clock))
        await store.names(api.RECORDS)
        await store.write(KEY, {"a": "1"}, expected=0)
        await store.read(KEY)
        await store.write(KEY, {"a": "2"}, expected=1)
        named = [(route, headers.get("X-Vault-Index")) for route, headers in wire.headers]
        position = "position-7" if forward else None
        assert named[-4:] == [
            (Route.LIST, None),
            (Route.WRITE, None),
            (Route.READ, position),
            (Route.WRITE, None),
        ]
        asked = [headers.get("X-Vault-Inconsistent") for _, headers in wire.headers]
        assert asked.count("forward-active-node") == int(forward)
        await stores.close()

    run()


def test_each_call_names_its_trace_for_the_audit_log() -> None:
    @virtual_time.test
    async def run(clock: virtual_time.LoopClock) -> None:
        wire = Noting(MemoryVault(clock))
        stores = vault.VaultStores(VAULT, lambda _: wire)
        await stores.of(StoreMeans(clock)).names(api.RECORDS)
        sent.extend(headers["traceparent"] for _, headers in wire.headers)
        await stores.close()

    sent: list[str] = []
    with recorded() as recording:
        run()
    spans = [span for span in recording.spans if span.name.startswith("vault ")]
    assert len(sent) == 3
    assert [text.split("-")[0] for text in sent] == ["00"] * 3
    assert len({text.split("-")[2] for text in sent}) == 3, "each call has a span of its own"
    assert [span.name for span in spans][:3] == [
        "vault POST login kubernetes",
        "vault GET mounts",
        "vault LIST metadata",
    ]
