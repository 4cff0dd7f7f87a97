"""The user that the Go ancestor made: seen at the adoption, and deleted after a proven clean-up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from akoo_avi import client
from akoo_avi.cleanup import ancestor_removal
from akoo_avi.ownership import claim
from akoo_avi.place import ancestor_user as look
from akoo_avi.spec import ancestor_user, placement
from akoo_avi.spec.ancestor_user import AviAncestorUser
from akoo_testbed.avisim import faults
from hypothesis import given, settings
from hypothesis import strategies as st

from akoo_core import structs, testing
from akoo_core.kube.errors import KubeError
from akoo_core.kube.resource import AKO_DEPLOYMENTS, SECRETS
from akoo_core.objects import record
from akoo_core.plugin import api
from akoo_core.testing import builders, calls, verbs

World = Any
NAME = "team-a-shop"
USER = "shop-team-a-ako-user"
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web", "namespace": "team-a"},
}
ADOPTED = record.Adoption(started_at=builders.CREATED, ended_at=builders.CREATED)
HIDDEN = '{"error": "User object not found!"}'
REFERRED = '{"error": "Cannot delete, object is referred by: [\'VirtualService x\']"}'
PROOF = record.StoredProof(plugin="avi", at=builders.CREATED, own=0, suspect=0, held=0)


def account(kind: str = "avi.cluster.x-k8s.io/secret", username: str = USER) -> structs.JSON:
    """AKOO's Secret, outside of the namespaces that are allowed."""
    secret = builders.secret("team-a", "shop-avi-credentials", "password", username=username)
    return {**secret, "type": kind}


def switched(avi_world: World, *, there: bool = True, secret: Any = None, **more: Any) -> World:
    """A cluster whose AKO is adopted from AKOO; the user is ``there``."""
    spec = {"ako_cluster_name": NAME, "adoption": ADOPTED, "workload": (SERVICE,), **more}
    secrets = (account(),) if secret is None else secret
    world = avi_world(plugins=None, management=secrets, **spec)
    world.management.served.serve(AKO_DEPLOYMENTS)
    if there:
        make_user(world)
    return world


def make_user(world: World, name: str = USER, **more: Any) -> str:
    body = {"name": name, "username": name, "password": "a-Pass-word-1", **more}
    return str(world.do(lambda avi: avi.create("user", body, tenant="admin"))["uuid"])


def drop_users(world: World) -> None:
    for user in world.named("user", USER):
        world.do(lambda avi, uuid=user["uuid"]: avi.delete("user", uuid, tenant="admin"))


def adopted(avi_world: World, **more: Any) -> World:
    """The same, prepared and observed."""
    world = switched(avi_world, **more)
    assert isinstance(world.settled(), api.Done)
    world.call("observe")
    return world


def fact(world: World) -> AviAncestorUser | None:
    stored = world.spec.facts.get(AviAncestorUser.fact_name)
    return structs.convert(stored.data, AviAncestorUser) if stored is not None else None


def proven(world: World, proof: record.StoredProof = PROOF) -> World:
    """Its Cluster was deleted and cleaned up; the core has stored the proof."""
    world.leave()
    for _ in range(2):
        if isinstance(world.call("confirm"), api.Done):
            break
    world.call("sweep")
    assert isinstance(world.call("verify"), api.Proof)
    leaving = structs.replace(world.spec.leaving, proof=proof)
    world.spec = structs.replace(world.spec, leaving=leaving)
    return world


def released(world: World) -> str:
    answer = world.call("release")
    assert isinstance(answer, api.Done)
    return answer.message


def left(world: World, why: str) -> None:
    """release leaves the user, says why, and ends all the same."""
    message = released(world)
    assert f'User "{USER}" of AKOO is left: {why}' in message
    assert len(world.named("user", USER)) == 1
    assert world.claims_of(NAME) == []


# The look.


