"""The AKODeployment: the record of one AKO in one Cluster.

``spec`` holds everything that leaving needs, written before the outside was touched. The status can
be derived again (``clusterctl move`` and backups lose it). Only the core writes a record.
"""

from __future__ import annotations

import datetime
from typing import Any, Literal

from akoo_core import structs
from akoo_core.objects import config, names
from akoo_core.objects.conditions import Condition

SCHEMA_VERSION = 1
"""Version of ``spec``. A record with a greater one waits (NewerRecord); nobody guesses at it."""

Phase = Literal[
    "Preparing",
    "Deploying",
    "Running",
    "Orphaned",
    "Observed",
    "Draining",
    "Fencing",
    "Sweeping",
    "Verifying",
    "Releasing",
    "Finished",
]
Cause = Literal["ClusterDeleted", "Unmatched", "ConfigDeleted", "UserWord", "Relocated"]
"""Cause of leaving. After Relocated the record lives again, at another place."""
FenceGrade = Literal["Revoked", "Stopped", "Gone", "Unfenced"]


class ClusterRef(structs.Struct, frozen=True, kw_only=True):
    """The Cluster, by UID; namespace and name serve to read it."""

    namespace: str
    name: str
    uid: str


class ConfigRef(structs.Struct, frozen=True, kw_only=True):
    """The AKODeploymentConfig that was chosen."""

    name: str
    uid: str


class StoredUse(structs.Struct, frozen=True, kw_only=True):
    """A shared object this cluster uses; ``tentative`` until it is read again after storing."""

    plugin: str
    group: str
    kind: str
    name: str
    uid: str
    state: Literal["tentative", "confirmed"] = "tentative"


class StoredIntent(structs.Struct, frozen=True, kw_only=True):
    """A plugin's announcement of its objects. ``data`` is the plugin's own, at its own
    ``version``."""

    version: int
    data: dict[str, Any] = {}
    placement: str = ""
    """The place outside, in the plugin's words; see plugin.api.Intent."""


class StoredFact(structs.Struct, frozen=True, kw_only=True):
    """A finding or a decision of a plugin, for other plugins. Never a secret."""

    plugin: str
    version: int
    data: dict[str, Any] = {}


class DeclinedFact(structs.Struct, frozen=True, kw_only=True):
    """A fact that its provider will not give for this cluster. See plugin.api.Done."""

    plugin: str


class StoredSource(structs.Struct, frozen=True, kw_only=True):
    """Source of a value of a Secret; never the value. See plugin.api.SecretSource."""

    key: str
    namespace: str = ""
    name: str = ""
    plugin: str = ""
    optional: bool = False
    single_line: bool = False
    public: bool = False


class StoredSecret(structs.Struct, frozen=True, kw_only=True):
    """Recipe of a Secret in the workload cluster. See plugin.api.SecretObject."""

    data: dict[str, StoredSource]
    type: str = "Opaque"
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


class AppliedSecret(structs.Struct, frozen=True, kw_only=True):
    """A Secret in the workload cluster as it was when its values were right."""

    uid: str
    resource_version: str
    sources: dict[str, str] = {}
    """The version (``uid/resourceVersion``) of each Secret of the management cluster that it was
    made of, by ``namespace/name``."""


class InventoryItem(structs.Struct, frozen=True, kw_only=True):
    """One object in the workload cluster that is ours to prune."""

    plugin: str
    api_version: str
    kind: str
    name: str
    namespace: str = ""
    digest: str = ""
    """SHA-256 of the desired object, secret values left out; equal means nothing to apply."""
    secret: StoredSecret | None = None
    """Sources of a Secret: a new value reaches it even while its plugin cannot answer."""
    applied: AppliedSecret | None = None
    """Of a Secret: nothing is opened for one that is still as it was left."""
    note: str = ""
    """Note for people on the object as it is in the cluster."""


class FenceState(structs.Struct, frozen=True, kw_only=True):
    """A fence: its grade and its evidence."""

    grade: FenceGrade
    evidence: str
    at: datetime.datetime
    settle_seconds: int = 0
    """Seconds this AKO may sleep before it writes again (its full sync); from the plugins."""


