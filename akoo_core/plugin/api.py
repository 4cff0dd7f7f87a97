"""The plugin reference: everything a plugin implements, receives and returns.

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

import datetime
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, ParamSpec, Protocol, TypeVar

import pluggy
from opentelemetry import trace

from akoo_core import clock, external, structs
from akoo_core.kube import client
from akoo_core.kube.resource import Resource
from akoo_core.objects import ako_networks, cluster, record

API_VERSION = "1"
"""The version of this contract. Arguments are only ever added."""

ENTRY_POINT_GROUP = "akoo_core.plugins"

hookspec = pluggy.HookspecMarker("akoo_core")
hookimpl = pluggy.HookimplMarker("akoo_core")

P = ParamSpec("P")
T = TypeVar("T")
F = TypeVar("F", bound="Fact")


# Facts and secret sources: values that plugins exchange, and places of values that they must not.


class Fact(structs.Struct, frozen=True, kw_only=True):
    """A typed value that one plugin provides and others may require. Never holds a secret.

    A field ``notes`` with texts is shown by ``akoo-core explain``.
    Subclasses set ``fact_name`` (unique, CamelCase) and ``fact_version`` (raised when an older
    reader would misunderstand). The engine keeps facts in the record and runs the verbs of a
    dependent plugin again when one changed.
    """

    fact_name: ClassVar[str]
    fact_version: ClassVar[int] = 1


class SecretSource(structs.Struct, frozen=True, kw_only=True):
    """The place of a secret value, instead of the value. Only the deploy executor opens it.

    A Secret in the management cluster (``namespace``, ``name``, ``key``), or, with ``plugin``
    set, a key which that plugin's ``open_secret`` resolves. Such a key names one immutable value:
    another value is another key, and nobody opens the same key twice without a cause.
    """

    key: str
    namespace: str = ""
    name: str = ""
    plugin: str = ""
    optional: bool = False
    """An absent optional source leaves the key out; any other absence is Blocked."""
    single_line: bool = False
    """A user name or a password: a value with a line break is refused (CredentialHasLineBreak)."""
    public: bool = False
    """A user name: its value may be seen in messages and is not masked. A key ``username`` is
    public in any case."""
    of_ancestor: bool = False
    """The account that the Go ancestor made for the Cluster, in its namespace: it is read in any
    namespace, if the Secret has the ancestor's type. Never for a name that a config gives."""


class SecretName(structs.Struct, frozen=True, kw_only=True):
    """A Secret of the management cluster: in configs, in intents, in kinds of plugins.

    Empty texts, which configs may hold, name no Secret.
    """

    namespace: str = ""
    name: str = ""

    @property
    def complete(self) -> bool:
        """True where both texts are there."""
        return bool(self.namespace and self.name)

    @property
    def pair(self) -> SecretPair:
        """The form in which hooks name it."""
        return self.namespace, self.name

    def source(
        self, key: str, *, optional: bool = False, single_line: bool = False
    ) -> SecretSource:
        """One key of it."""
        return SecretSource(
            namespace=self.namespace,
            name=self.name,
            key=key,
            optional=optional,
            single_line=single_line,
        )

    def __str__(self) -> str:
        """``namespace/name``."""
        return f"{self.namespace}/{self.name}"


SecretPair = tuple[str, str]
"""(namespace, name) of a Secret of the management cluster: what hooks answer."""


class WorkloadCredential(Fact, frozen=True, kw_only=True):
    """The account AKO uses on the Avi Controller. Exactly one plugin provides it."""

    fact_name: ClassVar[str] = "WorkloadCredential"

    username: SecretSource
    password: SecretSource
    ca: SecretSource | None = None


class VipNetwork(structs.Struct, frozen=True, kw_only=True):
    """A network that virtual services get their addresses from."""

    name: str
    uuid: str = ""
    """Set where the name alone is not unique."""
    cidr: str = ""