def test_it_is_noted_with_the_secret_before_anything_changes(avi_world: World) -> None:
    world = switched(avi_world)
    before = world.outside()
    assert isinstance(world.settled(), api.Done)
    (user,) = world.named("user", USER)
    (secret,) = (
        obj for obj in world.management.objects(SECRETS) if obj["metadata"]["namespace"] == "team-a"
    )
    assert fact(world) == AviAncestorUser(
        name=USER,
        uuid=user["uuid"],
        secret_uid=secret["metadata"]["uid"],
        controller_uuid=world.stored.place.controller_uuid,
    )
    assert set(world.outside()) - set(before) == {f"stringgroup/akoo-claim-{NAME}"}
    for verb in ("prepare", "observe"):
        run = verbs.run_verb(world.plugin(), verb, world)
        assert fact(world) in run.facts, f"{verb} keeps it"
        assert not [call for call in run.calls if "shop-avi-credentials" in str(call)]


def test_a_cluster_that_was_never_placed_has_it_noted_while_it_leaves(avi_world: World) -> None:
    world = switched(avi_world)
    world.leave()
    run = verbs.run_verb(world.plugin(), "confirm", world)
    assert isinstance(run.result, api.Wait)
    assert (run.result.reason, fact(world) in run.facts) == ("PlacementFound", True)
    assert "is deleted" in released(proven(world))
    assert world.named("user", USER) == []


@pytest.mark.parametrize(
    "more",
    [
        {"secret": ()},
        {"secret": (account("Opaque"),)},
        {"secret": (account(username="admin"),)},
        {"there": False},
    ],
    ids=["no Secret", "another type", "another user", "no user"],
)
def test_what_the_ancestor_did_not_leave_is_never_deleted(avi_world: World, more: Any) -> None:
    world = adopted(avi_world, **more)
    seen = fact(world)
    assert seen is not None
    assert (seen.uuid, bool(seen.secret_uid)) == ("", more == {"there": False})
    if not world.named("user", USER):
        make_user(world)
    assert "AKOO" not in released(proven(world))
    assert len(world.named("user", USER)) == 1


@pytest.mark.parametrize("spec", [{"adoption": None}, {"ako_cluster_name": "my-cluster"}])
def test_any_other_ako_has_none(avi_world: World, spec: Any) -> None:
    world = switched(avi_world, **spec)
    world.settled()
    assert fact(world) is None
    assert not [call for call in world.calls.made if "shop-avi-credentials" in str(call)]


