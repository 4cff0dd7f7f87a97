"""The sweep on what AKOs really make: all modes, neighbours under confusable names."""

from __future__ import annotations

import pytest
from akoo_testbed.avisim import faults, switches

from akoo_core import external
from akoo_core.plugin import api
from akoo_core.testing.calls import Crash
from tests.avi import avi_inventory
from tests.avi.avi_bed import AviBed, X

NEIGHBOURS = (X[:-4], X[5:], X[5:-4], f"{X}-2", f"gw-{X}", f"{X}--b")


def street(mode: str) -> AviBed:
    """Neighbours with names that are prefix, suffix, infix and worse, all alive."""
    bed = AviBed()
    avi_inventory.give_addresses(bed)
    for number, name in enumerate(NEIGHBOURS):
        modes = list(avi_inventory.MODES)
        avi_inventory.lives(bed, name, modes[number % len(modes)], ("admin", "blue")[number % 2])
        avi_inventory.more(bed, name)
    bed.claim()
    return bed


@pytest.mark.parametrize("mode", avi_inventory.MODES)
async def test_all_that_an_ako_made_goes_and_the_neighbours_stay_as_they_are(mode: str) -> None:
    bed = street(mode)
    before = bed.controller.snapshot()
    avi_inventory.lives(bed, X, mode)
    avi_inventory.more(bed, X, "blue")
    made = bed.controller.diff(before).added
    first = bed.count()
    assert len(made) > 40
    assert first.objects == set(made)
    assert not first.suspect
    result = await bed.sweep()
    assert isinstance(result, api.Done), result
    diff = bed.diff(before)
    assert not diff.added
    assert not diff.removed
    assert not diff.changed
    assert {kind for kind, _ in diff.touched} <= {"vrfcontext", "serviceenginegroup"}
    proof = await bed.verify()
    assert isinstance(proof, api.Proof)
    assert (proof.own, proof.suspect, proof.held) == (0, 0, 0)


async def test_no_delete_of_a_whole_ako_is_refused() -> None:
    bed = AviBed()
    avi_inventory.give_addresses(bed)
    bed.claim()
    avi_inventory.lives(bed, X)
    avi_inventory.more(bed, X)
    since = bed.controller.journal.last
    assert isinstance(await bed.sweep(), api.Done)
    statuses = {entry.status for entry in bed.controller.journal.entries(since=since, writes=True)}
    assert statuses == {200, 204}


OTHERWISE = [
    (name, value) for name, switch in switches.SWITCHES.items() for value in switch.values[1:]
]


@pytest.mark.parametrize(("name", "value"), OTHERWISE, ids=lambda text: text)
async def test_whatever_real_controllers_do(name: str, value: str) -> None:
    """Every value of every open question, with sessions lost and PUTs refused on the way."""
    bed = AviBed(**{name: value})
    avi_inventory.give_addresses(bed)
    bed.claim()
    before = bed.controller.snapshot()
    avi_inventory.lives(bed, X)
    avi_inventory.more(bed, X, "blue")
    for fault in (
        faults.Fault(lose_sessions=True, method="DELETE", skip=7),
        faults.Fault(lose_sessions=True, method="GET", skip=60),
        faults.Fault(answer="stale", method="PUT"),
        faults.Fault(answer="rate-limited", method="DELETE", skip=20),
    ):
        bed.controller.faults.add(fault)
    assert isinstance(await bed.swept(), api.Done)
    diff = bed.diff(before)
    assert not any((diff.added, diff.removed, diff.changed))
    proof = await bed.verify()
    assert isinstance(proof, api.Proof)
    assert proof.own == 0


class Interceptor:
    """Counts external calls; the ``at``-th one crashes the process, before or after its effect."""

    def __init__(self, at: int | None = None, *, after: bool = False) -> None:
        self.sites: list[tuple[str, bool]] = []
        self._at = at
        self._after = after
        self.crashed: tuple[str, bool] | None = None

    def before(self, site: str, *, write: bool) -> None:
        self.sites.append((site, write))
        if not self._after and len(self.sites) - 1 == self._at:
            self.crashed = (site, write)
            raise Crash(site)

    def after(self, site: str, *, write: bool) -> None:
        if self._after and len(self.sites) - 1 == self._at:
            self.crashed = (site, write)
            raise Crash(site)


def small(bed: AviBed) -> None:
    """One of each kind of call: trees with a child, a route, a label, two tenants."""
    avi_inventory.more(bed, X, "blue")
    bed.own("stringgroup")
    bed.route(
        {
            "route_id": f"{X}-1",
            "prefix": {"ip_addr": {"addr": "10.1.0.0", "type": "V4"}, "mask": 24},
            "next_hop": {"addr": "10.0.0.1", "type": "V4"},
        }
    )
    bed.label(X)


async def test_a_crash_at_any_call_changes_nothing_of_the_end() -> None:
    bed = AviBed()
    bed.claim()
    before = bed.controller.snapshot()
    small(bed)
    filled = bed.controller.snapshot()
    whole = Interceptor()
    assert isinstance(await bed.sweep(bed.client(external.External(interceptor=whole))), api.Done)
    # What a read that crashed leaves is what it found: one of each site shows that.
    seen: set[str] = set()
    chosen = []
    for number, (site, write) in enumerate(whole.sites):
        if write or site not in seen:
            chosen.append(number)
        seen.add(site)
    covered = set()
    for at in chosen:
        for after in (False, True):
            bed.controller.restore(filled)
            hook = Interceptor(at, after=after)
            with pytest.raises(Crash):
                await bed.sweep(bed.client(external.External(interceptor=hook)))
            covered.add(hook.crashed)
            assert isinstance(await bed.sweep(), api.Done), (at, after)
            diff = bed.diff(before)
            assert not any((diff.added, diff.removed, diff.changed)), (at, after)
    assert covered == set(whole.sites)
    assert sum(write for _, write in whole.sites) > 20
