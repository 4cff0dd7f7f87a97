"""Snapshots: what a controller knew at a moment, to go back to, and to compare with."""

import dataclasses
import json
import typing
from collections.abc import Mapping

from akoo_testbed.avisim.access import auth
from akoo_testbed.avisim.objects import schema, store
from akoo_testbed.avisim.objects import state as states

FORMAT = 1


@dataclasses.dataclass(frozen=True, slots=True)
class Snapshot:
    """All objects, sessions, tokens, failures and activities. Cheap: it shares the objects."""

    objects: Mapping[store.Key, store.Stored]
    sessions: Mapping[str, auth.Session]
    tokens: Mapping[str, auth.Token]
    failures: Mapping[str, auth.Failures] = dataclasses.field(default_factory=dict)
    activities: Mapping[str, auth.Activity] = dataclasses.field(default_factory=dict)
    deleted_users: Mapping[str, store.Stored] = dataclasses.field(default_factory=dict)


def take(state: states.State) -> Snapshot:
    """The state as it is now."""
    accounts = state.accounts
    return Snapshot(
        state.objects.everything(),
        dict(accounts.sessions),
        dict(accounts.tokens),
        dict(accounts.failures),
        dict(accounts.activities),
        dict(accounts.deleted_users),
    )


def restore(state: states.State, snapshot: Snapshot, *, keep_sessions: bool = False) -> None:
    """Make the state that of a snapshot again.

    _last_modified of later writes stays ahead of all that was ever given. With `keep_sessions`
    clients stay logged in (those whose user is still there).
    """
    state.adopt(snapshot.objects)
    accounts = state.accounts
    accounts.tokens = dict(snapshot.tokens)
    accounts.failures = dict(snapshot.failures)
    accounts.activities = dict(snapshot.activities)
    accounts.deleted_users = dict(snapshot.deleted_users)
    if not keep_sessions:
        accounts.sessions = dict(snapshot.sessions)


@dataclasses.dataclass(frozen=True, slots=True)
class Diff:
    """The changes from one snapshot to another, by kind and uuid."""

    added: dict[store.Key, store.Stored]
    removed: dict[store.Key, store.Stored]
    changed: dict[store.Key, tuple[str, ...]]
    """Fields whose value is not the same."""
    touched: frozenset[store.Key]
    """Written without any field changing."""

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)

    def as_dict(self) -> dict[str, typing.Any]:
        """As text, for terminals and JSON."""
        return {
            "added": [f"{k}/{u} {s.name}" for (k, u), s in self.added.items()],
            "removed": [f"{k}/{u} {s.name}" for (k, u), s in self.removed.items()],
            "changed": {f"{k}/{u}": list(f) for (k, u), f in self.changed.items()},
        }


def diff(old: Snapshot, new: Snapshot) -> Diff:
    """The changes from `old` to `new`."""
    changed: dict[store.Key, tuple[str, ...]] = {}
    touched = set()
    for key in old.objects.keys() & new.objects.keys():
        before, after = old.objects[key], new.objects[key]
        if before is after:
            continue
        fields = _fields(before.data, after.data)
        if fields:
            changed[key] = fields
        else:
            touched.add(key)
    return Diff(
        {key: each for key, each in new.objects.items() if key not in old.objects},
        {key: each for key, each in old.objects.items() if key not in new.objects},
        changed,
        frozenset(touched),
    )


def _fields(before: schema.Json, after: schema.Json) -> tuple[str, ...]:
    names = before.keys() | after.keys()
    return tuple(sorted(name for name in names if before.get(name) != after.get(name)))


def dump(snapshot: Snapshot, profile: str) -> str:
    """A snapshot as text for a file. It holds private keys and hashes of passwords."""
    objects = []
    for each in snapshot.objects.values():
        value = {f.name: getattr(each, f.name) for f in dataclasses.fields(each)}
        objects.append({**value, "targets": sorted(each.targets)})
    tokens = [dataclasses.asdict(each) for each in snapshot.tokens.values()]
    activities = {user: dataclasses.asdict(each) for user, each in snapshot.activities.items()}
    whole = {"format": FORMAT, "profile": profile, "objects": objects}
    return json.dumps(whole | {"tokens": tokens, "activities": activities})


def load(text: str, profile: str) -> Snapshot:
    """Read the output of `dump`; sessions are not kept. Raises ValueError if it is of
    another kind."""
    value = json.loads(text)
    if value.get("format") != FORMAT:
        raise ValueError("not a state of this version of avisim")
    if value["profile"] != profile:
        raise ValueError(f"the state is of profile {value['profile']}, not {profile}")
    objects = {}
    for each in value["objects"]:
        each["targets"] = frozenset(map(tuple, each["targets"]))
        each["owner"] = tuple(each["owner"]) if each["owner"] else None
        stored = store.Stored(**each)
        objects[stored.key] = stored
    tokens = {each["uuid"]: auth.Token(**each) for each in value["tokens"]}
    # A file that an older avisim wrote has no activities: nobody has logged in, no password ages.
    activities = {user: auth.Activity(**each) for user, each in value.get("activities", {}).items()}
    return Snapshot(objects, {}, tokens, activities=activities)