@pytest.mark.parametrize(
    "error",
    [
        client.ForbiddenError("no"),
        client.RateLimitedError("later"),
        KubeError("no"),
        TimeoutError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_look_that_fails_stops_nothing_and_is_repeated(
    avi_world: World, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    async def fails(*_: Any) -> str:
        raise error

    world = switched(avi_world)
    with monkeypatch.context() as patched:
        patched.setattr(look, "_uuid", fails)
        assert isinstance(world.settled(), api.Done)
        assert fact(world) is None
    assert isinstance(world.settled(), api.Done)
    assert fact(world) is not None


def test_users_that_are_not_seen_are_not_taken_for_none(
    avi_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, ...]] = []

    class Blind:
        @staticmethod
        async def missing(_: Any, permissions: tuple[str, ...]) -> str:
            asked.append(permissions)
            return "our user lacks it"

    world = switched(avi_world, there=False)
    monkeypatch.setattr(look, "sight", Blind)
    assert isinstance(world.settled(), api.Done)
    assert (fact(world), asked) == (None, [("PERMISSION_USER",)])


# The end.


def test_it_is_deleted_after_the_proof_and_the_claim_goes_last(avi_world: World) -> None:
    world = proven(adopted(avi_world))
    run = verbs.run_verb(world.plugin(), "release", world)
    assert isinstance(run.result, api.Done)
    assert f'User "{USER}" of AKOO is deleted.' in run.result.message
    assert (world.named("user", USER), world.claims_of(NAME)) == ([], [])
    user, group = run.writes
    assert ("user" in user, "stringgroup" in group) == (True, True)
    assert "is deleted" in released(world), "another call says the same"


def test_another_user_of_its_name_stays(avi_world: World) -> None:
    world = proven(adopted(avi_world))
    drop_users(world)
    make_user(world)
    assert "is deleted" in released(world)
    assert len(world.named("user", USER)) == 1


def test_one_that_was_renamed_stays(avi_world: World) -> None:
    world = proven(adopted(avi_world))
    (user,) = world.named("user", USER)
    (stored,) = world.avi.state.objects.named("user", USER)
    world.avi.state.change(stored, {**user, "name": "somebody"})
    assert "it has another name now" in released(world)
    assert len(world.named("user", "somebody")) == 1


@pytest.mark.parametrize(
    ("proof", "why"),
    [
        (structs.replace(PROOF, own=1), "it is not proven"),
        (structs.replace(PROOF, unseen=("a tenant",)), "it is not proven"),
    ],
)
def test_without_a_proof_it_stays(avi_world: World, proof: Any, why: str) -> None:
    left(proven(adopted(avi_world), proof), why)


def test_another_record_whose_cluster_may_have_it_keeps_it(avi_world: World) -> None:
    world = proven(adopted(avi_world))
    other = builders.record_spec(builders.cluster("shop-team", "a"), observed=True)
    world.management.seed(record.to_object("akoo-other", other))
    left(world, "it may be that of AKODeployment/akoo-other, too")


def test_a_claim_of_another_management_cluster_keeps_it(avi_world: World) -> None:
    world = proven(adopted(avi_world))
    body = claim.body("a-shop-team", "m-other", 1)
    world.do(lambda avi: avi.create("stringgroup", body, tenant="admin"))
    left(world, "it may be that of claim akoo-claim-a-shop-team, too")


def test_that_of_the_operator_itself_stays(avi_world: World) -> None:
    world = proven(adopted(avi_world))
    (user,) = world.named("user", USER)
    (stored,) = world.avi.state.objects.named("user", USER)
    world.avi.state.change(stored, {**user, "is_superuser": True})
    left(world, "it is a superuser")


@pytest.mark.parametrize(
    "fault",
    [
        faults.Fault(method="DELETE", kind="user", times=None, answer="denied"),
        faults.Fault(method="DELETE", kind="user", times=None, status=404, text=HIDDEN),
        faults.Fault(method="DELETE", kind="user", times=None, status=400, text='{"error": "no"}'),
        faults.Fault(method="DELETE", kind="user", times=None, status=400, text=REFERRED),
        faults.Fault(method="DELETE", kind="user", times=None, status=412, text='{"error": "no"}'),
        faults.Fault(method="GET", path="*/user/*", times=None, answer="denied"),
    ],
    ids=["denied", "hidden", "invalid", "referenced", "changed", "unreadable"],
)
def test_a_controller_that_refuses_holds_nothing(avi_world: World, fault: faults.Fault) -> None:
    world = proven(adopted(avi_world))
    world.avi.faults.add(fault)
    left(world, "")


def test_one_that_does_not_answer_is_asked_again(avi_world: World) -> None:
    world = proven(adopted(avi_world))
    world.avi.faults.add(faults.Fault(method="DELETE", kind="user", drop=True, after=True))
    assert isinstance(world.call("release"), api.Wait)
    assert len(world.claims_of(NAME)) == 1
    assert "is deleted" in released(world)
    assert world.claims_of(NAME) == []


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_death_at_any_call_ends_as_without_it(avi_world: World, moment: calls.Moment) -> None:
    world = proven(adopted(avi_world))
    begin, before = world.avi.snapshot(), len(world.calls.made)
    released(world)
    undisturbed, count = world.outside(), len(world.calls.made) - before
    for number in range(1, count + 1):
        world.avi.restore(begin)
        world.calls.fail(number, moment, calls.Crash())
        run = world.run(verbs.try_verb(world.plugin(), "release", world))
        assert isinstance(run.error, calls.Crash), number
        claims, users = len(world.claims_of(NAME)), len(world.named("user", USER))
        assert claims or not users, "the claim outlives the user"
        world.calls.heal()
        assert "is deleted" in released(world)
        assert world.outside() == undisturbed
    assert count > 8


# The plan.


def planned(world: World) -> list[tuple[str, str, str]]:
    """Action, name and reason of each row on a user; nothing is written."""
    before = world.outside()
    rows = testing.run_plan(world.plugin(), "sweep", world).actions
    assert world.outside() == before
    return [(row.action, row.name, row.why) for row in rows if row.kind == "User"]


def test_the_plan_shows_it_with_its_uuid_before_and_while_the_cluster_leaves(
    avi_world: World,
) -> None:
    world = adopted(avi_world)
    (user,) = world.named("user", USER)
    made = f"AKOO made it for this Cluster; UUID {user['uuid']} was stored at the adoption"
    row = ("delete", USER, f"{made}; it goes once it is proven that nothing else is left")
    assert planned(world) == [row]
    world.leave()
    assert planned(world) == [row]
    assert planned(proven(world)) == [row]
    assert "is deleted" in released(world), "as it was planned"
    assert planned(world) == []


def test_the_plan_says_why_it_stays(avi_world: World) -> None:
    world = adopted(avi_world)
    other = builders.record_spec(builders.cluster("shop-team", "a"), observed=True)
    world.management.seed(record.to_object("akoo-other", other))
    ((action, _, why),) = planned(world)
    assert (action, why.rpartition("; ")[2]) == (
        "keep",
        "it may be that of AKODeployment/akoo-other, too",
    )


def test_the_plan_of_a_controller_that_refuses(avi_world: World) -> None:
    world = adopted(avi_world)
    world.avi.faults.add(faults.Fault(method="GET", path="*/user/*", times=None, answer="denied"))
    ((action, _, why),) = planned(world)
    assert (action, "it was not looked at: " in why) == ("keep", True)


def test_the_plan_of_an_ako_without_such_a_user(avi_world: World) -> None:
    assert planned(adopted(avi_world, secret=())) == []


# The decisions.

PLACE = "c-1"
FACT = AviAncestorUser(name=USER, uuid="u-1", secret_uid="s-1", controller_uuid=PLACE)
ENDED = record.EndedPlacement(plugin="avi", placement="x", how="Proved", at=builders.CREATED)
STRANGER = record.StoredFact(plugin="tenancy", version=1)
CREDENTIAL = {api.WorkloadCredential.fact_name: STRANGER}
NOW = builders.CREATED


def leaving(cause: Any = "ClusterDeleted", **changes: Any) -> record.Leaving:
    return builders.leaving(cause, **{"proof": PROOF, **changes})


def obstacle(
    decide: Callable[..., str] = ancestor_removal.obstacle,
    known: AviAncestorUser = FACT,
    **changes: Any,
) -> str:
    spec = {"ako_cluster_name": NAME, "adoption": ADOPTED, "leaving": leaving(), **changes}
    place = placement.Place(controller_uuid=PLACE, cloud_uuid="", tenant_uuid="", se_group_uuid="")
    return decide(builders.record_spec(**spec), known, place)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, ""),
        ({"leaving": leaving(let_go=record.StoredLetGo(at=NOW, why="Deadline"))}, ""),
        ({"leaving": None}, "its Cluster was not deleted"),
        *(
            ({"leaving": leaving(cause)}, "its Cluster was not deleted")
            for cause in ("Unmatched", "ConfigDeleted", "UserWord", "Relocated")
        ),
        ({"orphaned": record.Orphaned(cause="UserWord", at=NOW)}, "its Cluster was not deleted"),
        (
            {"leaving": leaving(let_go=record.StoredLetGo(at=NOW, why="Moved"))},
            "its Cluster was moved",
        ),
        ({"leaving": leaving(proof=None)}, "it is not proven that nothing is left of its Cluster"),
        ({"adoption": None}, "it is not the user of this Cluster"),
        ({"ako_cluster_name": "my-cluster"}, "it is not the user of this Cluster"),
        (
            {"known": structs.replace(FACT, name="a-b-ako-user")},
            "it is not the user of this Cluster",
        ),
        ({"facts": CREDENTIAL}, "another plugin replaced it, and decides about it"),
        ({"ended_placements": (ENDED,)}, "its Cluster was relocated"),
        ({"ended_placements": (structs.replace(ENDED, plugin="vsphere"),)}, ""),
        ({"known": structs.replace(FACT, controller_uuid="c-2")}, "its Cluster was relocated"),
    ],
)
def test_the_record_has_to_speak_for_it(changes: dict[str, Any], why: str) -> None:
    assert obstacle(**changes) == why
    before = changes.get("leaving", leaving())
    granted = before is None or before.proof is None
    assert obstacle(ancestor_removal.foreseen, **changes) == ("" if granted else why)


