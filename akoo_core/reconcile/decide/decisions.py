"""The decisions about a record. Values only; ``act/decisions`` acts on each."""

from __future__ import annotations

from typing import Literal

from akoo_core import structs
from akoo_core.objects.config import Config
from akoo_core.objects.record import Cause

DEFAULT_BLOCKED_SECONDS = 300.0


class Stop:
    """End of an attempt, with its reason."""

    def __init__(
        self,
        reason: str,
        message: str,
        after: float,
        *,
        complete: bool = True,
        left: int | None = None,
    ) -> None:
        self.reason = reason
        self.message = message
        self.after = after
        self.complete = complete
        """All that could be tried was tried: the deadline may act from then on."""
        self.left = left


Step = Literal["confirm", "drain", "fence", "sweep", "verify", "undeploy", "release"]


Why = Literal["Proven", "Counted", "NoVerifier", "Deadline", "UserWord", "Gone"]


On = Literal["Record", "Cluster", "Config", "Label"]


class Nothing(structs.Struct, frozen=True, kw_only=True):
    """Do nothing and write nothing. ``after`` None: until something changes."""

    why: str
    after: float | None = None


class Refuse(structs.Struct, frozen=True, kw_only=True):
    """Write the reason on the Cluster, since there is no record."""

    reason: str
    message: str
    after: float = 60.0


class Hold(structs.Struct, frozen=True, kw_only=True):
    """Do nothing, and write the reason in the record. ``ready`` False: Ready keeps its value. No
    deadline acts meanwhile."""

    reason: str
    message: str
    after: float | None = None
    ready: bool = True


class Rest(structs.Struct, frozen=True, kw_only=True):
    """End an attempt that has called all steps; their answers say when to look again."""

    reason: str = ""
    message: str = ""
    after: float | None = None


class CompareWorkload(structs.Struct, frozen=True, kw_only=True):
    """Ask the workload cluster for its UID, to tell a moved Cluster from a new one of its name."""

    namespace: str
    name: str
    cluster_uid: str


class AskAncestor(structs.Struct, frozen=True, kw_only=True):
    """Ask whether the Go ancestor was stopped by a switch, and does not run."""


class TakeUnadopted(structs.Struct, frozen=True, kw_only=True):
    """Manage a cluster that is only observed: its Cluster came from the ancestor, and is deleted
    before its AKO was adopted."""


class AdoptCluster(structs.Struct, frozen=True, kw_only=True):
    """Record the UID of the namesake, which is the same cluster after a move or restore."""

    uid: str


class CreateRecord(structs.Struct, frozen=True, kw_only=True):
    """Create the record, before anything else is written anywhere."""

    config: Config
    observed: bool = False
    """It observes only, as its config asks."""
    unadopted: bool = False
    """It begins so, to be managed at once: see decide/unadopted."""


class RestartRecord(structs.Struct, frozen=True, kw_only=True):
    """Begin a finished record anew: its Cluster lives and is selected again."""

    config: Config
    observed: bool = False


class AddFinalizers(structs.Struct, frozen=True, kw_only=True):
    """Add our finalizers, after the record is created and before anything outside is touched.

    Label: correct the label of the ancestor on a Cluster that came from it."""

    on: tuple[On, ...]


class ChangeConfig(structs.Struct, frozen=True, kw_only=True):
    """Store another config, or other policies of the same one; ends Orphaned."""

    config: Config


class EndObserving(structs.Struct, frozen=True, kw_only=True):
    """Store that an observed cluster is managed from now on: its config does not ask to observe
    only any more."""


class Observe(structs.Struct, frozen=True, kw_only=True):
    """Look at AKO, and write nothing but the record. An AKO that can be adopted is managed from
    then on."""

    obstacle: str = ""
    """Reason, as a sentence, why it is not adopted whatever the plugins find."""


class Orphan(structs.Struct, frozen=True, kw_only=True):
    """Stop the lives verbs; everything stays in place."""

    cause: Cause
    message: str


class StartLeaving(structs.Struct, frozen=True, kw_only=True):
    """Begin to leave, once quorum reads confirm it."""

    cause: Cause
    message: str


class PauseLeaving(structs.Struct, frozen=True, kw_only=True):
    """Store the begin of a pause: the deadline does not count it."""


class ResumeLeaving(structs.Struct, frozen=True, kw_only=True):
    """Store the length of the pause."""


class CancelRelocation(structs.Struct, frozen=True, kw_only=True):
    """Live on at the old place: the change was taken back before anything was done."""


class EndRelocation(structs.Struct, frozen=True, kw_only=True):
    """Store how the old place ended, and live again."""

    how: Literal["Proved", "Abandoned"]
    message: str


class HandOver(structs.Struct, frozen=True, kw_only=True):
    """Make the record ours, one epoch later, as an annotation asks."""


class Live(structs.Struct, frozen=True, kw_only=True):
    """Make a round of the lives verbs: intend, prepare, contribute, deploy, observe."""


class Leave(structs.Struct, frozen=True, kw_only=True):
    """Take one step of leaving."""

    step: Step


class LetGo(structs.Struct, frozen=True, kw_only=True):
    """Store that the Cluster is let go. No verb gets a workload client after it."""

    why: Why
    message: str


class ReleaseCluster(structs.Struct, frozen=True, kw_only=True):
    """Take our finalizer off the Cluster; tried again for ever."""


class Finish(structs.Struct, frozen=True, kw_only=True):
    """Store that nothing is left to do; the record stays for some days as the proof."""

    untouched: bool = False
    """Its Cluster is not in the caches, and nothing has to be cleaned up; a quorum read has to
    confirm that the Cluster is gone."""


class PruneFinished(structs.Struct, frozen=True, kw_only=True):
    """Delete a finished record."""


class DropForMove(structs.Struct, frozen=True, kw_only=True):
    """Delete the record and touch nothing outside: the Cluster has moved away."""


Decision = (
    Nothing
    | Refuse
    | Hold
    | Rest
    | CompareWorkload
    | AskAncestor
    | TakeUnadopted
    | AdoptCluster
    | CreateRecord
    | RestartRecord
    | AddFinalizers
    | ChangeConfig
    | EndObserving
    | Observe
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
