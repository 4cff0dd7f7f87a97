"""The page of one cluster: the words of `akoo-core explain`, conditions and the proof. Pure."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Literal, NamedTuple

from akoo_core import structs
from akoo_core.cli import columns
from akoo_core.cli.explain import command as explain
from akoo_core.cli.explain import text
from akoo_core.objects import conditions
from akoo_core.objects.record import Leaving, Record, StoredProof
from akoo_core.reconcile.decide import user_annotations
from akoo_core.reconcile.status import notices

Tone = Literal["good", "quiet", "bad"]
BAD_WHEN_TRUE = ("Held", "Leaked")
SHOWN_ITEMS = 50
"""Names of a list, and steps of a proof, that are shown."""


class ShownCondition(NamedTuple):
    """A condition. ``good``: as it should be."""

    type: str
    status: str
    reason: str
    message: str
    since: str
    good: bool

    @property
    def tone(self) -> Tone:
        """``quiet`` for a reason that is no fault."""
        return "good" if self.good else "quiet" if self.reason in notices.NO_FAULT else "bad"


class Milestone(NamedTuple):
    """A step of leaving: its name, its time or "", and its result."""

    name: str
    at: str
    note: str
    title: str


class Copied(NamedTuple):
    """A command to copy, and its effect in a few words."""

    line: str
    effect: str


class ShownProof(structs.Struct, frozen=True, kw_only=True):
    """The last count of what is left outside."""

    plugin: str
    at: str
    own: int
    suspect: int
    held: int
    held_by: str
    clean: bool
    """Everything was seen, and nothing is left."""
    queries: tuple[str, ...]
    suspects: tuple[str, ...]
    unseen: tuple[str, ...]
    title: str


class ShownRecord(structs.Struct, frozen=True, kw_only=True):
    """A record of the cluster."""

    name: str
    phase: str
    tone: Tone
    conditions: tuple[ShownCondition, ...]
    outside: tuple[tuple[str, str], ...]
    """The places and objects outside: a name and a text each."""
    milestones: tuple[Milestone, ...] = ()
    proof: ShownProof | None = None


class ClusterPage(structs.Struct, frozen=True, kw_only=True):
    """All that the page shows of a cluster but its history."""

    key: str
    present: bool
    words: tuple[str, ...]
    records: tuple[ShownRecord, ...]
    commands: tuple[Copied, ...]


def page_of(facts: explain.Facts, now: datetime.datetime) -> ClusterPage:
    """The page of a cluster, the record that is not finished first."""
    records = sorted(facts.records, key=lambda r: (r.spec.finished_at is not None, r.name))
    return ClusterPage(
        key=facts.key,
        present=facts.cluster is not None,
        words=tuple(explain.lines(facts, now)),
        records=tuple(_record(record, now) for record in records),
        commands=tuple(_commands(facts, now)),
    )


def _record(record: Record, now: datetime.datetime) -> ShownRecord:
    shown = tuple(_condition(condition, now) for condition in record.status.conditions)
    leaving = record.spec.leaving
    return ShownRecord(
        name=record.name,
        phase=record.status.phase or "Preparing",
        tone=_tone(shown),
        conditions=shown,
        outside=tuple(_outside(record)),
        milestones=tuple(_milestones(record, leaving, now)) if leaving is not None else (),
        proof=_proof(leaving.proof, now) if leaving is not None and leaving.proof else None,
    )


def _tone(shown: tuple[ShownCondition, ...]) -> Tone:
    """The tone of the phase: that of Ready, unless Ready is good and another condition is not."""
    tones = {condition.type: condition.tone for condition in shown}
    ready = tones.get("Ready", "quiet")
    return "bad" if ready == "good" and "bad" in tones.values() else ready


def _condition(condition: conditions.Condition, now: datetime.datetime) -> ShownCondition:
    good = "False" if condition.type in BAD_WHEN_TRUE else "True"
    return ShownCondition(
        type=condition.type,
        status=condition.status,
        reason=condition.reason,
        message=condition.message,
        since=columns.age(condition.last_transition_time, now),
        good=condition.status == good,
    )


def _outside(record: Record) -> Iterator[tuple[str, str]]:
    spec = record.spec
    yield "AKO's cluster name", spec.ako_cluster_name
    for name, intent in sorted(spec.intents.items()):
        if intent.placement:
            yield f"place of {name}", intent.placement
    if record.status.left is not None:
        yield "own objects left", str(record.status.left)
    if spec.inventory:
        yield "objects in the cluster", str(len(spec.inventory))
    for use in spec.uses[:SHOWN_ITEMS]:
        yield f"uses {use.kind}", use.name
    for ended in spec.ended_placements[-SHOWN_ITEMS:]:
        yield f"former place of {ended.plugin}", f"{ended.placement} ({ended.how})"
    for ako in spec.foreign_akos[:SHOWN_ITEMS]:
        yield "AKO of others", f"{ako.cluster_name or 'no name'} in {ako.where}"


def _milestones(record: Record, leaving: Leaving, now: datetime.datetime) -> Iterator[Milestone]:
    """The steps that are reached, and while the record is not finished those that may come."""
    fence, proof, let_go = leaving.fence, leaving.proof, leaving.let_go
    fenced = f"{fence.grade}: {fence.evidence}" if fence else ""
    counted = f"own {proof.own}, suspect {proof.suspect}, held {proof.held}" if proof else ""
    released = " ".join(filter(None, (let_go.why, let_go.message))) if let_go else ""
    steps: list[tuple[str, datetime.datetime | None, str]] = [
        ("Leaving", leaving.started_at, leaving.cause),
        ("Drained", leaving.drained_at, leaving.drain_outcome),
        ("Fenced", fence.at if fence else None, fenced),
        ("Counted", proof.at if proof else None, counted),
        ("AKO removed", leaving.undeployed_at, ""),
        ("Cluster let go", let_go.at if let_go else None, released),
        ("Released", leaving.released_at, ""),
        ("Finished", record.spec.finished_at, _proven(record)),
    ]
    for name, at, note in steps:
        if at is not None:
            yield Milestone(name, f"{columns.age(at, now)} ago", note, stamp(at))
        elif record.spec.finished_at is None:
            yield Milestone(name, "", "", "")


def _proven(record: Record) -> str:
    proven = conditions.find(record.status.conditions, "CleanupProven")
    return f"CleanupProven={proven.status}, {proven.reason}" if proven is not None else ""


def _proof(proof: StoredProof, now: datetime.datetime) -> ShownProof:
    return ShownProof(
        plugin=proof.plugin,
        at=f"{columns.age(proof.at, now)} ago",
        own=proof.own,
        suspect=proof.suspect,
        held=proof.held,
        held_by=proof.held_by,
        clean=not (proof.own or proof.suspect or proof.held or proof.unseen),
        queries=proof.queries[:SHOWN_ITEMS],
        suspects=proof.suspects[:SHOWN_ITEMS],
        unseen=proof.unseen[:SHOWN_ITEMS],
        title=stamp(proof.at),
    )


def _commands(facts: explain.Facts, now: datetime.datetime) -> Iterator[Copied]:
    """Commands for the state of the cluster. The page itself changes nothing."""
    key, record = facts.key, facts.current
    yield Copied(f"akoo-core explain {key}", "this page as text")
    yield Copied(f"akoo-core trace {key} --links", "its history, with addresses of traces")
    if record is None:
        return
    leaves = record.spec.leaving is not None
    yield Copied(
        f"akoo-core plan {key}" + (" --verb sweep" if leaves else ""),
        "what would be deleted, and why it is ours" if leaves else "what would be set up",
    )
    if user_annotations.read(record.annotations).paused:
        yield Copied(f"akoo-core resume {key}", "manage it again")
    else:
        yield Copied(f"akoo-core pause {key}", "do nothing until it is resumed")
    if not leaves:
        yield Copied(f"akoo-core leave {key} sweep", "remove AKO; the Cluster stays")
    elif conditions.find(record.status.conditions, "Held") is not None and not text.usual_wait(
        record.status, now
    ):
        yield Copied(f"akoo-core let-go {key} --reason TEXT", "abandon what is left outside")
    yield Copied(f"kubectl get akodeployment {record.name} -o yaml", "the whole record")


def stamp(at: datetime.datetime) -> str:
    """A time in UTC, to the second."""
    return f"{at.astimezone(datetime.UTC):%Y-%m-%d %H:%M:%S} UTC"
