"""The mark on a port group, and whose the port group is by both of its places."""

from __future__ import annotations

from typing import Any

import pytest
from akoo_vsphere import marks, ownership
from akoo_vsphere.ownership import Claimant
from hypothesis import given
from hypothesis import strategies as st

from akoo_core.plugin import structs
from tests.vsphere import vsphere_model as model

HERE = "dvportgroup-12"
ELSEWHERE = "dvportgroup-99"
OURS = model.mark_of()
THEIRS = model.mark_of(management_id=model.THEM)
NEIGHBOURS = model.mark_of("other", uid="u-9")
REBORN = model.mark_of(uid="u-0")
BROKEN = "akoo/1 id=m-1 epoch=1"


def us(**changes: Any) -> Claimant:
    """Our object with all of its status."""
    claimant = Claimant(
        management_id=model.US,
        name="edge",
        uid="u-1",
        epoch=1,
        mo_ref=HERE,
        provenance="Created",
        nonce="n0",
    )
    return structs.replace(claimant, **changes)


LOST = us(epoch=None, mo_ref="", provenance=None, nonce="")
"""Our object after its status was lost."""


def text(mark: marks.Mark | str | None) -> str:
    if mark is None or isinstance(mark, str):
        return mark or ""
    return marks.text(mark)


def judge(
    claimant: Claimant,
    description: marks.Mark | str | None,
    value: marks.Mark | str | None,
    mo_ref: str = HERE,
) -> ownership.Verdict:
    return ownership.judge(claimant, mo_ref, f"of people\n{text(description)}", text(value))


WORDS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=36)
MARKS = st.builds(
    marks.Mark,
    management_id=WORDS,
    epoch=st.integers(1, 999_999),
    name=st.from_regex(r"[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?", fullmatch=True),
    uid=WORDS,
    provenance=st.sampled_from(["Created", "Adopted"]),
    nonce=WORDS,
)
LINES = st.text(st.characters(exclude_categories=["Cs"]), max_size=60).filter(
    lambda written: marks.of_description(written) is None
)


@given(MARKS)
def test_what_is_written_is_read(mark: marks.Mark) -> None:
    line = marks.text(mark)
    assert line.isascii()
    assert len(line) <= marks.LONGEST
    assert marks.read(line) == mark


@given(MARKS, LINES)
def test_the_words_of_people_stay_byte_by_byte(mark: marks.Mark, written: str) -> None:
    description = marks.with_mark(written, mark)
    assert marks.of_description(description) == mark
    assert marks.without(description) == written.removeprefix("\n")
    assert description.count("akoo/1") - written.count("akoo/1") == 1


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(line: str) -> None:
    mark = marks.read(line)
    assert mark is None or isinstance(mark, marks.Mark | marks.Damaged)
    assert not isinstance(mark, marks.Mark) or marks.read(marks.text(mark)) == mark


@given(MARKS, st.data())
def test_a_mark_that_lost_a_character_is_never_another_owner(
    mark: marks.Mark, data: st.DataObject
) -> None:
    """Cut short, it names the same owner or nobody."""
    line = marks.text(mark)
    cut = line[: data.draw(st.integers(0, len(line) - 1))]
    read = marks.read(cut)
    if isinstance(read, marks.Mark):
        assert (read.management_id, read.name) == (mark.management_id, mark.name)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("of the network team", "it is no mark"),
        (BROKEN, "name is missing"),
        ("akoo/2 id=m-1", "a newer release wrote it"),
        (f"{marks.text(OURS)} id=m-2", "a word of it stands twice"),
        (marks.text(OURS).replace("epoch=1", "epoch=x"), "its epoch is no number"),
        (marks.text(OURS).replace("epoch=1", "epoch=0"), "its epoch is no number"),
    ],
)
def test_marks_that_cannot_be_read(line: str, why: str) -> None:
    read = marks.read(line)
    assert isinstance(read, marks.Damaged)
    assert read.why == why


def test_two_marks_in_one_description() -> None:
    both = f"{marks.text(OURS)}\n{marks.text(THEIRS)}"
    assert isinstance(marks.of_description(both), marks.Damaged)
    assert marks.of_description(f"{marks.text(OURS)}\n{marks.text(OURS)}") == OURS