class LoadBalancerPlacement(Fact, frozen=True, kw_only=True):
    """The place of this cluster's load balancer objects, once it was checked and claimed.

    Names, as the plugin that deploys AKO passes them on. At most one plugin provides it.
    """

    fact_name: ClassVar[str] = "LoadBalancerPlacement"

    controller: str
    """``host`` or ``host:port``."""
    controller_version: str = ""
    cloud: str
    tenant: str
    service_engine_group: str
    networks: tuple[VipNetwork, ...] = ()
    ako: ako_networks.AkoNetworks | None = None
    """The networks of AKO's own settings, as they were checked. None: the provider did not look."""


class LoadBalancerTenant(Fact, frozen=True, kw_only=True):
    """The tenant of this cluster's load balancer objects, made or chosen for it.

    At most one plugin provides it, and declines it for a config whose ``spec.tenant`` counts. It
    exists on the config's controller when the fact is given. Another UUID is another place.
    """

    fact_name: ClassVar[str] = "LoadBalancerTenant"

    name: str
    uuid: str
    """Names may be changed; the UUID means nothing on another controller."""


class ClusterNameUse(Fact, frozen=True, kw_only=True):
    """The use of a clusterName that akoo-core did not make: this cluster's alone, or shared.

    Given only for a name that akoo-core did not make. An AKO takes everything with its name for its
    own: one whose name is not ``exclusive`` must not be asked to delete its objects.
    """

    fact_name: ClassVar[str] = "ClusterNameUse"

    name: str
    exclusive: bool
    objects: tuple[str, ...] = ()
    """The first objects that were not shown to be of this cluster, in words; () for an exclusive
    name."""
    count: int = 0
    """All of these objects."""


class PortGroup(Fact, frozen=True, kw_only=True):
    """The port group of vSphere that this cluster's virtual services get their addresses from.

    At most one plugin provides it, and declines it for a config without a port group.
    """

    fact_name: ClassVar[str] = "PortGroup"

    name: str
    """The wanted name: a rename in vCenter changes nothing for those that read it."""
    moref: str
    """vCenter's id (``dvportgroup-12``). Names repeat, this does not within one vCenter."""
    instance_uuid: str
    """Of the vCenter; the moref means nothing in another."""
    vcenter: str = ""
    """Address of that vCenter, ``host`` or ``host:port``; "" where it is not known."""
    datacenter: str
    """moRef of the datacenter (``datacenter-2``)."""
    datacenter_name: str = ""
    switch_uuid: str
    vlan: int | None = None
    """A single VLAN, 0 for none; None for any other kind."""
    cidr: str = ""
    """The subnet, where the port group has one."""


class AdoptedName(Fact, frozen=True, kw_only=True):
    """The AKO of an observed cluster can be adopted: the core begins to manage the cluster.

    The plugin that observes it gives the fact, and goes on giving it. The write that ends
    observing sets ``spec.akoClusterName`` to ``cluster_name``, and keeps the facts. Others read
    the fact by ``view.fact`` and do not accept it: the plugin that deploys AKO accepts theirs.
    """

    fact_name: ClassVar[str] = "AdoptedName"

    cluster_name: Annotated[str, structs.Meta(pattern="^[A-Za-z0-9_-]*$", max_length=253)]
    """AKO's clusterName, the mark on its objects outside. "": the cluster has no AKO, and gets one
    under the name of its record."""
    at_once: Annotated[int, structs.Meta(ge=0)] = 5
    """Adoptions of one config that may be under way at a time; 0: none begins."""
    contested: bool = False
    """Somebody else writes the adopted objects. What the plugin deployed is not kept up to date
    while it waits, and its ``observe`` is called nevertheless."""
    given_back: bool = False
    """The adopted AKO was given back: the core does not manage the cluster any more (orphan)."""


ADOPTION_FAILURES = ("AdoptionWouldRestart", "AdoptionRestarted")
"""Reasons of a plugin that gave AdoptedName by which the adoption has failed. No further cluster of
the config is adopted before its spec is changed."""


# Annotations: requests of people to one plugin, on a record.


