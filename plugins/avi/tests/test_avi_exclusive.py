"""A name that akoo-core did not give may be another AKO's: who names no tenants sweeps none."""

from __future__ import annotations

import hypothesis
import hypothesis.strategies as st
import pytest
from akoo_avi import plan
from akoo_avi.cleanup import confirm, sweep
from akoo_avi.client.access import refusal
from akoo_avi.ownership import inventory, marks

from akoo_core.plugin import api
from tests.avi.avi_bed import AviBed, X

NAME = "my-cluster"


def bed_of(*tenants: str, cluster: str = NAME) -> AviBed:
    """The cluster's objects in team-a, a stranger's of the same name in team-b, same cloud."""
    bed = AviBed(cluster)
    bed.tenants = tenants
    bed.claim()
    for tenant in ("team-a", "team-b"):
        bed.make("tenant", name=tenant)
        vip = bed.own("vsvip", "shop", tenant)
        bed.own("virtualservice", "shop", tenant, vsvip_ref=vip)
        bed.own("pool", "shop", tenant)
    return bed


def left(bed: AviBed, tenant: str) -> int:
    question = f"pool?label_key=clustername&label_value={bed.cluster}&include_name=true"
    rows = bed.hand.get(question, x_avi_tenant="*")
    return sum(row["tenant_ref"].endswith(f"#{tenant}") for row in rows["results"])


async def test_without_a_list_of_tenants_nothing_goes_and_all_is_named() -> None:
    bed = bed_of()
    before = bed.controller.snapshot()
    with pytest.raises(refusal.Refusal) as caught:
        await confirm.confirm(bed.context(), bed.client(), bed.stored)
    assert caught.value.reason == "NameNotExclusive"
    result = await bed.sweep()
    assert isinstance(result, api.Blocked)
    assert result.reason == "NameNotExclusive"
    assert str(caught.value) == result.message
    assert f'Pool "{NAME}--shop" (tenant team-b)' in result.message
    assert "and 1 more" in result.message
    assert "akoo.io/sweep-tenants=" in result.message
    answer = await bed.verify()
    assert isinstance(answer, api.Unverified)
    assert answer.reason == "NameNotExclusive"
    assert not bed.diff(before)


async def test_objects_in_the_named_tenants_go_and_the_others_are_never_proven() -> None:
    bed = bed_of("team-a")
    answer = await confirm.confirm(bed.context(), bed.client(), bed.stored)
    assert isinstance(answer, api.Done)
    since = bed.controller.journal.last
    result = await bed.sweep()
    assert result == api.Done(
        message="Nothing of it is left on avi.example.com in the tenants that were named; 3 "
        "objects of that name stay in others."
    )
    gone = bed.controller.journal.entries(since=since, method="DELETE")
    assert {entry.subject.tenant for entry in gone} == {"team-a"}
    assert (left(bed, "team-a"), left(bed, "team-b")) == (0, 1)
    proof = await bed.verify()
    assert isinstance(proof, api.Unverified)
    assert proof.reason == "NameNotExclusive"
    assert f'VsVip "{NAME}--shop" (tenant team-b)' in proof.message


async def test_what_is_left_in_a_named_tenant_is_counted_first() -> None:
    bed = bed_of("team-a")
    proof = await bed.verify()
    assert isinstance(proof, api.Proof)
    assert (proof.own, proof.suspect) == (3, 3)
    assert any("nobody named tenant team-b" in suspect for suspect in proof.suspects)


async def test_a_tenant_can_be_named_by_its_uuid() -> None:
    bed = bed_of()
    bed.tenants = (bed.uuid("tenant", "team-b"),)
    assert isinstance(await bed.sweep(), api.Done)
    assert (left(bed, "team-a"), left(bed, "team-b")) == (1, 0)


async def test_all_is_proven_once_all_its_tenants_are_named() -> None:
    bed = bed_of("team-a", "team-b")
    assert isinstance(await bed.sweep(), api.Done)
    proof = await bed.verify()
    assert isinstance(proof, api.Proof)
    assert (proof.own, proof.suspect, proof.held) == (0, 0, 0)


