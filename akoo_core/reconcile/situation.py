"""All that a decision about one record is made from, and all that it can be. Values only."""

from __future__ import annotations

import datetime
from typing import Literal

from akoo_core import structs
from akoo_core.api import cluster as cluster_
from akoo_core.api import config as config_
from akoo_core.api import record as record_
from akoo_core.reconcile import selection

Step = Literal["confirm", "drain", "fence", "sweep", "verify", "undeploy", "release"]
Why = Literal["Proven", "Counted", "NoVerifier", "Deadline", "UserWord", "Gone"]
On = Literal["Record", "Cluster", "Config"]

FINISHED_KEPT = datetime.timedelta(days=7)
"""A finished record is the proof of a clean-up; so long it can be read."""


class Loaded(structs.Struct, frozen=True, kw_only=True):
    """What a decision must know of one loaded plugin."""

    intent_version: int = 1
    facts: dict[str, int] = {}
    """The versions of the facts it provides."""
    sweeps: bool = False
    verifies: bool = False


class Situation(structs.Struct, frozen=True, kw_only=True):
    """One record name at one moment, as the caches (and this attempt so far) show it."""

    now: datetime.datetime
    management_id: str
    name: str
    record: record_.Record | None = None
    cluster: cluster_.Cluster | None = None
    """The Cluster of the record, by UID; without a record, the one whose UID gives this name."""
    moved_away: bool = False
    """The Cluster is gone, and was paused, marked to be moved and being deleted when it went."""
    namesake: cluster_.Cluster | None = None
    """A Cluster at the record's namespace and name with another UID."""
    served_by: str = ""
    """Another record that has this very Cluster (it was adopted after a move), or ""."""
    rivals: tuple[record_.Record, ...] = ()
    """Living records of an earlier Cluster of this namespace and name that know their workload."""
    workload_uid: str = ""
    """kube-system UID of what answers at the kubeconfig, once this attempt has asked."""
    choice: selection.Choice = selection.Choice()
    loaded: dict[str, Loaded] = {}
    relocating: str = ""
    """What is to move to another place, as intend says now; "" for nothing. Only known once intend
    was asked: by a round of the lives verbs, and while a move has not yet been confirmed."""
    shared_with: tuple[str, ...] = ()
    """Other records of the same Cluster that still need its finalizer."""
    ensured: frozenset[On] = frozenset()
    """What has been given our finalizer in this attempt, whatever the caches show."""
    tried: bool = False
    """This attempt has done what it could, and the deadline has passed."""
    done: frozenset[Step] = frozenset()
    """The leaving steps this attempt has called already."""
    finished_kept: datetime.timedelta = FINISHED_KEPT

    @property
    def verifies(self) -> bool:
        """Whether any loaded plugin can prove that nothing is left."""
        return any(one.verifies for one in self.loaded.values())

    @property
    def sweeps(self) -> bool:
        return any(one.sweeps for one in self.loaded.values())


# What can be decided. Each is acted on by one method of the controller.


class Nothing(structs.Struct, frozen=True, kw_only=True):
    """There is nothing to do and nothing to say. ``after`` None: until something changes."""

    why: str
    after: float | None = None


class Refuse(structs.Struct, frozen=True, kw_only=True):
    """There is no record to say it on: said on the Cluster."""

    reason: str
    message: str
    after: float = 60.0


class Hold(structs.Struct, frozen=True, kw_only=True):
    """Nothing is done, and the record says why. ``ready`` False: Ready keeps what it was. No
    deadline acts meanwhile."""

    reason: str
    message: str
    after: float | None = None
    ready: bool = True


class Rest(structs.Struct, frozen=True, kw_only=True):
    """This attempt has called what there is to call; the answers say when to look again."""

    reason: str = ""
    message: str = ""
    after: float | None = None


class CompareWorkload(structs.Struct, frozen=True, kw_only=True):
    """Ask the workload cluster who it is, to tell a moved Cluster from a new one of its name."""

    namespace: str
    name: str
    cluster_uid: str


class AdoptCluster(structs.Struct, frozen=True, kw_only=True):
    """The namesake is the same cluster under a new UID (moved, restored): record that UID."""

    uid: str


class CreateRecord(structs.Struct, frozen=True, kw_only=True):
    """Before anything else is written anywhere."""

    config: config_.Config


class RestartRecord(structs.Struct, frozen=True, kw_only=True):
    """A finished record's Cluster lives and is selected again: begin anew under the same name."""

    config: config_.Config


class AddFinalizers(structs.Struct, frozen=True, kw_only=True):
    """Record first, then these, then the outside."""

    on: tuple[On, ...]


class ChangeConfig(structs.Struct, frozen=True, kw_only=True):
    """Another config (or another version of its policies) serves from now on; ends Orphaned."""

    config: config_.Config


class Orphan(structs.Struct, frozen=True, kw_only=True):
    """Lives verbs stop; everything stays in place."""

    cause: record_.Cause
    message: str


class StartLeaving(structs.Struct, frozen=True, kw_only=True):
    """To be confirmed against live objects before it is stored."""

    cause: record_.Cause
    message: str


class PauseLeaving(structs.Struct, frozen=True, kw_only=True):
    """Store when the pause began: the deadline does not count it."""


class ResumeLeaving(structs.Struct, frozen=True, kw_only=True):
    """Store how long the pause was."""


class CancelRelocation(structs.Struct, frozen=True, kw_only=True):
    """The change was taken back before anything was done: live on where it is."""


class EndRelocation(structs.Struct, frozen=True, kw_only=True):
    """The old place is done with: store how, and live again."""

    how: Literal["Proved", "Abandoned"]
    message: str


class HandOver(structs.Struct, frozen=True, kw_only=True):
    """By a person's word the record is ours from now on, one epoch later."""


class Live(structs.Struct, frozen=True, kw_only=True):
    """intend, prepare, contribute, deploy, observe."""


class Leave(structs.Struct, frozen=True, kw_only=True):
    """One step of leaving."""

    step: Step


class LetGo(structs.Struct, frozen=True, kw_only=True):
    """Store that, and why, the Cluster is let go. No verb gets a workload client after it."""

    why: Why
    message: str


class ReleaseCluster(structs.Struct, frozen=True, kw_only=True):
    """Take our finalizer off the Cluster; tried again for ever."""


class Finish(structs.Struct, frozen=True, kw_only=True):
    """Nothing is left to do for this record; it stays for some days as the proof."""

    untouched: bool = False
    """Nothing was ever touched for it; that its Cluster is gone is to be read live first."""


class PruneFinished(structs.Struct, frozen=True, kw_only=True):
    """Delete a finished record."""


class DropForMove(structs.Struct, frozen=True, kw_only=True):
    """The Cluster has moved away: delete the record here and touch nothing outside."""


Decision = (
    Nothing
    | Refuse
    | Hold
    | Rest
    | CompareWorkload
    | AdoptCluster
    | CreateRecord
    | RestartRecord
    | AddFinalizers
    | ChangeConfig
    | Orphan
    | StartLeaving
    | PauseLeaving
    | ResumeLeaving
    | CancelRelocation
    | EndRelocation
    | HandOver
    | Live
    | Leave
    | LetGo
    | ReleaseCluster
    | Finish
    | PruneFinished
    | DropForMove
)
