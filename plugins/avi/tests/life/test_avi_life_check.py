"""`akoo-core check avi`: controllers, rights, configs and pools, without a cluster."""

from __future__ import annotations

from typing import Any

import pytest
from akoo_avi.testing.pool_world import pool
from akoo_testbed.avisim import faults

from akoo_core import structs, testing
from akoo_core.plugin import api
from akoo_core.testing import builders, commands

World = Any
Object = dict[str, Any]
PASSWORD = "a-long-password"
ADDRESS = "avi.example.com"
CONFIG = "AKODeploymentConfig/default"
QUESTIONS = (
    "Reachable",
    "CredentialValid",
    "ClusterUp",
    "PermissionsSufficient",
    "WritesPermitted",
)
NETWORK = {"name": "vip-edge-1"}


def declared(name: str = "main", **spec: Any) -> Object:
    """An AviController."""
    return {
        "apiVersion": "akoo.io/v1alpha1",
        "kind": "AviController",
        "metadata": {"name": name},
        "spec": {
            "address": ADDRESS,
            "credentialRef": {"namespace": "avi", "name": "admin"},
            "caRef": {"namespace": "avi", "name": "ca"},
            **spec,
        },
    }


def checked(world: World) -> tuple[api.Finding, ...]:
    """The findings; the check changes nothing."""
    before = world.outside()
    findings: tuple[api.Finding, ...] = testing.run_check(world.plugin(), world).findings
    assert world.outside() == before
    return findings


def states(world: World) -> dict[str, api.FindingState]:
    """State by subject."""
    findings = checked(world)
    by_subject = {finding.subject: finding.state for finding in findings}
    assert len(by_subject) == len(findings)
    return by_subject


def of(world: World, subject: str) -> api.Finding:
    """The finding of one subject."""
    (finding,) = (finding for finding in checked(world) if finding.subject == subject)
    return finding


def limited(avi_world: World, *without: str, everywhere: bool = True, **world: Any) -> World:
    """A world whose account has the rights of System-Admin without some to write."""
    made = avi_world(credential={"username": "akoo", "password": PASSWORD}, **world)

    async def work(avi: Any) -> None:
        (admin,) = await avi.list("role", params={"name": "System-Admin"})
        privileges = [
            {**privilege, "type": "READ_ACCESS"} if privilege["resource"] in without else privilege
            for privilege in admin["privileges"]
        ]
        await avi.create("role", {"name": "less", "privileges": privileges}, tenant="admin")
        tenant = "/api/tenant/?name=admin"
        entry = {"role_ref": "/api/role/?name=less", "tenant_ref": tenant}
        body = {"name": "akoo", "username": "akoo", "password": PASSWORD}
        rights = [{**entry, "all_tenants": everywhere}]
        await avi.create("user", {**body, "access": rights}, tenant="admin")

    made.do(work)
    return made


def test_all_is_good_before_there_is_a_cluster(avi_world: World) -> None:
    world = avi_world(management=[declared()])
    findings = checked(world)
    names = "AviController/main and 1 more"
    pool_name = findings[-1].subject
    assert pool_name.startswith("AviIPPool/adc-default-")
    assert [finding.subject for finding in findings] == [
        *(f"{names}: {question}" for question in QUESTIONS),
        CONFIG,
        pool_name,
    ]
    assert {finding.state for finding in findings} == {"good"}
    assert {finding.system for finding in findings} == {ADDRESS}
    first = findings[0]
    assert first.version
    assert first.message.startswith(f"{ADDRESS} answers as Avi {first.version}")
    assert first.data == {"objects": ["AviController/main", CONFIG], "reason": "Reached"}


def test_what_would_be_written_is_said_and_not_done(avi_world: World) -> None:
    ranges = pool("edge", "10.70.0.10-10.70.0.19", network=NETWORK)
    world = avi_world(management=[declared(), ranges])
    finding = of(world, "AviIPPool/edge")
    assert (finding.state, finding.data["writes"]) == (
        "good",
        ["add 10.70.0.10-10.70.0.19 (Both): AviIPPool/edge gives it"],
    )
    assert finding.message.startswith("Would be written: add 10.70.0.10-10.70.0.19 (Both)")
    testing.run_reconcile(world.plugin(), "ip-pools", "edge", world)
    finding = of(world, "AviIPPool/edge")
    assert (finding.state, finding.data) == ("good", {"writes": []})
    assert finding.message.startswith("Nothing would be written")


def test_ranges_in_the_way_are_named(avi_world: World) -> None:
    older = pool("older", "10.70.0.10-10.70.0.19", network=NETWORK)
    world = avi_world(management=[declared(), older])
    testing.run_reconcile(world.plugin(), "ip-pools", "older", world)
    world.management.seed(pool("edge", "10.70.0.15-10.70.0.30", network=NETWORK))
    finding = of(world, "AviIPPool/edge")
    assert finding.state == "wrong"
    assert "overlaps 10.70.0.10-10.70.0.19" in finding.message
    assert "Choose other ranges." in finding.message


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cloudName": "vc-02"}, 'cloud "vc-02"'),
        ({"serviceEngineGroup": "gold"}, 'service engine group "gold"'),
        ({"dataNetwork": {"name": "vip-edge"}}, "nearest names: vip-edge2, vip-edge-1"),
        ({"adminCredentialRef": {}}, "spec.adminCredentialRef"),
    ],
)
def test_a_config_that_names_nothing_says_the_nearest(
    avi_world: World, changes: Object, message: str
) -> None:
    finding = of(avi_world(changes), CONFIG)
    assert finding.state == "wrong"
    assert message in finding.message


