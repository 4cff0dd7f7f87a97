"""The plan of a network, by examples and by properties: the pure part of AviIPPools."""

from __future__ import annotations

import copy
import ipaddress
from typing import Any

import pytest
from akoo_avi.client.access import refusal
from akoo_avi.pools import marking, plan
from akoo_avi.pools.inputs import Allocated, NetworkPlan, Other, PlanInputs
from akoo_avi.spec import ip_pool, spans
from akoo_avi.spec.spans import AddressRange, Ours, Subnet, spans_of
from hypothesis import given, settings
from hypothesis import strategies as st

US = "m/edge"
THEM = "m/other"
PREFIXES = tuple(ipaddress.ip_network(f"10.0.{n}.0/28") for n in range(3))
Json = dict[str, Any]


def span(begin: int, end: int, use: spans.Use = "Both", net: int = 0) -> AddressRange:
    return spans.span(f"10.0.{net}.{begin}", f"10.0.{net}.{end}", use)


def ours(*ranges: AddressRange, made: tuple[spans.Prefix, ...] = ()) -> Ours:
    return Ours(frozenset(ranges), frozenset(made))


def network(*ranges: AddressRange, claims: dict[str, Ours] | None = None, empty: int = 0) -> Json:
    """Ranges in their subnets; ``empty`` subnets more."""
    inside: dict[Any, list[Json]] = {}
    for range_ in ranges:
        prefix = next(p for p in PREFIXES if ipaddress.ip_address(range_.begin) in p)
        inside.setdefault(prefix, []).append(spans.entry_of(range_))
    for prefix in [p for p in PREFIXES if p not in inside][:empty]:
        inside[prefix] = []
    listed = [{**spans.subnet_of(p), "static_ip_ranges": i} for p, i in inside.items()]
    made: Json = {"name": "vip", "configured_subnets": listed, "dhcp_enabled": True}
    marking.write(made, claims or {})
    return made


def with_markers(network_: Json) -> Json:
    """The network as an earlier release left it: our marks are values of one marker."""
    claims = marking.read(network_)
    marking.write(network_, dict.fromkeys(claims, Ours()))
    values = [f"{who}={text}" for who in sorted(claims) for text in marking.texts(claims[who])]
    if values:
        network_.setdefault("markers", []).append({"key": "akoo-pool", "values": values})
    return network_


def wanted(*ranges: AddressRange) -> tuple[Subnet, ...]:
    subnets = []
    for prefix in PREFIXES:
        inside = frozenset(r for r in ranges if ipaddress.ip_address(r.begin) in prefix)
        if inside:
            subnets.append(Subnet(prefix, inside))
    return tuple(subnets)


def used(last: int, by: str = "vsvip-shop") -> Allocated:
    return Allocated(ipaddress.ip_address(f"10.0.0.{last}"), by)


def result(before: Json, made: NetworkPlan) -> Json:
    return made.network if made.network is not None else before


