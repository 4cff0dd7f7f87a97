"""Random users do random things; a small model, written apart, says what must come of it.

References never dangle, names stay unique, nobody does what he may not, lists and pages agree with
the model, and a restored snapshot is the state that it was taken of.
"""

import copy
import dataclasses
import random
import typing

import hypothesis
from akoo_testbed.avisim import Controller, client, snapshots, switches
from akoo_testbed.avisim.objects import references
from hypothesis import stateful
from hypothesis import strategies as st

PASSWORD = "Correct-horse-1"
TENANTS = ("admin", "t1", "t2")
KINDS = ("healthmonitor", "pool", "poolgroup")
REFERS = {"pool": "healthmonitor", "poolgroup": "pool"}
USERS: dict[str, dict[str, dict[str, str]]] = {
    "writer": {"t1": dict.fromkeys(KINDS, "WRITE"), "t2": {"pool": "READ"}},
    "reader": {tenant: dict.fromkeys(KINDS, "READ") for tenant in TENANTS},
    "poolist": {"t1": {"pool": "WRITE"}, "t2": {"pool": "WRITE", "healthmonitor": "WRITE"}},
    "guarded": {"t1": dict.fromkeys(KINDS, "WRITE")},
}
"""Rights by user, tenant and kind; a role filter holds `guarded` to objects of cluster c1."""
LABELS = {"c1": "clustername", "c2": "clustername", "blue": "team"}
"""Values of markers, by their keys."""
UNLABELLED = "unlabelled-access"
"""The switch for what the filter makes of objects without a cluster."""

names = st.sampled_from(["a", "b", "c", "d"])
labels = st.sampled_from([*LABELS, None])
users = st.sampled_from(["admin", "admin", "writer", "guarded", "guarded", "reader", "poolist"])
tenants = st.sampled_from(["t1", "t1", "t1", "t2", "admin"])
kinds = st.sampled_from(KINDS)


@dataclasses.dataclass
class Thing:
    """An object as the model knows it."""

    kind: str
    tenant: str
    name: str
    label: str | None
    """The value of its only marker, if it has one."""
    refers: list[str]
    """uuids."""


def allowed(user: str, tenant: str, kind: str, *, write: bool) -> bool:
    if user == "admin":
        return True
    level = USERS[user].get(tenant, {}).get(kind, "")
    return level == "WRITE" or (level == "READ" and not write)


