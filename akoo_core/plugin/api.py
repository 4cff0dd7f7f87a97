"""The plugin reference: everything a plugin implements, receives and returns.

The plugin and its hooks are here. The values that hooks take and answer are written in
:mod:`akoo_core.contract`, and plugins import them from this module.

A plugin is a subclass of :class:`Plugin`. It declares its needs, and implements verbs as methods
marked with :data:`hookimpl`. The operator finds it through the entry point group
``akoo_core.plugins`` and makes it once per process with its validated settings.

A cluster lives:   intend -> prepare -> contribute -> (deploy) -> observe
A cluster leaves:  confirm -> drain -> fence -> sweep -> verify -> (undeploy, let go) -> release

Verbs are level-triggered and idempotent: they are called again at any time, after a crash at any
line, by a new leader. A verb never writes status or finalizers; it returns a result. It touches
only things that the stored intent names. Names of outside things derive from the record, never
from random numbers. An exception is retried with backoff. The pure verbs (intend,
secret_references, contribute) do no I/O and read no clock.
Lives verbs run in the order of facts (providers first), leaves verbs in reverse.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, NamedTuple

import pluggy

from akoo_core import structs
from akoo_core.contract.annotations import AnnotationFlag, PluginAnnotation, words
from akoo_core.contract.contexts import AuditContext, CheckContext, SecretContext, VerbContext
from akoo_core.contract.contributions import AdoptedObject, Contribution, SecretObject
from akoo_core.contract.controllers import (
    AddKey,
    ControllerContext,
    ControllerRegistration,
    RbacRule,
    Request,
    Source,
)
from akoo_core.contract.events import LifecycleEvent
from akoo_core.contract.facts import (
    ADOPTION_FAILURES,
    AdoptedName,
    ClusterNameUse,
    Fact,
    LoadBalancerPlacement,
    LoadBalancerTenant,
    PortGroup,
    VipNetwork,
    WorkloadCredential,
)
from akoo_core.contract.intents import Intent, RecordCondition, Use
from akoo_core.contract.means import (
    Account,
    ConfigMapReader,
    Keep,
    KeptSecret,
    LoginMemory,
    RefusedLogin,
    SecretReader,
    ThreadPool,
)
from akoo_core.contract.reports import (
    Audit,
    Finding,
    FindingState,
    PlannedAction,
    PlannedVerb,
    Stray,
)
from akoo_core.contract.results import (
    LONGEST_SECONDS,
    Blocked,
    Done,
    Fenced,
    Notice,
    Number,
    Proof,
    Result,
    Seconds,
    Unverified,
    Wait,
)
from akoo_core.contract.secrets import SecretName, SecretPair, SecretSource
from akoo_core.contract.view import View
from akoo_core.kube.resource import Resource
from akoo_core.objects import record

__all__ = [
    "ADOPTION_FAILURES",
    "API_VERSION",
    "ENTRY_POINT_GROUP",
    "LONGEST_SECONDS",
    "PURE_VERBS",
    "TIMEOUT_SECONDS",
    "VERBS",
    "Account",
    "AddKey",
    "AdoptedName",
    "AdoptedObject",
    "AnnotationFlag",
    "Audit",
    "AuditContext",
    "Blocked",
    "CheckContext",
    "ClusterNameUse",
    "ConfigMapReader",
    "Contribution",
    "ControllerContext",
    "ControllerRegistration",
    "Done",
    "Fact",
    "Fenced",
    "Finding",
    "FindingState",
    "Intent",
    "Keep",
    "KeptSecret",
    "LifecycleEvent",
    "LoadBalancerPlacement",
    "LoadBalancerTenant",
    "LoginMemory",
    "Notice",
    "Number",
    "PlannedAction",
    "PlannedVerb",
    "Plugin",
    "PluginAnnotation",
    "PortGroup",
    "Proof",
    "RbacRule",
    "RecordCondition",
    "RefusedLogin",
    "Request",
    "Result",
    "Seconds",
    "SecretContext",
    "SecretName",
    "SecretObject",
    "SecretPair",
    "SecretReader",
    "SecretSource",
    "Source",
    "Stray",
    "ThreadPool",
    "Unverified",
    "Use",
    "VerbContext",
    "VerbEntry",
    "VerbPhase",
    "Verbs",
    "View",
    "VipNetwork",
    "Wait",
    "WorkloadCredential",
    "hookimpl",
    "hookspec",
    "verbs_of",
    "words",
]

API_VERSION = "1"
"""The version of this contract. Arguments are only ever added."""

ENTRY_POINT_GROUP = "akoo_core.plugins"

hookspec = pluggy.HookspecMarker("akoo_core")
hookimpl = pluggy.HookimplMarker("akoo_core")


class Plugin:
    """Base class of plugins: declarations with defaults. Implement verbs with @hookimpl.

    ``name`` is the entry point's name; the loader sets it.
    """

    name: str = ""
    api_version: ClassVar[str] = API_VERSION
    settings_type: ClassVar[type[structs.StrictStruct] | None] = None
    """The type of ``plugins.<name>`` in the operator's settings."""
    config_type: ClassVar[type[structs.StrictStruct] | None] = None
    """The type of ``spec.plugins.<name>`` in an AKODeploymentConfig."""
    intent_version: ClassVar[int] = 1
    provides: ClassVar[tuple[type[Fact], ...]] = ()
    requires: ClassVar[tuple[type[Fact], ...]] = ()
    """Facts without which no verb of this plugin but intend is called."""
    accepts: ClassVar[tuple[type[Fact], ...]] = ()
    """Facts that are used when a selected plugin provides them."""
    after: ClassVar[tuple[str, ...]] = ()
    """Plugins that must come first, although no data flows; those not selected are ignored."""
    rbac: ClassVar[tuple[RbacRule, ...]] = ()
    """Rights in the management cluster beyond the core's."""
    reads: ClassVar[tuple[Resource, ...]] = ()
    """Kinds of the management cluster whose objects its verbs list, beside those that its
    controllers watch (``ctx.shared``). Of Secrets they get the metadata. The ClusterRole has the
    right to list them; where it is an older one, the list raises ForbiddenError."""
    keeps: bool = False
    """The plugin keeps Secrets in the operator's namespace (``ctx.keep``). The Role then has the
    rights for it. One whose settings decide that sets it in ``__init__``."""
    reads_config_maps: ClassVar[bool] = False
    """The verbs of the plugin read ConfigMaps in the operator's namespace (``ctx.config_maps``).
    The Role then has the right for it."""
    config_map: str = ""
    """The name of a ConfigMap in the operator's namespace that ``take_config_map`` gets, at the
    start and within 30 s of each change. It needs ``reads_config_maps``. "" for none. One whose
    settings decide that sets it in ``__init__``."""
    needs_kubernetes_version: ClassVar[bool] = False
    """``contribute`` is called with the version of the workload cluster (``view
    .kubernetes_version``), and nothing of this plugin is written before that is known."""
    manifests: ClassVar[str] = ""
    """``package:folder`` (``akoo_avi:manifests``): the folder in its wheel with the definitions of
    its kinds, as YAML files. ``akoo-core manifests`` prints them."""
    signals: ClassVar[str] = ""
    """``module:NAME`` of its Signals (akoo_core.plugin.signals): its metrics, alerts and
    dashboard. The operator never loads them."""
    conditions: ClassVar[tuple[str, ...]] = ()
    """Types of the conditions that its intents may give (``ReleaseUnverified``)."""
    annotations: ClassVar[tuple[PluginAnnotation, ...]] = ()
    """Annotations of records by which people ask this plugin for something."""
    chapter: ClassVar[str] = ""
    """``module:NAME`` of its Chapter in ``akoo-core sandbox`` (akoo_core.testing.chapters); only
    the sandbox imports it."""

    def __init__(self, settings: Any = None) -> None:
        self.settings = settings

    def only_observes(self, section: structs.JSON) -> bool:
        """Pure. ``spec.plugins.<name>`` of a config, not checked, asks to observe its clusters and
        to change nothing. A record that begins so gets no verb but ``observe`` of the plugins that
        answer True, no finalizer on its Cluster, and no cleanup. It stays so until the config asks
        for something else, or a plugin among them gives the fact AdoptedName."""
        return False

    def adopts(self, section: structs.JSON) -> bool:
        """Pure. For a section for which ``only_observes`` is True: the plugin gives AdoptedName
        once it has seen that it can manage what it observes."""
        return False

    def take_config_map(
        self, texts: Mapping[str, str] | None, records: tuple[record.Record, ...]
    ) -> str:
        """Take the texts of ``config_map``; None: there is none. ``records`` have not ended. The
        leader calls it before any verb of a cluster, and all records are looked at once it took it.

        "" if it did. Else the reason, as sentences: the plugin goes on with what it took before,
        and an Event about the ConfigMap says why. It is asked again until it takes it."""
        return ""

    async def open_secret(self, source: SecretSource, ctx: SecretContext) -> bytes | None:
        """The value of a SecretSource whose ``plugin`` is this one; None where there is none.

        Called as a verb is: for at most 30 s, in a task of its own. It reads only. The core calls
        it when a Secret is made, and when the one in the workload cluster is not as it was left.
        """
        raise NotImplementedError(f"plugin {self.name} resolves no secrets")

    async def close(self) -> None:
        """End sessions and threads when the process stops."""