class TestExamples:
    def test_a_subnet_that_is_missing_is_appended_with_ranges_and_marked(self) -> None:
        made = plan.plan({"name": "vip"}, PlanInputs(US, wanted(span(2, 4))))
        assert made.network is not None
        (subnet,) = made.network["configured_subnets"]
        assert spans.prefix_of(subnet) == PREFIXES[0]
        assert subnet["static_ip_ranges"] == [spans.entry_of(span(2, 4))]
        assert marking.read(made.network) == {US: ours(span(2, 4), made=PREFIXES[:1])}

    def test_ours_are_added_to_a_subnet_of_somebody_else(self) -> None:
        before = network(span(2, 4, "VIP"))
        made = plan.plan(before, PlanInputs(US, wanted(span(6, 8))))
        assert spans.of_network(result(before, made)) == {span(2, 4, "VIP"), span(6, 8)}
        assert made.ours == ours(span(6, 8))

    def test_a_subnet_that_is_there_and_no_word_of_ranges_changes_nothing(self) -> None:
        before = network(span(2, 4))
        inputs = PlanInputs(US, (Subnet(PREFIXES[0], None),))
        assert plan.plan(before, inputs).network is None

    def test_an_empty_list_takes_ours_and_leaves_others(self) -> None:
        mine = ours(span(6, 8))
        before = network(span(2, 4), span(6, 8), claims={US: mine})
        inputs = PlanInputs(US, (Subnet(PREFIXES[0], frozenset()),), mine)
        assert spans.of_network(result(before, plan.plan(before, inputs))) == {span(2, 4)}

    def test_overlap_is_refused_and_named(self) -> None:
        made = plan.plan(network(span(2, 4)), PlanInputs(US, wanted(span(4, 6), span(8, 9))))
        (overlap,) = made.overlaps
        assert made.network is None
        assert (overlap.wanted, overlap.there) == (span(4, 6), span(2, 4))
        assert overlap.whose == "no pool of ours"

    def test_the_same_range_of_somebody_else_serves_and_is_not_ours(self) -> None:
        made = plan.plan(network(span(2, 4)), PlanInputs(US, wanted(span(2, 4))))
        assert made == NetworkPlan(network=None, ours=Ours())

    @pytest.mark.parametrize("older", [True, False])
    def test_of_two_pools_the_older_wins(self, older: bool) -> None:
        other = Other("other", THEM, older, wanted(span(4, 6)))
        made = plan.plan(network(empty=1), PlanInputs(US, wanted(span(2, 4)), others=(other,)))
        assert bool(made.overlaps) is older

    def test_what_a_younger_pool_has_already_it_keeps(self) -> None:
        other = Other("other", THEM, False, wanted(span(4, 6)))
        before = network(span(4, 6), claims={THEM: ours(span(4, 6))})
        made = plan.plan(before, PlanInputs(US, wanted(span(2, 4)), others=(other,)))
        assert made.overlaps[0].whose == "AviIPPool other"

    def test_the_same_range_of_another_pool_is_refused(self) -> None:
        other = Other("other", THEM, True, wanted(span(2, 4)))
        before = network(span(2, 4), claims={THEM: ours(span(2, 4))})
        inputs = PlanInputs(US, wanted(span(2, 4)), others=(other,))
        assert plan.plan(before, inputs).overlaps
        both = inputs._replace(inline=True, others=(other._replace(inline=True),))
        assert plan.plan(before, both).network is None
        assert not plan.plan(before, both).overlaps, "two configs may want the same"

    def test_one_that_leaves_hands_over_what_another_wants(self) -> None:
        mine = ours(span(2, 4), span(6, 8), made=PREFIXES[:1])
        before = network(span(2, 4), span(6, 8), claims={US: mine})
        heir = Other("other", THEM, False, wanted(span(2, 4)), inline=True)
        inputs = PlanInputs(US, (), mine, (used(3),), (heir,), inline=True)
        after = result(before, plan.plan(before, inputs))
        assert spans.of_network(after) == {span(2, 4)}
        assert marking.read(after) == {THEM: ours(span(2, 4), made=PREFIXES[:1])}

    def test_a_range_in_the_way_of_a_new_one_is_not_handed_over(self) -> None:
        mine = ours(span(2, 8))
        before = network(span(2, 8), claims={US: mine})
        heir = Other("other", THEM, False, wanted(span(2, 8)))
        smaller = PlanInputs(US, wanted(span(2, 4)), mine, (), (heir,))
        after = result(before, plan.plan(before, smaller))
        assert marking.read(after) == {US: ours(span(2, 4))}
        assert spans.of_network(after) == {span(2, 4)}
        busy = plan.plan(before, smaller._replace(allocated=(used(7),)))
        assert busy.network is None
        assert [(held.range, held.by) for held in busy.held] == [(span(2, 8), (used(7),))]
        elsewhere = smaller._replace(desired=wanted(span(10, 12)))
        after = result(before, plan.plan(before, elsewhere))
        assert marking.read(after) == {US: ours(span(10, 12)), THEM: ours(span(2, 8))}

    def test_a_range_in_use_stays_and_its_holder_is_named(self) -> None:
        mine = ours(span(2, 4), span(6, 8), made=PREFIXES[:1])
        before = network(span(2, 4), span(6, 8), claims={US: mine})
        made = plan.plan(before, PlanInputs(US, (), mine, (used(3),)))
        assert spans.of_network(result(before, made)) == {span(2, 4)}
        assert [(held.range, held.by) for held in made.held] == [(span(2, 4), (used(3),))]
        assert made.ours == ours(span(2, 4), made=PREFIXES[:1])

    def test_a_smaller_range_may_replace_one_whose_used_addresses_it_has(self) -> None:
        mine = ours(span(2, 8))
        before = network(span(2, 8), claims={US: mine})
        made = plan.plan(before, PlanInputs(US, wanted(span(2, 5)), mine, (used(3),)))
        assert spans.of_network(result(before, made)) == {span(2, 5)}
        held = plan.plan(before, PlanInputs(US, wanted(span(2, 5)), mine, (used(3), used(7))))
        assert held.network is None
        assert held.held[0].by == (used(7),)

    def test_another_use_does_not_cover(self) -> None:
        mine = ours(span(2, 8, "VIP"))
        before = network(span(2, 8, "VIP"), claims={US: mine})
        cases: tuple[tuple[spans.Use, bool], ...] = (("SE", False), ("Both", True))
        for use, goes in cases:
            inputs = PlanInputs(US, wanted(span(2, 8, use)), mine, (used(3),))
            assert (not plan.plan(before, inputs).held) is goes

    def test_an_emptied_subnet_goes_only_if_we_made_it(self) -> None:
        for made_by_us in (True, False):
            mine = ours(span(2, 4), made=PREFIXES[:1] if made_by_us else ())
            before = network(span(2, 4), claims={US: mine})
            after = result(before, plan.plan(before, PlanInputs(US, (), mine)))
            assert bool(after["configured_subnets"]) is not made_by_us
            assert not after.get("attrs")

    def test_without_the_marker_the_record_counts(self) -> None:
        before = network(span(2, 4), span(6, 8))
        after = result(before, plan.plan(before, PlanInputs(US, (), ours(span(2, 4)))))
        assert spans.of_network(after) == {span(6, 8)}

    def test_without_the_record_the_marker_counts(self) -> None:
        before = network(span(2, 4), span(6, 8), claims={US: ours(span(2, 4))})
        after = result(before, plan.plan(before, PlanInputs(US, ())))
        assert spans.of_network(after) == {span(6, 8)}

    def test_what_another_management_cluster_had_is_taken_over_by_word(self) -> None:
        mine = ours(span(2, 4), made=PREFIXES[:1])
        before = network(span(2, 4), claims={"old/edge": mine})
        refused = plan.plan(before, PlanInputs(US, wanted(span(2, 4))))
        assert "elsewhere (old/edge)" in refused.overlaps[0].whose
        served = plan.plan(before, PlanInputs(US, wanted(span(2, 4)), inline=True))
        assert served == NetworkPlan(network=None, ours=Ours()), (
            "two management clusters, one config"
        )
        made = plan.plan(before, PlanInputs(US, wanted(span(2, 4)), former="old/edge"))
        assert marking.read(result(before, made)) == {US: mine}


