"""Names that two Clusters share, over many Clusters; and hostile texts."""

from __future__ import annotations

import itertools

from akoo_ako.migration import ancestor, blockers, report
from hypothesis import given
from hypothesis import strategies as st

LABELS = st.sampled_from(
    [
        label
        for length in (1, 3, 5)
        for label in map("".join, itertools.product("ab-", repeat=length))
        if label.strip("-") == label
    ]
)
KEYS = st.lists(st.tuples(LABELS, LABELS).map("/".join), max_size=8)


@given(KEYS)
def test_exactly_the_clusters_that_share_a_name_are_named(keys: list[str]) -> None:
    shared = blockers.shared_names(keys)
    clashing = {
        key
        for pair in itertools.combinations(sorted(set(keys)), 2)
        if len({ancestor.cluster_name(*key.split("/")) for key in pair}) == 1
        for key in pair
    }
    assert {key for group in shared.values() for key in group} == clashing
    assert all(list(group) == sorted(set(group)) for group in shared.values())
    assert blockers.shared_names(list(reversed(keys))) == shared


@given(LABELS, LABELS, LABELS)
def test_a_dash_moved_over_the_border_is_a_shared_name(start: str, mid: str, end: str) -> None:
    keys = [f"{start}-{mid}/{end}", f"{start}/{mid}-{end}"]
    assert blockers.shared_names(keys) == {f"{start}-{mid}-{end}": tuple(sorted(keys))}


@given(st.text())
def test_a_text_stays_on_its_line(text: str) -> None:
    shown = report.shown(text)
    assert shown.isprintable()
    assert (shown == text) == text.isprintable()
    shown.encode()
