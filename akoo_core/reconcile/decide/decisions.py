"""Everything that can be decided about a record. Values only."""

from __future__ import annotations

from typing import Literal

from akoo_core import structs
from akoo_core.objects import config as config_
from akoo_core.objects import record as record_

DEFAULT_BLOCKED_SECONDS = 300.0


class Stop:
    """An attempt ends here, with the reason why."""

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
        """Whether all that could be tried was tried: the deadline may act from then on."""
        self.left = left


Step = Literal["confirm", "drain", "fence", "sweep", "verify", "undeploy", "release"]


Why = Literal["Proven", "Counted", "NoVerifier", "Deadline", "UserWord", "Gone"]


On = Literal["Record", "Cluster", "Config"]


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
