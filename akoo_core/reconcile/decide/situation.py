"""The input of a decision about one record. Values only."""

from __future__ import annotations

import datetime
from typing import Literal

from akoo_core import structs
from akoo_core.objects.cluster import Cluster
from akoo_core.objects.config import Config
from akoo_core.objects.record import Record
from akoo_core.reconcile.decide import selection
from akoo_core.reconcile.decide.decisions import On, Step

FINISHED_KEPT = datetime.timedelta(days=7)
"""Time for which a finished record, the proof of a clean-up, is kept."""


class LoadedPlugin(structs.Struct, frozen=True, kw_only=True):
    """Properties of one loaded plugin that decisions depend on."""

    intent_version: int = 1
    facts: dict[str, int] = {}
    """The versions of the facts it provides."""
    intends: bool = False
    fences: bool = False
    sweeps: bool = False
    verifies: bool = False


class Progress(structs.Struct, frozen=True, kw_only=True):
    """Progress of one attempt. The attempt replaces it as it goes on."""

    ensured: frozenset[On] = frozenset()
    """Objects that got our finalizer in this attempt, even if the caches do not show it."""
    workload_uid: str = ""
    """kube-system UID of the cluster at the kubeconfig of a namesake, once it was asked."""
    ancestor: Literal["", "Stopped", "Runs"] = ""
    """State of the Go ancestor, once it was asked for. Stopped: by a switch, and nothing of it
    runs."""
    relocations: dict[str, str] = {}
    """Relocations that the last answers of intend ask for, in words, by plugin. Only known once
    intend was asked: by a round of the lives verbs, and while a relocation is not confirmed."""
    tried: bool = False
    """Leaving: this attempt has done what it could, and the deadline has passed."""
    done: frozenset[Step] = frozenset()
    """The leaving steps that this attempt has called."""
    unfenced: dict[str, str] = {}
    """Plugins that this attempt has asked for their fence and that have not finished it, each with
    its reason."""


class Situation(structs.Struct, frozen=True, kw_only=True):
    """One record name at one moment, as the caches and this attempt so far show it."""

    now: datetime.datetime
    management_id: str
    name: str
    record: Record | None = None
    cluster: Cluster | None = None
    """The Cluster of the record, by UID; without a record, the one whose UID gives this name."""
    moved_away: bool = False
    """The Cluster is gone, and was paused, marked to be moved and being deleted when it went."""
    namesake: Cluster | None = None
    """A Cluster at the record's namespace and name with another UID."""
    served_by: str = ""
    """Another record that has this very Cluster (it was adopted after a move), or ""."""
    rivals: tuple[Record, ...] = ()
    """Living records of an earlier Cluster of this namespace and name that know their workload."""
    choice: selection.Choice = selection.Choice()
    observes: bool = False
    """The chosen config asks to observe its clusters, and to change nothing."""
    adopts: bool = False
    """It observes only until the AKO of a cluster can be adopted."""
    labelled: Config | None = None
    """The config that the ancestor's label names, also one that is being deleted."""
    loaded: dict[str, LoadedPlugin] = {}
    """The loaded plugins, by name."""
    shared_with: tuple[str, ...] = ()
    """Other records of the same Cluster that still need its finalizer."""
    progress: Progress = Progress()
    finished_kept: datetime.timedelta = FINISHED_KEPT

    @property
    def verifies(self) -> bool:
        """True if a loaded plugin can prove that nothing is left."""
        return any(plugin.verifies for plugin in self.loaded.values())

    @property
    def sweeps(self) -> bool:
        return any(plugin.sweeps for plugin in self.loaded.values())
