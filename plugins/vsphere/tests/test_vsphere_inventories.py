"""Random inventories, edits, deeds of people and faults, through the controllers, by an oracle.

``AKOO_PROOF=1`` plays many more.
"""

from __future__ import annotations

import os
from typing import NamedTuple

import hypothesis
import pytest
from akoo_vsphere import adoption, guards, observed, ownership, plan
from akoo_vsphere.client import errors
from akoo_vsphere.controllers import search
from akoo_vsphere.controllers.scene import Scene
from akoo_vsphere.spec import port_group
from hypothesis import given
from hypothesis import strategies as st

from tests.vsphere import inventory_oracle as oracle
from tests.vsphere.inventory_world import IDS, NAMES, Neighbourhood, Step, Stranger, Wanted

PROOF = bool(os.environ.get("AKOO_PROOF"))
EXAMPLES = 600 if PROOF else 12
SMALL = st.integers(0, 23)
STRANGERS = st.builds(
    Stranger,
    name=st.sampled_from(NAMES),
    place=st.sampled_from([0, 0, 1, 2]),
    vlan=st.sampled_from([112, 113, 900]),
    used=st.booleans(),
    nsx=st.sampled_from([False, False, False, True]),
    mark=st.sampled_from(["", "", "north edge", "north core", "south edge", "south lab"]),
    where=st.sampled_from(["both", "both", "description", "value", "broken"]),
)
WANTED = st.builds(
    Wanted,
    side=st.sampled_from(["north", "north", "south"]),
    name=st.sampled_from(NAMES),
    vlan=st.sampled_from([112, 113]),
    adoption=st.sampled_from(["Never", "IfUnowned", "IfIdentical"]),
    change=st.sampled_from(["WhenUnused", "WhenUnused", "Always"]),
    drift=st.sampled_from(["Repair", "Repair", "Report"]),
    deletion=st.sampled_from([None, None, "Delete", "Retain"]),
    other_name=st.sampled_from(["", "", *NAMES]),
)
KINDS = ("run", "run", "run", "crash", "fault", "edit", "deed", "deed", "deed", "delete", "adopt")
STEPS = st.builds(Step, st.sampled_from(KINDS), SMALL, SMALL)


class Story(NamedTuple):
    """All of an example."""

    strangers: list[Stranger]
    wanted: list[Wanted]
    steps: list[Step]


STORIES = st.builds(
    Story,
    st.lists(STRANGERS, max_size=4),
    st.lists(WANTED, min_size=1, max_size=3, unique_by=lambda each: (each.side, each.name)),
    st.lists(STEPS, max_size=12),
)


def check(story: Story) -> None:
    """No step breaks a law, all of it comes to rest, and so do the deletions."""
    there = Neighbourhood(story.strangers, story.wanted)
    for step in story.steps:
        there.play(step)
    there.settle()
    there.end()


def settings_of(examples: int, *, quiet: bool = False) -> hypothesis.settings:
    """Settings of a run. A story is not shrunk: that takes minutes. It is printed whole."""
    return hypothesis.settings(
        max_examples=examples,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
        report_multiple_bugs=False,
        verbosity=hypothesis.Verbosity.quiet if quiet else hypothesis.Verbosity.normal,
    )


@settings_of(EXAMPLES)
@given(STORIES)
def test_every_story(story: Story) -> None:
    check(story)


def owner_of(there: Neighbourhood) -> set[oracle.Owner]:
    (mo_ref,) = (each for each, plain in there.groups().items() if plain["name"] == "edge")
    plain = there.groups()[mo_ref]
    return oracle.described(plain) | oracle.valued(plain)


def test_two_that_adopt_from_each_other_come_to_rest() -> None:
    """An annotation hands over once: it may still stand there when the other takes it back."""
    first = Wanted("north", "edge", 112, "Never", "Always", "Repair", None, "")
    there = Neighbourhood([], [first, first._replace(side="south", vlan=113)])
    there.settle()
    assert owner_of(there) == {(IDS["north"], "edge")}
    there.hand_over("south", "edge")
    there.settle()
    assert owner_of(there) == {(IDS["south"], "edge")}
    there.hand_over("north", "edge")
    there.settle()
    assert owner_of(there) == {(IDS["north"], "edge")}
    status, reason, message = there.worlds["south"].condition()
    assert (status, reason) == ("False", "ForeignOwner")
    assert "remove the annotation and set it anew" in message
    there.worlds["south"].annotate({"akoo.io/adopt": None}, "edge")
    there.settle()
    assert owner_of(there) == {(IDS["north"], "edge")}
    there.hand_over("south", "edge")
    there.settle()
    assert owner_of(there) == {(IDS["south"], "edge")}


async def unread_is_absent(view: Scene, mo_ref: str) -> observed.Observed | None:
    try:
        return view.read(await view.client.port_group(mo_ref))
    except (errors.NotFoundError, errors.UnreadableError):
        return None


BUGS: dict[str, tuple[object, str, object]] = {
    "marks of others do not count": (ownership, "_is_ours", lambda us, mark: True),
    "uplinks and NSX are touched": (guards, "check_touchable", lambda *_: None),
    "adoption changes what it likes": (adoption, "_check", lambda *_: None),
    "edits do not wait": (plan, "_waits", lambda *_: False),
    "adopted port groups are destroyed": (port_group, "retained", lambda *_: False),
    "unreadable is absent": (search, "_read", unread_is_absent),
    "lost marks are written again": (
        ownership,
        "_unmarked",
        lambda us, mo_ref: ownership._with_mark(us, 1, "Created", "Marked"),
    ),
}


@pytest.mark.skipif(not PROOF, reason="takes minutes: AKOO_PROOF=1")
@pytest.mark.parametrize("name", BUGS)
def test_planted_bugs_are_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, attribute, wrong = BUGS[name]
    monkeypatch.setattr(owner, attribute, wrong)

    @settings_of(EXAMPLES, quiet=True)
    @given(STORIES)
    def attempt(story: Story) -> None:
        check(story)

    with pytest.raises(AssertionError):
        attempt()
