"""All that a decision about one record is made from. Values only."""

from __future__ import annotations

import datetime

from akoo_core import structs
from akoo_core.objects import cluster as cluster_
from akoo_core.objects import record as record_
from akoo_core.reconcile.decide import selection
from akoo_core.reconcile.decide.decisions import On, Step

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