USER_SEEN = {"uuid": "u-1", "name": USER, "username": USER}
MINE = claim.Claim(management_id=builders.MANAGEMENT_ID, epoch=1, uuid="g-1")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, ""),
        ({"user": {**USER_SEEN, "uuid": "u-2"}}, "it has another name now"),
        ({"user": {**USER_SEEN, "name": "x"}}, "it has another name now"),
        ({"user": {**USER_SEEN, "is_superuser": True}}, "it is a superuser"),
        ({"own_username": USER}, "akoo-core itself works with it"),
        ({"claim": None}, 'the claim on "team-a-shop" is not ours'),
        ({"claim": claim.DamagedClaim(why="x")}, 'the claim on "team-a-shop" is not ours'),
        (
            {"claim": structs.replace(MINE, management_id="m-other")},
            'the claim on "team-a-shop" is not ours',
        ),
        ({"claim": structs.replace(MINE, epoch=2)}, 'the claim on "team-a-shop" is not ours'),
        ({"used_by": ("a", "b")}, "it may be that of a, b, too"),
    ],
)
def test_nothing_outside_may_speak_against_it(changes: dict[str, Any], why: str) -> None:
    base = {"user": USER_SEEN, "claim": MINE, "own_username": "admin"}
    seen = ancestor_removal.Evidence(**{**base, **changes})
    spec = builders.record_spec(ako_cluster_name=NAME)
    assert ancestor_removal.objection(spec, FACT, seen) == why