class AnnotationFlag(structs.Struct, frozen=True, kw_only=True):
    """One word that the value of an annotation may have, and the option of its command for it."""

    name: str
    """The word. Its option is ``--NAME``."""
    help: str
    effects: tuple[str, ...] = ()
    """The consequences, as in PluginAnnotation."""


class PluginAnnotation(structs.Struct, frozen=True, kw_only=True):
    """The annotation ``<plugin>.akoo.io/<name>`` on a record: a request of a person to the plugin.

    Its value is ``value``, or one or more flags with commas between them. Any other value has no
    effect, and the condition AnnotationsAccepted says why. With the entry point ``<plugin>
    .<command>`` of the group ``akoo_core.commands``, a command writes it, says before that what
    will happen, and asks.
    """

    name: str
    help: str
    """The request in one sentence: the help of the command."""
    effects: tuple[str, ...]
    """The consequences, in sentences, which the command prints before it asks. ``{key}`` is the
    Cluster, as ``namespace/name``."""
    value: str = "requested"
    """The value that the command writes without flags."""
    flags: tuple[AnnotationFlag, ...] = ()
    fleet: bool = False
    """The command has ``--config NAME``: it writes the annotation for all clusters of a config."""
    refusal: Callable[[record.Record, frozenset[str]], str] | None = None
    """Pure. The reason why the request with these flags would have no effect on a record, for the
    command; "" for none."""

    def problem(self, value: str) -> str:
        """The reason why a value has no effect, or "". Pure."""
        chosen, known = words(value), {flag.name for flag in self.flags}
        if chosen == {self.value} or (chosen and chosen <= known):
            return ""
        allowed = f'"{self.value}"'
        if self.flags:
            named = ", ".join(f'"{flag.name}"' for flag in self.flags)
            allowed = f"{allowed}, or some of {named} with commas between them"
        return f"must be {allowed}, not {value!r}"


def words(value: str) -> frozenset[str]:
    """The words in the value of an annotation. Pure."""
    return frozenset(part.strip() for part in value.split(",") if part.strip())


# The view of a cluster.


class View(structs.Struct, frozen=True, kw_only=True):
    """One cluster as the pure verbs see it: values only."""

    record_name: str
    spec: record.RecordSpec
    cluster: cluster.Cluster | None
    """None once the Cluster object is gone."""
    config: structs.JSON
    """The AKODeploymentConfig, whole; {} once it is gone."""
    plugin_config: Any = None
    """``spec.plugins.<name>`` of the config, decoded as the plugin's ``config_type``."""
    awaited: tuple[str, ...] = ()
    """Names of the facts that this plugin accepts, and that a selected plugin provides but has
    neither given nor declined yet. Wait for them where the answer depends on one."""
    sweep_tenants: tuple[str, ...] = ()
    """Names or UUIDs of the outside tenants in which a person lets objects be swept
    (``akoo.io/sweep-tenants``); (): nobody named any."""
    annotations: dict[str, str] = {}
    """The values of the annotations ``<plugin>.akoo.io/<name>`` of the record, by ``<name>``: those
    that the plugin declares and whose value is right. Name one in ``consumed`` once it is handled,
    or it is seen again."""
    kubernetes_version: str = ""
    """The version that the workload API server says (``v1.34.2``; ``v1.34+`` where it says no exact
    minor), for a plugin with ``needs_kubernetes_version``: always known to ``contribute`` before
    anything is written. "" while it was not read."""
    held: bool = False
    """observe: nothing but ``held`` of the contribution keeps it from being written."""

    def fact(self, kind: type[F]) -> F | None:
        """The fact of that kind, or None while its provider has not given it, or declines it."""
        stored = self.spec.facts.get(kind.fact_name)
        if stored is None or stored.version != kind.fact_version:
            return None
        return structs.convert(stored.data, kind, path=kind.fact_name)

    def intent(self, plugin: str) -> record.StoredIntent | None:
        """The intent of the plugin, as stored before anything was touched."""
        return self.spec.intents.get(plugin)