NUMBERS = st.tuples(st.integers(1, 12), st.integers(0, 4), st.integers(0, 2))
USES: st.SearchStrategy[spans.Use] = st.sampled_from(list(spans.TYPES))


@st.composite
def apart(draw: st.DrawFn) -> list[AddressRange]:
    """Ranges that do not overlap."""
    chosen: list[AddressRange] = []
    for (begin, length, net), use in draw(st.lists(st.tuples(NUMBERS, USES), max_size=8)):
        candidate = span(begin, min(begin + length, 14), use, net)
        if not any(candidate.overlaps(each) for each in chosen):
            chosen.append(candidate)
    return chosen


def _smaller(mine: frozenset[AddressRange]) -> list[AddressRange]:
    return [range_._replace(last=max(range_.first, range_.last - 1)) for range_ in sorted(mine)]


@st.composite
def scenes(draw: st.DrawFn) -> tuple[Json, PlanInputs, frozenset[AddressRange]]:
    """A network with ranges of ours, of another pool and of others; and what is wanted of it."""
    present = draw(apart())
    whose = [draw(st.sampled_from(["us", "them", "nobody"])) for _ in present]
    mine = frozenset(r for r, who in zip(present, whose, strict=True) if who == "us")
    their = frozenset(r for r, who in zip(present, whose, strict=True) if who == "them")
    held_by = {ipaddress.ip_network(p) for p in PREFIXES}
    made = frozenset(draw(st.sets(st.sampled_from(sorted(held_by)), max_size=2)))
    claims = {THEM: Ours(their)} if their else {}
    marked = bool(mine or made) and draw(st.booleans())  # a mark of nothing is none
    if marked:
        claims[US] = Ours(mine, made)
    recorded = Ours(mine | frozenset(draw(apart())), made) if marked else Ours(mine, made)
    before = network(*present, claims=claims, empty=draw(st.integers(0, 3)))
    before.setdefault("attrs", []).insert(0, {"key": "segmentid", "value": "/infra/segments/a"})
    before["markers"] = [{"key": "team", "values": ["a"]}]
    if draw(st.booleans()):
        with_markers(before)
    desired = draw(st.sampled_from([draw(apart()), sorted(mine), _smaller(mine), []]))
    subnets = wanted(*desired)
    if draw(st.booleans()):
        listed = {subnet.prefix for subnet in subnets}
        quiet = [Subnet(p, draw(st.sampled_from([None, frozenset()]))) for p in PREFIXES]
        subnets += tuple(subnet_ for subnet_ in quiet if subnet_.prefix not in listed)[:1]
    hosts = [r.first for r in present if draw(st.booleans())]
    taken = tuple(Allocated(ipaddress.IPv4Address(host), "vs") for host in sorted(hosts))
    inherits = draw(st.sets(st.sampled_from(sorted(mine)))) if mine else set()
    asked = wanted(*sorted(their | inherits))
    other = Other("other", THEM, draw(st.booleans()), asked, draw(st.booleans()))
    inputs = PlanInputs(
        US, subnets, recorded, taken, (other,) if draw(st.booleans()) else (), inline=True
    )
    return before, inputs, mine