@pytest.mark.parametrize("by", ["by=Someone", "by="])
def test_without_a_provenance_it_counts_as_adopted(by: str) -> None:
    read = marks.read(marks.text(OURS).replace("by=Created", by))
    assert isinstance(read, marks.Mark)
    assert read.provenance == "Adopted"


@pytest.mark.parametrize("value", ["", "a b", "ä", "a\n"])
@pytest.mark.parametrize("field", ["management_id", "name", "uid", "nonce"])
def test_values_that_a_mark_cannot_hold(field: str, value: str) -> None:
    with pytest.raises(ValueError, match="mark"):
        model.mark_of(**({"name": value} if field == "name" else {field: value}))


TABLE: list[tuple[str, Claimant, Any, Any, str, str]] = [
    ("both ours", us(), OURS, OURS, "Own", "Marked"),
    ("value wiped", us(), OURS, None, "Own", "Marked"),
    ("description wiped", us(), None, OURS, "Own", "Marked"),
    ("value unreadable", us(), OURS, BROKEN, "Own", "Marked"),
    ("description unreadable", us(), BROKEN, OURS, "Own", "Marked"),
    ("both wiped", us(), None, None, "Unknown", "MarkLost"),
    ("both unreadable", us(), BROKEN, BROKEN, "Unknown", "MarkDamaged"),
    ("one unreadable, one wiped", us(), BROKEN, None, "Unknown", "MarkDamaged"),
    ("value of others", us(), OURS, THEIRS, "Unknown", "MarksDisagree"),
    ("description of others", us(), THEIRS, OURS, "Unknown", "MarksDisagree"),
    ("two owners, none ours", us(), THEIRS, NEIGHBOURS, "Unknown", "MarksDisagree"),
    ("taken by others", us(), THEIRS, THEIRS, "Foreign", "ForeignOwner"),
    ("taken by others, half", us(), THEIRS, None, "Foreign", "ForeignOwner"),
    ("of another object", us(), NEIGHBOURS, NEIGHBOURS, "Foreign", "ForeignOwner"),
    ("newer format", us(), OURS, "akoo/2 id=m-1", "Unknown", "NewerRecord"),
    ("newer epoch", us(), model.mark_of(epoch=2), OURS, "Unknown", "NewerRecord"),
    ("object made again", us(), REBORN, REBORN, "Own", "Taken"),
    ("object made again, half written", us(), OURS, REBORN, "Own", "Taken"),
    ("nobody's", LOST, None, None, "Unmarked", "NotAdopted"),
    ("status lost", LOST, OURS, OURS, "Own", "Marked"),
    ("status lost, moved", LOST, REBORN, REBORN, "Own", "Taken"),
    ("status lost, value wiped", LOST, OURS, None, "Own", "Marked"),
    ("status lost, unreadable", LOST, OURS, BROKEN, "Unknown", "MarkIncomplete"),
    ("status lost, foreign", LOST, THEIRS, THEIRS, "Foreign", "ForeignOwner"),
]


@pytest.mark.parametrize("row", TABLE, ids=[row[0] for row in TABLE])
def test_the_verdict(row: tuple[str, Claimant, Any, Any, str, str]) -> None:
    _, claimant, description, value, state, reason = row
    verdict = judge(claimant, description, value)
    assert (verdict.state, verdict.reason) == (state, reason)
    assert verdict.writable is (verdict.mark is not None) is (state == "Own")
    if verdict.mark is not None:
        assert (verdict.mark.management_id, verdict.mark.name) == (model.US, "edge")
        assert verdict.mark.uid == "u-1"


def test_between_create_and_attribute() -> None:
    pending = us(mo_ref="", provenance=None, epoch=None)
    verdict = judge(pending, OURS, None)
    assert verdict.mark == OURS
    other = judge(structs.replace(pending, nonce="n9"), OURS, None)
    assert (other.state, other.reason) == ("Unknown", "MarkIncomplete")


