"""Facts: typed values that one plugin gives and others take."""

from __future__ import annotations

from typing import Annotated, ClassVar, TypeVar

from akoo_core import structs
from akoo_core.contract.secrets import SecretSource
from akoo_core.objects import ako_networks

F = TypeVar("F", bound="Fact")


class Fact(structs.Struct, frozen=True, kw_only=True):
    """A typed value that one plugin provides and others may require. Never holds a secret.

    A field ``notes`` with texts is shown by ``akoo-core explain``.
    Subclasses set ``fact_name`` (unique, CamelCase) and ``fact_version`` (raised when an older
    reader would misunderstand). The engine keeps facts in the record and runs the verbs of a
    dependent plugin again when one changed.
    """

    fact_name: ClassVar[str]
    fact_version: ClassVar[int] = 1


class VipNetwork(structs.Struct, frozen=True, kw_only=True):
    """A network that virtual services get their addresses from."""

    name: str
    uuid: str = ""
    """Set where the name alone is not unique."""
    cidr: str = ""


class WorkloadCredential(Fact, frozen=True, kw_only=True):
    """The account AKO uses on the Avi Controller. Exactly one plugin provides it."""

    fact_name: ClassVar[str] = "WorkloadCredential"

    username: SecretSource
    password: SecretSource
    ca: SecretSource | None = None


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
    kept: str = ""
    """The part that is not as it was before, in words; "" for none. ``Ready`` of the record says it
    from then on."""


ADOPTION_FAILURES = ("AdoptionWouldRestart", "AdoptionRestarted")
"""Reasons of a plugin that gave AdoptedName by which the adoption has failed. No further cluster of
the config is adopted before its spec is changed."""