class Verbs:
    """The hooks. An implementation names the arguments that it wants, in any order."""

    @hookspec
    def intend(self, view: View) -> Intent | Blocked | None:
        """Pure. The outside things that will be touched. None: none. Called before every attempt;
        a changed answer is stored before anything acts on it."""

    @hookspec
    async def prepare(self, ctx: VerbContext) -> Result | None:
        """Make the things that must exist outside before AKO can run. Needs no workload API."""

    @hookspec
    def contribute(self, view: View) -> Contribution | Wait | Blocked | None:
        """Pure. The objects wanted in the workload cluster."""

    @hookspec
    async def observe(self, ctx: VerbContext) -> Result | None:
        """Check that it really works. Done: the plugin's condition is True."""

    @hookspec
    async def confirm(self, ctx: VerbContext) -> Result | None:
        """Leaving: check that these things are still ours to delete."""

    @hookspec
    async def drain(self, ctx: VerbContext) -> Result | None:
        """Leaving: ask AKO to clean up. Bounded by the drain timeout; its outcome is a hint."""

    @hookspec
    async def fence(self, ctx: VerbContext) -> Fenced | Wait | Blocked | None:
        """Leaving: make it impossible for this AKO to write any more. Called until it is Fenced,
        also without a workload client; the Cluster is not let go before, until the deadline."""

    @hookspec
    async def sweep(self, ctx: VerbContext) -> Result | None:
        """Leaving: delete the remaining things, from outside, in dependency order."""

    @hookspec
    async def verify(self, ctx: VerbContext) -> Proof | Unverified | Wait | Blocked | None:
        """Leaving: count the remaining things. Only a Proof of zero proves the cleanup."""

    @hookspec
    async def release(self, ctx: VerbContext) -> Result | None:
        """Leaving: give back the things that prepare took. Never holds the Cluster."""

    @hookspec
    def controllers(self) -> tuple[ControllerRegistration, ...]:
        """Controllers for the plugin's own kinds and for shared things."""
        return ()

    @hookspec
    def secret_references(self, view: View) -> tuple[SecretPair, ...]:
        """Pure. The Secrets that this record depends on: a change of one starts an attempt."""
        return ()

    @hookspec
    async def plan(self, ctx: VerbContext, verb: PlannedVerb) -> tuple[PlannedAction, ...] | None:
        """The actions of that verb, if it were called now, for ``akoo-core plan``. Reads only."""

    @hookspec
    async def check(self, ctx: CheckContext) -> tuple[Finding, ...] | None:
        """The things outside that this plugin needs, each with its state, for ``akoo-core check``.
        Needs no cluster. Reads only. A thing that cannot be read is an answer, not an error."""

    @hookspec
    async def audit(self, ctx: AuditContext) -> Audit | None:
        """The things outside without a living owner, for ``akoo-core audit``. Reads only."""

    @hookspec
    async def remove_stray(self, ctx: AuditContext, owner: str) -> Result | None:
        """Delete all that audit shows for ``owner``, after a person confirmed it."""

    @hookspec
    def on_event(self, event: LifecycleEvent) -> None:
        """Take note of an event. For information: it may be missed and decides nothing."""


