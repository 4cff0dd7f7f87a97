"""The client against a controller: over HTTPS and in process alike."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NamedTuple

import pytest
from akoo_avi.client import (
    AviClient,
    AviError,
    ConflictError,
    Credential,
    ExhaustedError,
    ExistsError,
    ForbiddenError,
    IncompleteListError,
    InvalidError,
    MissingReferenceError,
    NotFoundError,
    NotReadyError,
    OutcomeUnknownError,
    RateLimitedError,
    ReferencedError,
    SessionLostError,
    SessionRegistry,
    TenantMissingError,
    UnreachableError,
    UpgradingError,
    VersionError,
    change,
)
from akoo_avi.testing import MemoryAvi
from akoo_testbed.avisim import Controller, faults, versions
from akoo_testbed.avisim import pytest as avisim_

from akoo_core import external
from akoo_core.errors import LeadershipLostError, ProcessEnd
from akoo_core.structs import JSON


class Crash(ProcessEnd):
    """No Exception: nothing may catch it."""


class Seen:
    """An interceptor that notes the sites of calls, and may raise before or after one."""

    def __init__(self) -> None:
        self.sites: list[str] = []
        self.writes: list[str] = []
        self.crash_after = ""

    def before(self, site: str, *, write: bool) -> None:
        self.sites.append(site)
        if write:
            self.writes.append(site)

    def after(self, site: str, *, write: bool) -> None:
        if site == self.crash_after:
            raise Crash


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
def seam(seen: Seen) -> external.External:
    return external.External(interceptor=seen)


class Avi(NamedTuple):
    """A client and the controller that it talks to."""

    client: AviClient
    controller: Controller

    def arm(self, **fault: Any) -> int:
        return self.controller.faults.add(faults.Fault(**fault))

    def requests(self, **wanted: str) -> list[str]:
        """Method, path and status of the requests so far; logins are left out unless asked for."""
        entries = self.controller.journal.entries(since=0, writes=False, **wanted)
        return [
            f"{entry.subject.method} {entry.subject.path.removeprefix('/api/')} {entry.status}"
            for entry in entries
            if wanted or entry.subject.path != "/login"
        ]


@pytest.fixture(params=["https", "memory"])
def way(request: pytest.FixtureRequest) -> str:
    """The transport of requests. Every test holds for both."""
    return str(request.param)


@pytest.fixture
async def avi(
    way: str, seam: external.External, drained: Callable[[int], None]
) -> AsyncIterator[Avi]:
    """A client over HTTPS, and one in process: they must behave alike."""
    async with opened(way, seam, drained) as made:
        yield made


@contextlib.asynccontextmanager
async def opened(
    way: str, seam: external.External, drained: Callable[[int], None], **chosen: Any
) -> AsyncIterator[Avi]:
    """A client and its controller; ``given`` are options of the controller."""
    options = avisim_.AviOptions(**chosen)
    if way == "memory":
        controller = Controller(password=options.password, **chosen)
        memory = MemoryAvi(controller, seam, password=options.password)
        await memory.version()
        yield Avi(memory, memory.controller)
        return
    with avisim_.running(options) as running:
        controllers = SessionRegistry()
        who = Credential(options.username, options.password, running.server.ca_pem)
        address = running.url.removeprefix("https://")
        yield Avi(await controllers.client(address, who, external=seam), running.controller)
        await controllers.close()
        drained(running.server.port)


async def pools(avi: Avi, count: int) -> list[JSON]:
    return [
        await avi.client.create("pool", {"name": f"p{n}"}, tenant="admin") for n in range(count)
    ]


async def test_an_objects_life(avi: Avi, seen: Seen) -> None:
    client = avi.client
    made = await client.create("pool", {"name": "shop-web"}, tenant="admin")
    path = f"pool/{made['uuid']}"
    read = await client.get(path)
    changed = await client.replace(
        "pool", made["uuid"], {**read, "description": "x"}, tenant="admin"
    )
    assert changed["description"] == "x"
    body = {"replace": {"description": "y"}}
    assert (await client.patch("pool", made["uuid"], body, tenant="*"))["description"] == "y"
    assert await client.delete("pool", made["uuid"], tenant="*") is True
    assert await client.delete("pool", made["uuid"], tenant="*") is False
    with pytest.raises(NotFoundError, match=f"GET {path}"):
        await client.get(path)
    kinds = ("POST pool", "GET pool", "PUT pool", "PATCH pool", "DELETE pool", "DELETE pool")
    assert seen.sites == ["avi POST login", *(f"avi {kind}" for kind in kinds), "avi GET pool"]
    assert seen.writes == [f"avi {kind}" for kind in kinds if not kind.startswith("GET")]


async def test_endpoints_and_version(avi: Avi, seen: Seen) -> None:
    assert await avi.client.version() == "30.2.2"
    runtime = await avi.client.get("cluster/runtime", params={"include_name": "true"})
    assert runtime["cluster_state"]["state"] == "CLUSTER_UP_HA_ACTIVE"
    assert seen.sites[-1] == "avi GET cluster/runtime"
    versions_ = {entry.version for entry in avi.controller.journal.entries(path="/api/*")}
    assert versions_ == {"30.2.2"}


@pytest.mark.parametrize("size", ["25", "100", "200"])
async def test_all_pages_of_whatever_size(
    avi: Avi, size: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    avi.controller.state.switches["default-page-size"] = size
    made = await pools(avi, 30)
    journal = avi.controller.journal
    for params, pages in (({"page_size": "7"}, 5), ({"page_size": "30"}, 1), ({}, 1)):
        start = journal.last
        sent = dict(params)
        listed = await avi.client.list("pool", params=params)
        by_name = sorted(made, key=lambda pool: str(pool["name"]))
        assert [pool["uuid"] for pool in listed] == [pool["uuid"] for pool in by_name]
        assert len(journal.entries(since=start)) == pages
        assert params == sent
    assert listed[0]["tenant_ref"].endswith("#admin")


async def test_an_empty_list_and_filters(avi: Avi) -> None:
    await pools(avi, 3)
    assert await avi.client.list("pool", params={"name": "none"}) == ()
    (pool,) = await avi.client.list("pool", params={"name": "p1"}, tenant="admin")
    assert pool["name"] == "p1"


class Meddler:
    """Changes the controller between the pages of a list, some times."""

    def __init__(self, avi: Avi, times: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left = times
        self._avi = avi
        self._handle = avi.controller.handle
        monkeypatch.setattr(avi.controller, "handle", self.handle)

    def handle(self, request: Any, *rest: Any) -> Any:
        answer = self._handle(request, *rest)
        if "page=" in request.target.replace("page_size=", "") and self.left:
            self.left -= 1
            state = self._avi.controller.state
            first = next(iter(state.objects.of_kind("pool")))
            state.objects.remove(first.key)
        return answer


async def test_a_list_that_changes_under_our_feet_is_read_again(
    avi: Avi, monkeypatch: pytest.MonkeyPatch
) -> None:
    await pools(avi, 9)
    Meddler(avi, 1, monkeypatch)
    listed = await avi.client.list("pool", params={"page_size": "4"})
    assert [pool["name"] for pool in listed] == [f"p{n}" for n in range(1, 9)]


async def test_a_list_that_never_holds_still_is_no_list(
    avi: Avi, monkeypatch: pytest.MonkeyPatch
) -> None:
    await pools(avi, 30)
    meddler = Meddler(avi, 100, monkeypatch)
    with pytest.raises(
        IncompleteListError, match=r"pool on .* changed 4 times .* seen, .* counted"
    ):
        await avi.client.list("pool", params={"page_size": "4"})
    assert meddler.left > 0


@pytest.mark.parametrize("status", ["409", "400"])
async def test_a_name_that_is_taken(avi: Avi, status: str) -> None:
    avi.controller.state.switches["duplicate-name-status"] = status
    await pools(avi, 1)
    with pytest.raises(ExistsError, match='POST pool "p0"'):
        await pools(avi, 1)


@pytest.mark.parametrize("status", ["recorded", "400", "404"])
async def test_a_reference_to_nothing(avi: Avi, status: str) -> None:
    avi.controller.state.switches["missing-reference-status"] = status
    for kind, body in (
        ("poolgroup", {"name": "g", "members": [{"pool_ref": "/api/pool?name=none"}]}),
        ("pool", {"name": "p", "vrf_ref": "/api/vrfcontext?name=none"}),
    ):
        with pytest.raises(MissingReferenceError):
            await avi.client.create(kind, body, tenant="admin")


async def test_who_refers_to_it(avi: Avi) -> None:
    (pool,) = await pools(avi, 1)
    for name in ("g1", "it's, a 'g2'"):
        body = {"name": name, "members": [{"pool_ref": pool["url"]}]}
        await avi.client.create("poolgroup", body, tenant="admin")
    with pytest.raises(ReferencedError, match="PoolGroup g1") as caught:
        await avi.client.delete("pool", pool["uuid"], tenant="admin")
    assert set(caught.value.referrers) == {"PoolGroup g1", "PoolGroup it's, a 'g2'"}
    assert caught.value.retryable


@pytest.mark.parametrize("switch", ["403", "404"])
async def test_a_tenant_that_is_not_ours_is_never_taken_for_an_object_that_is_gone(
    avi: Avi, switch: str
) -> None:
    avi.controller.state.switches["forbidden-tenant-status"] = switch
    with pytest.raises(TenantMissingError):
        await avi.client.delete("pool", "pool-1", tenant="none")
    avi.arm(status=404, text='{"error": "Tenant object not found!"}', kind="pool")
    with pytest.raises(TenantMissingError):
        await avi.client.delete("pool", "pool-1", tenant="shop")


ANSWERED = [
    ("upgrade", UpgradingError),
    ("booting", NotReadyError),
    ("rate-limited", RateLimitedError),
    ("denied", ForbiddenError),
    ("no-free-ip", ExhaustedError),
    ("licence", InvalidError),
]


@pytest.mark.parametrize(("answer", "kind"), ANSWERED)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_refusals_are_raised_and_nothing_is_sent_again(
    avi: Avi, answer: str, kind: type[AviError], method: str
) -> None:
    avi.arm(answer=answer, kind="pool")
    ask: dict[str, Callable[[], Awaitable[Any]]] = {
        "GET": lambda: avi.client.list("pool"),
        "POST": lambda: avi.client.create("pool", {"name": "x"}, tenant="admin"),
        "DELETE": lambda: avi.client.delete("pool", "pool-1", tenant="admin"),
    }
    with pytest.raises(kind):
        await ask[method]()
    assert len(avi.requests()) == 1


@pytest.mark.parametrize("retry_after", ["yes", "no"])
async def test_the_wish_to_slow_down(avi: Avi, retry_after: str) -> None:
    avi.controller.state.switches["retry-after"] = retry_after
    avi.arm(answer="rate-limited", kind="pool")
    with pytest.raises(RateLimitedError) as caught:
        await avi.client.list("pool")
    assert caught.value.retry_after_seconds == faults.RETRY_AFTER_SECONDS


async def test_no_configuration_during_an_upgrade(avi: Avi) -> None:
    avi.controller.set_upgrading(True)
    with pytest.raises(UpgradingError):
        await pools(avi, 1)
    assert await avi.client.list("pool") == ()


# Lost connections


async def test_a_get_whose_connection_was_lost_is_sent_once_more(avi: Avi, seen: Seen) -> None:
    avi.arm(drop=True, kind="pool")
    assert await avi.client.list("pool") == ()
    assert avi.requests() == ["GET pool 0", "GET pool 200"]
    avi.arm(drop=True, kind="pool", times=2)
    with pytest.raises(UnreachableError, match="GET pool: the connection was cut"):
        await avi.client.list("pool")
    assert avi.requests()[2:] == ["GET pool 0"] * 2
    assert seen.sites == ["avi POST login"] + ["avi GET pool"] * 4
    assert len(avi.controller.journal.entries(path="/login")) == 1


@pytest.mark.parametrize("after", [True, False])
async def test_a_write_whose_connection_was_lost_is_not_sent_again(avi: Avi, after: bool) -> None:
    (pool,) = await pools(avi, 1)
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        avi.arm(drop=True, after=after, kind="pool", method=method)
    for write in (
        avi.client.create("pool", {"name": "shop-web"}, tenant="admin"),
        avi.client.replace("pool", pool["uuid"], pool, tenant="admin"),
        avi.client.patch("pool", pool["uuid"], {"add": {}}, tenant="admin"),
        avi.client.delete("pool", pool["uuid"], tenant="admin"),
    ):
        with pytest.raises(
            OutcomeUnknownError, match=r"(shop-web|p0|pool-).*Read the object again"
        ):
            await write
    sent = [line.split()[0] for line in avi.requests()[1:]]
    assert sent == ["POST", "PUT", "PATCH", "DELETE"]
    assert len(avi.controller.journal.entries(path="/login")) == 1
    names = [pool["name"] for pool in await avi.client.list("pool")]
    assert names == (["shop-web"] if after else ["p0"])


# Sessions


@pytest.mark.parametrize("status", ["401", "419"])
async def test_a_lost_session_is_renewed_once_for_all(avi: Avi, status: str) -> None:
    avi.controller.state.switches["no-session-status"] = status
    for _ in range(3):
        avi.controller.lose_sessions()
        start = avi.controller.journal.last
        await asyncio.gather(
            *(avi.client.list("pool") for _ in range(8)),
            *(avi.client.create("stringgroup", sg(n), tenant="admin") for n in range(8)),
        )
        assert len(avi.controller.journal.entries(since=start, path="/login")) == 1
        made = avi.controller.journal.entries(since=start, method="POST", kind="stringgroup")
        assert [call.status for call in made].count(201) == 8
        for group in await avi.client.list("stringgroup", params={"name.contains": "sg-"}):
            await avi.client.delete("stringgroup", group["uuid"], tenant="admin")


def sg(number: int) -> JSON:
    return {"name": f"sg-{number}", "type": "SG_TYPE_STRING"}


@pytest.mark.parametrize("answer", ["no-session", "switch-session", "csrf"])
async def test_a_session_that_is_refused_again(avi: Avi, answer: str) -> None:
    avi.arm(answer=answer, kind="pool", times=2)
    with pytest.raises(SessionLostError, match="refused in a new session, too"):
        await pools(avi, 1)
    assert [line.split()[0] for line in avi.requests()] == ["POST", "POST"]
    assert len(avi.controller.journal.entries(path="/login")) == 2
    await pools(avi, 1)


async def test_a_rolled_back_controller_costs_one_login(
    way: str, seam: external.External, drained: Callable[[int], None]
) -> None:
    async with opened(way, seam, drained, profile="31.2.2") as avi:
        await avi.client.list("pool")
        avi.controller.state.profile = versions.PROFILES["30.2.2"]
        start = avi.controller.journal.last
        await asyncio.gather(
            *(avi.client.list("pool") for _ in range(8)),
            *(avi.client.create("stringgroup", sg(n), tenant="admin") for n in range(8)),
        )
        assert await avi.client.version() == "30.2.2"
        logins = avi.controller.journal.entries(since=start, path="/login")
        assert len(logins) == 1
        made = avi.controller.journal.entries(since=start, method="POST", kind="stringgroup")
        assert [call.status for call in made].count(201) == 8


async def test_a_version_that_never_fits_costs_one_login_and_not_one_for_each_request(
    avi: Avi,
) -> None:
    avi.arm(answer="invalid-version", kind="pool", times=None)
    for _ in range(4):
        with pytest.raises(VersionError, match="Upgrade one of the two"):
            await avi.client.list("pool")
    assert len(avi.controller.journal.entries(path="/login")) == 2
    await avi.client.list("stringgroup")


async def test_a_write_of_a_lost_session_is_done_once(avi: Avi) -> None:
    avi.controller.lose_sessions()
    await pools(avi, 1)
    assert avi.requests() == ["POST pool 401", "POST pool 201"]


async def test_a_failed_login_is_shared_by_all_who_wait_for_it(avi: Avi, way: str) -> None:
    avi.controller.lose_sessions()
    avi.arm(answer="booting", path="/login", hold_seconds=0.1, times=None)
    start = avi.controller.journal.last
    errors_ = await asyncio.gather(
        *(avi.client.list("pool") for _ in range(6)), return_exceptions=True
    )
    assert {type(error) for error in errors_} == {NotReadyError}
    logins = len(avi.controller.journal.entries(since=start, path="/login"))
    assert logins < 6 or way == "memory"  # where nobody waits
    avi.controller.faults.clear()
    assert await avi.client.list("pool") == ()


# The rule of 412


async def test_change_reads_again_and_decides_again(avi: Avi) -> None:
    (pool,) = await pools(avi, 1)
    avi.arm(answer="stale", kind="pool", method="PUT", times=3)
    decided: list[str] = []

    def decide(current: JSON) -> JSON | None:
        decided.append(current["_last_modified"])
        current["description"] = "x"
        return current

    done = await change(avi.client, "pool", pool["uuid"], decide, tenant="admin")
    assert done is not None
    assert done["description"] == "x"
    assert len(decided) == 4
    assert await change(avi.client, "pool", pool["uuid"], lambda _: None, tenant="admin") is None
    avi.arm(answer="stale", kind="pool", method="PUT", times=None)
    with pytest.raises(ConflictError):
        await change(avi.client, "pool", pool["uuid"], decide, tenant="admin")
    assert len(decided) == 14


async def test_two_who_change_the_same_object_lose_nothing(avi: Avi) -> None:
    (pool,) = await pools(avi, 1)

    def add(address: str) -> Any:
        server = {"ip": {"addr": address, "type": "V4"}}
        return lambda now: {**now, "servers": [*now.get("servers", []), server]}

    addresses = [f"10.0.0.{n}" for n in range(1, 6)]
    await asyncio.gather(
        *(change(avi.client, "pool", pool["uuid"], add(a), tenant="admin") for a in addresses)
    )
    (after,) = await avi.client.list("pool")
    assert sorted(server["ip"]["addr"] for server in after["servers"]) == addresses


async def test_a_single_object_is_changed_by_its_kind(avi: Avi) -> None:
    def decide(now: JSON) -> JSON:
        return {**now, "docker_mode": True}

    done = await change(avi.client, "systemconfiguration", "", decide, tenant="admin")
    assert done is not None
    assert done["uuid"] == "default"


# What no controller should be asked


async def test_calls_that_make_no_sense(avi: Avi) -> None:
    start = avi.controller.journal.last
    with pytest.raises(ValueError, match="_last_modified"):
        await avi.client.replace("pool", "pool-1", {"name": "x"}, tenant="admin")
    with pytest.raises(ValueError, match="one tenant"):
        await avi.client.create("pool", {"name": "x"}, tenant="*")
    with pytest.raises(ValueError, match="without a uuid"):
        await avi.client.delete("pool", "", tenant="admin")
    with pytest.raises(ValueError, match="no uuid"):
        await avi.client.delete("pool", "x/y", tenant="admin")
    with pytest.raises(ValueError, match="no path"):
        await avi.client.get("pool?name=x")
    assert avi.controller.journal.last == start


# The seam


class NoLeader:
    def check(self) -> None:
        raise LeadershipLostError("the lease is not ours")


async def test_writes_ask_for_leadership_and_reads_do_not(
    avi: Avi, seam: external.External
) -> None:
    seam._guard = NoLeader()
    avi.controller.lose_sessions()
    assert await avi.client.list("pool") == ()
    with pytest.raises(LeadershipLostError):
        await pools(avi, 1)
    assert not avi.controller.journal.entries(method="POST", kind="pool")


async def test_a_crash_after_the_effect_goes_through(avi: Avi, seen: Seen) -> None:
    seen.crash_after = "avi POST pool"
    task = asyncio.ensure_future(pools(avi, 1))
    with pytest.raises(Crash):
        await task
    seen.crash_after = ""
    assert [pool["name"] for pool in await avi.client.list("pool")] == ["p0"]