@settings(max_examples=300)
@given(scenes())
def test_what_holds_for_every_network(
    scene: tuple[Json, PlanInputs, frozenset[AddressRange]],
) -> None:
    before, inputs, mine = scene
    untouched = copy.deepcopy(before)
    made = plan.plan(before, inputs)
    after = result(before, made)
    assert before == untouched, "nothing is changed in place"
    _foreign_is_as_it_was(before, after, mine)
    _no_address_in_use_is_lost(before, after, inputs)
    there = spans.of_network(after)
    assert made.ours.spans <= there
    if made.overlaps:
        assert made.network is None
        return
    _nothing_overlaps(after)
    stuck = {held.range for held in made.held}
    for range_ in spans_of(inputs.desired):
        assert range_ in there or any(range_.overlaps(each) for each in stuck)
    again = plan.plan(after, inputs._replace(recorded=made.ours))
    assert again.network is None, "a second time there is nothing to do"
    assert again.ours == made.ours


def _foreign_is_as_it_was(before: Json, after: Json, mine: frozenset[AddressRange]) -> None:
    """Ranges and subnets of others, and all other fields, are the same, in the same order."""
    marked = ("configured_subnets", "attrs", "markers")
    assert {k: v for k, v in before.items() if k not in marked} == {
        k: v for k, v in after.items() if k not in marked
    }
    assert after["attrs"][0] == before["attrs"][0]
    assert after["markers"][0] == before["markers"][0]
    rows = {str(p): s for p, s in _by_prefix(after)}
    for prefix, subnet in _by_prefix(before):
        foreign = [e for e in subnet["static_ip_ranges"] if spans.of_entry(e) not in mine]
        kept = rows.get(str(prefix), {"static_ip_ranges": []})["static_ip_ranges"]
        assert [e for e in kept if e in foreign] == foreign
    claims, now = marking.read(before), marking.read(after)
    assert claims.get(THEM, Ours()).spans <= now.get(THEM, Ours()).spans


def _by_prefix(network_: Json) -> list[tuple[Any, Json]]:
    return [(spans.prefix_of(subnet), subnet) for subnet in network_.get("configured_subnets", [])]


def _no_address_in_use_is_lost(before: Json, after: Json, inputs: PlanInputs) -> None:
    for address in inputs.allocated:
        had = [r for r in spans.of_network(before) if r.holds(address.address)]
        has = [r for r in spans.of_network(after) if r.holds(address.address)]
        assert all(any(new.serves(old.use) for new in has) for old in had)


def _nothing_overlaps(network_: Json) -> None:
    listed = sorted(spans.of_network(network_))
    assert not [(a, b) for a in listed for b in listed if a != b and a.overlaps(b)]


@given(scenes())
def test_one_that_leaves_leaves_nothing(
    scene: tuple[Json, PlanInputs, frozenset[AddressRange]],
) -> None:
    """Once nothing is in use: no range, no marker, and no subnet of its own that is empty."""
    before, inputs, mine = scene
    leaving = inputs._replace(desired=(), allocated=(), others=())
    made = plan.plan(before, leaving)
    after = result(before, made)
    assert not spans.of_network(after) & mine
    assert US not in marking.read(after)
    assert not made.ours
    assert spans.of_network(after) == spans.of_network(before) - mine


