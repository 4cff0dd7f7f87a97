"""Pools, strangers and virtual services at once, in any order, with a controller that fails.

The oracle knows nothing of marks, plans and statuses: it keeps what strangers put there, and which
addresses virtual services hold.
"""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from akoo_avi.spec import spans
from akoo_avi.testing.pool_world import PoolWorld, pool
from akoo_testbed.avisim import faults
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

Object = dict[str, Any]
PHASES = (Phase.explicit, Phase.generate)
"""Without shrinking: the steps of a failure are shown as they were, at once."""
NAMES = ("edge", "second")
PLACES = [(begin, begin + length) for begin in range(10, 40, 4) for length in (2, 5, 9)]
RANGES = [f"10.70.0.{begin}-10.70.0.{end}" for begin, end in PLACES]

STEPS = st.one_of(
    st.tuples(
        st.just("edit"), st.sampled_from(NAMES), st.lists(st.sampled_from(RANGES), max_size=3)
    ),
    st.tuples(st.just("run"), st.sampled_from(NAMES)),
    st.tuples(st.just("run"), st.sampled_from(NAMES)),
    st.tuples(st.just("stranger"), st.sampled_from(RANGES)),
    st.tuples(st.just("stranger goes"), st.sampled_from(RANGES)),
    st.tuples(st.just("take"), st.integers(0, 7)),
    st.tuples(st.just("take"), st.integers(0, 7)),
    st.tuples(st.just("give back")),
    st.tuples(st.just("delete"), st.sampled_from(NAMES)),
    st.tuples(
        st.just("fault"),
        st.sampled_from(["stale", "broken", "lost"]),
        st.sampled_from(NAMES),
    ),
)


