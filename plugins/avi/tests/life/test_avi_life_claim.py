"""Claims: what is decided about one, whatever is found; and what is written then."""

from __future__ import annotations

from typing import Any

import pytest
from akoo_avi.ownership import claim
from akoo_avi.spec import names
from akoo_testbed.avisim import faults
from hypothesis import given
from hypothesis import strategies as st

from akoo_core import structs
from akoo_core.objects import record
from akoo_core.plugin import api
from akoo_core.testing import builders

World = Any

IDS = st.sampled_from(["m-1", "m-2", "m-3"])
EPOCHS = st.integers(0, 4)
CLAIMS = st.builds(claim.Claim, management_id=IDS, epoch=EPOCHS, uuid=st.just("stringgroup-1"))
FOUND = st.one_of(st.none(), CLAIMS, st.just(claim.DamagedClaim(why="it is odd")))
HANDOVERS = st.one_of(
    st.none(), st.builds(record.Handover, management_id=IDS, epoch=st.integers(1, 3))
)


def spec_of(management_id: str, epoch: int, handover: record.Handover | None) -> record.RecordSpec:
    return builders.record_spec(management_id=management_id, epoch=epoch, handover=handover)


SPECS = st.builds(spec_of, IDS, st.integers(1, 4), HANDOVERS)


class TestDecide:
    @given(SPECS, CLAIMS, st.one_of(st.none(), EPOCHS))
    def test_a_foreign_claim_is_taken_over_only_by_a_persons_word(
        self, spec: record.RecordSpec, existing: claim.Claim, before: int | None
    ) -> None:
        decision = claim.decide(spec, existing, claimed_epoch=before)
        assert not isinstance(decision, claim.MakeClaim)
        if existing.management_id != spec.management_id and not isinstance(
            decision, claim.RefuseClaim
        ):
            assert isinstance(decision, claim.RewriteClaim)
            assert spec.handover is not None
            assert spec.handover.management_id == existing.management_id
            assert existing.epoch < spec.epoch

    @given(SPECS, EPOCHS)
    def test_a_lost_claim_is_made_again_only_by_a_persons_word_and_once(
        self, spec: record.RecordSpec, before: int
    ) -> None:
        decision = claim.decide(spec, None, claimed_epoch=before)
        if isinstance(decision, claim.MakeClaim):
            assert spec.handover is not None
            assert spec.handover.management_id == spec.management_id
            assert spec.epoch > before
        else:
            assert isinstance(decision, claim.RefuseClaim)
            assert decision.reason == "ClaimLost"
        again = claim.decide(spec, None, claimed_epoch=spec.epoch)
        assert isinstance(again, claim.RefuseClaim)

    @given(SPECS, CLAIMS, st.one_of(st.none(), EPOCHS))
    def test_no_claim_goes_back_in_time(
        self, spec: record.RecordSpec, existing: claim.Claim, before: int | None
    ) -> None:
        if isinstance(claim.decide(spec, existing, claimed_epoch=before), claim.RewriteClaim):
            assert existing.epoch < spec.epoch

    @given(SPECS, FOUND)
    def test_what_was_written_is_as_it_should_be(
        self, spec: record.RecordSpec, existing: claim.ClaimState
    ) -> None:
        if isinstance(
            claim.decide(spec, existing, claimed_epoch=None), claim.MakeClaim | claim.RewriteClaim
        ):
            name = spec.ako_cluster_name
            body = claim.body(name, spec.management_id, spec.epoch)
            written = claim.read(name, [{**body, "uuid": "stringgroup-1"}])
            assert claim.decide(spec, written, claimed_epoch=spec.epoch) == claim.KeepClaim()

    @given(SPECS, st.one_of(st.none(), EPOCHS))
    def test_nothing_is_decided_over_a_damaged_one(
        self, spec: record.RecordSpec, before: int | None
    ) -> None:
        existing = claim.DamagedClaim(why="there are 2 of them")
        decision = claim.decide(spec, existing, claimed_epoch=before)
        assert isinstance(decision, claim.RefuseClaim)
        assert decision.reason == "ClaimDamaged"


JSON = st.recursive(
    st.one_of(st.none(), st.text(max_size=4), st.integers()),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
    ),
    max_leaves=6,
)
MARKERS = st.lists(
    st.fixed_dictionaries(
        {"key": st.sampled_from([names.CLAIM_MARKER, names.CLUSTER_MARKER, "x"])},
        optional={"values": JSON},
    ),
    max_size=3,
)


