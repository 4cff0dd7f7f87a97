"""What a plan for a network is made from, and what it says. Values only."""

from __future__ import annotations

from typing import NamedTuple

from akoo_avi.spec import spans
from akoo_avi.spec.spans import Address, Ours, Span, Subnet
from akoo_core.plugin import structs


class Other(NamedTuple):
    """Another pool on the same network, which is not being deleted."""

    name: str
    owner: str
    older: bool
    subnets: tuple[Subnet, ...]
    inline: bool = False
    recorded: Ours = Ours()
    """What its status says is its own: counts where the marker is gone."""
    settled: bool = True
    """It was on this network itself: only such a one can be given anything there."""

    @property
    def spans(self) -> frozenset[Span]:
        return spans.spans_of(self.subnets)


class Allocated(NamedTuple):
    """An address that is in use, and by what."""

    address: Address
    holder: str


class Situation(NamedTuple):
    """All that a plan is made from, but for the network itself."""

    owner: str
    desired: tuple[Subnet, ...]
    """() of a pool that leaves."""
    recorded: Ours = Ours()
    allocated: tuple[Allocated, ...] = ()
    others: tuple[Other, ...] = ()
    former: str = ""
    """An owner whose ranges are taken over, by a person's word."""
    inline: bool = False
    """Made from a config. Of two such pools, both may want exactly the same range: one has it."""
    opened: bool | None = None
    """Whether the mark is to say that the usable entry is ours. None: as it says."""


class Overlap(NamedTuple):
    """A range that cannot be added, and the one that is in its way."""

    wanted: Span
    there: Span
    whose: str
    """In words: ``AviIPPool edge``, ``nobody we know``."""


class Held(NamedTuple):
    """A range that is to go, and its addresses that are in use."""

    range: Span
    by: tuple[Allocated, ...]


class Plan(NamedTuple):
    """What is to be done with a network."""

    network: structs.JSON | None
    """What to write; None: nothing."""
    ours: Ours
    """What is ours once that is written."""
    added: Ours = Ours()
    removed: Ours = Ours()
    overlaps: tuple[Overlap, ...] = ()
    """Not empty: nothing is written at all."""
    held: tuple[Held, ...] = ()