VerbPhase = Literal["first", "lives", "leaves", "command"]
"""first: in each attempt, also while facts are missing. lives and leaves: in the life and in the
leaving of a cluster. command: for a person at the command line."""


class VerbEntry(NamedTuple):
    """One verb as the core calls it."""

    name: str
    phase: VerbPhase
    timeout_seconds: float | None = None
    """Longest time of one call; then it is cancelled and counts as failed. None: pure, not
    awaited."""

    @property
    def pure(self) -> bool:
        """True for a plain function of the view."""
        return self.timeout_seconds is None


VERBS = (
    VerbEntry("intend", "first"),
    VerbEntry("secret_references", "first"),
    VerbEntry("prepare", "lives", 60.0),
    VerbEntry("contribute", "lives"),
    VerbEntry("observe", "lives", 30.0),
    VerbEntry("confirm", "leaves", 30.0),
    VerbEntry("drain", "leaves", 30.0),
    VerbEntry("fence", "leaves", 30.0),
    VerbEntry("sweep", "leaves", 300.0),
    VerbEntry("verify", "leaves", 120.0),
    VerbEntry("release", "leaves", 60.0),
    VerbEntry("plan", "command", 60.0),
    VerbEntry("check", "command", 120.0),
    VerbEntry("audit", "command", 300.0),
    VerbEntry("remove_stray", "command", 300.0),
)
"""Every verb, in the order in which the core calls those of a phase."""


def verbs_of(phase: VerbPhase) -> tuple[str, ...]:
    """The names of the verbs of a phase, in order."""
    return tuple(verb.name for verb in VERBS if verb.phase == phase)


PURE_VERBS = tuple(verb.name for verb in VERBS if verb.pure)
TIMEOUT_SECONDS: Mapping[str, float] = {
    verb.name: verb.timeout_seconds for verb in VERBS if verb.timeout_seconds is not None
}
"""The longest time of one call; then it is cancelled and counts as failed."""
