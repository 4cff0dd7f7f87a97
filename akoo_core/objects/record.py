"""The AKODeployment: the record of one AKO in one Cluster.

Everything that leaving needs is in ``spec`` and was written before the outside was touched; the
status can be derived again (moves and backups lose it). Only the core writes it.
"""

from __future__ import annotations

import datetime
from typing import Any, Literal

from akoo_core import structs
from akoo_core.objects import conditions as conditions_
from akoo_core.objects import config, names

SCHEMA_VERSION = 1
"""Of ``spec``. A record with a greater one waits (NewerRecord); it is never guessed at."""

Phase = Literal[
    "Preparing",
    "Deploying",
    "Running",
    "Orphaned",
    "Draining",
    "Fencing",
    "Sweeping",
    "Verifying",
    "Releasing",
    "Finished",
]
Cause = Literal["ClusterDeleted", "Unmatched", "ConfigDeleted", "UserWord", "Relocated"]
"""Why a record leaves. After Relocated it lives again, at another place."""
FenceGrade = Literal["Revoked", "Stopped", "Gone", "Unfenced"]


class ClusterRef(structs.Struct, frozen=True, kw_only=True):
    """The Cluster, by UID; namespace and name are how to read it."""

    namespace: str
    name: str
    uid: str


class ConfigRef(structs.Struct, frozen=True, kw_only=True):
    """The AKODeploymentConfig that was chosen."""

    name: str
    uid: str


class StoredUse(structs.Struct, frozen=True, kw_only=True):
    """One shared object this cluster uses; ``tentative`` until it was read live after storing."""

    plugin: str
    group: str
    kind: str
    name: str
    uid: str
    state: Literal["tentative", "confirmed"] = "tentative"


class StoredIntent(structs.Struct, frozen=True, kw_only=True):
    """What a plugin said it will touch. ``data`` is the plugin's own, at its own ``version``."""

    version: int
    data: dict[str, Any] = {}
    placement: str = ""
    """Where outside, as the plugin said; see plugins.api.Intent."""


class StoredFact(structs.Struct, frozen=True, kw_only=True):
    """What a plugin found out or decided, for others. Never a secret."""

    plugin: str
    version: int
    data: dict[str, Any] = {}


class StoredSource(structs.Struct, frozen=True, kw_only=True):
    """Where a value of a Secret is; never the value. See plugins.api.SecretSource."""

    key: str
    namespace: str = ""
    name: str = ""
    plugin: str = ""
    optional: bool = False


class StoredSecret(structs.Struct, frozen=True, kw_only=True):
    """How a Secret in the workload cluster is made. See plugins.api.SecretObject."""

    data: dict[str, StoredSource]
    type: str = "Opaque"
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


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
    """Of a Secret: so that a new value reaches it while its plugin cannot say what it wants."""
    note: str = ""
    """What a person should know about this object as it is in the cluster."""


class FenceState(structs.Struct, frozen=True, kw_only=True):
    """The strongest fence that was reached, and what shows it."""

    grade: FenceGrade
    evidence: str
    at: datetime.datetime
    settle_seconds: int = 0
    """As the plugins said: how long this AKO may sleep before it writes again (its full sync)."""


class StoredProof(structs.Struct, frozen=True, kw_only=True):
    """What verify counted last, and how."""

    plugin: str
    at: datetime.datetime
    own: int
    suspect: int
    held: int
    queries: tuple[str, ...] = ()
    held_by: str = ""
    """Who refers to what is held: whom to ask."""
    suspects: tuple[str, ...] = ()
    """The first of them by name, and what they lack; ``suspect`` counts all."""
    unseen: tuple[str, ...] = ()
    """What may be left and was not looked for, one sentence each. With any, no count is a proof."""

    @property
    def clean(self) -> bool:
        """Whether nothing of what was looked for is left."""
        return self.own == 0 and self.held == 0


class StoredLetGo(structs.Struct, frozen=True, kw_only=True):
    """When and why the Cluster lost our finalizer."""

    at: datetime.datetime
    why: Literal["Proven", "Counted", "NoVerifier", "Deadline", "UserWord", "Moved", "Gone"]
    message: str = ""


class Orphaned(structs.Struct, frozen=True, kw_only=True):
    """Since when and why lives verbs have stopped, with everything left in place."""

    cause: Cause
    at: datetime.datetime


