"""Where a cluster is on the outside: how to get there, and which place it is. Pure.

``Wanted`` is what a config asks for, by names. ``AviTarget`` is what prepare found for exactly
that; intend makes the stored intent of it. ``Stored`` is that intent: all that leaving needs.
No secret is in any of them.
"""

from __future__ import annotations

from typing import ClassVar

from akoo_avi.spec import names
from akoo_core.plugin import ako_networks, api, structs

INTENT_VERSION = 1


class Reach(structs.Struct, frozen=True, kw_only=True):
    """How to get to an Avi Controller, as whom, and whom to trust there."""

    address: str
    """``host`` or ``host:port``."""
    credential: api.SecretName
    """Keys ``username`` and ``password``."""
    ca: api.SecretName | None = None
    """Key ``certificateAuthorityData``; without one, the same key beside the credential."""


class Place(structs.Struct, frozen=True, kw_only=True):
    """One place, by UUIDs: the same whatever address or name leads there."""

    controller_uuid: str
    """Of the Avi cluster (``/api/cluster``)."""
    cloud_uuid: str
    tenant_uuid: str
    se_group_uuid: str

    @property
    def identity(self) -> str:
        """One text, equal exactly if the place is: the placement of the intent."""
        return " ".join(
            (self.controller_uuid, self.cloud_uuid, self.tenant_uuid, self.se_group_uuid)
        )


class Network(structs.Struct, frozen=True, kw_only=True):
    """A network that addresses of virtual services come from."""

    name: str
    uuid: str
    cidr: str = ""
    unique: bool = True
    """False: its cloud has several of this name, so AKO must be given the UUID."""


class PoolRef(structs.Struct, frozen=True, kw_only=True):
    """An AviIPPool that this cluster uses."""

    name: str
    uid: str


class ControllerRef(structs.Struct, frozen=True, kw_only=True):
    """The AviController that this cluster uses."""

    name: str
    uid: str


class Stored(structs.Struct, frozen=True, kw_only=True):
    """The intent's data: where the objects of one cluster are."""

    cluster_name: str
    """The mark on all of them; the record's ``akoClusterName``."""
    reach: Reach
    place: Place
    cloud: str
    tenant: str
    se_group: str
    networks: tuple[Network, ...] = ()
    control_plane: Network | None = None
    """Where addresses of API servers come from; for the management cluster's AKO only."""
    controller: ControllerRef | None = None
    """None: the config gives address and credential itself."""
    pools: tuple[PoolRef, ...] = ()


class WantedNetwork(structs.Struct, frozen=True, kw_only=True):
    """A network as a config names it."""

    name: str
    cidr: str = ""


class Wanted(structs.Struct, frozen=True, kw_only=True):
    """What a config asks for, by names. Equal: what was found for it holds."""

    controller: str = ""
    """An AviController's name; then it says how to get there, and ``reach`` is None."""
    reach: Reach | None = None
    cloud: str
    tenant: str = names.ADMIN_TENANT
    se_group: str
    network: WantedNetwork | None = None
    control_plane: WantedNetwork | None = None
    pools: tuple[str, ...] = ()
    inline: tuple[str, ...] = ()
    """Names of the AviIPPools that are made of the config's networks."""
    ako: ako_networks.AkoNetworks | None = None
    """The networks that only AKO looks up; None in a fact of a release that did not check them."""


class AviTarget(api.Fact, frozen=True, kw_only=True):
    """What prepare found last, and what it was asked for."""

    fact_name: ClassVar[str] = "AviTarget"

    wanted: Wanted
    found: Stored
    controller_version: str = ""
    """``30.2.2``."""


class AviClaimed(api.Fact, frozen=True, kw_only=True):
    """That the claim is ours, where, and since which epoch: one that is missing later is lost.

    The engine drops all facts when a cluster has left a place, so one it comes back to is claimed
    anew.
    """

    fact_name: ClassVar[str] = "AviClaimed"

    identity: str
    """Of the place."""
    epoch: int


class ExhaustedPool(structs.Struct, frozen=True, kw_only=True):
    """An AviIPPool without a free address."""

    name: str
    correct: str
    """The field and the object where ranges are added."""


class AviPoolsExhausted(api.Fact, frozen=True, kw_only=True):
    """The pools of the cluster that had no free address when prepare last read them.

    Not given while all of them have one.
    """

    fact_name: ClassVar[str] = "AviPoolsExhausted"

    pools: tuple[ExhaustedPool, ...]


def stored(view: api.View) -> Stored | None:
    """What was intended and stored; None where nothing was ever placed.

    Raises structs.DecodeError for data that no release of ours wrote.
    """
    intent = view.intent(names.PLUGIN)
    if intent is None or not intent.data:
        return None
    return structs.convert(intent.data, Stored, path=f"intents.{names.PLUGIN}")


def claimed_epoch(view: api.View, place: Place) -> int | None:
    """The epoch of the claim that was ours in this place; None where there never was one."""
    fact = view.fact(AviClaimed)
    return fact.epoch if fact is not None and fact.identity == place.identity else None


def was_claimed(view: api.View, place: Place) -> bool:
    """Whether the claim was ours in this place."""
    return claimed_epoch(view, place) is not None