class ThreadPool(Protocol):
    """A bounded pool of the plugin's own for blocking SDKs. Context (spans) is carried over."""

    async def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T: ...


class SecretReader(Protocol):
    """Reads one Secret of the management cluster, from allowed namespaces only."""

    async def read(self, source: SecretSource) -> bytes | None:
        """The value; None when it is absent and optional.

        Raises SecretNamespaceNotAllowedError, SecretMissingError or LineBreakError (each becomes
        Blocked).
        """
        ...

    async def version(self, namespace: str, name: str) -> str:
        """``uid/resourceVersion`` of a Secret as it is read here; "" where there is none."""
        ...


class Account(structs.Struct, frozen=True, kw_only=True):
    """A credential whose logins are remembered: by its Secret, never by its value."""

    secret: str
    """``namespace/name``."""
    version: str
    """The answer of SecretReader.version for the Secret."""
    address: str
    """The system to log in to: ``host`` or ``host:port``."""


class RefusedLogin(structs.Struct, frozen=True, kw_only=True):
    """A login that was refused, and is not tried again yet."""

    at: datetime.datetime
    retry_seconds: float
    """0.0: the operator may try it, a command may not."""
    by_command: bool = False
    """This process is a command: it does not try at all, unless a person insists (``--login``)."""


class LoginMemory(Protocol):
    """Remembers refused logins beyond this process, so that our tries lock no account."""

    async def refused(self, account: Account) -> RefusedLogin | None:
        """The refusal that forbids a login now, or None. Ask before each login."""
        ...

    async def note(self, account: Account) -> float:
        """Remember a refusal; the seconds until the login may be tried again."""
        ...

    async def accept(self, account: Account) -> None:
        """Forget the refusals of a login that was accepted."""
        ...


class KeptSecret(structs.Struct, frozen=True, kw_only=True):
    """One Secret that a plugin keeps, as it was read or written."""

    name: str
    data: dict[str, bytes]
    version: str
    """Another for each state; the argument of the next write."""

    def __repr__(self) -> str:
        """Keys without their values."""
        return f"KeptSecret({self.name!r}, keys={sorted(self.data)!r}, version={self.version!r})"


class Keep(Protocol):
    """Secrets of one plugin in the operator's namespace, for a plugin without another store.

    Each write is one compare-and-set. It raises KeptConflictError where the Secret is not as the
    caller saw it: read it again, and decide anew. After any other error the write may have had its
    effect, so read again, too. Names and keys appear in messages; values are masked. A Secret of
    that name that the plugin did not make raises KeptForeignError, which becomes Blocked. A name
    has at most 120 lower case letters, digits, hyphens and dots, a Secret at most 64 KiB; else
    ValueError.
    """

    async def get(self, name: str) -> KeptSecret | None:
        """The Secret as it is now, by a consistent read; None where there is none."""
        ...

    async def create(self, name: str, data: Mapping[str, bytes]) -> KeptSecret:
        """Make it. Raises KeptConflictError where it exists."""
        ...

    async def replace(self, name: str, data: Mapping[str, bytes], *, version: str) -> KeptSecret:
        """Replace all of its data. Raises KeptConflictError where its version is another, or it is
        gone."""
        ...

    async def delete(self, name: str, *, version: str) -> None:
        """Delete it; nothing to do where it is gone. Raises KeptConflictError where its version is
        another."""
        ...

    async def names(self, prefix: str = "") -> tuple[str, ...]:
        """The names that begin with ``prefix``, sorted."""
        ...


class ConfigMapReader(Protocol):
    """Reads ConfigMaps of the operator's namespace, for a plugin with ``reads_config_maps``."""

    @property
    def namespace(self) -> str:
        """The operator's namespace."""
        ...

    async def read(self, name: str) -> Mapping[str, str] | None:
        """The texts of a ConfigMap as it is now; None where there is none. Raises KubeError when
        the API server does not answer."""
        ...