def test_a_copied_description_proves_nothing() -> None:
    """Clones and imported configurations carry the description, not the attribute."""
    verdict = judge(us(), OURS, None, ELSEWHERE)
    assert (verdict.state, verdict.reason) == ("Unknown", "MarkIncomplete")
    assert judge(us(), None, OURS, ELSEWHERE).state == "Unknown"
    assert judge(us(), OURS, OURS, ELSEWHERE).state == "Own"
    assert judge(us(), None, None, ELSEWHERE).state == "Unmarked"


def test_half_a_mark_without_a_record_is_never_deleted_by_itself() -> None:
    for half in ((OURS, None), (None, OURS)):
        verdict = judge(LOST, *half)
        assert verdict.mark is not None
        assert verdict.mark.provenance == "Adopted"


@pytest.mark.parametrize("place", ["description", "value", "status"])
def test_one_word_that_it_was_adopted_is_enough(place: str) -> None:
    adopted = model.mark_of(provenance="Adopted")
    verdict = judge(
        us(provenance="Adopted" if place == "status" else "Created"),
        adopted if place == "description" else OURS,
        adopted if place == "value" else OURS,
    )
    assert verdict.mark is not None
    assert verdict.mark.provenance == "Adopted"


def test_both_marks_wiped_and_a_person_says_that_it_is_ours() -> None:
    verdict = judge(us(adopt=model.US), None, None)
    assert verdict.mark == OURS
    assert judge(us(adopt=model.THEM), None, None).state == "Unknown"


@pytest.mark.parametrize(
    ("description", "value"), [(THEIRS, THEIRS), (OURS, THEIRS), (THEIRS, OURS), (THEIRS, None)]
)
def test_a_handover_goes_on_after_a_crash(description: Any, value: Any) -> None:
    claimant = us(adopt=model.THEM, mo_ref=HERE)
    verdict = judge(claimant, description, value)
    assert verdict.mark is not None
    assert (verdict.mark.management_id, verdict.mark.epoch) == (model.US, 2)
    assert not judge(us(adopt="m-3"), description, value).writable


def test_a_handover_is_for_the_same_object_only() -> None:
    other = model.mark_of("other", management_id=model.THEM)
    assert judge(us(adopt=model.THEM), other, other).state == "Foreign"


ANY = st.sampled_from([None, BROKEN, "akoo/2 x", OURS, THEIRS, NEIGHBOURS, REBORN])
CLAIMANTS = st.builds(
    us,
    epoch=st.sampled_from([None, 1, 3]),
    mo_ref=st.sampled_from(["", HERE, ELSEWHERE]),
    provenance=st.sampled_from([None, "Created", "Adopted"]),
    nonce=st.sampled_from(["", "n0", "n9"]),
    adopt=st.sampled_from(["", model.US, model.THEM, "m-3"]),
)


@given(CLAIMANTS, ANY, ANY)
def test_only_what_carries_our_name_is_ours(
    claimant: Claimant, description: Any, value: Any
) -> None:
    """An oracle of its own: no readable mark of others, or of another object, is ever overruled."""
    verdict = judge(claimant, description, value)
    readable = [mark for mark in (description, value) if isinstance(mark, marks.Mark)]
    allowed = {model.US, claimant.adopt}
    if verdict.writable:
        assert all(mark.management_id in allowed and mark.name == "edge" for mark in readable)
        assert "akoo/2 x" not in (description, value)
        assert readable or (claimant.mo_ref == HERE and claimant.adopt == model.US)
    if not readable and description is None and value is None and claimant.mo_ref != HERE:
        assert verdict.state == "Unmarked"


@given(CLAIMANTS, ANY, ANY)
def test_the_mark_that_is_written_is_believed(
    claimant: Claimant, description: Any, value: Any
) -> None:
    """Between both writes and after them the verdict stays Own; the last asks for no write."""
    verdict = judge(claimant, description, value)
    if verdict.mark is None:
        return
    stored = structs.replace(
        claimant, mo_ref=HERE, provenance=verdict.mark.provenance, epoch=verdict.mark.epoch
    )
    stored = structs.replace(stored, nonce=verdict.mark.nonce)
    for half in ((verdict.mark, value), (description, verdict.mark)):
        assert judge(claimant, *half).writable
        assert judge(stored, *half).writable
    assert judge(stored, verdict.mark, verdict.mark).mark == verdict.mark
