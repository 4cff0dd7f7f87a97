"""The answer of `akoo-core plan` for a pool's ranges: every range once, with its owner and the
reason."""

from __future__ import annotations

import ipaddress
from typing import Any

from akoo_avi.pools import expected, marking, plan
from akoo_avi.pools.inputs import Allocated, Other, PlanInputs
from akoo_avi.spec import spans
from akoo_avi.spec.spans import AddressRange, Ours, Subnet
from hypothesis import given
from hypothesis import strategies as st

US = "m/edge"
THEM = "m/other"
PREFIX = ipaddress.ip_network("10.0.0.0/24")
Json = dict[str, Any]


def span(begin: int, end: int) -> AddressRange:
    return spans.span(f"10.0.0.{begin}", f"10.0.0.{end}")


def network(claims: dict[str, Ours], *ranges: AddressRange) -> Json:
    entries = [spans.entry_of(range_) for range_ in ranges]
    made: Json = {
        "name": "vip",
        "configured_subnets": [{**spans.subnet_of(PREFIX), "static_ip_ranges": entries}],
    }
    marking.write(made, claims)
    return made


def wanted(*ranges: AddressRange) -> tuple[Subnet, ...]:
    return (Subnet(PREFIX, frozenset(ranges)),)


def actions(before: Json, situation: PlanInputs, *, report: bool = False) -> list[tuple[str, str]]:
    return [
        (row.action, row.why) for row in expected.rows("edge", before, situation, report=report)
    ]


def test_what_is_added_taken_out_held_ours_and_foreign() -> None:
    gone, held, kept, theirs, alien = span(1, 2), span(3, 4), span(5, 6), span(7, 8), span(9, 10)
    claims = {US: Ours(frozenset({gone, held, kept})), THEM: Ours(frozenset({theirs}))}
    before = network(claims, gone, held, kept, theirs, alien)
    other = Other("other", THEM, True, wanted(theirs))
    user = Allocated(ipaddress.ip_address("10.0.0.3"), "shop-vip")
    inputs = PlanInputs(US, wanted(kept, span(20, 29)), allocated=(user,), others=(other,))
    assert actions(before, inputs) == [
        ("change", "add 10.0.0.20-10.0.0.29 (Both): AviIPPool/edge gives it"),
        (
            "change",
            (
                "take out 10.0.0.1-10.0.0.2 (Both): AviIPPool/edge added it and no longer gives "
                "it; none of its addresses is used"
            ),
        ),
        (
            "keep",
            (
                "10.0.0.3-10.0.0.4 (Both) of AviIPPool/edge goes once its addresses do: "
                "10.0.0.3 by shop-vip"
            ),
        ),
        (
            "keep",
            (
                "10.0.0.5-10.0.0.6 (Both) is of AviIPPool/edge: attribute akoo-pool of the network "
                "says so"
            ),
        ),
        (
            "keep",
            "10.0.0.7-10.0.0.8 (Both) is of AviIPPool other: left as it is, not ours to change",
        ),
        (
            "keep",
            "10.0.0.9-10.0.0.10 (Both) is of no pool of ours: left as it is, not ours to change",
        ),
    ]


def test_with_an_overlap_nothing_is_changed() -> None:
    before = network({}, span(4, 6))
    rows = actions(before, PlanInputs(US, wanted(span(1, 4), span(20, 29))))
    assert [action for action, _ in rows] == ["keep", "keep"]
    assert "10.0.0.1-10.0.0.4 (Both) of AviIPPool/edge overlaps 10.0.0.4-10.0.0.6" in rows[0][1]


def test_the_same_range_of_somebody_else_serves() -> None:
    rows = actions(network({}, span(1, 4)), PlanInputs(US, wanted(span(1, 4))))
    assert rows == [
        (
            "keep",
            (
                "10.0.0.1-10.0.0.4 (Both) is of no pool of ours: it serves as it is, not ours to "
                "change"
            ),
        )
    ]


def test_a_pool_that_only_reports_changes_nothing() -> None:
    rows = actions(network({}), PlanInputs(US, wanted(span(1, 4))), report=True)
    why = "add 10.0.0.1-10.0.0.4 (Both): AviIPPool/edge gives it"
    assert rows == [("keep", f"not done, since spec.driftPolicy is Report: {why}")]


def test_many_ranges_of_others_are_counted() -> None:
    many = [span(n, n) for n in range(1, 60, 2)]
    rows = actions(network({}, *many), PlanInputs(US, wanted(many[-1])))
    assert len(rows) == expected.SHOWN + 1
    assert rows[0][1].startswith(str(many[-1])), "the one that is wanted comes first"
    assert rows[-1] == ("keep", "10 more ranges of others: left as they are")


def test_what_becomes_of_the_usable_networks() -> None:
    def opened(*, wanted: bool, there: bool, added: bool) -> str:
        row = expected.opened("edge", wanted=wanted, there=there, added=added, network="vip")
        return f"{row.action} {row.why}" if row else ""

    assert opened(wanted=True, there=False, added=False).startswith('change add "vip"')
    assert "added by AviIPPool/edge" in opened(wanted=True, there=True, added=True)
    assert "not added by us" in opened(wanted=True, there=True, added=False)
    assert opened(wanted=False, there=True, added=True).startswith('change take "vip" out')
    assert opened(wanted=False, there=True, added=False) == ""


RANGES = st.lists(st.integers(0, 11), max_size=6, unique=True).map(
    lambda numbers: [span(10 * n + 1, 10 * n + 8) for n in numbers]
)


@given(RANGES, RANGES, RANGES, st.sets(st.integers(0, 11)))
def test_every_range_is_told_once_and_changes_are_those_of_the_plan(
    here: list[AddressRange], mine: list[AddressRange], asked: list[AddressRange], busy: set[int]
) -> None:
    claims = {US: Ours(frozenset(here) & frozenset(mine))}
    users = tuple(Allocated(ipaddress.ip_address(f"10.0.0.{10 * n + 1}"), "shop-vip") for n in busy)
    inputs = PlanInputs(US, wanted(*asked), allocated=users)
    before = network(claims, *here)
    planned = plan.plan(before, inputs)
    rows = expected.rows("edge", before, inputs)
    changed = [row for row in rows if row.action == "change"]
    assert len(changed) == len(planned.added.spans) + len(planned.removed.spans)
    for range_ in {*here, *asked}:
        assert sum(str(range_) in row.why for row in rows) == 1, range_