class VerbContext(structs.Struct, frozen=True, kw_only=True):
    """The argument of an async verb: the view and the means to act, for this one call."""

    view: View
    plugin: str
    clock: clock.Clock
    external: external.External
    """Opens every outside call: ``async with ctx.external.call("avi", "GET cloud", ...)``."""
    workload: client.KubeClient | None
    """The workload cluster; None when it cannot be reached, is not ours, or was let go."""
    workload_silent_seconds: float
    """Seconds since the workload API stopped answering; 0.0 while it answers."""
    secrets: SecretReader
    threads: ThreadPool
    tracer: trace.Tracer
    log: logging.LoggerAdapter[logging.Logger]
    shared: client.KubeClient | None = None
    """The management cluster, for reading only, limited to the kinds that the plugin's own
    controllers watch and to its ``reads``. None for a plugin without both."""
    logins: LoginMemory | None = None
    """Refused logins, remembered beyond this process. None: they are not kept."""
    keep: Keep | None = None
    """Secrets of the plugin in the operator's namespace. None for a plugin without ``keeps``."""
    config_maps: ConfigMapReader | None = None
    """ConfigMaps of the operator's namespace. None for a plugin without ``reads_config_maps``."""


class SecretContext(structs.Struct, frozen=True, kw_only=True):
    """The means of open_secret, for this one call."""

    plugin: str
    record_name: str
    """The record whose workload cluster gets the value; "" outside of any."""
    clock: clock.Clock
    external: external.External
    secrets: SecretReader
    threads: ThreadPool
    tracer: trace.Tracer
    log: logging.LoggerAdapter[logging.Logger]
    management_id: str = ""
    """Identity of this management cluster."""
    keep: Keep | None = None
    """As in VerbContext."""


# Results. The core checks every value of an answer against the types here.

LONGEST_SECONDS = 7 * 86400.0
Seconds = Annotated[float, structs.Meta(ge=0, le=LONGEST_SECONDS)]
"""A finite number of seconds, at most a week."""
Number = Annotated[int, structs.Meta(ge=0)]


class Notice(structs.Struct, frozen=True, kw_only=True):
    """A thing that happened once, for an Event about the record and its Cluster.

    It is sent with the write that stores the answer. A plugin whose answer was not stored gives it
    again, with the same ``message``: the same message of the same reason is sent once in a row.
    """

    reason: str
    """CamelCase."""
    message: str


class Done(structs.Struct, frozen=True, kw_only=True):
    """This verb has nothing more to do for now.

    ``facts`` replace all earlier facts of this plugin. ``message`` is shown in its condition.
    ``version`` (observe only) is the version of the software in the workload cluster.
    """

    facts: tuple[Fact, ...] = ()
    declines: tuple[str, ...] = ()
    """prepare, observe: names of facts that this plugin provides, and will not give for this
    cluster. The core drops them where they were given before, and nobody waits for them. A later
    answer that gives the fact, or a Wait or Blocked of prepare, withdraws that."""
    message: str = ""
    notices: tuple[Notice, ...] = ()
    """prepare, observe: things that happened, each an Event."""
    version: str = ""
    recheck_seconds: Seconds | None = None
    """observe: the time until the next call. Default: the engine's resync interval."""
    consumed: tuple[str, ...] = ()
    """prepare, observe: names of annotations of ``view.annotations`` that are handled. The write
    that stores the facts of this answer removes them, unless they have another value by then. A
    process that dies before that write has them seen again: handle each so that twice is once."""


class Wait(structs.Struct, frozen=True, kw_only=True):
    """The verb is not ready yet. It is called again after ``after`` seconds or on a change."""

    reason: str
    message: str
    after: Seconds
    expected_seconds: Seconds = 60.0
    """The usual duration at most. An Event warns people only after that."""
    left: Number | None = None
    """Own objects still outside, if this verb knows (column LEFT)."""
    version: str = ""
    facts: tuple[Fact, ...] = ()
    """prepare, observe: facts that are stored beside the earlier ones. A verb that may touch a
    thing only once its intent names it gives a fact, and intend makes an intent of it before the
    next call."""
    consumed: tuple[str, ...] = ()
    """As in Done."""


