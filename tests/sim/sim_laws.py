"""Laws that must never be broken, checked at every write of the management cluster and of the
outside.

A breach is kept, not raised: the operator would take it for an error of a plugin and try again.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

from akoo_core import clock as clock_
from akoo_core.kube import resource as resources
from akoo_core.objects import config, names
from akoo_core.objects import record as record_
from akoo_core.reconcile.decide import user_annotations
from akoo_core.testing import memory
from akoo_core.testing.memory import cluster_api, store

Object = dict[str, Any]


class WatchedServer(memory.MemoryServer):
    """A MemoryServer that shows every change to a listener at once."""

    def __init__(self, *, name: str, clock: clock_.Clock, **more: Any) -> None:
        self._shown = 0
        self.listener: Callable[[store.ServerWrite], None] | None = None
        super().__init__(name=name, clock=clock, **more)
        self._shown = self.store.version

    def settle(self) -> None:
        super().settle()
        new: list[store.ServerWrite] = []
        for change in reversed(self.store.history):
            if change.version <= self._shown:
                break
            new.append(change)
        self._shown = self.store.version
        for change in reversed(new):
            if self.listener is not None:
                self.listener(change)


def nobody(record: str) -> bool:
    """No record."""
    return False


class Laws:
    """The invariants of one run."""

    def __init__(self, management: WatchedServer, workload_uid: Callable[[str], str]) -> None:
        self._management = management
        self._workload_uid = workload_uid
        self._records: dict[str, tuple[Object, record_.Record]] = {}
        self.broken: list[str] = []
        self.own: Callable[[str], list[str]] = lambda record: []
        """The objects of a record that are really left outside."""
        self.verifies = True
        self.fencing = {"cloud"}
        """Plugins that intend something and have a fence."""
        self.claimed: Callable[[str], bool] = lambda record: False
        """True if something taken for a record was not given back yet."""
        self.account: Callable[[str], bool] = lambda record: False
        """True if AKO's account for a record is there."""
        self.paused: Callable[[str], bool] = nobody
        """True if nothing may be done for a record: long paused, and everybody knows."""
        self.torn: set[str] = set()
        """UIDs of Clusters and records whose finalizers somebody took off by force."""
        self.moved: set[str] = set()
        """UIDs of Clusters that were moved away."""
        self.lost: set[str] = set()
        """Names of records that somebody tore away."""
        self._dying: set[str] = set()
        management.listener = self._changed

    def require(self, holds: bool, message: str) -> None:
        if not holds:
            self.broken.append(f"{self._management.clock.now():%H:%M:%S} {message}")

    # Asked at a write to the outside, to a workload cluster, by a process.

    def outside_write(self, record: str, plugin: str, *, leaving: bool) -> None:
        """No outside write without a record that says so."""
        stored = self.record(record)
        if stored is None:
            self.require(record in self.lost, f"outside write for {record}, which has no record")
            return
        self.require(plugin in stored.spec.intents, f"{record}: outside write before its intent")
        self.require(stored.spec.finished_at is None, f"{record}: outside write after its end")
        leaves = stored.spec.leaving is not None
        self.require(
            leaves == leaving, f"{record}: outside write, leaving {leaves} unlike {leaving}"
        )
        self.require(not self.paused(record), f"{record}: outside write while it is paused")
        carried = names.RECORD_FINALIZER in stored.finalizers or stored.uid in self.torn
        self.require(carried, f"{record}: outside write without the finalizer of the record")

    def workload_write(self, server: str) -> None:
        """Only into the recorded workload cluster, and never after let go."""
        uid = self._workload_uid(server)
        owners = [
            record
            for record in self.records()
            if record.spec.workload is not None
            and record.spec.workload.kube_system_uid == uid
            and record.spec.finished_at is None
        ]
        known = bool(owners) or bool(self.lost)
        self.require(known, f"a write into {server}, which no record names")
        gone = [owner.name for owner in owners if owner.spec.leaving and owner.spec.leaving.let_go]
        self.require(len(gone) < len(owners) or not owners, f"{gone}: workload write after let go")

        held = [owner.name for owner in owners if self.paused(owner.name)]
        self.require(not held, f"{held}: workload write while it is paused")

    def swept(self, record: str) -> None:
        """Require that no object is swept that AKO may make again."""
        stored = self.record(record)
        state = stored.spec.leaving if stored is not None else None
        fenced = state is not None and state.fence is not None
        self.require(fenced, f"{record}: swept before its fence was stored")

    def leads(self, identity: str) -> None:
        """No write of a process while another one holds the lease."""
        for _, lease in self._management.store.select(resources.LEASES, None):
            holder = (lease.get("spec") or {}).get("holderIdentity") or ""
            self.require(holder in ("", identity), f"{identity} wrote while {holder} leads")

    def ako_wrote(self, record: str) -> None:
        """A proof that AKO outlives was none."""
        stored = self.record(record)
        state = stored.spec.leaving if stored is not None else None
        proven = state is not None and state.let_go is not None and state.let_go.why == "Proven"
        self.require(not proven, f"{record}: AKO wrote after it was proven that nothing is left")

    # Changes of the management cluster.

    def _changed(self, change: store.ServerWrite) -> None:
        if change.key.plural == resources.AKO_DEPLOYMENTS.plural:
            self._record_changed(change)
        if change.key.plural == resources.CLUSTERS.plural:
            self._cluster_changed(change)

    def _record_changed(self, change: store.ServerWrite) -> None:
        known = self._records.get(change.key.name)
        old = None
        if change.before is not None:
            same = known is not None and known[0] is change.before
            old = known[1] if known and same else record_.from_object(change.before)
        now = self._decoded(change.object)
        if change.type == "DELETED":
            moved = now.spec.cluster_ref.uid in self.moved and self.cluster_of(now) is None
            done = now.spec.finished_at is not None or moved or now.name in self.lost
            self.require(done, f"{now.name} is deleted unfinished")
            return
        if any(c.type == "CleanupProven" and c.status == "True" for c in now.status.conditions):
            left = self.own(now.name)
            self.require(not left, f"{now.name} says that it is proven, and {left} are left")
        both = now.spec.facts.keys() & now.spec.declined.keys()
        self.require(not both, f"{now.name}: {sorted(both)} is given and declined")
        owners = [
            record.name for record in self.records() if _serves(record, now.spec.cluster_ref.uid)
        ]
        self.require(len(owners) <= 1, f"two records own one Cluster: {owners}")
        was = old.spec.leaving if old is not None else None
        state = now.spec.leaving
        if state is not None and state.let_go and not (was and was.let_go):
            self._let_go(now, state, state.let_go, words=(old or now).annotations)
        if old is not None and old.uid == now.uid:
            self._went_on(now, old)
        if state is not None and was is None:
            self._begins(now, state)
        if now.spec.finished_at and not (old and old.spec.finished_at):
            ended = bool(state and state.released_at) or not _reaching_out(now)
            self.require(ended, f"{now.name} ends before its release")
            unproven = now.spec.history_unknown and not _says_proven(state)
            kept = self.claimed(now.name) and not unproven
            self.require(not kept, f"{now.name} ends and keeps its claim")

    def _begins(self, leaver: record_.Record, state: record_.Leaving) -> None:
        """Absence is not deletion."""
        uid = leaver.spec.cluster_ref.uid
        seen = state.cause != "ClusterDeleted" or uid in self._dying
        self.require(seen, f"{leaver.name} leaves for a deletion that nobody saw")

    def _went_on(self, now: record_.Record, old: record_.Record) -> None:
        """Require that the stored progress of leaving is kept, and that a fence is what it says."""
        was, state = old.spec.leaving, now.spec.leaving
        if was is not None and state is None and _has_moved(now, old):
            self.require(was.released_at is not None, f"{now.name} moves before its release")
        elif was is not None and (state is None or state.cause == was.cause):
            again = old.spec.finished_at is not None
            for name in _STEPS:
                kept = getattr(was, name) is None or getattr(state, name, None) is not None
                self.require(kept or again, f"{now.name}: {name} is forgotten")
            fenced = state.fences if state is not None else {}
            lost = was.fences.keys() - fenced.keys()
            self.require(not lost or again, f"{now.name}: the fence of {sorted(lost)} is forgotten")
            begun = state.started_at if state is not None else None
            self.require(begun == was.started_at or again, f"{now.name} begins to leave twice")
        fence = state.fence if state is not None else None
        if fence is not None and (was is None or was.fence != fence) and fence.grade == "Revoked":
            self.require(not self.account(now.name), f"{now.name}: Revoked, but its account lives")

    def _let_go(
        self,
        reached: record_.Record,
        state: record_.Leaving,
        end: record_.StoredLetGo,
        *,
        words: dict[str, str],
    ) -> None:
        """Not without proof, deadline, a user's word or NoVerifier. The word goes with it,
        so ``said`` are the annotations before it."""
        if end.why in ("Proven", "Counted", "NoVerifier"):
            due = self.fencing & reached.spec.intents.keys() - state.fences.keys()
            self.require(not due, f"{reached.name}: {end.why} before a fence has finished")
            works = self.account(reached.name) and self.fencing & reached.spec.intents.keys()
            self.require(not works, f"{reached.name}: {end.why}, but its account works")
        if end.why == "Proven":
            proof = state.proof
            self.require(
                proof is not None and proof.clean, f"{reached.name}: let go without a proof"
            )
            self.require(state.fence is not None, f"{reached.name}: proven but never fenced")
            left = self.own(reached.name)
            self.require(not left, f"{reached.name}: proven, and {left} are left")
            if proof is not None and state.fence is not None and state.fence.grade != "Unfenced":
                quiet = config.parse_duration(reached.spec.policies.quiet_period)
                late = proof.at >= state.fence.at + quiet
                self.require(late, f"{reached.name}: proven before the quiet period was over")
        elif end.why == "Deadline":
            allowed = config.parse_duration(reached.spec.policies.deadline)
            allowed += datetime.timedelta(seconds=state.paused_seconds)
            early = end.at < state.started_at + allowed
            self.require(not early, f"{reached.name}: let go before its deadline")
            tried = state.attempted_at is not None
            self.require(tried, f"{reached.name}: the deadline acted before one complete attempt")
        elif end.why == "UserWord":
            self.require(
                bool(user_annotations.read(words).let_go), f"{reached.name}: no user said to let go"
            )
            spent = names.LET_GO_ANNOTATION not in reached.annotations
            self.require(spent, f"{reached.name}: let go, and the word stands")
        elif end.why == "Counted":
            proof = state.proof
            self.require(
                proof is not None and proof.clean, f"{reached.name}: let go without a count"
            )
            limited = proof is not None and bool(proof.unseen)
            self.require(limited, f"{reached.name}: Counted, and nothing was left out")
        elif end.why == "NoVerifier":
            worked = self.verifies and "cloud" in reached.spec.plugins
            self.require(not worked, f"{reached.name}: NoVerifier, but there is one")
        else:
            here = self.cluster(reached.spec.cluster_ref.uid) is not None
            self.require(
                end.why == "Gone" and not here, f"{reached.name}: {end.why}, but it is there"
            )

    def _cluster_changed(self, change: store.ServerWrite) -> None:
        before = ((change.before or {}).get("metadata") or {}).get("finalizers") or ()
        after = change.object["metadata"].get("finalizers") or ()
        uid = change.object["metadata"]["uid"]
        if "deletionTimestamp" in change.object["metadata"]:
            self._dying.add(uid)
        if uid in self.torn:
            return
        lost = cluster_api.FINALIZER in before and cluster_api.FINALIZER not in after
        left = f"{change.key.name}-1" in self._machines()
        self.require(not (lost and left), f"{change.key.name} lost the finalizer of Cluster API")
        if names.FINALIZER in before and (change.type == "DELETED" or names.FINALIZER not in after):
            holding = [record.name for record in self.records() if _serves(record, uid)]
            self.require(not holding, f"{holding} lost the finalizer on its Cluster")
        if change.type == "DELETED":
            touched = [
                record.name
                for record in self.records()
                if _serves(record, uid) and _touched(record)
            ]
            self.require(not touched, f"the Cluster of {touched} is gone before it was let go")

    # Lookups.

    def _machines(self) -> set[str]:
        return {key.name for key, _ in self._management.store.select(resources.MACHINES, None)}

    def records(self) -> list[record_.Record]:
        rows = self._management.store.select(resources.AKO_DEPLOYMENTS, None)
        return [self._decoded(obj) for _, obj in rows]

    def _decoded(self, obj: Object) -> record_.Record:
        """Objects in the store are never changed: each is decoded once."""
        name = obj["metadata"]["name"]
        known = self._records.get(name)
        if known is None or known[0] is not obj:
            self._records[name] = known = (obj, record_.from_object(obj))
        return known[1]

    def record(self, name: str) -> record_.Record | None:
        return next((candidate for candidate in self.records() if candidate.name == name), None)

    def cluster_of(self, leaver: record_.Record) -> Object | None:
        return self.cluster(leaver.spec.cluster_ref.uid)

    def cluster(self, uid: str) -> Object | None:
        rows = self._management.store.select(resources.CLUSTERS, None)
        return next((obj for _, obj in rows if obj["metadata"]["uid"] == uid), None)


_STEPS = ("confirmed_at", "drained_at", "fence", "let_go", "released_at")


def _serves(server_: record_.Record, uid: str) -> bool:
    gone = server_.spec.leaving is not None and server_.spec.leaving.let_go is not None
    return server_.spec.cluster_ref.uid == uid and server_.spec.finished_at is None and not gone


def _says_proven(state: record_.Leaving | None) -> bool:
    return state is not None and state.let_go is not None and state.let_go.why == "Proven"


def _has_moved(now: record_.Record, old: record_.Record) -> bool:
    """True if its old place was left, and was shown to be clean."""
    before = old.spec.ended_placements
    ended = now.spec.ended_placements[len(before) :]
    return bool(ended) and ended[-1].how == "Proved"


def _reaching_out(reaching: record_.Record) -> bool:
    """True if something may be outside because of it: intents are stored before they are
    acted on."""
    spec = reaching.spec
    return bool(spec.intents or spec.uses or spec.facts or spec.inventory or spec.workload)


def _touched(touched: record_.Record) -> bool:
    return bool(touched.spec.facts or touched.spec.inventory)
