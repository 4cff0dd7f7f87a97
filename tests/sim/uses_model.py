"""Every interleaving of two records, a shared object's controller, its user, and crashes.

A state is a value; it is explored once. What a process does next comes from the real code
(``uses_scripts``); what a call does to the world is here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.sim import uses_scripts as scripts


class BrokenError(AssertionError):
    """The invariant does not hold."""


class Process(NamedTuple):
    """The position of a process."""

    start: scripts.Start
    answers: scripts.Answers = ()

    @property
    def call(self) -> scripts.Call | None:
        return scripts.next_call(self.start, self.answers)


class Owner(NamedTuple):
    """A record that may use the pool, and the attempt at it."""

    uses: scripts.Uses = ()
    touched: int = 0
    """UID of the pool whose outside thing this cluster has its hands on."""
    stage: str = "live"
    process: Process | None = None


class World(NamedTuple):
    owners: tuple[Owner, ...]
    pool: tuple[int, bool] | None = None
    """UID, and whether it is being deleted."""
    outside: int = 0
    """UID of the pool that made what is outside."""
    made: int = 0
    controller: Process | None = None


class Step(NamedTuple):
    message: str
    world: World
    crash: bool = False


def canonical(world: World) -> World:
    """The records are alike: their order does not matter. (Two with one hash would only be explored
    twice.)"""
    return world._replace(owners=tuple(sorted(world.owners, key=hash)))


def steps(world: World, controller: str, *, by_uid: bool, pools: int) -> Iterator[Step]:
    """All that can happen next. Raises BrokenError."""
    yield from _people(world, pools)
    for index, owner in enumerate(world.owners):
        yield from _record(world, index, owner)
    if world.controller is None:
        if world.pool is not None:
            started = Process(scripts.Start(controller, int(by_uid)))
            yield Step("controller starts", _settled(world._replace(controller=started)))
        return
    yield Step("controller crashes", world._replace(controller=None), crash=True)
    call = world.controller.call
    assert call is not None
    after, answer = _controller_call(world, call)
    went_on = world.controller._replace(answers=(*world.controller.answers, answer))
    yield Step(f"controller: {call.to}", _settled(after._replace(controller=went_on)))


def _people(world: World, pools: int) -> Iterator[Step]:
    if world.pool is None and world.made < pools:
        made = world.made + 1
        yield Step("pool made", world._replace(pool=(made, False), made=made))
    if world.pool is not None and not world.pool[1]:
        yield Step("pool deleted", world._replace(pool=(world.pool[0], True)))


def _record(world: World, index: int, owner: Owner) -> Iterator[Step]:
    if owner.stage == "live":
        yield Step("cluster deleted", _with(world, index, owner._replace(stage="leaving")))
    if owner.process is None:
        for start in _starts(world, owner):
            yield Step(f"{start}", _with(world, index, owner._replace(process=Process(start))))
        return
    yield Step("attempt crashes", _with(world, index, owner._replace(process=None)), crash=True)
    call = owner.process.call
    assert call is not None
    changed, answer = _record_call(world, owner, call)
    went_on = owner.process._replace(answers=(*owner.process.answers, answer))
    yield Step(f"record: {call}", _with(world, index, changed._replace(process=went_on)))


def _starts(world: World, owner: Owner) -> Iterator[scripts.Start]:
    if owner.stage == "live":
        for uid in range(1, world.made + 1):  # Caches may be behind.
            yield scripts.Start("live", uid)
    if owner.stage == "leaving":
        yield scripts.Start("leave", 1)


def _with(world: World, index: int, owner: Owner) -> World:
    owners = (*world.owners[:index], owner, *world.owners[index + 1 :])
    return _settled(world._replace(owners=owners))


def _settled(world: World) -> World:
    """Processes that have ended are gone."""
    owners = []
    for owner in world.owners:
        if owner.process is None or owner.process.call is not None:
            owners.append(owner)
            continue
        left = owner.process.start.script == "leave"
        owners.append(owner._replace(process=None, stage="done" if left else owner.stage))
    ended = world.controller is not None and world.controller.call is None
    return world._replace(owners=tuple(owners), controller=None if ended else world.controller)


def _record_call(world: World, owner: Owner, call: scripts.Call) -> tuple[Owner, Any]:
    match call.to:
        case "read record":
            return owner, owner.uses
        case "store":
            return owner._replace(uses=call.subject), None
        case "get pool":
            return owner, world.pool
        case "untouch":
            return owner._replace(touched=0), None
        case "touch":
            confirmed = {use.uid for use in owner.uses if use.state == "confirmed"}
            if str(call.subject) not in confirmed:
                raise BrokenError(
                    f"touched without a confirmed use of {call.subject}: {owner.uses}"
                )
            # Nothing there yet: the plugin would wait. Somebody else's: the invariant is broken.
            if world.outside not in (0, call.subject):
                raise BrokenError(
                    f"{call.subject} is meant, what is there belongs to {world.outside}"
                )
            return owner._replace(touched=world.outside), None
    raise AssertionError(call)


def _controller_call(world: World, call: scripts.Call) -> tuple[World, Any]:
    match call.to:
        case "get pool":
            return world, world.pool
        case "list uses":
            return world, tuple(owner.uses for owner in world.owners)
        case "make outside":
            return world._replace(outside=call.subject), None
        case "delete outside":
            for owner in world.owners:
                confirmed = {use.uid for use in owner.uses if use.state == "confirmed"}
                if owner.touched == call.subject or str(call.subject) in confirmed:
                    raise BrokenError(f"deleted outside, while it is used: {owner}")
            return world._replace(outside=0), None
        case "drop finalizer":
            return world._replace(pool=None), None
    raise AssertionError(call)


class Graph(NamedTuple):
    """All that can be reached, and from where."""

    worlds: set[World]
    before: dict[World, set[World]]
    """By state, those one step before it, crashes left out."""


def explore(
    controller: str = "control", *, by_uid: bool = True, records: int = 2, pools: int = 2
) -> Graph:
    """Everything from the beginning on. Raises BrokenError, with the way there."""
    first = World(owners=(Owner(),) * records)
    came: dict[World, tuple[World, str] | None] = {first: None}
    before: dict[World, set[World]] = {}
    todo = deque([first])
    while todo:
        world = todo.popleft()
        try:
            for step in steps(world, controller, by_uid=by_uid, pools=pools):
                then = canonical(step.world)
                if not step.crash:
                    before.setdefault(then, set()).add(world)
                if then not in came:
                    came[then] = (world, step.message)
                    todo.append(then)
        except BrokenError as error:
            raise BrokenError(f"{error}\n{' -> '.join(_way(world, came))}") from None
    return Graph(set(came), before)


def _way(world: World, came: dict[World, tuple[World, str] | None]) -> list[str]:
    path: list[str] = []
    at = came[world]
    while at is not None:
        path.append(at[1])
        at = came[at[0]]
    return path[::-1]


def reaching(graph: Graph, goals: set[World]) -> set[World]:
    """The states from which some way without a crash leads to one of ``goals``."""
    reached, todo = set(goals), deque(goals)
    while todo:
        for world in graph.before.get(todo.popleft(), ()):
            if world not in reached:
                reached.add(world)
                todo.append(world)
    return reached
