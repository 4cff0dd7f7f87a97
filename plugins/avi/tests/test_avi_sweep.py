"""sweep on a simulated controller: what goes, in which order, what stays, and what is said."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from akoo_avi.cleanup import holders, passes, sweep
from akoo_avi.client import UnreachableError
from akoo_avi.ownership import inventory, kinds
from akoo_testbed.avisim import faults

from akoo_core.plugin import api
from tests.avi.avi_bed import OTHER_MANAGEMENT, PASSWORD, AviBed, X


def tree(bed: AviBed, tenant: str = "admin", name: str = "red-web") -> None:
    """A secure host under a shared parent, with all that AKO hangs on it."""
    vip = bed.own("vsvip", name, tenant)
    parent = bed.own(
        "virtualservice", f"{name}-shared", tenant, vsvip_ref=vip, type="VS_TYPE_VH_PARENT"
    )
    ca = bed.own("sslkeyandcertificate", f"{name}-cacert", tenant)
    leaf = bed.own("sslkeyandcertificate", name, tenant, ca_certs=[{"ca_ref": ca}])
    pki = bed.own("pkiprofile", name, tenant)
    sticky = bed.own("applicationpersistenceprofile", name, tenant)
    monitor = bed.own("healthmonitor", name, tenant)
    pool = bed.own(
        "pool",
        name,
        tenant,
        pki_profile_ref=pki,
        application_persistence_profile_ref=sticky,
        health_monitor_refs=[monitor],
    )
    group = bed.own("poolgroup", name, tenant, members=[{"pool_ref": pool}])
    script = bed.own("vsdatascriptset", name, tenant, pool_group_refs=[group])
    texts = bed.own("stringgroup", name, tenant)
    rule = {
        "index": 0,
        "name": "r",
        "match": {"path": {"match_criteria": "REGEX_MATCH", "string_group_refs": [texts]}},
        "switching_action": {"action": "X", "pool_group_ref": group},
    }
    policy = bed.own("httppolicyset", name, tenant, http_request_policy={"rules": [rule]})
    bed.own(
        "virtualservice",
        f"{name}-child",
        tenant,
        type="VS_TYPE_VH_CHILD",
        vh_parent_vs_ref=parent,
        ssl_key_and_certificate_refs=[leaf],
        http_policies=[{"index": 11, "http_policy_set_ref": policy}],
        vs_datascripts=[{"index": 1, "vs_datascript_set_ref": script}],
    )
    for kind in ("l4policyset", "applicationprofile"):
        bed.own(kind, name, tenant)


def left_of(result: api.Result) -> int | None:
    return result.left if isinstance(result, api.Wait) else None


async def test_everything_of_it_goes_in_all_tenants_and_nothing_else() -> None:
    bed = AviBed()
    bed.claim()
    before = bed.controller.snapshot()
    tree(bed)
    tree(bed, "blue", "blue-web")
    own = bed.count().own
    assert len(own) == 30
    result = await bed.sweep()
    assert result == api.Done(message="Nothing of it is left on avi.example.com.")
    assert not bed.diff(before)


async def test_no_delete_is_refused_in_dependency_order() -> None:
    bed = AviBed()
    bed.claim()
    tree(bed)
    since = bed.controller.journal.last
    await bed.sweep()
    deletes = bed.controller.journal.entries(since=since, method="DELETE")
    assert [delete.status for delete in deletes] == [204] * 15
    kinds = [delete.subject.kind for delete in deletes]
    assert kinds.index("poolgroup") > kinds.index("httppolicyset")
    assert kinds.index("pool") > kinds.index("poolgroup")


async def test_deletes_are_sent_in_the_tenant_of_the_object() -> None:
    bed = AviBed()
    bed.claim()
    tree(bed, "blue")
    since = bed.controller.journal.last
    await bed.sweep()
    deletes = bed.controller.journal.entries(since=since, method="DELETE")
    assert {delete.subject.tenant for delete in deletes} == {"blue"}


async def test_neighbours_under_hostile_names_are_not_touched() -> None:
    bed = AviBed()
    bed.claim()
    for other in (X[:-4], X[5:], X[5:-4], f"{X}--2", f"{X}-red", f"gw-{X}", f"dev-{X}"):
        neighbour = AviBed.__new__(AviBed)
        neighbour.__dict__.update(bed.__dict__, cluster=other)
        tree(neighbour, "blue" if len(other) % 2 else "admin")
        neighbour.route(route(f"{other}-1", other))
    before = bed.controller.snapshot()
    tree(bed)
    assert isinstance(await bed.sweep(), api.Done)
    assert not bed.diff(before)


def route(route_id: str, label: str = "", third: int = 1) -> dict[str, Any]:
    labels = [{"key": "clustername", "value": label}] if label else []
    return {
        "route_id": route_id,
        "prefix": {"ip_addr": {"addr": f"10.{third}.0.0", "type": "V4"}, "mask": 24},
        "next_hop": {"addr": "10.0.0.1", "type": "V4"},
        **({"labels": labels} if labels else {}),
    }


async def test_routes_and_labels_go_and_those_of_others_stay() -> None:
    bed = AviBed()
    bed.claim()
    kept = [route("1"), route(f"{X}-2-1", third=2), route("edge-1", "edge", 3)]
    bed.route(kept[0])
    bed.route(route("any", X, 9), kept[1], route(f"{X}-7", third=4), kept[2])
    bed.make("serviceenginegroup", name="infra", labels=[{"key": "clustername", "value": X}])
    bed.label(X, "edge")
    vrf, seg = bed.uuid("vrfcontext", "global"), bed.uuid("serviceenginegroup", "Default-Group")
    assert left_of(await bed.sweep(claimed=False)) is None
    routes = bed.hand.get(f"vrfcontext/{vrf}")["static_routes"]
    assert [route["route_id"] for route in routes] == ["1", f"{X}-2-1", "edge-1"]
    labels = bed.hand.get(f"serviceenginegroup/{seg}")["labels"]
    assert labels == [{"key": "clustername", "value": "edge"}]
    infra = bed.hand.get(f"serviceenginegroup/{bed.uuid('serviceenginegroup', 'infra')}")
    assert not infra.get("labels")
    assert not bed.count().own


async def test_an_edit_that_met_another_reads_and_decides_again() -> None:
    bed = AviBed()
    bed.claim()
    bed.route(route(f"{X}-1", X), route("2", third=2))
    bed.controller.faults.add(faults.Fault(answer="stale", kind="vrfcontext", method="PUT"))
    assert isinstance(await bed.sweep(), api.Done)
    vrf = bed.hand.get(f"vrfcontext/{bed.uuid('vrfcontext', 'global')}")
    assert [route["route_id"] for route in vrf["static_routes"]] == ["2"]


async def test_suspects_stay() -> None:
    bed = AviBed()
    bed.claim()
    bed.make("vsvip", name=f"{X}--old")
    bed.make("pool", name="web", created_by=f"ako-{X}")
    before = bed.controller.snapshot()
    assert isinstance(await bed.sweep(), api.Done)
    assert not bed.diff(before)


async def test_what_somebody_else_refers_to_is_held_and_its_holder_is_named() -> None:
    bed = AviBed()
    bed.claim()
    monitor = bed.own("healthmonitor")
    pool = bed.own("pool", health_monitor_refs=[monitor])
    bed.own("l4policyset")
    legacy = bed.make("virtualservice", name="legacy-lb", pool_ref=pool)
    result = await bed.sweep()
    assert result == api.Wait(
        reason="ForeignReference",
        message=(
            f'Pool "{X}--red-web" (tenant admin) is used by VirtualService "legacy-lb" (tenant '
            "admin), which is not ours. Remove that reference. 2 own objects are left on "
            "avi.example.com."
        ),
        after=60.0,
        expected_seconds=0.0,
        left=2,
    )
    bed.hand.delete(f"virtualservice/{legacy['uuid']}")
    assert isinstance(await bed.sweep(), api.Done)


async def test_what_a_held_object_refers_to_is_not_asked_for_in_vain() -> None:
    bed = AviBed()
    bed.claim()
    pool = bed.own("pool", health_monitor_refs=[bed.own("healthmonitor")])
    bed.make("virtualservice", name="legacy-lb", pool_ref=pool)
    since = bed.controller.journal.last
    await bed.sweep()
    deletes = bed.controller.journal.entries(since=since, method="DELETE")
    assert [delete.subject.kind for delete in deletes] == ["pool"]


async def test_a_suspect_that_holds_is_named_as_one() -> None:
    bed = AviBed()
    bed.claim()
    pool = bed.own("pool")
    bed.make("poolgroup", name=f"{X}--old", members=[{"pool_ref": pool}])
    result = await bed.sweep()
    assert isinstance(result, api.Wait)
    assert f'PoolGroup "{X}--old" (tenant admin), which may be a leftover' in result.message


async def test_nothing_is_deleted_under_a_foreign_claim() -> None:
    bed = AviBed()
    bed.claim(OTHER_MANAGEMENT)
    tree(bed)
    before = bed.controller.snapshot()
    result = await bed.sweep()
    assert isinstance(result, api.Blocked)
    assert result.reason == "ClaimedElsewhere"
    assert not bed.diff(before)


async def test_nothing_is_deleted_when_the_claim_is_lost() -> None:
    bed = AviBed()
    tree(bed)
    before = bed.controller.snapshot()
    result = await bed.sweep()
    assert isinstance(result, api.Blocked)
    assert result.reason == "ClaimLost"
    assert not bed.diff(before)


async def test_a_lost_claim_holds_up_nothing_when_nothing_is_left() -> None:
    assert isinstance(await AviBed().sweep(), api.Done)


async def test_a_claim_that_is_hidden_is_not_taken_for_lost() -> None:
    bed = AviBed()
    bed.claim()
    pools = [{"resource": "PERMISSION_POOL", "type": "WRITE_ACCESS"}]
    texts = [{"resource": "PERMISSION_STRINGGROUP", "type": "WRITE_ACCESS"}]
    filters = [{"match_label": {"key": "clustername", "values": ["other"]}}]
    every = [{**texts[0], "resource": kind.permission} for kind in kinds.SEEN]
    role = bed.make("role", name="narrow", privileges=[*pools, *every], filters=filters)
    access = [{"role_ref": role["url"], "all_tenants": True}]
    bed.make("user", name="narrow", username="narrow", password=PASSWORD, access=access)
    result = await bed.sweep(bed.client(username="narrow"))
    assert isinstance(result, api.Blocked)
    assert result.reason == "NoSight"


async def test_a_claim_of_a_newer_record_stops_an_older_one() -> None:
    bed = AviBed()
    bed.claim(epoch=2)
    tree(bed)
    result = await bed.sweep()
    assert isinstance(result, api.Blocked)
    assert result.reason == "NewerRecord"


async def test_a_name_that_was_found_and_never_claimed_is_not_swept() -> None:
    bed = AviBed("my-cluster")
    tree(bed)
    before = bed.controller.snapshot()
    result = await bed.sweep(claimed=False)
    assert isinstance(result, api.Blocked)
    assert not bed.diff(before)


async def test_a_name_that_we_made_is_swept_before_it_was_claimed() -> None:
    bed = AviBed()
    tree(bed)
    assert isinstance(await bed.sweep(claimed=False), api.Done)
    assert not bed.count().own


async def test_a_found_name_that_a_stranger_in_another_cloud_has_is_not_swept() -> None:
    bed = AviBed("my-cluster")
    bed.claim()
    tree(bed)
    bed.own("vsvip", "theirs", cloud_ref="/api/cloud/?name=other")
    before = bed.controller.snapshot()
    result = await bed.sweep()
    assert isinstance(result, api.Blocked)
    assert result.reason == "NameNotExclusive"
    assert 'VsVip "my-cluster--theirs" (cloud other)' in result.message
    assert not bed.diff(before)
    answer = await bed.verify()
    assert isinstance(answer, api.Unverified)
    assert answer.reason == "NameNotExclusive"


async def test_a_found_name_that_is_nobody_elses_is_swept() -> None:
    bed = AviBed("my-cluster")
    bed.claim()
    tree(bed)
    assert isinstance(await bed.sweep(), api.Done)
    assert not bed.count().own


async def test_somebody_else_deletes_the_same_objects() -> None:
    bed = AviBed()
    bed.claim()
    tree(bed)
    for kind in ("pool", "vsvip"):
        answer = faults.Fault(status=404, text=missing(kind), kind=kind, method="DELETE")
        bed.controller.faults.add(answer)
    assert isinstance(await bed.swept(), api.Done)
    assert not bed.count().own


def missing(kind: str) -> str:
    models = {"pool": "Pool", "vsvip": "VsVip"}
    return f'{{"error": "{models[kind]} object not found!"}}'


TRANSIENT = [
    faults.Fault(answer="broken", method="DELETE"),
    faults.Fault(answer="gateway-timeout", method="DELETE", after=True),
    faults.Fault(answer="booting", method="DELETE"),
    faults.Fault(answer="upgrade", method="DELETE"),
    faults.Fault(answer="rate-limited", method="DELETE"),
    faults.Fault(answer="stale", method="DELETE"),
    faults.Fault(answer="referred", method="DELETE"),
    faults.Fault(answer="no-session", method="DELETE"),
    faults.Fault(answer="switch-session", method="DELETE"),
    faults.Fault(drop=True, method="DELETE"),
    faults.Fault(drop=True, after=True, method="DELETE"),
    faults.Fault(lose_sessions=True, method="DELETE"),
    faults.Fault(answer="booting", method="GET"),
    faults.Fault(drop=True, method="GET"),
    faults.Fault(answer="stale", method="PUT"),
    faults.Fault(drop=True, after=True, method="PUT"),
]


@pytest.mark.parametrize("skip", [0, 3])
@pytest.mark.parametrize("fault", TRANSIENT, ids=lambda fault: f"{fault.method} {fault.label}")
async def test_whatever_passes_by_the_end_is_the_same(fault: faults.Fault, skip: int) -> None:
    bed = AviBed()
    bed.claim()
    before = bed.controller.snapshot()
    tree(bed)
    bed.route(route(f"{X}-1", X))
    bed.controller.faults.add(dataclasses.replace(fault, skip=skip, times=2))
    assert isinstance(await bed.swept(), api.Done)
    diff = bed.diff(before)
    assert not diff.added
    assert not diff.removed
    assert not diff.changed
    proof = await bed.verify()
    assert isinstance(proof, api.Proof)
    assert (proof.own, proof.suspect, proof.held) == (0, 0, 0)


async def test_a_controller_that_does_not_answer_is_raised_as_it_is() -> None:
    bed = AviBed()
    bed.claim()
    tree(bed)
    client = bed.client()
    bed.controller.faults.add(faults.Fault(drop=True, method="GET", times=None))
    with pytest.raises(UnreachableError):
        await bed.sweep(client)


async def test_a_user_who_may_not_delete_is_told_so() -> None:
    bed = AviBed()
    bed.claim()
    bed.own("pool")
    bed.controller.faults.add(faults.Fault(answer="denied", method="DELETE", times=None))
    result = await bed.sweep()
    assert isinstance(result, api.Wait)
    assert result.reason == "PermissionMissing"
    assert "Give its role the permission" in result.message
    assert result.left == 1


async def test_the_time_of_one_call_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    bed = AviBed()
    bed.claim()
    tree(bed)
    monkeypatch.setattr(passes, "WIDTH", 1)
    client = bed.client()
    delete = client.delete

    async def slow(kind: str, uuid: str, *, tenant: str) -> bool:
        bed.clock.advance(passes.BUDGET_SECONDS / 2)
        return await delete(kind, uuid, tenant=tenant)

    monkeypatch.setattr(client, "delete", slow)
    result = await bed.sweep(client)
    assert result == api.Wait(
        reason="SweepGoesOn",
        message="13 own objects are left on avi.example.com; going on.",
        after=1.0,
        expected_seconds=sweep.SWEEP_SECONDS,
        left=13,
    )


async def test_an_ako_that_makes_things_anew_does_not_keep_a_call_for_ever() -> None:
    bed = AviBed()
    bed.claim()
    bed.own("pool")
    client = bed.client()
    delete = client.delete
    numbers = iter(range(100))

    async def undone(kind: str, uuid: str, *, tenant: str) -> bool:
        gone = await delete(kind, uuid, tenant=tenant)
        bed.own("pool", f"again-{next(numbers)}")
        return gone

    client.delete = undone  # type: ignore[method-assign]
    result = await bed.sweep(client)
    assert isinstance(result, api.Wait)
    assert (result.reason, result.left) == ("SweepGoesOn", 1)
    assert next(numbers) == passes.PASSES


async def test_what_is_own_holds_nothing() -> None:
    bed = AviBed()
    pool = bed.own("pool")
    bed.own("poolgroup", members=[{"pool_ref": pool}])
    mark = sweep.mark_of(bed.stored, bed.context().view)
    seen = await inventory.collect(bed.client(), mark)
    assert await holders.find(bed.client(), mark, seen, seen.own) == ()


async def test_a_controller_that_answers_with_everything_names_no_wrong_holder() -> None:
    """A question that a release does not know may be left out by it."""
    bed = AviBed()
    bed.claim()
    pool = bed.own("pool")
    bed.make("virtualservice", name="legacy-lb", pool_ref=pool)
    bed.make("virtualservice", name="bystander")
    client = bed.client()
    list_ = client.list

    async def deaf(kind: str, **keywords: Any) -> Any:
        heard = {key: value for key, value in keywords["params"].items() if key != "refers_to"}
        return await list_(kind, **{**keywords, "params": heard})

    client.list = deaf  # type: ignore[method-assign]
    result = await bed.sweep(client)
    assert isinstance(result, api.Wait)
    assert "legacy-lb" in result.message
    assert "bystander" not in result.message
