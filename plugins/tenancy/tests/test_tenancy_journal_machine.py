"""The journal between two operators, an Avi Controller and an AKO, with every misfortune.

One operator leads. It reads, decides with the pure functions of the journal, and makes one effect
after the other. It may be frozen between the check that it still leads and the effect, for as long
as it takes the other to rotate twice; or it dies before or after an effect, or never learns of it.
AKO restarts whenever it likes, logs in nine times side by side, and is locked out after three
refusals.
"""

from __future__ import annotations

import contextlib
import datetime
import functools
import os
from collections.abc import Callable, Generator
from typing import Any, NamedTuple

import pytest
from akoo_tenancy.journal import decide, record
from akoo_tenancy.journal.record import Owner, Reason, Record
from akoo_tenancy.spec import names
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

PROOF = bool(os.environ.get("AKOO_PROOF"))
RECORD = "akoo-0f3b2c1d4e5a"
US = Owner(management_id="mgmt", epoch=1)
BEGIN = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
GRACE = datetime.timedelta(minutes=60)
PATIENCE = datetime.timedelta(minutes=10)
LOGINS = 9
STRIKES = 3


class ConflictError(Exception):
    pass


class LostError(Exception):
    pass


class User:
    def __init__(self, uuid: str) -> None:
        self.uuid = uuid
        self.password = f"nobody knows {uuid}"
        self.access = False
        self.modified = 0
        self.strikes = 0
        self.logged_in = False


class Pod:
    def __init__(self) -> None:
        self.account: tuple[str, str] | None = None
        self.started: datetime.datetime | None = None


class Effect(NamedTuple):
    """A call that changes something, after the check that the operator leads."""

    name: str
    do: Callable[[], Any]


Work = Generator[Effect, Any, None]


class World:
    """Store, Avi, the record of the core, the workload cluster."""

    def __init__(self, pods: int = 2) -> None:
        self.now = BEGIN
        self.version, self.record = 0, None
        self.store_away = False
        self.facts, self.facts_version = 0, 0
        self.users: dict[str, User] = {}
        self.secret: tuple[str, str] | None = None
        self.secret_version, self.secret_at = 0, BEGIN
        self.pods = [Pod() for _ in range(pods)]
        self.cut_off: Pod | None = None
        self.leaving = self.fenced = False
        self.due: Reason | None = "First"
        self.refused: list[str] = []
        self.promotions: list[int] = []
        self.opened: dict[int, set[str]] = {}
        self.passwords: dict[str, str] = {}
        self.uuids = self.rotations = 0

    version: int
    record: Record | None

    # The store, and the record of the core: compare-and-set.

    def read(self) -> tuple[Record | None, int]:
        if self.store_away:
            raise LostError
        return self.record, self.version

    def write(self, after: Record, expected: int) -> int:
        if self.store_away:
            raise LostError
        if self.version != expected:
            raise ConflictError
        before, self.record = self.record, after
        self.version += 1
        if after.active is not None and (before is None or before.active != after.active):
            self.promotions.append(after.active.sequence)
        return self.version

    def offer(self, sequence: int, expected: int) -> None:
        if self.facts_version != expected:
            raise ConflictError
        self.facts, self.facts_version = sequence, self.facts_version + 1

    # Avi.

    def create(self, name: str) -> User:
        if name in self.users:
            raise ConflictError
        self.uuids += 1
        self.users[name] = User(f"user-{self.uuids}")
        return self.users[name]

    def open(self, uuid: str, modified: int, password: str) -> None:
        user = self._by_uuid(uuid)
        if user.modified != modified:
            raise ConflictError
        user.password, user.access = password, True
        user.modified += 1
        name = next(name for name, other in self.users.items() if other is user)
        self.passwords.setdefault(name, password)
        assert self.passwords[name] == password, "a password was changed in place"
        sequence = names.sequence(RECORD, name)
        assert sequence is not None
        self.opened.setdefault(sequence, set()).add(uuid)

    def empty(self, uuid: str) -> None:
        user = self._by_uuid(uuid)
        user.access = False
        user.modified += 1

    def delete(self, uuid: str) -> None:
        user = self._by_uuid(uuid)
        self.users = {name: other for name, other in self.users.items() if other is not user}

    def _by_uuid(self, uuid: str) -> User:
        for user in self.users.values():
            if user.uuid == uuid:
                return user
        raise ConflictError

    def login(self, account: tuple[str, str]) -> bool:
        user = self.users.get(account[0])
        if user is None or user.strikes >= STRIKES or user.password != account[1]:
            if user is not None:
                user.strikes += 1
            return False
        if not user.access:
            return False
        user.logged_in = True
        return True

    # The workload cluster.

    def apply(self, account: tuple[str, str], expected: int) -> None:
        if self.secret_version != expected:
            raise ConflictError
        self.secret, self.secret_version = account, self.secret_version + 1
        self.secret_at = self.now

    def start(self, pod: Pod) -> None:
        """AKO in the Pod starts: it reads its account, and logs in nine times at once."""
        if self.secret is None:
            return
        pod.account = self.secret if pod is not self.cut_off else pod.account or self.secret
        pod.started = None
        self.log_in(pod)

    def log_in(self, pod: Pod) -> None:
        assert pod.account is not None
        refused = [self.login(pod.account) for _ in range(LOGINS)].count(False)
        if refused and not self.fenced and not self.leaving:
            self.refused.append(f"{pod.account[0]}: {refused} at {self.now}")
        assert not (self.fenced and refused < LOGINS), "a login after the fence"
        pod.started = pod.started or self.now if not refused else None


