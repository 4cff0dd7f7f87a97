"""The place of a cluster on Avi, and the way to its controller. Pure.

``WantedPlace`` is the place that a config names. ``AviTarget`` is the place that prepare found for
exactly these names; intend makes the stored intent of it. ``Stored`` is that intent: all that
leaving needs. None of them holds a secret.
"""

from __future__ import annotations

from typing import ClassVar

from akoo_avi.client.access.reach import Reach
from akoo_avi.spec import names
from akoo_core.plugin import ako_networks, api, structs

INTENT_VERSION = 1


class Place(structs.Struct, frozen=True, kw_only=True):
    """One place, by UUIDs: the same for every address and name that leads there."""

    controller_uuid: str
    """Of the Avi cluster (``/api/cluster``)."""
    cloud_uuid: str
    tenant_uuid: str
    se_group_uuid: str

    @property
    def identity(self) -> str:
        """One text that is equal exactly if the place is: the placement of the intent."""
        return " ".join(
            (self.controller_uuid, self.cloud_uuid, self.tenant_uuid, self.se_group_uuid)
        )


class PlacedNetwork(structs.Struct, frozen=True, kw_only=True):
    """A network that addresses of virtual services come from."""

    name: str
    uuid: str
    cidr: str = ""
    unique: bool = True
    """False: its cloud has several networks of this name, so AKO needs the UUID."""


class PoolRef(structs.Struct, frozen=True, kw_only=True):
    """An AviIPPool that this cluster uses."""

    name: str
    uid: str


class ControllerRef(structs.Struct, frozen=True, kw_only=True):
    """The AviController that this cluster uses."""

    name: str
    uid: str


class Stored(structs.Struct, frozen=True, kw_only=True):
    """The intent's data: the place of one cluster's objects."""

    cluster_name: str
    """The mark on all of them; the record's ``akoClusterName``."""
    reach: Reach
    place: Place
    cloud: str
    tenant: str
    se_group: str
    networks: tuple[PlacedNetwork, ...] = ()
    control_plane: PlacedNetwork | None = None
    """The network of the addresses of API servers; for the management cluster's AKO only."""
    controller: ControllerRef | None = None
    """None: the config itself has address and credential."""
    pools: tuple[PoolRef, ...] = ()


class WantedPortGroup(structs.Struct, frozen=True, kw_only=True):
    """A port group of vSphere, and the place where a cloud of Avi must discover it."""

    moref: str
    vcenter: str = ""
    """Address; "": it is not compared."""
    datacenter: str = ""
    """moRef; "": it is not compared."""
    datacenter_name: str = ""


class WantedNetwork(structs.Struct, frozen=True, kw_only=True):
    """A network as a config names it, or of a port group."""

    name: str
    cidr: str = ""
    port_group: WantedPortGroup | None = None
    """Then the network is that of the port group, whatever its name on Avi is."""


class WantedPlace(structs.Struct, frozen=True, kw_only=True):
    """The place that a config names. Equal names: the place found for them holds."""

    controller: str = ""
    """An AviController's name; then ``reach`` is None."""
    reach: Reach | None = None
    cloud: str
    tenant: str = names.ADMIN_TENANT
    tenant_uuid: str = ""
    """Set for a tenant that another plugin gives: then it decides, and not the name."""
    se_group: str
    network: WantedNetwork | None = None
    control_plane: WantedNetwork | None = None
    pools: tuple[str, ...] = ()
    inline: tuple[str, ...] = ()
    """Names of the AviIPPools that are made from the config's networks."""
    ako: ako_networks.AkoNetworks | None = None
    """The networks that only AKO looks up; None in a fact of a release that did not check them."""


class AviTarget(api.Fact, frozen=True, kw_only=True):
    """The last place that prepare found, and the names that it was found for."""

    fact_name: ClassVar[str] = "AviTarget"

    wanted: WantedPlace
    stored: Stored = structs.field(name="found")
    """The intent for this place."""
    controller_version: str = ""
    """``30.2.2``."""


class AviClaimed(api.Fact, frozen=True, kw_only=True):
    """Proof that the claim is ours: place and epoch. A claim that is missing later is lost.

    The engine drops all facts when a cluster has left a place. A cluster that comes back claims the
    place anew.
    """

    fact_name: ClassVar[str] = "AviClaimed"

    identity: str
    """Identity of the place."""
    epoch: int


class AviNameExclusive(api.Fact, frozen=True, kw_only=True):
    """Proof, made while the cluster lived, that nobody else used its clusterName in its tenant.

    Only for a clusterName that akoo-core did not give. It stays true: of two AKOs with one name in
    one tenant of one cloud, each would delete the other's objects. So nobody begins to use it.
    """

    fact_name: ClassVar[str] = "AviNameExclusive"

    identity: str
    """Identity of the place."""
    tenant_uuid: str
    objects: int
    """Objects that were shown to be of this cluster."""


class AviSettingSeen(api.Fact, frozen=True, kw_only=True):
    """The AviInfraSetting of the config that was in the cluster when its AKO was adopted."""

    fact_name: ClassVar[str] = "AviSettingSeen"

    uid: str
    """"": there was none."""


class ExhaustedPool(structs.Struct, frozen=True, kw_only=True):
    """An AviIPPool without a free address."""

    name: str
    correct: str
    """The field and the object where ranges are added."""


class AviPoolsExhausted(api.Fact, frozen=True, kw_only=True):
    """The pools of the cluster that had no free address when prepare last read them.

    Absent while all of them have one.
    """

    fact_name: ClassVar[str] = "AviPoolsExhausted"

    pools: tuple[ExhaustedPool, ...]


def stored(view: api.View) -> Stored | None:
    """The stored intent, else the place that confirm found; None if the cluster was never placed.

    Raises structs.DecodeError for data that no release of ours wrote.
    """
    intent = view.intent(names.PLUGIN)
    if intent is None or not intent.data:
        return found_late(view)
    return structs.convert(intent.data, Stored, path=f"intents.{names.PLUGIN}")


def found_late(view: api.View) -> Stored | None:
    """The place of an adopted AKO whose cluster leaves, and was never placed: confirm looks for it,
    since that AKO has made objects. None for one of ours, which was never deployed."""
    intent, leaving, target = view.intent(names.PLUGIN), view.spec.leaving, view.fact(AviTarget)
    if (intent is not None and intent.data) or leaving is None or target is None:
        return None
    late = leaving.cause != "Relocated" and not names.made_by_us(view.spec.ako_cluster_name)
    return target.stored if late else None


def claimed_epoch(view: api.View, place: Place) -> int | None:
    """The epoch of our claim in this place; None if there never was one."""
    fact = view.fact(AviClaimed)
    return fact.epoch if fact is not None and fact.identity == place.identity else None


def was_claimed(view: api.View, place: Place) -> bool:
    """The claim was ours in this place."""
    return claimed_epoch(view, place) is not None


def name_exclusive(view: api.View, place: Place) -> AviNameExclusive | None:
    """The proof that nobody else uses the clusterName in this place; None without one."""
    fact = view.fact(AviNameExclusive)
    return fact if fact is not None and fact.identity == place.identity else None


def sweep_tenants(view: api.View, place: Place) -> tuple[str, ...]:
    """Names or UUIDs of the tenants in which everything with the clusterName is of this cluster:
    those that a person named, else the tenant for which that was shown; () for none."""
    if view.sweep_tenants:
        return tuple(view.sweep_tenants)
    fact = name_exclusive(view, place)
    return (fact.tenant_uuid,) if fact is not None else ()