class StoredProof(structs.Struct, frozen=True, kw_only=True):
    """The last count of verify, and its queries."""

    plugin: str
    at: datetime.datetime
    own: int
    suspect: int
    held: int
    queries: tuple[str, ...] = ()
    held_by: str = ""
    """Owner of the references to held objects: the person to ask."""
    suspects: tuple[str, ...] = ()
    """The first suspects by name, each with the mark it lacks; ``suspect`` counts all."""
    unseen: tuple[str, ...] = ()
    """Sentences on objects that may be left but were not looked for. With any, no count is a
    proof."""

    @property
    def clean(self) -> bool:
        """True if none of the objects that were looked for is left."""
        return self.own == 0 and self.held == 0


class StoredLetGo(structs.Struct, frozen=True, kw_only=True):
    """Time and reason of taking our finalizer off the Cluster."""

    at: datetime.datetime
    why: Literal["Proven", "Counted", "NoVerifier", "Deadline", "UserWord", "Moved", "Gone"]
    message: str = ""


class Orphaned(structs.Struct, frozen=True, kw_only=True):
    """Time and cause of the end of lives verbs, with everything left in place."""

    cause: Cause
    at: datetime.datetime


class Leaving(structs.Struct, frozen=True, kw_only=True):
    """Progress of leaving. Each step is written before the next begins."""

    cause: Cause
    started_at: datetime.datetime
    confirmed_at: datetime.datetime | None = None
    drained_at: datetime.datetime | None = None
    drain_outcome: str = ""
    fence: FenceState | None = None
    """The strongest so far, that of the core included."""
    fences: dict[str, FenceState] = {}
    """By plugin: its answers that proved the most. A plugin without one has not finished."""
    swept_at: datetime.datetime | None = None
    last_non_empty_at: datetime.datetime | None = None
    proof: StoredProof | None = None
    undeployed_at: datetime.datetime | None = None
    let_go: StoredLetGo | None = None
    released_at: datetime.datetime | None = None
    attempted_at: datetime.datetime | None = None
    """End of the first complete attempt: the deadline has no effect before it."""
    paused_at: datetime.datetime | None = None
    """Begin of the current pause; None while not paused."""
    paused_seconds: int = 0
    """Seconds of all earlier pauses: the deadline does not count them."""
    moved: tuple[str, ...] = ()
    """Plugins whose place has changed; for cause Relocated only."""


class EndedPlacement(structs.Struct, frozen=True, kw_only=True):
    """A place this cluster was relocated from, and the outcome."""

    plugin: str
    placement: str
    how: Literal["Proved", "Abandoned"]
    at: datetime.datetime
    message: str = ""


class Handover(structs.Struct, frozen=True, kw_only=True):
    """The owner of this record before ``akoo.io/adopt``: claims in that owner's name may be taken
    over."""

    management_id: str
    epoch: int


class Workload(structs.Struct, frozen=True, kw_only=True):
    """The cluster at the kubeconfig, by the UID of its kube-system namespace."""

    kube_system_uid: str


class ForeignAko(structs.Struct, frozen=True, kw_only=True):
    """An AKO in the workload cluster that akoo-core neither deployed nor cleans up."""

    cluster_name: str
    """Its clusterName; "" where its ConfigMap gives none."""
    where: str
    """The object that shows it, as kind, namespace and name."""


class Adoption(structs.Struct, frozen=True, kw_only=True):
    """The adoption of an AKO that somebody else deployed."""

    started_at: datetime.datetime
    """Time of the write by which the record began to manage it."""
    ended_at: datetime.datetime | None = None
    """First time at which it ran on under this record; None: it is under way, or has failed."""
    failure: str = ""
    """Reason of its failure; "" for none."""
    config_generation: int = 0
    """Generation of the config at the failure."""


