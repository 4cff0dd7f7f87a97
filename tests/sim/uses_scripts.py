"""The real code of both sides of a use, driven by hand: each call to an API server is one step.

A process is a coroutine that yields a Call and is sent its answer. It is deterministic, so where it
stands is what it was started with and the answers so far: a value.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine, Generator, Mapping
from types import SimpleNamespace
from typing import Any, NamedTuple

from akoo_core import clock, structs
from akoo_core.kube import client as client_
from akoo_core.kube import errors
from akoo_core.kube.resource import Resource
from akoo_core.objects import record
from akoo_core.plugin import api, uses
from akoo_core.reconcile.act import attempt, intents, leaving
from tests.unit.reconcile import reconcile_builders as builders

POOLS = Resource("akoo.io", "v1alpha1", "aviippools", "AviIPPool", namespaced=False)
POOL = "pool-1"
PLUGIN = "pool"
Uses = tuple[record.StoredUse, ...]


class Call(NamedTuple):
    """One call that a process makes, and waits for."""

    to: str
    subject: Any = None

    def __await__(self) -> Generator[Call, Any, Any]:
        return (yield self)


class Start(NamedTuple):
    """The arguments that a process was started with."""

    script: str
    uid: int
    """live: of the pool, as the plugin's cache shows it. control: 1 to ask by UID, 0 by name."""


Answers = tuple[Any, ...]


@functools.cache
def next_call(start: Start, answers: Answers) -> Call | None:
    """The next action of a process after these answers; None when it has ended."""
    process = SCRIPTS[start.script](start.uid)
    call: Call | None = None
    try:
        call = process.send(None)
        for answer in answers:
            call = process.send(answer)
    except StopIteration:
        return None
    finally:
        process.close()
    return call


# The record's side: intents.store and the step release, with everything below them.


class _User(api.Plugin):
    name = PLUGIN

    def __init__(self, uid: int) -> None:
        super().__init__()
        self.uid = uid


class _Caller:
    """Calls the verbs of _User without an event loop."""

    def call_pure(self, verb: str, plugin: _User, view: api.View) -> api.Intent:
        return api.Intent(uses=(api.Use(resource=POOLS, name=POOL, uid=str(plugin.uid)),))

    def implements(self, plugin: _User, verb: str) -> bool:
        return verb == "release"

    async def call(self, verb: str, plugin: _User, ctx: api.VerbContext) -> api.Done:
        await Call("untouch")
        return api.Done()


class _Records:
    async def change(
        self,
        before: record.Record,
        spec: record.RecordSpec,
        *,
        consumed: tuple[str, ...],
        labels: Mapping[str, str],
    ) -> record.Record:
        assert not consumed
        assert not labels
        await Call("store", spec.uses)
        return structs.replace(before, spec=spec)


class _Client:
    """The API server as both sides see it."""

    async def get(self, resource: Resource, name: str) -> client_.Object:
        pool = await Call("get pool")
        if pool is None:
            raise errors.NotFoundError("gone")
        uid, deleting = pool
        gone = {"deletionTimestamp": "2026-03-01T12:00:00Z"} if deleting else {}
        return {"metadata": {"name": name, "uid": str(uid)} | gone}

    async def list(self, resource: Resource, *, token: str) -> client_.Page:
        listed = await Call("list uses")
        items = [_object(f"akoo-{number}", uses) for number, uses in enumerate(listed)]
        return client_.Page(items=items, token="", resource_version="1")


def _object(name: str, uses: Uses) -> client_.Object:
    obj = record.to_object(name, builders.make_spec(uses=uses))
    obj["metadata"] |= {
        "uid": name,
        "resourceVersion": "1",
        "creationTimestamp": "2026-03-01T12:00:00Z",
    }
    return obj


def _attempt(uses: Uses, uid: int, state: record.Leaving | None) -> attempt.Attempt:
    plugin = _User(uid)
    spec = builders.make_spec(uses=uses, plugins=(PLUGIN,), leaving=state)
    services: Any = SimpleNamespace(
        management=_Client(),
        plugins=SimpleNamespace(ordered=(plugin,), reverse=(plugin,), get=lambda name: plugin),
        caller=_Caller(),
        records=_Records(),
        clock=clock.ManualClock(builders.NOW),
        workloads=SimpleNamespace(silent_seconds=lambda uid: 0.0),
        threads=lambda name: None,
        shared=lambda name: None,
        external=None,
        secrets=SimpleNamespace(once=lambda: None),
        logins=None,
        keep=lambda plugin: None,
        config_maps=lambda plugin: None,
    )
    record_ = structs.replace(builders.make_record(), spec=spec)
    return attempt.Attempt(services=services, name=record_.name, number=0, record=record_)


async def _live(uid: int) -> None:
    work = _attempt(await Call("read record"), uid, None)
    if PLUGIN not in await intents.store(work):
        await Call("touch", uid)


async def _leave(uid: int) -> None:
    work = _attempt(await Call("read record"), uid, builders.make_leaving())
    await leaving.step(work, "release")


# The object's side: what a plugin's controller does, with the real uses_of.


async def _control(by_uid: int) -> None:
    client: Any = _Client()
    try:
        seen = (await client.get(POOLS, POOL))["metadata"]
    except errors.NotFoundError:
        return
    uid = int(seen["uid"])
    if "deletionTimestamp" not in seen:
        await Call("make outside", uid)
    elif not await uses.uses_of(client, POOLS, POOL, seen["uid"] if by_uid else ""):
        await Call("delete outside", uid)
        await Call("drop finalizer", uid)


async def _hasty(by_uid: int) -> None:
    """A controller that is wrong: it looks at the records before it knows of the deletion."""
    client: Any = _Client()
    users = await uses.uses_of(client, POOLS, POOL)
    try:
        seen = (await client.get(POOLS, POOL))["metadata"]
    except errors.NotFoundError:
        return
    if "deletionTimestamp" not in seen:
        await Call("make outside", int(seen["uid"]))
    elif not users:
        await Call("delete outside", int(seen["uid"]))
        await Call("drop finalizer", int(seen["uid"]))


SCRIPTS: dict[str, Callable[[int], Coroutine[Call, Any, None]]] = {
    "live": _live,
    "leave": _leave,
    "control": _control,
    "hasty": _hasty,
}