@pytest.mark.parametrize(
    ("name", "spec", "holds"),
    [
        ("own", {}, False),
        ("other", {}, True),
        ("other", {"finished_at": NOW}, False),
        ("other", {"cluster_ref": record.ClusterRef(namespace="b", name="x", uid="2")}, False),
        (
            "other",
            {
                "cluster_ref": record.ClusterRef(namespace="b", name="x", uid="2"),
                "facts": builders.stored_facts("avi", FACT),
            },
            True,
        ),
    ],
)
def test_a_record_that_is_not_finished_holds_it(name: str, spec: Any, holds: bool) -> None:
    listed = [record.to_object(name, builders.record_spec(**spec))]
    assert list(ancestor_removal.holders(FACT, "own", listed)) == [f"AKODeployment/{name}"] * holds


WORDS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)


@settings(max_examples=50)
@given(WORDS, WORDS)
def test_every_cluster_that_can_have_a_user_is_known(cluster: str, namespace: str) -> None:
    user = ancestor_user.name_for(cluster, namespace)
    assert f"{namespace}-{cluster}" in ancestor_user.cluster_names(user)
    base = f"{cluster}-{namespace}"
    for place in (number for number, sign in enumerate(base) if sign == "-"):
        other, space = base[:place], base[place + 1 :]
        assert ancestor_user.name_for(other, space) == user
        assert not (other and space) or (f"{space}-{other}" in ancestor_user.cluster_names(user))