class Blocked(structs.Struct, frozen=True, kw_only=True):
    """A person must act; ``message`` says who, where and what. The verb is called again later."""

    reason: str
    message: str
    after: Seconds = 300.0


class Fenced(structs.Struct, frozen=True, kw_only=True):
    """The certainty that this AKO cannot write any more. The strongest among plugins counts.

    A plugin that has answered it has finished. Unfenced is asked again, and nothing waits for it.
    """

    grade: record.FenceGrade
    evidence: str
    settle_seconds: Annotated[int, structs.Meta(ge=0, le=int(LONGEST_SECONDS))] = 0
    """Unfenced only: the longest pause of this AKO between two writes (its full sync). The core
    counts again after that, and after five minutes at least."""
    notices: tuple[Notice, ...] = ()
    """Things that happened, each an Event."""


class Proof(structs.Struct, frozen=True, kw_only=True):
    """The counts of verify. Clean when own and held are 0; suspects are shown, never deleted."""

    own: Number
    suspect: Number = 0
    held: Number = 0
    queries: tuple[str, ...] = ()
    held_by: str = ""
    """The names of objects that refer to the held ones."""
    suspects: tuple[str, ...] = ()
    """Each suspect by name, with the mark that it lacks. The record keeps the first of them."""
    unseen: tuple[str, ...] = ()
    """Things that may be left and that nobody looked for, one sentence each. With any, the clean-up
    is not proven: the Cluster is let go as ``Counted``, and ``CleanupProven`` stays Unknown."""


class Unverified(structs.Struct, frozen=True, kw_only=True):
    """The answer of a verify that could not see enough (``NoSight``). Never counts as clean."""

    reason: str
    message: str
    after: Seconds = 60.0


Result = Done | Wait | Blocked


class Use(structs.Struct, frozen=True, kw_only=True):
    """A shared object (a port group, an IP pool) that this cluster uses."""

    resource: Resource
    name: str
    uid: str


class RecordCondition(structs.Struct, frozen=True, kw_only=True):
    """A condition of the record beside the plugin's own: True, with ``type`` one of the plugin's
    ``conditions``. Its types that are not given are absent."""

    type: str
    reason: str
    message: str


class Intent(structs.Struct, frozen=True, kw_only=True):
    """The outside things that this plugin will touch for this cluster.

    Stored by the core before anything is touched. ``version`` is of the plugin's own ``data``; a
    record with a greater version than the plugin's ``intent_version`` waits (NewerRecord).
    """

    data: structs.JSON = {}
    uses: tuple[Use, ...] = ()
    placement: str = ""
    """The place outside, as one text that is equal exactly if the place is the same. When it
    changes, the leaves verbs leave the old place (with the old data) before the new one is stored.
    Any other change of ``data`` is stored at once. Empty: the whole of ``data`` is the place."""
    conditions: tuple[RecordCondition, ...] = ()
    """Things that people should know about this cluster, whatever the verbs answer."""


class SecretObject(structs.Struct, frozen=True, kw_only=True):
    """A Secret to be made in the workload cluster from sources."""

    namespace: str
    name: str
    data: dict[str, SecretSource]
    type: str = "Opaque"
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


class AdoptedObject(structs.Struct, frozen=True, kw_only=True):
    """An object in the workload cluster that somebody else made, and that is to be ours."""

    api_version: str
    kind: str
    name: str
    namespace: str = ""
    uid: str
    """Only the object with this UID is taken over."""