class TestRead:
    @given(MARKERS)
    def test_it_takes_whatever_there_is(self, markers: list[Any]) -> None:
        obj = {"name": names.claim("akoo-1"), "markers": markers, "uuid": "stringgroup-1"}
        existing = claim.read("akoo-1", [obj])
        assert isinstance(existing, claim.Claim | claim.DamagedClaim)
        if isinstance(existing, claim.Claim):
            values = [m["values"] for m in markers if m["key"] == names.CLAIM_MARKER]
            assert values == [[existing.management_id, values[0][1]]]
            assert int(values[0][1]) == existing.epoch

    @pytest.mark.parametrize(
        ("change", "why"),
        [
            ({"name": "akoo-claim-other"}, "it is called"),
            ({"tenant_ref": "https://a/api/tenant/tenant-1#blue"}, "tenant blue"),
            ({"type": "SG_TYPE_KEYVAL"}, "of type SG_TYPE_KEYVAL"),
            ({"markers": []}, "does not hold an id"),
        ],
    )
    def test_what_is_wrong_with_it_is_told(self, change: dict[str, Any], why: str) -> None:
        existing = claim.read("akoo-1", [claim.body("akoo-1", "m-1", 1) | change])
        assert isinstance(existing, claim.DamagedClaim)
        assert why in existing.why

    def test_two_are_told(self) -> None:
        body = claim.body("akoo-1", "m-1", 1)
        existing = claim.read("akoo-1", [{**body, "uuid": "s-1"}, {**body, "uuid": "s-2"}])
        assert existing == claim.DamagedClaim(why="there are 2 of them (s-1, s-2)")

    def test_other_string_groups_are_none(self) -> None:
        assert claim.read("akoo-1", [{"name": "ako-akoo-1-0a1b", "markers": []}]) is None


def marker(world: World) -> list[str]:
    (stored,) = world.claims
    return next(m["values"] for m in stored["markers"] if m["key"] == names.CLAIM_MARKER)


class TestWritten:
    def test_it_names_us_and_belongs_to_nobody_that_ako_knows(self, avi_world: World) -> None:
        world = avi_world()
        world.settled()
        (stored,) = world.claims
        assert stored["type"] == "SG_TYPE_STRING"
        assert stored["markers"] == [
            {"key": "clustername", "values": [world.record_name]},
            {"key": "akoo-claim", "values": [builders.MANAGEMENT_ID, "1"]},
        ]

    def test_one_that_is_gone_is_lost(self, avi_world: World) -> None:
        world = avi_world()
        world.settled()
        drop(world)
        answer = world.call("prepare")
        assert (answer.reason, world.claims) == ("ClaimLost", [])
        assert f"--former {builders.MANAGEMENT_ID}." in answer.message

    def test_a_person_says_that_it_is_made_again(self, avi_world: World) -> None:
        world = avi_world()
        world.settled()
        drop(world)
        world.adopted(builders.MANAGEMENT_ID)
        assert isinstance(world.call("prepare"), api.Done)
        assert marker(world) == [builders.MANAGEMENT_ID, "2"]
        drop(world)
        assert world.call("prepare").reason == "ClaimLost"

    def test_one_of_another_management_cluster_is_left(self, avi_world: World) -> None:
        world = avi_world()
        make(world, "m-other", 1)
        answer = world.settled()
        assert answer.reason == "ClaimedElsewhere"
        assert marker(world) == ["m-other", "1"]

    def test_a_person_hands_it_over(self, avi_world: World) -> None:
        world = avi_world(management_id="m-old")
        world.settled()
        assert marker(world) == ["m-old", "1"]
        world.adopted("m-old", management_id="m-new")
        assert isinstance(world.settled(), api.Done)
        assert marker(world) == ["m-new", "2"]

    def test_an_older_record_waits(self, avi_world: World) -> None:
        world = avi_world()
        make(world, builders.MANAGEMENT_ID, 3)
        assert world.settled().reason == "NewerRecord"
        assert marker(world) == [builders.MANAGEMENT_ID, "3"]

    def test_a_string_group_of_its_name_without_the_mark_is_told(self, avi_world: World) -> None:
        world = avi_world()
        body = {"name": names.claim(world.record_name), "type": claim.TYPE}
        world.do(lambda avi: avi.create(claim.KIND, body, tenant="admin"))
        answer = world.settled()
        assert answer.reason == "ClaimDamaged"
        assert "does not carry the marker" in answer.message

    def test_the_claim_as_we_left_it_is_not_asked_for_again(self, avi_world: World) -> None:
        world = avi_world()
        plugin = world.plugin()
        world.call("prepare", plugin)
        world.call("prepare", plugin)
        world.clock.advance(60.0)
        world.call("prepare", plugin)
        asked = len(world.calls.made)
        for _ in range(3):
            assert isinstance(world.call("prepare", plugin), api.Done)
        avi = [call for call in world.calls.made[asked:] if call.system == "avi"]
        assert avi == []

    @pytest.mark.parametrize("answer", ["stale", "duplicate"])
    def test_somebody_writes_in_between(self, avi_world: World, answer: str) -> None:
        world = avi_world()
        world.settled()
        world.adopted(builders.MANAGEMENT_ID)
        world.avi.faults.add(faults.Fault(answer=answer, kind="stringgroup", method="PUT"))
        world.settled()
        assert isinstance(world.settled(), api.Done)
        assert marker(world) == [builders.MANAGEMENT_ID, "2"]

    def test_the_answer_to_making_it_is_lost(self, avi_world: World) -> None:
        world = avi_world()
        world.avi.faults.add(faults.Fault(drop=True, after=True, kind="stringgroup", method="POST"))
        assert isinstance(world.settled(), api.Done)
        assert len(world.claims) == 1


def drop(world: World) -> None:
    (stored,) = world.claims
    world.do(lambda avi: avi.delete(claim.KIND, stored["uuid"], tenant="admin"))


def make(world: World, management_id: str, epoch: int) -> None:
    body = claim.body(world.record_name, management_id, epoch)
    world.do(lambda avi: avi.create(claim.KIND, structs.to_plain(body), tenant="admin"))