class Leaving(structs.Struct, frozen=True, kw_only=True):
    """How far leaving has come. Each step is written before the next begins."""

    cause: Cause
    started_at: datetime.datetime
    confirmed_at: datetime.datetime | None = None
    drained_at: datetime.datetime | None = None
    drain_outcome: str = ""
    fence: FenceState | None = None
    swept_at: datetime.datetime | None = None
    last_non_empty_at: datetime.datetime | None = None
    proof: StoredProof | None = None
    undeployed_at: datetime.datetime | None = None
    let_go: StoredLetGo | None = None
    released_at: datetime.datetime | None = None
    attempted_at: datetime.datetime | None = None
    """When the first complete attempt ended: the deadline has no effect before it."""
    paused_at: datetime.datetime | None = None
    """Since when leaving is paused; None while it is not."""
    paused_seconds: int = 0
    """How long earlier pauses were together: the deadline does not count them."""
    moved: tuple[str, ...] = ()
    """Relocated only: the plugins whose place has changed."""


class EndedPlacement(structs.Struct, frozen=True, kw_only=True):
    """A place this cluster was moved away from, and how that ended."""

    plugin: str
    placement: str
    how: Literal["Proved", "Abandoned"]
    at: datetime.datetime
    message: str = ""


class Handover(structs.Struct, frozen=True, kw_only=True):
    """Who had this record before a person said ``akoo.io/adopt``: a claim that still names them may
    be taken over."""

    management_id: str
    epoch: int


class Workload(structs.Struct, frozen=True, kw_only=True):
    """Who answers at the kubeconfig: the UID of its kube-system namespace."""

    kube_system_uid: str


class ForeignAko(structs.Struct, frozen=True, kw_only=True):
    """An AKO in the workload cluster that akoo-core did not deploy, and does not clean up after."""

    cluster_name: str
    """Its clusterName; "" where its ConfigMap gives none."""
    where: str
    """The object that shows it, as kind, namespace and name."""


class RecordSpec(structs.Struct, frozen=True, kw_only=True):
    """All that is needed to leave, and nothing that can be derived."""

    schema_version: int = SCHEMA_VERSION
    instance: str = names.DEFAULT_INSTANCE
    ako_cluster_name: str
    management_id: str
    epoch: int = 1
    handover: Handover | None = None
    cluster_ref: ClusterRef
    history_unknown: bool = False
    """The Cluster was served before this record began, and that time is not known here or did not
    end with a proof. What is missing in this record may exist all the same."""
    config_ref: ConfigRef
    policies: config.Policies = config.Policies()
    plugins: tuple[str, ...] = ()
    """Plugins whose verbs have touched (or may have touched) something for this record."""
    intents: dict[str, StoredIntent] = {}
    uses: tuple[StoredUse, ...] = ()
    facts: dict[str, StoredFact] = {}
    inventory: tuple[InventoryItem, ...] = ()
    workload: Workload | None = None
    foreign_akos: tuple[ForeignAko, ...] = ()
    orphaned: Orphaned | None = None
    leaving: Leaving | None = None
    ended_placements: tuple[EndedPlacement, ...] = ()
    finished_at: datetime.datetime | None = None

    @property
    def untouched(self) -> bool:
        """Whether nothing can have been touched for it yet, nowhere: all that would have been
        written here first."""
        touched = (self.plugins, self.intents, self.uses, self.facts)
        return not any(touched) and self.never_deployed and self.leaving is None

    @property
    def never_deployed(self) -> bool:
        """Whether AKO was never deployed for it: the inventory and the UID of the workload cluster
        are stored before the first object is applied."""
        return not self.history_unknown and not self.inventory and self.workload is None


class RecordStatus(structs.Struct, frozen=True, kw_only=True):
    """What people look at."""

    phase: Phase | None = None
    observed_generation: int | None = None
    config: str = ""
    version: str = ""
    """Of AKO, as observed: column AKO."""
    left: int | None = None
    """Own objects still on the outside: column LEFT, only while leaving."""
    last_trace_id: str = ""
    next_try_at: datetime.datetime | None = None
    """When it is tried again, as of the last change of this status; None: on a change."""
    retry_seconds: int | None = None
    """How long at most between two tries, as long as nothing changes."""
    conditions: tuple[conditions_.Condition, ...] = ()


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
    """Whether an AKODeployment as the API sends it is Ready; asked of every change of every one."""
    found = (obj.get("status") or {}).get("conditions") or ()
    return any(one.get("type") == "Ready" and one.get("status") == "True" for one in found)


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
