"""Reflector core and store against a model API server with every fault of a real one.

The server lists (stale, in pages, with tokens that expire), watches (from a version, or with
initial events in any order), forgets its history, drops streams and replays old lines. Whatever it
does: the store follows, no deletion is lost, nothing dead comes back, versions never go back, and
the changes of each key tell its story without gaps.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from hypothesis import settings, stateful
from hypothesis import strategies as st

from akoo_core.cache import reflector_actions, reflector_core, store
from akoo_core.cache.indexes import NamespacedName
from akoo_core.kube.resource import CONFIG_MAPS

NAMES = st.sampled_from(["a", "b", "c"])
ERRORS = st.sampled_from(list(reflector_actions.Failure))
PAGE = 2
FIRST_VERSION = 10
"""A real list never has version 0."""


@dataclasses.dataclass
class Stream:
    """An open watch: lines that were sent, and the version it goes on from."""

    position: int
    initial: list[tuple[str, str, dict[str, Any] | None, bool]]
    sent: list[tuple[str, str, dict[str, Any] | None, bool]]


class Server:
    """Model of a collection in an API server: objects, a version, a history that is cut off."""

    def __init__(self) -> None:
        self.version = FIRST_VERSION
        self.floor = 0
        self.history: list[tuple[int, str, dict[str, Any]]] = []
        self.tokens: dict[str, tuple[int, int]] = {}

    def write(self, kind: str, name: str, uid: str, payload: int) -> None:
        self.version += 1
        metadata = {"name": name, "uid": uid, "resourceVersion": str(self.version)}
        metadata["namespace"] = "ns"
        obj = {"metadata": metadata, "data": {"n": payload}}
        self.history.append((self.version, kind, obj))

    def at(self, version: int) -> dict[str, dict[str, Any]]:
        """The collection as it was at ``version``."""
        objects: dict[str, dict[str, Any]] = {}
        for when, kind, obj in self.history:
            if when > version:
                break
            name = obj["metadata"]["name"]
            if kind == "DELETED":
                objects.pop(name, None)
            else:
                objects[name] = obj
        return objects

    @property
    def objects(self) -> dict[str, dict[str, Any]]:
        return self.at(self.version)


class World(stateful.RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.server = Server()
        self.chance = 0.0
        self.core = reflector_core.ReflectorCore(uniform=lambda: self.chance)
        self.store = store.Store(CONFIG_MAPS, indexes={"uid": lambda obj: [obj["metadata"]["uid"]]})
        self.now = 0.0
        self.data: st.DataObject | None = None
        self.stream: Stream | None = None
        self.count = 0
        self.story: dict[NamespacedName, dict[str, Any]] = {}
        self.gone: set[str] = set()
        self.versions = [0]

    # The server's life.

    def next_uid(self) -> str:
        self.count += 1
        return f"uid-{self.count}"

    @stateful.rule(name=NAMES)
    def create_or_update(self, name: str) -> None:
        known = self.server.objects.get(name)
        uid = known["metadata"]["uid"] if known else self.next_uid()
        self.server.write("MODIFIED" if known else "ADDED", name, uid, self.count)

    @stateful.rule(name=NAMES, again=st.booleans())
    def delete(self, name: str, again: bool) -> None:
        known = self.server.objects.get(name)
        if known is None:
            return
        self.server.write("DELETED", name, known["metadata"]["uid"], self.count)
        if again:
            self.server.write("ADDED", name, self.next_uid(), self.count)

    @stateful.rule()
    def other_kinds_are_written(self) -> None:
        self.server.version += 3

    @stateful.rule()
    def compact(self) -> None:
        self.server.floor = self.server.version

    # The reflector's life: one request or one line at a time, or a fault instead.

    @stateful.rule(data=st.data(), chance=st.sampled_from([0.0, 0.9]), times=st.integers(1, 4))
    def proceed(self, data: st.DataObject, chance: float, times: int) -> None:
        self.chance, self.data = chance, data
        for _ in range(times):
            self.proceed_once()

    def between(self, least: int, most: int) -> int:
        """Any number when faults are possible, else the highest."""
        return self.data.draw(st.integers(least, most)) if self.data else most

    def proceed_once(self) -> None:
        if self.stream is not None:
            self.line()
            return
        step = self.core.next(self.now)
        if isinstance(step, reflector_actions.Pause):
            assert 0 < step.seconds <= 30.0
            self.now += step.seconds
        elif isinstance(step, reflector_actions.ListPage):
            self.serve_page(step)
        else:
            self.serve_watch(step)

    @stateful.rule(error=ERRORS)
    def fail(self, error: reflector_actions.Failure) -> None:
        if self.stream is None and isinstance(self.core.next(self.now), reflector_actions.Pause):
            return
        self.stream = None
        self.core.failed(self.now, error)

    @stateful.precondition(lambda self: self.stream)
    @stateful.rule(lived=st.sampled_from([0.1, 300.0]))
    def close_stream(self, lived: float) -> None:
        self.now += lived
        self.stream = None
        self.core.ended(self.now)

    @stateful.precondition(lambda self: self.stream and self.stream.sent)
    @stateful.rule(data=st.data())
    def replay_a_line(self, data: st.DataObject) -> None:
        assert self.stream is not None
        self.tell(data.draw(st.sampled_from(self.stream.sent)))

    def serve_page(self, step: reflector_actions.ListPage) -> None:
        if step.token:
            version, start = self.server.tokens[step.token]
            if version < self.server.floor:
                self.core.failed(self.now, reflector_actions.Failure.GONE)
                return
        else:
            version, start = self.server.version, 0
        objects = list(self.server.at(version).values())
        assert step.limit
        end = start + PAGE
        token = f"{version}+{end}" if end < len(objects) else ""
        if token:
            self.server.tokens[token] = (version, end)
        items = [self.store.item(obj) for obj in objects[start:end]]
        self.apply(self.core.page(items, str(version), token))

    def serve_watch(self, step: reflector_actions.OpenWatch) -> None:
        if not step.initial_events:
            if int(step.resource_version) < self.server.floor:
                self.core.failed(self.now, reflector_actions.Failure.GONE)
                return
            self.stream = Stream(int(step.resource_version), [], [])
            return
        end = self.snapshot(step.resource_version)
        start = self.between(FIRST_VERSION, end)
        objects = list(self.server.at(start).values())
        if self.data:
            objects = self.data.draw(st.permutations(objects))
        lines = [("ADDED", obj["metadata"]["resourceVersion"], obj, False) for obj in objects]
        # A cache that lies behind sends what it has and then, still before the bookmark, the rest.
        later = [line for line in self.server.history if start < line[0] <= end]
        lines += [(kind, str(version), obj, False) for version, kind, obj in later]
        self.stream = Stream(end, [*lines, ("BOOKMARK", str(end), None, True)], [])

    def snapshot(self, version: str) -> int:
        """The state that the server answers with: any that is not older than requested."""
        least = {"": self.server.version, "0": FIRST_VERSION}.get(version)
        least = int(version) if least is None else least
        return self.between(min(least, self.server.version), self.server.version)

    def line(self) -> None:
        """The next line of the stream, or a bookmark when there is nothing to tell."""
        assert self.stream is not None
        self.now += 2.0 * self.between(0, 1)
        news = self.news(self.stream)
        if self.stream.initial:
            line = self.stream.initial.pop(0)
        elif news:
            version, kind, obj = news[0]
            line = (kind, str(version), obj, False)
            self.stream.position = version
            self.stream.sent.append(line)
        else:
            self.stream.position = self.server.version
            line = ("BOOKMARK", str(self.server.version), None, False)
        self.tell(line)

    def news(self, stream: Stream) -> list[tuple[int, str, dict[str, Any]]]:
        return [line for line in self.server.history if line[0] > stream.position]

    def tell(self, line: tuple[str, str, dict[str, Any] | None, bool]) -> None:
        kind, version, obj, end = line
        item = self.store.item(obj) if obj else None
        self.apply(self.core.event(kind, version, item, initial_end=end))

    # The listener.

    def apply(self, effect: reflector_actions.Effect | None) -> None:
        if isinstance(effect, reflector_actions.Replace):
            changes = self.store.replace(effect.items)
        elif isinstance(effect, reflector_actions.Put):
            changes = self.store.put(effect.item)
        elif isinstance(effect, reflector_actions.Remove):
            changes = self.store.remove(effect.item)
        else:
            changes = []
        for change in changes:
            assert change.tombstone <= isinstance(effect, reflector_actions.Replace), (
                "streams tell all"
            )
            self.listen(change)

    def listen(self, change: store.Change) -> None:
        before = self.story.get(change.key)
        old, new = change.old, change.new
        if new is None:
            assert before is not None, "a deletion of what was never there"
            assert old is not None
            assert old["metadata"]["uid"] == before["metadata"]["uid"]
            assert change.tombstone == (old == before), "seen: the final state; else the last known"
            del self.story[change.key]
            self.gone.add(before["metadata"]["uid"])
            return
        assert old == before, "a gap in the story of this key"
        uid = new["metadata"]["uid"]
        assert uid not in self.gone, "the dead came back"
        if before is not None:
            assert uid == before["metadata"]["uid"], "another UID is a deletion and a creation"
            assert int(new["metadata"]["resourceVersion"]) > int(
                before["metadata"]["resourceVersion"]
            ), "a change that is none"
        self.story[change.key] = new

    # What always holds.

    @stateful.invariant()
    def the_story_is_the_store(self) -> None:
        if self.story or len(self.store):
            stored = {
                NamespacedName("ns", obj["metadata"]["name"]): obj for obj in self.store.objects()
            }
            assert stored == self.story
            for key, obj in stored.items():
                assert self.store.keys_by("uid", obj["metadata"]["uid"]) == (key,)
        for uid in self.gone:
            assert self.store.keys_by("uid", uid) == (), "the index keeps the dead"

    @stateful.invariant()
    def versions_never_go_back(self) -> None:
        version = int(self.core.resource_version or 0)
        assert version >= self.versions[-1]
        self.versions.append(version)

    @stateful.invariant()
    def a_synced_store_is_a_state_the_server_was_in(self) -> None:
        if self.core.synced:
            then = self.server.at(int(self.core.resource_version))
            assert {key.name: obj for key, obj in self.story.items()} == then

    def teardown(self) -> None:
        """Faults stop: the store becomes what the server has, in a bounded number of steps."""
        self.data = None
        for _ in range(60):
            stream = self.stream
            if stream and self.core.synced and not stream.initial and not self.news(stream):
                break
            self.proceed_once()
        else:
            raise AssertionError("did not converge")
        assert {key.name: obj for key, obj in self.story.items()} == self.server.objects
        alive = {obj["metadata"]["uid"] for obj in self.server.objects.values()}
        assert not alive & self.gone


World.TestCase.settings = settings(
    max_examples=300, stateful_step_count=40, deadline=None, derandomize=True
)
TestReflectorAgainstModel = World.TestCase