class Contribution(structs.Struct, frozen=True, kw_only=True):
    """The objects a plugin wants in the workload cluster: exactly the fields it owns.

    ``objects`` are plain manifests (no Secrets). The core adds its labels, applies them by kind
    order with server-side apply, and prunes what is no longer contributed.
    """

    objects: tuple[structs.JSON, ...] = ()
    secrets: tuple[SecretObject, ...] = ()
    definitions: tuple[str, ...] = ()
    """Names of CustomResourceDefinitions (``hostrules.ako.vmware.com``) that others put into the
    cluster. Without them nothing is written (``DefinitionsMissing``). Those that this record made
    earlier stay."""
    adopts: tuple[AdoptedObject, ...] = ()
    """Objects among ``objects`` and ``secrets`` that somebody else made and that are taken over.
    Before the first of them is written, a dry run has to show that no Pod template, no data of a
    ConfigMap and no value of a Secret changes; else nothing is written (``AdoptionWouldRestart``).
    """
    held: Wait | None = None
    """Everything is looked at as before a write, and nothing is written. Where nothing is in the
    way, this is the answer of the plugin, and ``view.held`` is True in its next ``observe``."""


# Controllers of a plugin's own kinds.


class RbacRule(structs.Struct, frozen=True, kw_only=True):
    """One rule the operator's ClusterRole needs (``akoo-core manifests rbac`` prints them)."""

    groups: tuple[str, ...]
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    names: tuple[str, ...] = ()


class Request(structs.Struct, frozen=True, kw_only=True):
    """One key of a plugin's controller, as reconcile gets it."""

    key: str
    attempt: int


class ControllerContext(structs.Struct, frozen=True, kw_only=True):
    """The means of a plugin's controller, for one reconcile or one run of a source.

    ``secrets`` reads each Secret once in a reconcile, and anew for each read in a source.
    """

    kube: client.KubeClient
    """The management cluster, limited to ``watches`` and ``writes`` of the registration."""
    clock: clock.Clock
    external: external.External
    secrets: SecretReader
    threads: ThreadPool
    tracer: trace.Tracer
    log: logging.LoggerAdapter[logging.Logger]
    management_id: str = ""
    """Identity of this management cluster: the mark of our things outside."""
    logins: LoginMemory | None = None
    """As in VerbContext."""
    keep: Keep | None = None
    """As in VerbContext."""
    watch_namespace: str = ""
    """The only namespace whose Clusters the operator watches; "" for all. Records of Clusters
    elsewhere are left alone: their facts and status are old."""

    def follows(self, record: structs.JSON) -> bool:
        """True if the operator watches the Cluster of this AKODeployment, as the API sends it."""
        return self.watch_namespace in ("", record["spec"]["clusterRef"]["namespace"])


AddKey = Callable[[str], None]
"""Adds a key to the queue of a controller. A key that waits already is not added twice."""

Source = Callable[[ControllerContext, AddKey], Awaitable[None]]
"""Follows a system outside and adds the keys that its news concern. It runs until it is cancelled:
when it ends or raises, it is started anew after a backoff of 1 to 60 seconds. It reads only. Its
waits for news are ``ctx.external.call(..., write=False, waiting=True)``."""


class ControllerRegistration(structs.Struct, frozen=True, kw_only=True):
    """A controller of a plugin: the kinds it watches, their keys, and the reconcile of a key."""

    name: str
    watches: tuple[Resource, ...]
    """Kinds that are watched, in all namespaces; those of Cluster API and its providers in
    ``watchNamespace`` only, where the operator's settings name it. Records of Clusters elsewhere
    are still seen."""
    keys: Callable[[Resource, client.Object], tuple[str, ...]]
    """Pure: the keys an object concerns. Called for old and new state of each change."""
    reconcile: Callable[[Request, ControllerContext], Awaitable[Result]]
    writes: tuple[Resource, ...] = ()
    workers: int = 4
    secrets: Callable[[client.Object], tuple[SecretPair, ...]] | None = None
    """Pure: (namespace, name) of the Secrets a watched object depends on; when one of them changes,
    the keys of that object are reconciled again."""
    goes_by: Callable[[Resource, client.Object], object] | None = None
    """Pure: the part of a watched object that this controller reads, compared with ``==``. A change
    that leaves it equal starts nothing. None: the whole object, with its status."""
    finalizer: str = ""
    """Its finalizer on objects of the kinds it writes; ``uninstall --orphan`` removes it."""
    optional: tuple[Resource, ...] = ()
    """Kinds of others that are watched, too, as soon as they are served. One that is not served
    keeps nothing waiting; requests for it end with NotFoundError (``kind_missing``)."""
    plan: Callable[[Request, ControllerContext], Awaitable[tuple[PlannedAction, ...]]] | None = None
    """The actions that reconcile would take for a key now, for ``akoo-core plan --kind``. Reads
    only. It is asked for the keys of an object of any kind that is watched."""
    outside: Callable[[Resource, client.Object], str] | None = None
    """Pure: the thing outside that a watched object stands for, with its fate when the operator is
    uninstalled, in words; "" for none. ``uninstall`` lists them before it acts."""
    subject: Resource | None = None
    """The watched kind whose names are the keys: ``akoo-core trace --kind`` shows the history of
    its objects. None: the keys are no names."""
    sources: tuple[Source, ...] = ()
    """The leader starts them once every kind was listed, and cancels them with its lease."""