async def test_where_nothing_is_left_no_list_is_needed() -> None:
    bed = AviBed(NAME)
    bed.tenants = ()
    bed.claim()
    assert isinstance(await confirm.confirm(bed.context(), bed.client(), bed.stored), api.Done)
    assert isinstance(await bed.sweep(), api.Done)
    assert isinstance(await bed.verify(), api.Proof)


async def test_entries_of_shared_objects_are_in_the_tenant_of_those() -> None:
    label = {"key": "clustername", "value": NAME}
    way = {
        "route_id": f"{NAME}-1",
        "prefix": {"ip_addr": {"addr": "10.1.0.0", "type": "V4"}, "mask": 24},
        "next_hop": {"addr": "10.0.0.1", "type": "V4"},
        "labels": [label],
    }
    bed = bed_of("team-a", "team-b")
    bed.label(NAME)
    bed.route(way)
    result = await bed.sweep()
    assert isinstance(result, api.Done)
    assert "2 objects of that name stay in others" in result.message
    assert isinstance(await bed.verify(), api.Unverified)
    bed.tenants = ("admin",)
    assert isinstance(await bed.sweep(), api.Done)
    assert isinstance(await bed.verify(), api.Proof)


async def test_a_stranger_in_another_cloud_matters_in_the_named_tenants_only() -> None:
    bed = bed_of("team-a")
    bed.own("vsvip", "far", "team-b", cloud_ref="/api/cloud/?name=other")
    assert isinstance(await bed.sweep(), api.Done)
    assert left(bed, "team-a") == 0
    near = bed_of("team-a")
    near.own("vsvip", "far", "team-a", cloud_ref="/api/cloud/?name=other")
    result = await near.sweep()
    assert isinstance(result, api.Blocked)
    assert left(near, "team-a") == 1


async def test_a_name_that_we_made_is_swept_in_all_tenants_unless_a_person_names_some() -> None:
    bed = bed_of(cluster=X)
    assert isinstance(await bed.sweep(), api.Done)
    assert (left(bed, "team-a"), left(bed, "team-b")) == (0, 0)
    narrow = bed_of("team-a", cluster=X)
    assert isinstance(await narrow.sweep(), api.Done)
    assert (left(narrow, "team-a"), left(narrow, "team-b")) == (0, 1)
    assert isinstance(await narrow.verify(), api.Unverified)


async def test_the_plan_keeps_what_the_sweep_keeps() -> None:
    bed = bed_of("team-a")
    actions = await plan.swept(bed.context(), bed.client(), bed.stored)
    deleted = {action.where.rpartition(" ")[2] for action in actions if action.action == "delete"}
    kept = {action.where.rpartition(" ")[2] for action in actions if action.action == "keep"}
    assert (deleted, kept) == ({"team-a"}, {"team-b"})


names_ = st.sampled_from(["admin", "team-a", "tenant-1", "tenant-2", "客户", ""])


@hypothesis.given(st.sampled_from([X, NAME, f"{X}-2"]), st.sets(names_), names_, names_)
def test_who_may_be_own_is_a_matter_of_names_and_lists(
    cluster: str, named: set[str], uuid: str, name: str
) -> None:
    mark = marks.of(cluster, "cloud-1", named - {""})
    body = {"tenant_ref": f"https://avi/api/tenant/{uuid}#{name}"} if uuid else {}
    inside = bool({uuid, name or uuid} & (named - {""})) if uuid else False
    free = cluster == X and not named - {""}
    assert marks.in_tenant(mark, body) == (free or inside)


async def test_an_inventory_tells_what_only_its_tenant_keeps() -> None:
    bed = bed_of("team-a")
    bed.make("vsvip", "team-b", name=f"{NAME}--old")
    mark = sweep.mark_of(bed.stored, bed.context().view)
    seen = await inventory.collect(bed.client(), mark)
    assert len(seen.outside) == 3
    assert seen.suspect_count == 4