class RecordSpec(structs.Struct, frozen=True, kw_only=True):
    """Everything that leaving needs, and nothing that can be derived."""

    schema_version: int = SCHEMA_VERSION
    instance: str = names.DEFAULT_INSTANCE
    ako_cluster_name: str
    management_id: str
    epoch: int = 1
    handover: Handover | None = None
    cluster_ref: ClusterRef
    history_unknown: bool = False
    """The Cluster was served before this record began, and that time is unknown or did not end with
    a proof. Objects may exist that this record does not list."""
    config_ref: ConfigRef
    policies: config.Policies = config.Policies()
    plugins: tuple[str, ...] = ()
    """Plugins whose verbs have touched (or may have touched) something for this record."""
    intents: dict[str, StoredIntent] = {}
    uses: tuple[StoredUse, ...] = ()
    facts: dict[str, StoredFact] = {}
    declined: dict[str, DeclinedFact] = {}
    """By the name of the fact. A fact is never in both."""
    inventory: tuple[InventoryItem, ...] = ()
    workload: Workload | None = None
    foreign_akos: tuple[ForeignAko, ...] = ()
    orphaned: Orphaned | None = None
    observed: bool = False
    """The config asks to observe only. Nothing was written for this record but the record."""
    adoption: Adoption | None = None
    """None for an AKO that akoo-core deployed, and while it is observed."""
    leaving: Leaving | None = None
    ended_placements: tuple[EndedPlacement, ...] = ()
    finished_at: datetime.datetime | None = None

    @property
    def untouched(self) -> bool:
        """True if nothing can have been touched for this record: it would have been written here
        first."""
        touched = (self.plugins, self.intents, self.uses, self.facts)
        return not any(touched) and self.never_deployed and self.leaving is None

    @property
    def never_deployed(self) -> bool:
        """True if AKO was never deployed: the inventory and the UID of the workload cluster are
        stored before the first object is applied. An adopted AKO was there before."""
        known = not self.history_unknown and self.adoption is None
        return known and not self.inventory and self.workload is None


class RecordStatus(structs.Struct, frozen=True, kw_only=True):
    """The status that people read."""

    phase: Phase | None = None
    observed_generation: int | None = None
    config: str = ""
    version: str = ""
    """Version of AKO, as observed: column AKO."""
    left: int | None = None
    """Own objects still on the outside: column LEFT, only while leaving."""
    last_trace_id: str = ""
    next_try_at: datetime.datetime | None = None
    """Time of the next attempt, as of the last change of this status; None: on a change."""
    retry_seconds: int | None = None
    """Longest time between two attempts while nothing changes, in seconds."""
    usual_until: datetime.datetime | None = None
    """Time until which the current fault is a wait of usual length; None for one that is not."""
    conditions: tuple[Condition, ...] = ()


class Record(structs.Struct, frozen=True, kw_only=True):
    """One AKODeployment as read."""

    name: str
    uid: str
    resource_version: str
    generation: int = 1
    created: datetime.datetime
    deleting: bool = False
    annotations: dict[str, str] = {}
    labels: dict[str, str] = {}
    finalizers: tuple[str, ...] = ()
    spec: RecordSpec
    status: RecordStatus = RecordStatus()


def from_object(obj: structs.JSON) -> Record:
    """The Record of an AKODeployment as the API sends it. Raises structs.DecodeError."""
    metadata: dict[str, Any] = obj["metadata"]
    return Record(
        name=metadata["name"],
        uid=metadata["uid"],
        resource_version=metadata["resourceVersion"],
        generation=metadata.get("generation", 1),
        created=structs.convert(metadata["creationTimestamp"], datetime.datetime),
        deleting="deletionTimestamp" in metadata,
        annotations=metadata.get("annotations") or {},
        labels=metadata.get("labels") or {},
        finalizers=tuple(metadata.get("finalizers") or ()),
        spec=structs.convert(obj["spec"], RecordSpec, path="spec"),
        status=structs.convert(obj.get("status") or {}, RecordStatus, path="status"),
    )


def says_ready(obj: structs.JSON) -> bool:
    """True if an AKODeployment as the API sends it is Ready. Called for every change of every
    record."""
    return any(
        condition.get("type") == "Ready" and condition.get("status") == "True"
        for condition in (obj.get("status") or {}).get("conditions") or ()
    )


def to_object(name: str, spec: RecordSpec) -> structs.JSON:
    """A new AKODeployment, ready for create."""
    return {
        "apiVersion": "akoo.io/v1alpha1",
        "kind": "AKODeployment",
        "metadata": {
            "name": name,
            "labels": {names.MOVE_LABEL: ""},
            "finalizers": [names.RECORD_FINALIZER],
        },
        "spec": structs.to_object(spec),
    }
