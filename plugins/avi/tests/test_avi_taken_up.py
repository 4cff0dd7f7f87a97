"""A claim that is lost or another's after confirm: a person's word ends it, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from akoo_avi.cleanup import release
from akoo_avi.client import AviError
from akoo_avi.client.access.refusal import Refusal
from akoo_avi.ownership import claim
from akoo_avi.spec import names

from akoo_core import structs
from akoo_core.objects import record
from akoo_core.plugin import api
from akoo_core.testing import builders
from tests.avi.avi_bed import OTHER_MANAGEMENT, PASSWORD, AviBed, X

OURS = record.Handover(management_id=builders.MANAGEMENT_ID, epoch=1)


def the_claim(bed: AviBed) -> claim.ClaimState:
    groups = bed.controller.state.objects.named(claim.KIND, names.claim(X))
    return claim.read(X, [{**group.data, "tenant_ref": ""} for group in groups])


def adopt_command(spec: Any) -> str:
    ref = spec.cluster_ref
    return f"akoo-core adopt {ref.namespace}/{ref.name} --former {spec.management_id}"


async def test_the_message_is_the_command() -> None:
    bed = AviBed()
    bed.own("pool")
    answers = (await bed.sweep(), await bed.verify())
    for answer in answers:
        assert isinstance(answer, api.Blocked)
        assert answer.reason == "ClaimLost"
        assert adopt_command(bed.context().view.spec) in answer.message
    assert the_claim(bed) is None, "never silently made again"


async def test_said_before_the_sweep_it_is_made_again_and_all_goes_on() -> None:
    bed = AviBed()
    bed.own("pool")
    assert isinstance(await bed.sweep(handover=OURS, epoch=2), api.Done)
    existing = the_claim(bed)
    assert isinstance(existing, claim.Claim)
    assert (existing.management_id, existing.epoch) == (builders.MANAGEMENT_ID, 2)
    assert bed.count().own == frozenset()
    proof = await bed.verify(handover=OURS, epoch=2)
    assert isinstance(proof, api.Proof)
    assert (proof.own, proof.held) == (0, 0)


async def test_said_when_only_verify_is_left() -> None:
    """After a clean count sweep is not asked any more."""
    bed = AviBed()
    proof = await bed.verify(handover=OURS, epoch=2)
    assert isinstance(proof, api.Proof)
    assert proof.own == 0
    assert isinstance(the_claim(bed), claim.Claim)


async def test_a_record_that_moved_here_in_the_middle_takes_its_claim_over_and_gives_it_back() -> (
    None
):
    bed = AviBed()
    bed.claim(OTHER_MANAGEMENT)
    bed.own("pool")
    moved: dict[str, Any] = {
        "handover": record.Handover(management_id=OTHER_MANAGEMENT, epoch=1),
        "epoch": 2,
    }
    assert isinstance(await bed.sweep(**moved), api.Done)
    existing = the_claim(bed)
    assert isinstance(existing, claim.Claim)
    assert (existing.management_id, existing.epoch) == (builders.MANAGEMENT_ID, 2)
    context = bed.context(**moved)
    confirmed = builders.leaving(confirmed_at=builders.CREATED)
    spec = structs.replace(context.view.spec, leaving=confirmed)
    view = structs.replace(context.view, spec=spec)
    await release.release(structs.replace(context, view=view), bed.client(), bed.stored)
    assert the_claim(bed) is None


async def test_who_would_not_see_it_does_not_make_it_and_deletes_nothing() -> None:
    bed = AviBed()
    bed.claim()
    bed.own("pool")
    bed.make("user", name="blind", username="blind", password=PASSWORD, access=[])
    before = bed.controller.snapshot()
    with pytest.raises((Refusal, AviError)):
        await bed.sweep(bed.client(username="blind"), handover=OURS, epoch=2)
    answer = await bed.verify(bed.client(username="blind"), handover=OURS, epoch=2)
    assert isinstance(answer, api.Unverified)
    assert not bed.diff(before)


async def test_another_word_than_ours_makes_nothing() -> None:
    bed = AviBed()
    bed.own("pool")
    stale = record.Handover(management_id=builders.MANAGEMENT_ID, epoch=0)
    answer = await bed.sweep(handover=stale, epoch=1)
    assert isinstance(answer, api.Blocked)
    assert answer.reason == "ClaimLost"
    assert the_claim(bed) is None


def test_where_a_claim_is_anothers_and_ours_was_known_deleting_it_is_not_enough() -> None:
    spec = builders.record_spec()
    theirs = claim.Claim(management_id=OTHER_MANAGEMENT, epoch=1)
    known = claim.decide(spec, theirs, claimed_epoch=1)
    new = claim.decide(spec, theirs, claimed_epoch=None)
    assert isinstance(known, claim.RefuseClaim)
    assert isinstance(new, claim.RefuseClaim)
    assert adopt_command(spec) in known.message
    assert adopt_command(spec) not in new.message
    assert isinstance(claim.decide(spec, None, claimed_epoch=None), claim.MakeClaim)
