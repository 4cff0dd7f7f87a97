"""One cluster, whatever is wrong with it, does not stop the others, nor is it held for ever."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import pytest

from akoo_core import errors as core_errors
from akoo_core import testing
from akoo_core.kube import errors
from akoo_core.kube.client import KubeClient, Transport, WatchEvent
from akoo_core.kube.request import Payload, ServerRequest
from akoo_core.plugin import api
from akoo_core.reconcile.act import leaving, round_deployment
from akoo_core.reconcile.read import machines as machines_
from akoo_core.reconcile.read import pace
from akoo_core.testing import virtual_time
from akoo_core.testing.memory import workloads

Odd = Callable[[str, Transport], Transport]
"""By the name of a Cluster, another transport in the place of its own."""
Send = Callable[[ServerRequest, Payload], Awaitable[Any]]


class Small(api.Plugin):
    """Deploys a few objects, and has one thing outside for each record."""

    name = "small"
    bad: Callable[[], Any] | None = None
    """Called in observe for the Cluster "bad"."""

    def __init__(self, outside: set[str] | None = None, **acts: Callable[..., Any]) -> None:
        super().__init__()
        self.outside = set() if outside is None else outside
        self.acts = acts

    @api.hookimpl
    def intend(self, view: api.View) -> api.Intent:
        return api.Intent(data={"thing": view.record_name})

    @api.hookimpl
    async def prepare(self, ctx: api.VerbContext) -> api.Result:
        async with ctx.external.call("outside", "PUT thing", write=True):
            self.outside.add(ctx.view.record_name)
        return api.Done()

    @api.hookimpl
    def contribute(self, view: api.View) -> api.Contribution:
        self._act("contribute", view)
        maps = tuple(
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": f"map-{number}", "namespace": "default"},
                "data": {},
            }
            for number in range(10)
        )
        return api.Contribution(objects=maps)

    @api.hookimpl
    async def observe(self, ctx: api.VerbContext) -> api.Result:
        answer = self._act("observe", ctx.view)
        if asyncio.iscoroutine(answer):
            await answer
        return api.Done()

    @api.hookimpl
    def on_event(self, event: api.LifecycleEvent) -> None:
        if event.name == "bad" and "on_event" in self.acts:
            self.acts["on_event"]()

    @api.hookimpl
    async def fence(self, ctx: api.VerbContext) -> api.Fenced:
        return api.Fenced(grade="Revoked", evidence="revoked")

    @api.hookimpl
    async def sweep(self, ctx: api.VerbContext) -> api.Result:
        self.outside.discard(ctx.view.record_name)
        return api.Done()

    @api.hookimpl
    async def verify(self, ctx: api.VerbContext) -> api.Proof:
        return api.Proof(own=int(ctx.view.record_name in self.outside), queries=("count",))

    def _act(self, verb: str, view: api.View) -> Any:
        if verb in self.acts and view.spec.cluster_ref.name == "bad":
            return self.acts[verb]()
        return None


@pytest.fixture
def odd(monkeypatch: pytest.MonkeyPatch) -> Callable[[Odd], None]:
    """Puts other transports in the place of those of workload clusters."""
    original = workloads.MemoryWorkloads.client_for

    def use(change: Odd) -> None:
        async def client_for(self: Any, namespace: str, name: str, uid: str) -> KubeClient:
            client = await original(self, namespace, name, uid)
            return KubeClient(change(name, client.transport))

        monkeypatch.setattr(workloads.MemoryWorkloads, "client_for", client_for)

    return use


class Wrapped:
    """A transport that sends the requests of some verbs otherwise."""

    def __init__(self, inner: Transport, **verbs: Send) -> None:
        self._inner = inner
        self._verbs = verbs

    async def send(self, request: ServerRequest, payload: Payload) -> Any:
        send = self._verbs.get(request.verb) or self._inner.send
        return await send(request, payload)

    def stream(
        self, request: ServerRequest, payload: Payload, *, inactivity_seconds: float
    ) -> AsyncGenerator[WatchEvent, None]:
        return self._inner.stream(request, payload, inactivity_seconds=inactivity_seconds)

    async def raw(self, path: str) -> Any:
        return await self._inner.raw(path)

    async def close(self) -> None:
        await self._inner.close()


def _reason(fleet: testing.Fleet, name: str, condition: str) -> str:
    record = fleet.record(name)
    assert record is not None
    reasons = {shown.type: shown.reason for shown in record.status.conditions}
    return reasons.get(condition, "")


async def _in(seconds: float, fleet: testing.Fleet, name: str) -> None:
    await fleet.create_cluster(name)
    await fleet.until_phase(name, "Running", seconds=seconds)


# Slow APIs.


def _slowly(name: str, inner: Transport) -> Transport:
    if not name.startswith("slow"):
        return inner

    async def slow(request: ServerRequest, payload: Payload) -> Any:
        await asyncio.sleep(9.0)
        return await inner.send(request, payload)

    return Wrapped(inner, **dict.fromkeys(("get", "list", "apply", "delete"), slow))


def test_slow_clusters_do_not_delay_a_healthy_one(odd: Callable[[Odd], None]) -> None:
    odd(_slowly)

    async def scenario(clock: virtual_time.LoopClock) -> None:
        async with testing.Fleet(clock, lambda: [Small()]) as fleet:
            await fleet.create_config()
            for number in range(12):
                await fleet.create_cluster(f"slow-{number}")
            await asyncio.sleep(1.0)
            await _in(35.0, fleet, "healthy, while all are new")
            await asyncio.sleep(300.0)
            await _in(5.0, fleet, "healthy, later")
            reasons = {_reason(fleet, f"slow-{number}", "SmallReady") for number in range(12)}
            assert "WorkloadSlow" in reasons
            await fleet.until_phase("slow-0", "Running")
            await fleet.until_phase("slow-11", "Running")

    virtual_time.run(scenario)


def test_an_attempt_ends_when_it_has_had_its_time(odd: Callable[[Odd], None]) -> None:
    async def never(request: ServerRequest, payload: Payload) -> Any:
        await asyncio.Event().wait()

    odd(lambda name, inner: Wrapped(inner, apply=never) if name.startswith("hangs") else inner)

    async def scenario(clock: virtual_time.LoopClock) -> None:
        async with testing.Fleet(clock, lambda: [Small()]) as fleet:
            await fleet.create_config()
            await fleet.create_cluster("hangs")
            await _in(5.0, fleet, "healthy")
            await asyncio.sleep(890.0)
            assert _reason(fleet, "hangs", "Ready") == ""
            await asyncio.sleep(15.0)
            assert _reason(fleet, "hangs", "Ready") == "AttemptFailed"

    virtual_time.run(scenario)


def test_an_endless_list_is_not_read_to_its_end(odd: Callable[[Odd], None]) -> None:
    pages: list[str] = []

    def endless(name: str, inner: Transport) -> Transport:
        async def pages_of(request: ServerRequest, payload: Payload) -> Any:
            await asyncio.sleep(0.5)
            pages.append(name)
            return {"items": [], "metadata": {"resourceVersion": "1", "continue": "more"}}

        return Wrapped(inner, list=pages_of) if name == "bad" else inner

    odd(endless)

    async def scenario(clock: virtual_time.LoopClock) -> None:
        async with testing.Fleet(clock, lambda: [Definitions()]) as fleet:
            await fleet.create_config()
            await fleet.create_cluster("bad")
            await asyncio.sleep(3600.0)
            assert len(pages) < 500
            await _in(5.0, fleet, "good")

    virtual_time.run(scenario)


class Definitions(Small):
    """Contributes two CRDs, so that they are looked for in one list."""

    name = "definitions"

    @api.hookimpl
    def contribute(self, view: api.View) -> api.Contribution:
        return api.Contribution(objects=tuple(map(_definition, ("foos", "bars"))))


def _definition(plural: str) -> dict[str, Any]:
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": plural, "kind": plural.title()},
            "versions": [{"name": "v1", "served": True, "storage": True}],
        },
    }


# Plugins that misbehave.


class PanicError(BaseException):
    """As libraries written in Rust raise it."""


def _panic() -> None:
    raise PanicError("unwrap on None")


def _exit() -> None:
    sys.exit(3)


def _cancel_later() -> None:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().call_later(5.0, task.cancel)


async def _endless() -> None:
    while not asyncio.get_running_loop().time() > 3_000.0:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(100.0)


@pytest.mark.parametrize(
    ("verb", "act"),
    [
        ("observe", _panic),
        ("observe", _exit),
        ("observe", _cancel_later),
        ("observe", _endless),
        ("contribute", _panic),
        ("contribute", _exit),
        ("on_event", _panic),
        ("on_event", _exit),
    ],
    ids=lambda part: part if isinstance(part, str) else part.__name__,
)
def test_a_plugin_that_misbehaves_for_one_cluster_does_not_stop_the_others(
    verb: str, act: Callable[[], Any]
) -> None:
    async def scenario(clock: virtual_time.LoopClock) -> None:
        async with testing.Fleet(clock, lambda: [Small(None, **{verb: act})]) as fleet:
            await fleet.create_config()
            await fleet.create_cluster("bad")
            await asyncio.sleep(60.0)
            await _in(5.0, fleet, "good")
            if verb != "on_event" and act is not _cancel_later:
                assert _reason(fleet, "bad", "SmallReady") == "VerbFailed"
            if act is _endless:
                await asyncio.sleep(3_000.0)  # it leaves no task behind

    virtual_time.run(scenario)


class Kept(Small):
    """Contributes a Secret with a value that it keeps itself."""

    name = "kept"
    opens: Callable[[], Awaitable[bytes]]

    @api.hookimpl
    def contribute(self, view: api.View) -> api.Contribution:
        source = api.SecretSource(plugin="kept", key="password")
        secret = api.SecretObject(namespace="default", name="s", data={"password": source})
        return api.Contribution(secrets=(secret,))

    async def open_secret(self, source: api.SecretSource, ctx: api.SecretContext) -> bytes:
        return await self.opens()


class Other(Small):
    name = "other"


async def _hangs() -> bytes:
    await asyncio.Event().wait()
    return b""


async def _tells() -> bytes:
    raise KeyError("no field in {'password': 'c4nary'}")


async def _wrong() -> bytes:
    wrong: Any = "c4nary"
    return wrong  # type: ignore[no-any-return]


@pytest.mark.parametrize("opens", [_hangs, _tells, _wrong])
def test_a_secret_that_cannot_be_opened_is_told_of_its_plugin(
    opens: Callable[[], Awaitable[bytes]], caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(clock: virtual_time.LoopClock) -> None:
        Kept.opens = staticmethod(opens)
        async with testing.Fleet(clock, lambda: [Kept(), Other()]) as fleet:
            await fleet.create_config()
            for number in range(12):
                await fleet.create_cluster(f"shop-{number}")
            await asyncio.sleep(200.0)
            for number in range(12):
                assert _reason(fleet, f"shop-{number}", "KeptReady") == "VerbFailed"
                assert _reason(fleet, f"shop-{number}", "OtherReady") == "Ready"
            record = fleet.record("shop-0")
            assert "c4nary" not in str(record)

    virtual_time.run(scenario)
    assert "c4nary" not in str([vars(line) for line in caplog.records])


# Leaving.


@contextlib.asynccontextmanager
async def _leaving(clock: virtual_time.LoopClock, **policies: str) -> Any:
    """A Cluster whose infrastructure hangs, about to be deleted."""
    outside: set[str] = set()
    async with testing.Fleet(clock, lambda: [Small(outside)]) as fleet:

        async def stays(cluster: Any) -> None:
            return None

        fleet.capi.tear_down = stays  # type: ignore[method-assign]
        await fleet.create_config({"deadline": "5m", "drainTimeout": "1m", **policies})
        await fleet.create_cluster("shop")
        await fleet.until_phase("shop", "Running")
        yield fleet


def _let_go(fleet: testing.Fleet) -> str:
    record = fleet.record("shop")
    assert record is not None
    state = record.spec.leaving
    return state.let_go.why if state is not None and state.let_go is not None else ""


def _held(fleet: testing.Fleet) -> str:
    return _reason(fleet, "shop", "Held")


ANSWERS: tuple[Any, ...] = (
    {},
    [],
    None,
    {"metadata": None},
    {"metadata": []},
    {"metadata": {"uid": 7}},
    {"metadata": {"uid": "x" * 10_000}},
    RecursionError(),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "x"),
    UnicodeError("label empty or too long"),
    AttributeError("'list' object has no attribute 'get'"),
)


@pytest.mark.parametrize(
    "answer", ANSWERS, ids=lambda answer: f"{type(answer).__name__}-{str(answer)[:20]}"
)
def test_whatever_answers_at_a_kubeconfig_a_deleted_cluster_goes(
    odd: Callable[[Odd], None], answer: Any
) -> None:
    strange = False

    def change(name: str, inner: Transport) -> Transport:
        async def get(request: ServerRequest, payload: Payload) -> Any:
            if request.name != "kube-system":
                return await inner.send(request, payload)
            if isinstance(answer, BaseException):
                raise answer
            return answer

        return Wrapped(inner, get=get) if strange else inner

    odd(change)

    async def scenario(clock: virtual_time.LoopClock) -> None:
        nonlocal strange
        async with _leaving(clock) as fleet:
            strange = True
            await fleet.delete_cluster("shop")
            await asyncio.sleep(30.0)
            assert _held(fleet) == "WorkloadUnreachable"
            await fleet.until(lambda: _let_go(fleet) != "", seconds=900.0)

    virtual_time.run(scenario)


@pytest.mark.parametrize(
    ("step", "error"),
    [
        *((step, KeyError("uid")) for step in ("confirm", "drain", "fence", "sweep", "verify")),
        ("sweep", RecursionError()),
        ("sweep", errors.InvalidError("metadata.name: too long")),
    ],
    ids=lambda part: part if isinstance(part, str) else type(part).__name__,
)
def test_a_step_that_fails_by_what_nobody_foresaw_does_not_hold_for_ever(
    monkeypatch: pytest.MonkeyPatch, step: str, error: Exception
) -> None:
    original = leaving.step

    async def broken(attempt: Any, name: Any) -> Any:
        if name == step:
            raise error
        return await original(attempt, name)

    monkeypatch.setattr(leaving, "step", broken)

    async def scenario(clock: virtual_time.LoopClock) -> None:
        async with _leaving(clock) as fleet:
            await fleet.delete_cluster("shop")
            await asyncio.sleep(250.0)
            foreseen = isinstance(error, errors.KubeError)
            assert _held(fleet) == ("KubernetesError" if foreseen else "AttemptFailed")
            assert _reason(fleet, "shop", "Ready") == "Leaving"
            assert _let_go(fleet) == ""
            await fleet.until(lambda: _let_go(fleet) == "Deadline", seconds=1200.0)
            await asyncio.sleep(5.0)
            cluster = fleet.cluster("shop")
            assert cluster is not None
            assert "akoo.io/cleanup" not in cluster["metadata"]["finalizers"]

    virtual_time.run(scenario)


@pytest.mark.parametrize("why", ["hold", "paused", "conflict", "silent", "lives"])
def test_what_says_nothing_about_the_record_does_not_count(
    monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    failures = {
        "conflict": errors.ConflictError("stale"),
        "silent": errors.UnreachableError("no answer"),
    }

    async def broken(attempt: Any, name: Any) -> Any:
        raise failures.get(why, KeyError("uid"))

    monkeypatch.setattr(leaving, "step", broken)

    async def scenario(clock: virtual_time.LoopClock) -> None:
        policies = {"onDeadline": "Hold"} if why == "hold" else {"onUnmatch": "Remove"}
        async with _leaving(clock, **policies) as fleet:
            if why == "lives":
                await fleet.patch_cluster("shop", {"metadata": {"labels": {"lb": None}}})
            else:
                await fleet.delete_cluster("shop")
            if why == "paused":
                await asyncio.sleep(5.0)
                await fleet.patch_cluster("shop", {"spec": {"paused": True}})
            await asyncio.sleep(600.0 if why == "conflict" else 5400.0)
            assert _let_go(fleet) == ""

    virtual_time.run(scenario)


def test_machines_that_cannot_be_listed_hold_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def machines(*args: Any) -> Any:
        raise errors.ForbiddenError("machines.cluster.x-k8s.io is forbidden")

    async def scenario(clock: virtual_time.LoopClock) -> None:
        async with _leaving(clock) as fleet:
            monkeypatch.setattr(machines_, "machines", machines)
            await fleet.delete_cluster("shop")
            await fleet.until(lambda: _let_go(fleet) == "Proven", seconds=600.0)

    virtual_time.run(scenario)


# Conflicts of a workload API.


@pytest.mark.parametrize("method", ["apply", "delete"])
def test_a_conflict_of_a_workload_api_is_told_and_backs_off(
    odd: Callable[[Odd], None], method: str
) -> None:
    tries: list[str] = []
    conflicting = method == "apply"

    def change(name: str, inner: Transport) -> Transport:
        async def conflict(request: ServerRequest, payload: Payload) -> Any:
            if not conflicting:
                return await inner.send(request, payload)
            tries.append(name)
            raise errors.ConflictError("Operation cannot be fulfilled on resourcequotas")

        return Wrapped(inner, **{method: conflict})

    odd(change)

    async def scenario(clock: virtual_time.LoopClock) -> None:
        nonlocal conflicting
        async with _leaving(clock, onUnmatch="Remove", deadline="1h") as fleet:
            conflicting = True
            await fleet.patch_cluster("shop", {"metadata": {"labels": {"lb": None}}})
            await asyncio.sleep(1800.0)
            assert len(tries) < 30
            assert _held(fleet) == "KubernetesError"

    async def deploying(clock: virtual_time.LoopClock) -> None:
        async with testing.Fleet(clock, lambda: [Small()]) as fleet:
            await fleet.create_config()
            await fleet.create_cluster("shop")
            await asyncio.sleep(1800.0)
            assert len(tries) < 30
            assert _reason(fleet, "shop", "SmallReady") == "WorkloadConflict"

    virtual_time.run(deploying if method == "apply" else scenario)


# The process.


def test_a_process_whose_worker_has_gone_ends() -> None:
    """A leader that is healthy and works on nothing would keep all others from working."""

    async def scenario(clock: virtual_time.LoopClock) -> None:
        fleet = testing.Fleet(clock, lambda: [Small()])
        await fleet.__aenter__()
        await fleet.create_config()
        await _in(5.0, fleet, "shop")
        (worker,) = (task for task in asyncio.all_tasks() if task.get_name() == "record-worker-0")
        worker.cancel()
        with pytest.raises(BaseExceptionGroup) as caught:
            await fleet.until(lambda: False, seconds=60.0)
        assert caught.value.subgroup(core_errors.WorkerEndedError) is not None
        await fleet.__aexit__(None, AssertionError(), None)

    virtual_time.run(scenario)


# Clients.


def test_clients_of_clusters_that_went_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    pools: list[Any] = []
    made = workloads.MemoryWorkloads.__init__

    def noted(self: Any, *args: Any, **options: Any) -> None:
        made(self, *args, **options)
        pools.append(self)

    monkeypatch.setattr(workloads.MemoryWorkloads, "__init__", noted)

    async def scenario(clock: virtual_time.LoopClock) -> None:
        async with testing.Fleet(clock, lambda: [Small()]) as fleet:
            await fleet.create_config({"deadline": "1m"})
            for how in ("ordinary", "torn", "moved"):
                await _in(5.0, fleet, how)
                if how == "moved":
                    moving = {"clusterctl.cluster.x-k8s.io/delete-for-move": ""}
                    patch = {"spec": {"paused": True}, "metadata": {"annotations": moving}}
                    await fleet.patch_cluster(how, patch)
                await fleet.delete_cluster(how)
                if how != "ordinary":
                    await fleet.patch_cluster(how, {"metadata": {"finalizers": None}})
                await fleet.until_gone(how)
                await fleet.until(lambda: not pools[-1]._open, seconds=600.0)

    virtual_time.run(scenario)


def test_the_longest_wait_for_a_slot_is_shorter_than_the_time_it_is_kept() -> None:

    assert round_deployment.UNREACHABLE_SECONDS < pace.FORGOTTEN_SECONDS