class Storm:
    """One run, and what the oracle knows."""

    def __init__(self, *, lenient: bool, usable: bool) -> None:
        answer = "accept" if lenient else "refuse"
        self.there = PoolWorld(range_in_use=answer, range_check=answer)
        self.there.put_ranges()
        if usable:
            self.there.open()
        self.usable = usable
        self.strangers: set[str] = set()
        self.vips: dict[str, Object] = {}
        self.made = 0
        self.opened = False

    def step(self, action: str, *arguments: Any) -> None:
        getattr(self, "do_" + action.replace(" ", "_"))(*arguments)
        self.check()

    def do_edit(self, name: str, ranges: list[str]) -> None:
        chosen: list[str] = []
        for text in ranges:
            if not any(overlap(text, other) for other in chosen):
                chosen.append(text)
        wanted = pool(name, *chosen)
        if self.there.gone(name):
            self.there.management.seed(wanted)
        else:
            self.there.edit({"subnets": wanted["spec"]["subnets"]}, name)
        self.do_run(name)

    def do_run(self, name: str) -> None:
        if self.there.gone(name):
            return
        self.there.run_pool(name)
        stored = self.there.pool(name)
        if stored and self.there.ready(name)[0] == "True":
            wanted = stored["spec"]["subnets"][0]["ranges"]
            assert {f"{ranges['begin']}-{ranges['end']}" for ranges in wanted} <= self.there.ranges
        users = self.living()
        self.opened = bool(users) and (self.opened or self.there.usable())
        assert self.there.usable() or not self.opened

    def living(self) -> list[str]:
        """Pools that want the network to be usable, and were looked at."""
        pools = [self.there.pool(name) for name in NAMES]
        return [
            pool["metadata"]["name"]
            for pool in pools
            if pool and "status" in pool and "deletionTimestamp" not in pool["metadata"]
        ]

    def do_stranger(self, text: str) -> None:
        if not any(overlap(text, other) for other in self.there.ranges):
            self._strangers(self.strangers | {text})

    def do_stranger_goes(self, text: str) -> None:
        if text in self.strangers and not any(holds(text, vip) for vip in self.vips):
            self._strangers(self.strangers - {text})

    def _strangers(self, wanted: set[str]) -> None:
        """Strangers' ranges are for virtual services only, ours for both: so they are told apart
        without any mark."""
        body = self.there.network
        (subnet,) = body["configured_subnets"]
        entries = subnet.get("static_ip_ranges") or []
        kept = [entry for entry in entries if entry["type"] != spans.TYPES["VIP"]]
        for text in sorted(wanted):
            begin, _, end = text.partition("-")
            kept.append(spans.entry_of(spans.span(begin, end, "VIP")))
        subnet["static_ip_ranges"] = kept
        self.there.admin.put(f"network/{self.there.net['uuid']}", body)
        self.strangers = wanted

    def do_take(self, number: int) -> None:
        """An address of one of the ranges that are there."""
        there = sorted(spans.of_network(self.there.network))
        if not there:
            return
        address = there[number % len(there)].end
        if address not in self.vips:
            self.made += 1
            self.vips[address] = self.there.take(f"vip-{self.made}", address)

    def do_give_back(self) -> None:
        if self.vips:
            self.there.give_back(self.vips.pop(min(self.vips)))

    def do_delete(self, name: str) -> None:
        if not self.there.gone(name):
            self.there.delete(name)
            self.do_run(name)

    def do_fault(self, answer: str, name: str) -> None:
        """An attempt whose write of the network is refused, fails, or loses its answer."""
        lost = answer == "lost"
        fault = faults.Fault(
            answer="" if lost else answer, drop=lost, after=lost, kind="network", method="PUT"
        )
        self.there.avi.faults.add(fault)
        self.do_run(name)
        self.there.avi.faults.clear()

    def check(self) -> None:
        present = spans.of_network(self.there.network)
        theirs = {f"{span.begin}-{span.end}" for span in present if span.use == "VIP"}
        assert theirs == self.strangers, "strangers' ranges are as they left them"
        for address in self.vips:
            assert any(span.holds(ipaddress.ip_address(address)) for span in present), address
        ordered = sorted(present)
        assert not any(a.overlaps(b) for a in ordered for b in ordered if a != b)

    def end(self) -> None:
        """Everybody goes: what is left is the strangers'."""
        while self.vips:
            self.do_give_back()
        for name in NAMES:
            self.do_delete(name)
        for _ in range(3):
            for name in NAMES:
                self.do_run(name)
        self.check()
        assert all(self.there.gone(name) for name in NAMES)
        assert self.there.ranges == self.strangers
        assert not self.there.network.get("markers")
        assert not self.there.network.get("attrs")
        assert self.there.usable() is self.usable
        assert len(self.there.network["configured_subnets"]) == 1, "it was there before us"


def overlap(text: str, other: str) -> bool:
    (a, b), (c, d) = ends(text), ends(other)
    return a <= d and c <= b


def holds(text: str, address: str) -> bool:
    begin, end = ends(text)
    return begin <= int(ipaddress.ip_address(address)) <= end


def ends(text: str) -> tuple[int, int]:
    begin, _, end = text.partition("-")
    return int(ipaddress.ip_address(begin)), int(ipaddress.ip_address(end))


@settings(max_examples=40, phases=PHASES)
@given(st.lists(STEPS, min_size=8, max_size=30), st.booleans(), st.booleans())
def test_strangers_keep_what_is_theirs_and_nothing_of_ours_is_left(
    steps: list[tuple[Any, ...]], lenient: bool, usable: bool
) -> None:
    storm = Storm(lenient=lenient, usable=usable)
    for step in steps:
        storm.step(*step)
    storm.end()


@pytest.mark.parametrize("lenient", [True, False])
def test_a_range_that_becomes_smaller_does_not_go_to_the_pool_that_wants_it_whole(
    *, lenient: bool
) -> None:
    storm = Storm(lenient=lenient, usable=False)
    storm.step("edit", "edge", ["10.70.0.38-10.70.0.43"])
    storm.step("edit", "second", ["10.70.0.38-10.70.0.43"])
    storm.step("edit", "edge", ["10.70.0.38-10.70.0.40"])
    assert storm.there.ranges == {"10.70.0.38-10.70.0.40"}
    assert storm.there.ready("edge")[:2] == ("True", "Applied")
    storm.step("run", "second")
    assert storm.there.ready("second")[:2] == ("False", "Overlap")
    storm.end()