def lives(world: World) -> Work:
    """One attempt of the core at a cluster that lives, with the verbs of the plugin in it."""
    facts, facts_version = world.facts, world.facts_version
    sequence = yield from prepare(world, facts)
    if sequence != facts:
        yield Effect("offer", lambda: world.offer(sequence, facts_version))
    live, live_version = world.secret, world.secret_version
    username = names.username(RECORD, sequence)
    if live is None or live[0] != username:
        current, _ = world.read()
        account = current.account(sequence) if current else None
        if account is None:
            raise ConflictError
        pair = (account.username, account.password)
        yield Effect("apply", lambda: world.apply(pair, live_version))
    yield from observe(world)


def prepare(world: World, facts: int) -> Generator[Effect, Any, int]:
    while True:
        current, version = world.read()
        step = decide.prepare(current, world.due)
        after: Record
        match step:
            case decide.Start():
                seen = [names.sequence(RECORD, name) or 0 for name in world.users]
                after = staged(world, record.new(RECORD, US, highest=max(seen, default=0)), "First")
            case decide.Revive():
                assert current is not None
                after = staged(world, record.revived(current), "First")
            case decide.Stage(reason=reason):
                assert current is not None
                after = staged(world, current, reason)
            case decide.Make(pending=pending):
                assert current is not None
                account = pending.account
                uuid = yield from make(world, account.username, account.password)
                after = record.made(current, account.sequence, user_uuid=uuid, now=world.now)
            case decide.Give(account=account):
                user = world.users.get(account.username)
                if facts == account.sequence or (user is not None and user.access):
                    return account.sequence
                assert current is not None
                after = staged(world, current, "Regressed")
        yield Effect("write", functools.partial(world.write, after, version))


def staged(world: World, current: Record, reason: Reason) -> Record:
    world.rotations += 1
    world.due = None
    grace = datetime.timedelta() if reason == "Compromised" else GRACE
    return record.stage(
        current,
        password=f"password {world.rotations}",
        rotation_id=str(world.rotations),
        reason=reason,
        grace=grace,
        now=world.now,
    )


def make(world: World, username: str, password: str) -> Generator[Effect, Any, str]:
    """The user is made with a password that nobody knows, and then opened under the lock of the
    object: a frozen create leaves a user that nobody can use, and a frozen change meets no user."""
    if username not in world.users:
        yield Effect("create", lambda: world.create(username))
    user = world.users[username]
    uuid, modified = user.uuid, user.modified
    if user.password != password or not user.access:
        yield Effect("open", lambda: world.open(uuid, modified, password))
    return uuid


def observe(world: World) -> Work:
    current, version = world.read()
    if current is None:
        return
    pending = current.pending.account.username if current.pending else ""
    seen = decide.Seen(
        secret_username=world.secret[0] if world.secret else "",
        secret_at=world.secret_at,
        started=tuple(pod.started for pod in world.pods),
        logged_in=pending in world.users and world.users[pending].logged_in,
    )
    now = world.now
    match decide.observe(current, seen, now, patience=PATIENCE):
        case decide.NotePush(sequence=sequence, at=at):
            after = record.pushed(current, sequence, at=at)
        case decide.Promote(sequence=sequence):
            after = record.promoted(current, sequence, now=now)
        case decide.Retire(sequences=sequences):
            for name in sorted(world.users):
                number = names.sequence(RECORD, name)
                if number is not None and decide.deletable(current, number, now):
                    yield from remove(world, name)
            after = record.forget(current, frozenset(sequences), now=now)
        case _:
            return
    yield Effect("write", lambda: world.write(after, version))