class Machine(stateful.RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.controller = Controller(password=PASSWORD, rng=random.Random(1), clock=lambda: 1e9)
        admin = client.Client(self.controller, password=PASSWORD)
        self.clients = {"admin": admin}
        for tenant in TENANTS[1:]:
            admin.post("tenant", {"name": tenant})
        for user, rights in USERS.items():
            self.clients[user] = self.make_user(admin, user, rights)
        self.things: dict[str, Thing] = {}
        self.kept: tuple[snapshots.Snapshot, dict[str, Thing]] | None = None

    def make_user(
        self, admin: client.Client, user: str, rights: dict[str, dict[str, str]]
    ) -> client.Client:
        label = {"key": LABELS["c1"], "values": ["c1"]}
        filters = [{"match_label": label}] if user == "guarded" else []
        access = []
        for tenant, levels in rights.items():
            privileges = [
                {"resource": f"PERMISSION_{kind.upper()}", "type": f"{level}_ACCESS"}
                for kind, level in levels.items()
            ]
            role = {"name": f"{user}-{tenant}", "privileges": privileges, "filters": filters}
            uuid = admin.post("role", role)["uuid"]
            access.append({"role_ref": uuid, "tenant_ref": f"/api/tenant?name={tenant}"})
        admin.post("user", {"name": user, "password": PASSWORD, "access": access})
        made = admin.as_user(user, PASSWORD)
        made.login()
        return made

    def body(
        self, kind: str, name: str, label: str | None, refers: list[str]
    ) -> dict[str, typing.Any]:
        markers = [{"key": LABELS[label], "values": [label]}] if label else []
        body: dict[str, typing.Any] = {"name": name, "markers": markers}
        target = REFERS.get(kind, "")
        texts = [f"/api/{target}?name={each}" for each in refers]
        match kind:
            case "healthmonitor":
                body["type"] = "HEALTH_MONITOR_TCP"
            case "pool":
                body["health_monitor_refs"] = texts
            case "poolgroup":
                body["members"] = [{"pool_ref": text} for text in texts]
        return body

    def may(self, user: str, tenant: str, kind: str, *carried: str | None, write: bool) -> bool:
        """True if the user may read or write an object, whichever of these labels it carries."""
        passes = user != "guarded" or all(self.admits(each, write=write) for each in carried)
        return passes and allowed(user, tenant, kind, write=write)

    def admits(self, label: str | None, *, write: bool) -> bool:
        """True if the role filter of `guarded` lets an object pass that is so labelled."""
        if self.controller.state.switches[UNLABELLED] == "write-lacks-key":
            return label != "c2"
        return label == "c1" or (label is None and not write)

    def targets(self, kind: str, tenant: str, refers: list[str]) -> list[str] | None:
        """uuids of what is referred to by name, None if something is not there."""
        reachable = []
        for name in refers if kind in REFERS else []:
            here = self.find(REFERS[kind], tenant, name)
            if here is None:
                return None
            reachable.append(here)
        return reachable

    def find(self, kind: str, tenant: str, name: str) -> str | None:
        for uuid, thing in self.things.items():
            if (thing.kind, thing.tenant, thing.name) == (kind, tenant, name):
                return uuid
        return None

    def call(
        self, user: str, tenant: str, method: str, target: str, body: object = None
    ) -> typing.Any:
        return self.clients[user].call(method, target, body, x_avi_tenant=tenant)

    def pick(self, number: int) -> str:
        return list(self.things)[number % len(self.things)]

    @stateful.initialize(
        unlabelled=st.sampled_from(switches.SWITCHES[UNLABELLED].values),
        more=st.lists(st.tuples(kinds, names, labels, st.lists(names, max_size=2, unique=True))),
    )
    def begin(self, unlabelled: str, more: list[tuple[str, str, str | None, list[str]]]) -> None:
        """Something is there from the start: random steps alone make little."""
        self.controller.state.switches[UNLABELLED] = unlabelled
        for kind in KINDS:
            self.create("admin", "t1", kind, "a", "c1", ["a"])
            self.create("admin", "t1", kind, "b", "c2", ["a"])
            self.create("admin", "t1", kind, "c", "blue", ["a"])
        for kind, name, label, refers in more:
            self.create("admin", "t1", kind, name, label, refers)

    @stateful.rule(
        user=users,
        tenant=tenants,
        kind=kinds,
        name=names,
        label=labels,
        refers=st.lists(names, max_size=2, unique=True),
    )
    def create(
        self,
        user: str,
        tenant: str,
        kind: str,
        name: str,
        label: str | None,
        refers: list[str],
    ) -> None:
        targets = self.targets(kind, tenant, refers)
        problems = set()
        if not self.may(user, tenant, kind, label, write=True):
            problems.add(403)
        if targets is None:
            problems.add(404 if kind == "poolgroup" else 400)
        if self.find(kind, tenant, name) is not None:
            problems.add(409)
        body = self.body(kind, name, label, refers)
        response = self.call(user, tenant, "POST", kind, body)
        assert response.status in (problems or {201}), response.body
        if not problems and targets is not None:
            self.things[response.json["uuid"]] = Thing(kind, tenant, name, label, targets)

    @stateful.precondition(lambda self: self.things)
    @stateful.rule(
        user=users,
        everywhere=st.booleans(),
        number=st.integers(0, 99),
        name=names,
        label=labels,
        refers=st.lists(names, max_size=2, unique=True),
        stale=st.sampled_from([False, False, False, True]),
    )
    def replace(
        self,
        user: str,
        everywhere: bool,
        number: int,
        name: str,
        label: str | None,
        refers: list[str],
        stale: bool,
    ) -> None:
        uuid = self.pick(number)
        thing = self.things[uuid]
        everywhere = everywhere and user == "admin"
        targets = self.targets(thing.kind, thing.tenant, refers)
        problems = set()
        if not self.may(user, thing.tenant, thing.kind, thing.label, label, write=True):
            problems.add(403)
        if targets is None:
            problems.add(404 if thing.kind == "poolgroup" else 400)
        if self.find(thing.kind, thing.tenant, name) not in (None, uuid):
            problems.add(409)
        body = self.body(thing.kind, name, label, refers)
        if stale:
            body["_last_modified"] = "1"
            problems.add(412)
        tenant = "*" if everywhere else thing.tenant
        response = self.call(user, tenant, "PUT", f"{thing.kind}/{uuid}", body)
        assert response.status in (problems or {200}), response.body
        if not problems and targets is not None:
            self.things[uuid] = Thing(thing.kind, thing.tenant, name, label, targets)

    @stateful.precondition(lambda self: self.things)
    @stateful.rule(user=users, tenant=st.sampled_from([None, *TENANTS]), number=st.integers(0, 99))
    def delete(self, user: str, tenant: str | None, number: int) -> None:
        uuid = self.pick(number)
        thing = self.things[uuid]
        tenant = tenant or thing.tenant
        problems = set()
        if not self.may(user, tenant, thing.kind, thing.label, write=True):
            problems.add(403)
        if tenant != thing.tenant:
            problems.add(404)
        if any(uuid in other.refers for other in self.things.values()):
            problems.add(403)
        response = self.call(user, tenant, "DELETE", f"{thing.kind}/{uuid}")
        assert response.status in (problems or {204}), response.body
        if not problems:
            del self.things[uuid]

    @stateful.rule(
        user=users,
        tenant=st.sampled_from([*TENANTS, "*"]),
        kind=kinds,
        query=st.sampled_from(["", "name=a", "name.contains=b", "label_key=clustername", "mark"]),
        size=st.integers(1, 4),
    )
    def look(self, user: str, tenant: str, kind: str, query: str, size: int) -> None:
        seen = [
            thing
            for thing in self.things.values()
            if thing.kind == kind
            and tenant in ("*", thing.tenant)
            and self.may(user, thing.tenant, kind, thing.label, write=False)
            and self.asked(query, thing)
        ]
        text = query.replace("mark", "label_key=clustername&label_value=c1")
        target = f"{kind}?page_size={size}&{text}&name.in=a,b,c,d"
        inside = TENANTS if tenant == "*" else (tenant,)
        if not any(allowed(user, each, kind, write=False) for each in inside):
            assert self.call(user, tenant, "GET", target).status == 403
            return
        listed = self.clients[user].names(target, x_avi_tenant=tenant)
        assert sorted(listed) == sorted(thing.name for thing in seen)

    @stateful.precondition(lambda self: self.things)
    @stateful.rule(user=users, number=st.integers(0, 99))
    def read(self, user: str, number: int) -> None:
        uuid = self.pick(number)
        thing = self.things[uuid]
        seen = self.may(user, thing.tenant, thing.kind, thing.label, write=False)
        response = self.call(user, thing.tenant, "GET", f"{thing.kind}/{uuid}")
        assert response.status == (200 if seen else 403)

    @staticmethod
    def asked(query: str, thing: Thing) -> bool:
        match query:
            case "name=a":
                return thing.name == "a"
            case "name.contains=b":
                return "b" in thing.name
            case "label_key=clustername":
                return thing.label in ("c1", "c2")
            case "mark":
                return thing.label == "c1"
        return True

    @stateful.rule(kind=st.sampled_from(["healthmonitor", "pool"]))
    def unused(self, kind: str) -> None:
        """The orphan finder."""
        used = {uuid for thing in self.things.values() for uuid in thing.refers}
        orphans = [t.name for u, t in self.things.items() if t.kind == kind and u not in used]
        target = f"{kind}?referred_by=any:none&name.in=a,b,c,d"
        assert sorted(self.clients["admin"].names(target, x_avi_tenant="*")) == sorted(orphans)

    @stateful.precondition(lambda self: self.kept is None)
    @stateful.rule()
    def snapshot(self) -> None:
        self.kept = self.controller.snapshot(), copy.deepcopy(self.things)

    @stateful.precondition(lambda self: self.kept is not None)
    @stateful.rule(through_text=st.booleans())
    def restore(self, through_text: bool) -> None:
        assert self.kept is not None
        (kept, things), self.kept = self.kept, None
        profile = self.controller.state.profile.name
        again = snapshots.load(snapshots.dump(kept, profile), profile) if through_text else kept
        self.controller.restore(again, keep_sessions=True)
        assert self.controller.snapshot().objects == kept.objects
        assert not self.controller.diff(kept)
        self.things = copy.deepcopy(things)

    @stateful.invariant()
    def objects_are_those_of_the_model(self) -> None:
        after = {
            uuid: stored
            for (kind, uuid), stored in self.controller.snapshot().objects.items()
            if kind in KINDS and not stored.builtin
        }
        assert after.keys() == self.things.keys()
        for uuid, thing in self.things.items():
            refers = {key for key in after[uuid].targets if key[0] in KINDS}
            assert refers == {(REFERS.get(thing.kind), each) for each in thing.refers}

    @stateful.invariant()
    def nothing_dangles_and_indexes_agree(self) -> None:
        state = self.controller.state
        objects = state.objects.everything()
        referring: dict[tuple[str, str], set[tuple[str, str]]] = {}
        for key, stored in objects.items():
            for target in stored.targets:
                referring.setdefault(target, set()).add(key)
        for key, stored in objects.items():
            targets = references.targets(state.kinds, state.kinds.kinds[stored.kind], stored.data)
            assert targets <= stored.targets
            assert stored.targets <= objects.keys()
            referrers = {each.key for each in state.objects.referrers(key)}
            assert referrers == referring.get(key, set())
            assert stored in state.objects.named(stored.kind, stored.name)
        for kind in KINDS:
            for text in ("a", "b", "c", "d"):
                assert all(each.name == text for each in state.objects.named(kind, text))


Machine.TestCase.settings = hypothesis.settings(
    max_examples=50, stateful_step_count=40, deadline=None, derandomize=True
)
TestMachine = Machine.TestCase