@given(apart(), st.sets(st.sampled_from(PREFIXES)))
def test_the_mark_says_what_was_written(ranges: list[AddressRange], made: set[Any]) -> None:
    there: Json = {"markers": [{"key": "team", "values": ["a"]}]}
    marking.write(there, {US: Ours(frozenset(ranges), frozenset(made)), THEM: Ours()})
    mine = Ours(frozenset(ranges), frozenset(made))
    assert marking.read(there) == ({US: mine} if mine else {})
    assert there["markers"] == [{"key": "team", "values": ["a"]}], "no marker of ours"
    marking.write(there, {US: Ours()})
    assert there == {"markers": [{"key": "team", "values": ["a"]}]}


@given(apart(), st.sets(st.sampled_from(PREFIXES), min_size=1))
def test_a_marker_of_an_earlier_release_is_read_and_goes(
    ranges: list[AddressRange], made: set[Any]
) -> None:
    mine, its = Ours(frozenset(ranges), frozenset(made)), ours(span(2, 4))
    there: Json = {"markers": [{"key": "team", "values": ["a"]}]}
    marking.write(there, {US: mine, THEM: its})
    with_markers(there)
    assert not there.get("attrs")
    assert marking.read(there) == {US: mine, THEM: its}
    marking.write(there, {US: mine})
    assert marking.read(there) == {US: mine, THEM: its}
    assert not marking.is_marker(there, US)
    assert marking.is_marker(there, THEM), "another management cluster may not know attributes yet"
    marking.write(there, {US: Ours(), THEM: Ours()})
    assert there == {"markers": [{"key": "team", "values": ["a"]}]}


@pytest.mark.parametrize(
    "value", ["", "m/edge", "m/edge=", "m/edge=a-b=VIP", "=10.0.0.0/24", "x=1-2"]
)
def test_values_that_are_none_of_ours_are_kept_and_ignored(value: str) -> None:
    gone = f"{THEM}=10.0.0.2-10.0.0.4=Both"
    foreign = [{"key": "segmentid", "value": value}, {"key": f"akoo-pools/{value}"}]
    there: Json = {
        "markers": [{"key": "akoo-pool", "values": [value, gone]}],
        "attrs": list(foreign),
    }
    assert marking.read(there) == {THEM: ours(span(2, 4))}
    marking.write(there, {THEM: ours(span(2, 4))})
    assert there["markers"] == [{"key": "akoo-pool", "values": [value]}]
    assert there["attrs"][:2] == foreign


def spec(*subnets: ip_pool.SubnetSpec) -> ip_pool.IpPoolSpec:
    name = ip_pool.NetworkName(name="vip")
    return ip_pool.IpPoolSpec(controller="main", cloud="c", network=name, subnets=subnets)


def subnet(cidr: str, *ranges: tuple[str, str]) -> ip_pool.SubnetSpec:
    spans_ = tuple(ip_pool.Range(begin=begin, end=end) for begin, end in ranges)
    return ip_pool.SubnetSpec(cidr=cidr, ranges=spans_)


@pytest.mark.parametrize(
    ("subnets", "problem"),
    [
        ((subnet("nonsense"),), "no CIDR"),
        ((subnet("10.0.0.0/24"), subnet("10.0.0.9/24")), "twice"),
        ((subnet("10.0.0.0/24", ("10.0.0.9", "10.0.0.2")),), "before"),
        ((subnet("10.0.0.0/24", ("10.0.1.2", "10.0.1.9")),), "not in subnet"),
        ((subnet("10.0.0.0/24", ("10.0.0.2", "fd00::1")),), "two families"),
        ((subnet("fd00::/64", ("10.0.0.2", "10.0.0.9")),), "not in subnet"),
        ((subnet("10.0.0.0/24", ("10.0.0.2", "10.0.0.9"), ("10.0.0.9", "10.0.0.12")),), "overlap"),
        ((subnet("10.0.0.0/24", ("x", "y")),), "spec.subnets"),
    ],
)
def test_what_cannot_be_is_refused(subnets: tuple[ip_pool.SubnetSpec, ...], problem: str) -> None:
    with pytest.raises(refusal.Refusal, match=problem) as caught:
        ip_pool.desired(spec(*subnets))
    assert caught.value.reason == "InvalidPool"


def test_both_families() -> None:
    wanted_ = ip_pool.desired(
        spec(
            subnet("10.0.0.0/24", ("10.0.0.2", "10.0.0.9")),
            subnet("fd00::/64", ("fd00::1", "fd00::9")),
        )
    )
    made = plan.plan({"name": "vip"}, PlanInputs(US, wanted_))
    assert made.network is not None
    assert [
        subnet_["prefix"]["ip_addr"]["type"] for subnet_ in made.network["configured_subnets"]
    ] == [
        "V4",
        "V6",
    ]