def remove(world: World, name: str) -> Work:
    user = world.users.get(name)
    if user is not None:
        uuid = user.uuid
        yield Effect("empty", lambda: world.empty(uuid))
        yield Effect("delete", lambda: world.delete(uuid))


def leaves(world: World) -> Work:
    """Fence and release. A store that is away holds up neither."""
    if not world.store_away:
        current, version = world.read()
        if current is not None and current.state == "living":
            after = record.revoking(current)
            yield Effect("write", lambda: world.write(after, version))
    for name in sorted(world.users):
        yield from remove(world, name)
    if any(user.access for user in world.users.values()):
        return
    world.fenced = True
    if not world.store_away:
        current, version = world.read()
        if current is not None and current.state != "revoked":
            tombstone = record.revoked(current)
            yield Effect("write", lambda: world.write(tombstone, version))


class Operator:
    def __init__(self) -> None:
        self.work: Work | None = None
        self.frozen: Effect | None = None


class Journal(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.operators = [Operator(), Operator()]
        self.leader = self.operators[0]

    def _advance(self, answer: Any = None, error: Exception | None = None) -> Effect | None:
        """The next effect of the leader's attempt; None when it ended."""
        leader = self.leader
        try:
            if leader.work is None:
                leader.work = (leaves if self.world.leaving else lives)(self.world)
                return next(leader.work)
            if error is not None:
                return leader.work.throw(error)
            return leader.work.send(answer)
        except (StopIteration, ConflictError, LostError, record.NotAllowed):
            leader.work = None
            return None

    def _attempt(self, effects: int) -> Effect | None:
        """Run up to ``effects`` effects; the one after them, if the attempt goes on."""
        effect = self._advance()
        for _ in range(effects):
            if effect is None:
                return None
            answer, error = None, None
            try:
                answer = effect.do()
            except (ConflictError, LostError) as raised:
                error = raised
            effect = self._advance(answer, error)
        return effect

    @initialize(misfortune=st.booleans())
    def begin(self, misfortune: bool) -> None:
        if not misfortune:
            self.rotation(None, (0, 1), 3, 0)

    @rule(
        reason=st.sampled_from((None, "Age", "Requested", "Compromised")),
        pods=st.sampled_from(((0, 1), (0, 1), (0,), ())),
        attempts=st.integers(1, 4),
        minutes=st.sampled_from((0, 15, 70)),
    )
    def rotation(
        self, reason: Reason | None, pods: tuple[int, ...], attempts: int, minutes: int
    ) -> None:
        """A rotation that goes some way without misfortune; only some Pods restart."""
        self.world.due = reason or self.world.due
        for _ in range(attempts):
            self._attempt(50)
            self.leader.work = None
            for number in pods:
                if self.world.pods[number].account != self.world.secret:
                    self.restart(number)
        self.wait(minutes)
        self._attempt(50)
        self.leader.work = None

    @rule(effects=st.integers(0, 6), after=st.booleans())
    def die(self, effects: int, after: bool) -> None:
        """The operator dies before an effect, or after it: nobody learns of its answer."""
        effect = self._attempt(effects)
        if effect is not None and after:
            with contextlib.suppress(ConflictError, LostError):
                effect.do()
        self.leader.work = None

    @rule(effects=st.integers(0, 6), reason=st.sampled_from((None, "Requested", "Compromised")))
    def freeze(self, effects: int, reason: Reason | None) -> None:
        """The leader is frozen past its check; the other operator leads."""
        self.world.due = reason or self.world.due
        other = self.operators[self.leader is self.operators[0]]
        effect = self._attempt(effects)
        self.leader.work, self.leader.frozen = None, effect or self.leader.frozen
        if other.frozen is None:
            self.leader = other

    @rule(number=st.integers(0, 1))
    def thaw(self, number: int) -> None:
        """The effect of a frozen operator takes place; then its guard refuses the rest."""
        operator = self.operators[number]
        if operator.frozen is not None:
            effect, operator.frozen = operator.frozen, None
            with contextlib.suppress(ConflictError, LostError):
                effect.do()

    @rule(number=st.integers(0, 1))
    def restart(self, number: int) -> None:
        self.world.start(self.world.pods[number])

    @rule(number=st.integers(0, 1))
    def log_in_again(self, number: int) -> None:
        """A session of AKO ended."""
        pod = self.world.pods[number]
        if pod.account is not None:
            self.world.log_in(pod)

    @rule(minutes=st.sampled_from((1, 15, 70)))
    def wait(self, minutes: int) -> None:
        self.world.now += datetime.timedelta(minutes=minutes)

    @rule(away=st.booleans())
    def store(self, away: bool) -> None:
        self.world.store_away = away

    @precondition(lambda self: not self.world.leaving and self.world.facts)
    @rule(cut_off=st.booleans(), away=st.booleans(), fences=st.booleans())
    def leave(self, cut_off: bool, away: bool, fences: bool) -> None:
        self.world.leaving, self.world.store_away = True, away
        self.leader.work = None
        if cut_off:
            self.world.cut_off = self.world.pods[0]
        if fences:
            self._attempt(50)
            self.leader.work = None

    @precondition(lambda self: self.world.fenced)
    @rule(lives=st.booleans())
    def come_back(self, lives: bool) -> None:
        """The cluster lives again, without facts; nothing of AKO is left."""
        world = self.world
        world.leaving = world.fenced = world.store_away = False
        world.facts, world.facts_version = 0, world.facts_version + 1
        world.secret, world.secret_version = None, world.secret_version + 1
        world.pods, world.cut_off = [Pod(), Pod()], None
        self.leader.work = None
        if lives:
            self.rotation(None, (0, 1), 2, 0)

    @invariant()
    def no_login_is_refused(self) -> None:
        assert self.world.refused == []

    @invariant()
    def a_sequence_is_promoted_once(self) -> None:
        assert len(set(self.world.promotions)) == len(self.world.promotions)

    @invariant()
    def a_sequence_is_one_user(self) -> None:
        assert all(len(uuids) == 1 for uuids in self.world.opened.values()), self.world.opened

    @invariant()
    def the_account_in_use_is_there(self) -> None:
        world = self.world
        if world.secret is not None and not world.leaving:
            user = world.users.get(world.secret[0])
            assert user is not None
            assert (user.password, user.access) == (world.secret[1], True)

    @invariant()
    def nothing_logs_in_after_the_fence(self) -> None:
        if self.world.fenced:
            for name, password in self.world.passwords.items():
                assert not self.world.login((name, password)), name


TestJournal = Journal.TestCase
TestJournal.settings = settings(
    max_examples=3000 if PROOF else 150, stateful_step_count=50 if PROOF else 15, deadline=None
)


def test_rotations_from_start_to_end() -> None:
    """The machine is able to do its work: two rotations, one user in the end."""
    machine = Journal()
    reasons: tuple[Reason | None, ...] = (None, "Age", "Requested")
    for reason in reasons:
        machine.rotation(reason, (0, 1), 4, 70)
    assert machine.world.promotions == [1, 2, 3]
    assert list(machine.world.users) == [names.username(RECORD, 3)]
    assert machine.world.refused == []


def _checked(machine: Journal) -> Journal:
    machine.no_login_is_refused()
    machine.a_sequence_is_promoted_once()
    machine.a_sequence_is_one_user()
    machine.the_account_in_use_is_there()
    machine.nothing_logs_in_after_the_fence()
    return machine


def _in_rotation() -> Journal:
    """A cluster with an account, and a rotation that is due."""
    machine = Journal()
    machine.rotation(None, (0, 1), 3, 0)
    machine.world.due = "Requested"
    return machine


EFFECTS = 7
"""Effects of an attempt that rotates: stage, create, open, made, offer, apply, pushed."""


def test_a_rotation_has_so_many_effects() -> None:
    machine = _in_rotation()
    assert machine._attempt(EFFECTS) is None
    assert _in_rotation()._attempt(EFFECTS - 1) is not None


@pytest.mark.parametrize("effects", range(EFFECTS))
def test_frozen_for_two_rotations(effects: int) -> None:
    machine = _in_rotation()
    machine.freeze(effects, None)
    for _ in range(2):
        machine.rotation("Requested", (0, 1), 4, 70)
        _checked(machine)
    machine.thaw(0)
    for number in (0, 1):
        machine.restart(number)
    _checked(machine).rotation("Requested", (0, 1), 4, 70)
    assert len(_checked(machine).world.users) == 1


@pytest.mark.parametrize("effects", range(EFFECTS))
@pytest.mark.parametrize("away", [False, True])
def test_frozen_until_the_fence_is_closed(effects: int, away: bool) -> None:
    machine = _in_rotation()
    machine.freeze(effects, None)
    machine.rotation(None, (0,), 1, 0)
    before = machine.world.facts
    machine.leave(cut_off=True, away=away, fences=True)
    assert machine.world.fenced
    machine.thaw(0)
    _checked(machine).restart(0)
    machine.log_in_again(0)
    machine.come_back(lives=True)
    assert _checked(machine).world.facts > before
