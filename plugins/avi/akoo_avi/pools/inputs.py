"""The inputs of a plan for a network, and the plan itself. Values only."""

from __future__ import annotations

from typing import NamedTuple

from akoo_avi.spec import spans
from akoo_avi.spec.spans import Address, AddressRange, Ours, Subnet
from akoo_core.plugin import structs


class Other(NamedTuple):
    """Another pool on the same network, which is not being deleted."""

    name: str
    owner: str
    older: bool
    subnets: tuple[Subnet, ...]
    inline: bool = False
    recorded: Ours = Ours()
    """Its own ranges by its status: they count where the mark is gone."""
    settled: bool = True
    """It was applied on this network. Only such a pool can inherit anything there."""

    @property
    def spans(self) -> frozenset[AddressRange]:
        return spans.spans_of(self.subnets)


class Allocated(NamedTuple):
    """An address in use, and its holder."""

    address: Address
    holder: str


class PlanInputs(NamedTuple):
    """The inputs of a plan, without the network itself."""

    owner: str
    desired: tuple[Subnet, ...]
    """() for a pool that leaves."""
    recorded: Ours = Ours()
    allocated: tuple[Allocated, ...] = ()
    others: tuple[Other, ...] = ()
    former: str = ""
    """The owner whose ranges are taken over, by annotation."""
    inline: bool = False
    """Made from a config. Two such pools may want exactly the same range: one of them has it."""
    opened: bool | None = None
    """The new value of the mark's usable entry. None: the mark keeps its value."""


class Overlap(NamedTuple):
    """A range that cannot be added, and the existing range that prevents it."""

    wanted: AddressRange
    there: AddressRange
    whose: str
    """In words: ``AviIPPool edge``, ``no pool of ours``."""


class HeldRange(NamedTuple):
    """A range that cannot go yet, and its addresses in use."""

    range: AddressRange
    by: tuple[Allocated, ...]


class NetworkPlan(NamedTuple):
    """The change of a network."""

    network: structs.JSON | None
    """The body to write; None: nothing."""
    ours: Ours
    """The ranges that are ours after the write."""
    added: Ours = Ours()
    removed: Ours = Ours()
    overlaps: tuple[Overlap, ...] = ()
    """Not empty: nothing is written at all."""
    held: tuple[HeldRange, ...] = ()
