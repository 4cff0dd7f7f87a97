"""The name of a record is an identity: no two clusters may ever share one."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from akoo_core.objects import names

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=40)


@given(TEXT, TEXT)
def test_a_name_is_what_ako_and_avi_can_carry(management_id: str, uid: str) -> None:
    name = names.record_name(management_id, uid)
    assert re.fullmatch(r"akoo-[0-9a-f]{12}", name)
    assert "--" not in name, "AKO separates parts of names by two dashes"


@given(st.tuples(TEXT, TEXT, TEXT), st.tuples(TEXT, TEXT, TEXT))
def test_different_identities_have_different_names(
    first: tuple[str, str, str], second: tuple[str, str, str]
) -> None:
    assert (names.record_name(*first) == names.record_name(*second)) == (first == second)


def test_joining_parts_differently_is_another_identity() -> None:
    """The ancestor joined namespace and name by a dash, so a-b/c and a/b-c were one."""
    assert names.record_name("a", "b-c") != names.record_name("a-b", "c")


def test_the_name_never_changes() -> None:
    """Recomputing it differently in a later version would orphan every installation."""
    assert names.record_name("m", "u") == "akoo-dbde8985a716"
