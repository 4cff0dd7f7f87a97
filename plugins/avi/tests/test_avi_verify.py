"""verify: counts, the words of the proof, and that who cannot see says so."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from akoo_avi.ownership import kinds, visibility
from akoo_testbed.avisim import faults

from akoo_core.plugin import api
from tests.avi import avi_hostile as hostile
from tests.avi.avi_bed import OTHER_MANAGEMENT, PASSWORD, AviBed, X

READER = [
    *dict.fromkeys(kind.permission for kind in kinds.SEEN),
    "PERMISSION_USER",
    "PERMISSION_ROLE",
]


def user(
    bed: AviBed,
    name: str = "narrow",
    *,
    resources: list[str] = READER,
    all_tenants: bool = True,
    level: str = "READ_ACCESS",
    **role: Any,
) -> str:
    """A user with one role; it reads users and roles by another, so that it can be told."""
    privileges = [{"resource": resource, "type": level} for resource in resources]
    made = bed.make("role", name=name, privileges=privileges, **role)
    own_privileges = [{"resource": permission, "type": "READ_ACCESS"} for permission in READER[-2:]]
    self_ = bed.make("role", name=f"{name}-self", privileges=own_privileges)
    where = {"all_tenants": True} if all_tenants else {}
    bed.make(
        "user",
        name=name,
        username=name,
        password=PASSWORD,
        access=[
            {"role_ref": made["url"], "tenant_ref": "/api/tenant/?name=admin", **where},
            {"role_ref": self_["url"], "tenant_ref": "/api/tenant/?name=admin"},
        ],
    )
    return name


def counts(answer: Any) -> tuple[int, int, int]:
    assert isinstance(answer, api.Proof), answer
    return answer.own, answer.suspect, answer.held


async def test_nothing_left_is_proven_with_its_queries() -> None:
    bed = AviBed()
    bed.claim()
    proof = await bed.verify()
    assert counts(proof) == (0, 0, 0)
    assert isinstance(proof, api.Proof)
    assert proof.queries[0] == (
        f"avi.example.com (30.2.2), all tenants, marker clustername={X}: stringgroup 1, 0 of "
        "virtualservice vsdatascriptset httppolicyset l4policyset networksecuritypolicy poolgroup "
        "pool healthmonitor applicationprofile applicationpersistenceprofile sslkeyandcertificate "
        "pkiprofile vsvip"
    )
    assert proof.queries[1:] == (
        f"names with {X}--: 0 of 9 kinds",
        f"created_by with {X}: 0 of 10 kinds",
        f"names with {X}-: 0 of 5 kinds",
        f"marker created_by=ako-{X}: 0 of 1 kinds",
        f"marker created_by=ako-gw-{X}: 0 of 1 kinds",
        f"marker created_by=ako-crd-operator-{X}: 0 of 1 kinds",
        "all: vrfcontext 4, serviceenginegroup 2",
    )
    assert len("; ".join(proof.queries)) < 900


async def test_own_suspect_and_held_are_counted_apart() -> None:
    bed = AviBed()
    bed.claim()
    monitor = bed.own("healthmonitor")
    pool = bed.own("pool", health_monitor_refs=[monitor])
    bed.make("virtualservice", name="legacy-lb", pool_ref=pool)
    bed.own("vsvip")
    bed.make("vsvip", name=f"{X}--old")
    proof = await bed.verify()
    assert counts(proof) == (3, 1, 2)
    assert isinstance(proof, api.Proof)
    assert proof.held_by == (
        f'Pool "{X}--red-web" (tenant admin) is used by VirtualService "legacy-lb" (tenant admin), '
        "which is not ours"
    )
    assert proof.suspects == (
        f'VsVip "{X}--old" (tenant admin): its marker clustername is missing, not [{X}]',
    )


async def test_routes_and_labels_are_counted() -> None:
    bed = AviBed()
    bed.claim()
    route = {
        "prefix": {"ip_addr": {"addr": "10.1.0.0", "type": "V4"}, "mask": 24},
        "next_hop": {"addr": "10.0.0.1", "type": "V4"},
    }
    ours = {"key": "clustername", "value": X}
    bed.route({**route, "route_id": "1", "labels": [ours]}, {**route, "route_id": f"{X}-1"})
    bed.route({**route, "route_id": f"{X}-2", "labels": [{"key": "team", "value": "a"}]})
    bed.label(X)
    bed.make("serviceenginegroup", name="far", cloud_ref="/api/cloud/?name=other", labels=[ours])
    assert counts(await bed.verify()) == (3, 2, 0)


async def test_objects_that_lack_marks_are_seen_by_other_queries() -> None:
    bed = AviBed()
    bed.claim()
    bed.make("pool", name="web", created_by=f"ako-{X}")
    bed.make("applicationpersistenceprofile", name=f"{X}--a", persistence_type="X")
    author = [{"key": "created_by", "values": [f"ako-{X}"]}]
    bed.make("stringgroup", name="texts", type="SG_TYPE_STRING", markers=author)
    bed.make("pkiprofile", name=f"istio-pki-{X}-red")
    bed.make("vsvip", name=f"x{X}--not")
    assert counts(await bed.verify()) == (0, 4, 0)


async def test_the_proof_is_one_log_line_and_suspects_are_warned_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bed = AviBed()
    bed.claim()
    bed.make("vsvip", name=f"{X}--old")
    with caplog.at_level(logging.INFO):
        await bed.verify()
    line, warning = caplog.records
    assert line.message == "counted what is left"
    fields = vars(line)
    assert (fields["own"], fields["suspect"], fields["held"]) == (0, 1, 0)
    assert fields["controller"] == "avi.example.com"
    assert f"marker clustername={X}: stringgroup 1" in fields["queries"]
    assert (warning.levelname, vars(warning)["suspect"][:20]) == ("WARNING", f'VsVip "{X}'[:20])


@pytest.mark.parametrize("permission", READER[:-2])
async def test_a_role_without_one_kind_proves_nothing(permission: str) -> None:
    bed = AviBed()
    bed.claim()
    client = bed.client(username=user(bed, resources=[x for x in READER if x != permission]))
    answer = await bed.verify(client)
    assert isinstance(answer, api.Unverified)
    assert answer.reason == "NoSight"


async def test_what_is_missing_is_named() -> None:
    bed = AviBed()
    bed.claim()
    few = [x for x in READER if x not in ("PERMISSION_POOL", "PERMISSION_POOLGROUP")]
    missing = await visibility.missing(bed.client(username=user(bed, resources=few)))
    assert missing == (
        'user "narrow" does not see all tenants without a filter for PERMISSION_POOLGROUP, '
        "PERMISSION_POOL: give it a role with READ_ACCESS on them, for all tenants, without role "
        "filters"
    )


@pytest.mark.parametrize("level", ["READ_ACCESS", "WRITE_ACCESS"])
async def test_a_role_that_reads_all_kinds_in_all_tenants_suffices(level: str) -> None:
    bed = AviBed()
    bed.claim()
    bed.own("pool", tenant="blue")
    proof = await bed.verify(bed.client(username=user(bed, level=level)))
    assert counts(proof) == (1, 0, 0)


async def test_a_role_in_one_tenant_proves_nothing_about_the_others() -> None:
    bed = AviBed()
    bed.claim()
    bed.own("pool", tenant="blue")
    answer = await bed.verify(bed.client(username=user(bed, all_tenants=False)))
    assert isinstance(answer, api.Unverified)
    assert "does not see all tenants" in answer.message


FILTER = {"match_label": {"key": "clustername", "values": ["other"]}}


@pytest.mark.parametrize("unlabelled", [True, False])
async def test_a_role_filter_proves_nothing(*, unlabelled: bool) -> None:
    bed = AviBed()
    bed.claim()
    bed.own("pool")
    name = user(bed, filters=[FILTER], allow_unlabelled_access=unlabelled)
    answer = await bed.verify(bed.client(username=name))
    assert isinstance(answer, api.Unverified)
    assert answer.reason == "NoSight"


async def test_a_role_filter_that_is_off_hides_nothing() -> None:
    bed = AviBed()
    bed.claim()
    bed.own("pool")
    name = user(bed, filters=[{**FILTER, "enabled": False}])
    assert counts(await bed.verify(bed.client(username=name))) == (1, 0, 0)


async def test_who_cannot_read_its_own_role_proves_nothing() -> None:
    bed = AviBed()
    bed.claim()
    made = bed.make(
        "role",
        name="mute",
        privileges=[{"resource": permission, "type": "READ_ACCESS"} for permission in READER[:-2]],
    )
    access = [{"role_ref": made["url"], "all_tenants": True}]
    bed.make("user", name="mute", username="mute", password=PASSWORD, access=access)
    answer = await bed.verify(bed.client(username="mute"))
    assert isinstance(answer, api.Unverified)
    assert "PERMISSION_USER and PERMISSION_ROLE" in answer.message


async def test_a_blind_user_proves_nothing() -> None:
    bed = AviBed()
    bed.claim()
    bed.make("user", name="blind", username="blind", password=PASSWORD, access=[])
    answer = await bed.verify(bed.client(username="blind"))
    assert isinstance(answer, api.Unverified)


async def test_a_query_that_gives_empty_lists_does_not_show_the_claim_either() -> None:
    bed = AviBed()
    answer = await bed.verify()
    assert isinstance(answer, api.Blocked)
    assert answer.reason == "ClaimLost"


async def test_a_cloud_that_shows_nothing_proves_nothing() -> None:
    bed = AviBed()
    bed.claim()
    for kind in ("vrfcontext", "serviceenginegroup"):
        bed.controller.faults.add(
            faults.Fault(status=200, text='{"count": 0, "results": []}', kind=kind)
        )
    answer = await bed.verify()
    assert isinstance(answer, api.Unverified)
    assert "the cloud shows no VrfContext and no ServiceEngineGroup" in answer.message


def test_the_claim_is_the_control_of_the_marker_query() -> None:
    seen = visibility.blind_spots(inventory(visible=True), claimed=True)
    assert seen == "the claim is not found by the query that looks for the cluster's objects"
    assert not visibility.blind_spots(inventory(visible=True), claimed=False)


def inventory(*, visible: bool) -> Any:
    from akoo_avi.ownership.judged import Inventory

    kinds_ = frozenset(kind.path for kind in kinds.EDITED) if visible else frozenset()
    return Inventory(visible=kinds_)


async def test_a_foreign_claim_is_not_verified() -> None:
    bed = AviBed()
    bed.claim(OTHER_MANAGEMENT)
    answer = await bed.verify()
    assert isinstance(answer, api.Blocked)
    assert answer.reason == "ClaimedElsewhere"


async def test_the_role_is_read_before_and_after_the_count() -> None:
    """A role that is widened while counting made the count blind."""
    bed = AviBed()
    bed.claim()
    bed.own("pool")
    name = user(bed, resources=[x for x in READER if x != "PERMISSION_POOL"])
    client = bed.client(username=name)
    list_ = client.list

    async def widened(kind: str, **keywords: Any) -> Any:
        if kind != "pool":
            return await list_(kind, **keywords)
        role = bed.hand.get(f"role/{bed.uuid('role', name)}")
        role["privileges"].append({"resource": "PERMISSION_POOL", "type": "READ_ACCESS"})
        bed.hand.put(f"role/{role['uuid']}", role)
        return ()

    client.list = widened  # type: ignore[method-assign]
    assert isinstance(await bed.verify(client), api.Unverified)


async def test_a_role_that_is_narrowed_before_the_count_shows_after_it() -> None:
    bed = AviBed()
    bed.claim()
    bed.own("pool")
    name = user(bed)
    client = bed.client(username=name)
    list_ = client.list

    async def narrowed(kind: str, **keywords: Any) -> Any:
        if kind == "virtualservice":
            role = bed.hand.get(f"role/{bed.uuid('role', name)}")
            hiding = {"match_label": {"key": "clustername", "values": [X]}}
            more = {**hiding, "match_operation": "ROLE_FILTER_DOES_NOT_EQUAL"}
            bed.hand.put(f"role/{role['uuid']}", {**role, "filters": [more]})
        return await list_(kind, **keywords)

    client.list = narrowed  # type: ignore[method-assign]
    answer = await bed.verify(client)
    assert isinstance(answer, api.Unverified)
    assert answer.reason == "NoSight"


def test_a_privilege_on_a_part_of_a_kind_is_not_sight() -> None:
    role = {
        "uuid": "role-1",
        "privileges": [
            {"resource": permission, "type": "READ_ACCESS", "subresource": {"subresources": ["X"]}}
            for permission in READER
        ],
    }
    access = [{"role_ref": "/api/role/role-1", "all_tenants": True}]
    assert visibility.hidden({"access": access}, {"role-1": role}) == tuple(READER[:-2])


@pytest.mark.parametrize("size", ["25", "100", "200"])
async def test_all_pages_are_read(size: str) -> None:
    bed = AviBed(default_page_size=size)
    bed.claim()
    for number in range(230):
        bed.own("stringgroup", f"n{number}")
    for number in range(230):
        thing = hostile.Thing("pool", f"{X}--{number}", "blue", "Default-Cloud", "x", ())
        bed.make("pool", "blue", **thing.body())
    assert counts(await bed.verify()) == (230, 230, 0)


@pytest.mark.parametrize(
    ("level", "sees"), [("READ_ACCESS", True), ("WRITE_ACCESS", True), ("NO_ACCESS", False)]
)
def test_a_privilege_is_what_its_type_says(level: str, *, sees: bool) -> None:
    privileges = [{"resource": permission, "type": level} for permission in READER]
    access = [{"role_ref": "/api/role/role-1", "all_tenants": True}]
    hidden = visibility.hidden({"access": access}, {"role-1": {"privileges": privileges}})
    assert hidden == (() if sees else tuple(READER[:-2]))