# For people at the command line: plan, check and audit.

PlannedVerb = Literal["prepare", "sweep"]
"""The verbs that plan is asked about."""


class PlannedAction(structs.Struct, frozen=True, kw_only=True):
    """One action of a verb, or one thing that it keeps, with the reason."""

    action: Literal["create", "change", "delete", "keep"]
    kind: str
    name: str
    where: str = ""
    """Its system, tenant or folder."""
    why: str = ""


class Stray(structs.Struct, frozen=True, kw_only=True):
    """One object outside that carries the marks of a cluster without a living record."""

    owner: str
    """The name in the mark: the cluster that made it."""
    kind: str
    name: str
    where: str = ""
    tenant: str = ""
    age_seconds: float | None = None
    claim: str = ""
    """The claim on that owner: a management id and epoch, or "" for none."""


class Audit(structs.Struct, frozen=True, kw_only=True):
    """The answer of an audit."""

    strays: tuple[Stray, ...] = ()
    unseen: tuple[str, ...] = ()
    """Places that it could not look at, with the reason: one sentence each."""


FindingState = Literal["good", "wrong", "unknown"]
"""unknown: the plugin could not look at it."""


class Finding(structs.Struct, frozen=True, kw_only=True):
    """One answer of check: the state of one thing that the plugin needs."""

    system: str
    """The address of the system outside, or its name."""
    subject: str
    """The thing: an object with the question about it, an account, a network."""
    state: FindingState
    message: str = ""
    """The answer. For any other state than good: the cause, and what to do."""
    version: str = ""
    """The version of the system, where it was read."""
    data: structs.JSON = {}
    """Settings of the thing as they were read, for ``--output json``. Never a secret."""


class CheckContext(structs.Struct, frozen=True, kw_only=True):
    """The means of check: they belong to no cluster."""

    records: tuple[record.Record, ...]
    configs: tuple[structs.JSON, ...]
    """All AKODeploymentConfigs, whole."""
    management_id: str
    kube: client.KubeClient
    """Limited to the kinds that the plugin's own controllers watch, for reading."""
    clock: clock.Clock
    external: external.External
    secrets: SecretReader
    threads: ThreadPool
    tracer: trace.Tracer
    log: logging.LoggerAdapter[logging.Logger]
    logins: LoginMemory | None = None
    """As in VerbContext."""
    keep: Keep | None = None
    """As in VerbContext."""


class AuditContext(CheckContext, frozen=True, kw_only=True):
    """The means of audit and remove_stray."""

    tenants: tuple[str, ...] = ()
    """remove_stray: names or UUIDs of the tenants that the person named; (): none were named."""


# Events: for information only.


class LifecycleEvent(structs.Struct, frozen=True, kw_only=True):
    """An event in this process, lost over restarts; decide nothing by it."""

    kind: Literal[
        "ClusterSelected", "ClusterUnmatched", "ClusterDeleting", "ClusterLetGo", "RecordFinished"
    ]
    record_name: str
    namespace: str
    name: str


# The plugin itself.


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