def test_missing_objects_of_the_management_cluster(avi_world: World) -> None:
    world = avi_world(plugins={"avi": {"controller": "man"}}, management=[declared()])
    finding = of(world, CONFIG)
    assert (finding.system, finding.state) == ("management cluster", "wrong")
    assert "There is no AviController 'man'" in finding.message
    world = avi_world(plugins={"avi": {"ipPools": ["edg"]}}, management=[pool()])
    finding = of(world, CONFIG)
    assert "AviIPPool/edg does not exist. nearest names: edge." in finding.message
    finding = of(world, "AviIPPool/edge")
    assert "AviController/main does not exist" in finding.message


def test_rights_to_read_and_to_write_are_two_questions(avi_world: World) -> None:
    world = limited(avi_world, "PERMISSION_POOL", "PERMISSION_NETWORK", "PERMISSION_CLOUD")
    asked = {subject.partition(": ")[2]: state for subject, state in states(world).items()}
    assert (asked["PermissionsSufficient"], asked["WritesPermitted"]) == ("good", "wrong")
    finding = of(world, f"{CONFIG}: WritesPermitted")
    assert finding.message == (
        'User "akoo" may not write PERMISSION_POOL, PERMISSION_NETWORK in all tenants: give it a '
        "role with WRITE_ACCESS on them, for all tenants, without role filters."
    )


def test_a_right_in_one_tenant_is_not_enough(avi_world: World) -> None:
    world = limited(avi_world, everywhere=False)
    finding = of(world, f"{CONFIG}: PermissionsSufficient")
    assert (finding.state, "for all tenants" in finding.message) == ("wrong", True)


def test_permissions_for_pools_count_only_with_pools(avi_world: World) -> None:
    world = limited(avi_world, "PERMISSION_NETWORK", changes={"dataNetwork": {}})
    assert of(world, f"{CONFIG}: WritesPermitted").state == "good"
    world = limited(avi_world, "PERMISSION_NETWORK")
    assert of(world, f"{CONFIG}: WritesPermitted").state == "wrong"


def test_a_controller_that_is_gone_is_asked_once(avi_world: World) -> None:
    """A pool on it is unknown; a config on another controller is judged."""
    other = declared("other", address="other.example.com")
    world = avi_world(
        management=[declared(), other, pool("far", controller="other", network=NETWORK)]
    )
    asked = states(world)
    assert asked["AviController/other: Reachable"] == "wrong"
    assert asked["AviController/other: ClusterUp"] == "unknown"
    assert asked["AviIPPool/far"] == "unknown"
    assert asked[CONFIG] == "good"
    message = "Not asked, since the controller of AviController/other is not usable."
    assert of(world, "AviIPPool/far").message == message


@pytest.mark.parametrize("answers", [True, False])
def test_on_a_controller_that_is_not_up_nothing_is_judged(
    avi_world: World, *, answers: bool
) -> None:
    world = avi_world()
    if answers:
        world.avi.state.cluster_state = "CLUSTER_STARTING"
    else:
        world.avi.faults.add(faults.Fault(answer="booting", times=None))
    asked = states(world)
    assert asked[f"{CONFIG}: ClusterUp"] == "wrong"
    assert asked[CONFIG] == "unknown"


def test_a_wrong_password_is_tried_once(avi_world: World) -> None:
    world = avi_world(management=[declared()], credential={"password": builders.canary("wrong")})
    asked = states(world)
    assert asked["AviController/main and 1 more: CredentialValid"] == "wrong"
    logins = world.avi.journal.entries(path="/login", since=0)
    assert sum(login.status != 200 for login in logins) == 1


def test_objects_that_cannot_be_read_are_named(avi_world: World) -> None:
    broken = declared("broken")
    del broken["spec"]["address"]
    bad_pool = pool("bad")
    del bad_pool["spec"]["cloud"]
    world = avi_world(management=[broken, bad_pool])
    asked = states(world)
    assert asked["AviController/broken"] == "wrong"
    assert asked["AviIPPool/bad"] == "wrong"
    assert asked[CONFIG] == "good"


def test_many_configs_of_one_account_are_one_controller(avi_world: World) -> None:
    world = avi_world()
    plugin = world.plugin()
    configs = [builders.config(world.config["spec"], name=f"c{number}") for number in range(5)]
    ctx = commands.check_context_of(plugin, world)
    findings = world.run(plugin.check(structs.replace(ctx, configs=tuple(configs))))
    subjects = [finding.subject for finding in findings]
    assert [subject for subject in subjects if subject.endswith(": Reachable")] == [
        "AKODeploymentConfig/c0 and 4 more: Reachable"
    ]
    asked = [f"AKODeploymentConfig/c{number}" for number in range(5)]
    assert [subject for subject in subjects if subject in asked] == asked
