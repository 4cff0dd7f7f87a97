"""Everything a controller knows, and the small questions that all its parts ask."""

import dataclasses
import functools
import random
import uuid
from collections.abc import Callable, Iterator, Mapping

from akoo_testbed.avisim import kinds, switches, versions
from akoo_testbed.avisim.access import auth, permissions
from akoo_testbed.avisim.objects import references, schema, store

TICKS_PER_SECOND = 1_000_000
"""_last_modified counts microseconds."""
LINGER_SECONDS = 2.0
"""The time that a deleted object stays readable where `deleted-object` is `lingers`."""


@functools.cache
def _schema() -> schema.Schema:
    return schema.Schema(kinds.TABLES)


class State:
    """The state of one controller; no I/O, time and chance are given."""

    def __init__(
        self,
        *,
        profile: versions.Profile,
        chosen: switches.Switches,
        clock: Callable[[], float],
        rng: random.Random,
        strict: bool,
        identity: str = "",
    ) -> None:
        self.kinds = _schema()
        self.profile = profile
        self.switches = chosen
        self.clock = clock
        self.rng = rng
        self.strict = strict
        self.identity = identity
        """The seed of the uuids of a new controller's objects."""
        self.objects = store.Store()
        self.accounts = auth.Accounts(rng)
        self.upgrading = False
        self.leader = 0
        """The number of changes of the leader."""
        self.leader_since = clock()
        self.cluster_state = "CLUSTER_UP_HA_ACTIVE"
        self.oper_states: dict[store.Key, str] = {}
        """The states that tests set for objects that are not just up."""
        self.restarting = False
        self.outside_referrers: dict[store.Key, tuple[str, ...]] = {}
        """Referrers that are none of the kinds, by object: texts such as `GslbService x`."""
        self.gave_addresses: set[str] = set()
        """uuids of the networks that have given an address to a VIP."""
        self._lingering: dict[store.Key, tuple[store.Stored, float]] = {}
        self._modified = 0
        self._order = 0

    def kind(self, path: str) -> schema.Kind | None:
        """The kind at /api/<path>, if this release has it."""
        kind = self.kinds.kinds.get(path)
        return kind if kind is not None and kind.since <= self.profile.version else None

    def tick(self) -> int:
        """A new value for _last_modified."""
        self._modified = max(self._modified + 1, int(self.clock() * TICKS_PER_SECOND))
        return self._modified

    def adopt(self, objects: Mapping[store.Key, store.Stored]) -> None:
        """Hold exactly these objects; what is written later is later than all of them."""
        self._lingering.clear()
        self.objects.replace_all(objects)
        for each in objects.values():
            self._modified = max(self._modified, each.modified)
            self._order = max(self._order, each.order)

    def new_uuid(self, kind: str) -> str:
        """`<kind>-<uuid4>`."""
        return f"{kind}-{uuid.UUID(int=self.rng.getrandbits(128), version=4)}"

    def name_of(self, kind: str, uuid_: str) -> str:
        """The name of an object, "" if there is none."""
        stored = self.objects.get(kind, uuid_)
        return stored.name if stored else ""

    def shown(self, stored: store.Stored) -> str:
        """Model and name, as in texts of errors."""
        return f"{self.kinds.kinds[stored.kind].name} {stored.name}"

    def add(
        self,
        kind: schema.Kind,
        uuid_: str,
        data: schema.Json,
        *,
        owner: store.Key | None = None,
        builtin: bool = False,
    ) -> store.Stored:
        """Store a new object."""
        self._order += 1
        data["uuid"] = uuid_
        stored = store.Stored(
            kind=kind.path,
            uuid=uuid_,
            data=data,
            targets=self._targets(kind, data, owner),
            modified=self.tick(),
            order=self._order,
            owner=owner,
            builtin=builtin,
        )
        self.objects.put(stored)
        return stored

    def change(self, old: store.Stored, data: schema.Json) -> store.Stored:
        """Store new content of an object."""
        kind = self.kinds.kinds[old.kind]
        data["uuid"] = old.uuid
        stored = dataclasses.replace(
            old,
            data=data,
            targets=self._targets(kind, data, old.owner),
            modified=self.tick(),
            writes=old.writes + 1,
        )
        self.objects.put(stored)
        return stored

    def _targets(
        self, kind: schema.Kind, data: schema.Json, owner: store.Key | None
    ) -> frozenset[store.Key]:
        targets = references.targets(self.kinds, kind, data)
        return targets | {owner} if owner else targets

    def rights_of(self, user: store.Stored) -> permissions.Rights:
        """The rights of a user."""
        strict = self.switches["unlabelled-access"] == "read-no-labels"
        first = self.switches["several-roles"] == "first"
        return permissions.Rights(self.objects, user, strict=strict, first_only=first)

    def linger(self, stored: store.Stored) -> None:
        """Keep a deleted object readable for LINGER_SECONDS."""
        self._lingering[stored.key] = stored, self.clock() + LINGER_SECONDS

    def lingering(self, kind: str) -> Iterator[store.Stored]:
        """Deleted objects of a kind that are still readable."""
        for key, (stored, until) in list(self._lingering.items()):
            if self.clock() >= until or self.objects.get(*key) is not None:
                del self._lingering[key]
            elif stored.kind == kind:
                yield stored

    def users(self) -> Iterator[store.Stored]:
        """All users."""
        return iter(self.objects.of_kind("user"))

    def user_named(self, name: str) -> store.Stored | None:
        """The user who logs in under this name."""
        for user in self.users():
            if user.data.get("username") == name:
                return user
        return None

    @property
    def system_configuration(self) -> schema.Json:
        """The system configuration."""
        stored = self.objects.get("systemconfiguration", "default")
        return stored.data if stored else {}
