"""Definitions that the deploy executor shares with others, and objects that are in its way."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from akoo_core.kube import resource as resources
from akoo_core.kube.client import FIELD_MANAGER
from akoo_core.objects import names
from akoo_core.plugin import api
from akoo_core.reconcile.deploy import definitions, deployer
from tests.unit.reconcile import deploy_world
from tests.unit.reconcile import reconcile_builders as builders
from tests.unit.reconcile.deploy_world import DeployWorld

NAME = deploy_world.CRD["metadata"]["name"]
OPEN = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
SPEC: dict[str, Any] = {
    "type": "object",
    "required": ["fqdn"],
    "properties": {
        "fqdn": {"type": "string"},
        "kind": {"type": "string", "enum": ["Exact"], "default": "Exact"},
    },
}


def definition(spec: dict[str, Any] | None = None, version: str = "v1") -> dict[str, Any]:
    """A definition whose objects have this schema of their spec."""
    made = copy.deepcopy(deploy_world.CRD)
    schema = {"type": "object", "properties": {"spec": SPEC if spec is None else spec}}
    made["spec"]["versions"] = [
        {"name": version, "served": True, "schema": {"openAPIV3Schema": schema}}
    ]
    return made


def rule(name: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "ako.vmware.com/v1",
        "kind": "HostRule",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": spec,
    }


def stored(world: DeployWorld) -> dict[str, Any]:
    definition = world.get(resources.CUSTOM_RESOURCE_DEFINITIONS, NAME)
    assert definition is not None
    schema: dict[str, Any] = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    spec: dict[str, Any] = schema["properties"]["spec"]
    return spec


async def overwritten(world: DeployWorld, labels: dict[str, str] | None = None) -> None:
    """A definition of somebody else whose schema an earlier release of ours took away."""
    crds = resources.CUSTOM_RESOURCE_DEFINITIONS
    await world.workload.client(field_manager="helm").create(crds, definition())
    bare = definition(OPEN)
    if labels:
        bare["metadata"]["labels"] = labels
    ours = world.workload.client(field_manager=FIELD_MANAGER)
    await ours.apply(crds, bare, force=True)


async def test_a_definition_of_somebody_else_is_left_and_its_gaps_are_told(
    world: DeployWorld,
) -> None:
    theirs = copy.deepcopy(SPEC)
    del theirs["properties"]["kind"], theirs["required"]
    world.workload.seed(definition(theirs))
    report = await world.deploy(definition(), deploy_world.config_map())
    assert report.verdicts == {}
    assert stored(world) == theirs
    (note,) = (item.note for item in world.inventory if item.note)
    assert NAME in note
    assert "spec.fqdn: required, spec.kind" in note


async def test_one_that_has_all_is_left_without_a_word(world: DeployWorld) -> None:
    theirs = copy.deepcopy(SPEC)
    theirs["properties"]["more"] = {"type": "string"}
    world.workload.seed(definition(theirs))
    await world.deploy(definition())
    assert stored(world) == theirs
    assert [item.note for item in world.inventory] == [""]


async def test_a_gap_that_was_mended_is_told_no_longer(world: DeployWorld) -> None:
    world.workload.seed(definition(OPEN))
    await world.deploy(definition())
    assert world.inventory[0].note
    crds = resources.CUSTOM_RESOURCE_DEFINITIONS
    await world.workload.client(field_manager="helm").apply(crds, definition(), force=True)
    world.clock.advance(deployer.DRIFT_SECONDS)
    await world.deploy(definition())
    assert world.inventory[0].note == ""
    assert [write.verb for write in world.writes] == []


@pytest.mark.parametrize("scope", ["Namespaced", "Cluster"])
async def test_one_that_does_not_serve_what_is_needed_blocks(
    world: DeployWorld, scope: str
) -> None:
    theirs = definition(version="v1" if scope == "Cluster" else "v0")
    theirs["spec"]["scope"] = scope
    world.workload.seed(theirs)
    report = await world.deploy(deploy_world.NAMESPACE, definition(), deploy_world.config_map())
    verdict = report.verdicts["ako"]
    assert isinstance(verdict, api.Blocked)
    assert verdict.reason == "DefinitionOutdated"
    assert NAME in verdict.message
    assert world.writes == []


@pytest.mark.parametrize("labels", [None, {names.RECORD_LABEL: "akoo-of-another"}])
async def test_what_we_overwrote_gets_its_schema_again(
    world: DeployWorld, labels: dict[str, str] | None
) -> None:
    await overwritten(world, labels)
    report = await world.deploy(definition())
    assert report.verdicts == {}
    assert stored(world) == SPEC
    deployed = world.get(resources.CUSTOM_RESOURCE_DEFINITIONS, NAME)
    assert deployed is not None
    assert deployed["metadata"].get("labels") == labels, "it does not become ours by that"


async def test_one_of_another_record_with_a_schema_is_left(world: DeployWorld) -> None:
    theirs = definition({"type": "object", "properties": {"fqdn": {"type": "string"}}})
    theirs["metadata"]["labels"] = {names.RECORD_LABEL: "akoo-of-another"}
    ours = world.workload.client(field_manager=FIELD_MANAGER)
    await ours.apply(resources.CUSTOM_RESOURCE_DEFINITIONS, theirs)
    await world.deploy(definition())
    assert "required" not in stored(world)
    assert world.inventory[0].note


async def test_objects_that_do_not_fit_are_counted_before_the_schema_is_replaced(
    world: DeployWorld,
) -> None:
    await world.deploy(definition(OPEN), deploy_world.config_map())
    world.workload.served.serve(deploy_world.HOST_RULES)
    world.workload.seed(rule("good", fqdn="a.example.com"))
    world.workload.seed(rule("bad", kind="Exact"))
    world.workload.seed(rule("typo", fqdn="a.example.com", knd="Exact"))
    report = await world.deploy(definition(), deploy_world.config_map(logLevel="DEBUG"))
    verdict = report.verdicts["ako"]
    assert isinstance(verdict, api.Wait)
    assert verdict.reason == deployer.ANNOUNCED
    assert "1 of 3 objects will be refused" in verdict.message
    assert "shop/bad (spec.fqdn: is required)" in verdict.message
    assert "1 of 3 objects will lose fields: shop/typo (spec.knd)" in verdict.message
    assert world.writes == [], "nothing is written before it is told"

    announced = deployer.Job(
        record_name=builders.RECORD,
        inventory=world.inventory,
        contributions={"ako": api.Contribution(objects=(definition(),))},
        announced=frozenset({"ako"}),
    )
    report = await world.deployer.deploy(announced, world.workload.client(), world.store)
    assert report.verdicts == {}
    assert stored(world) == SPEC
    (note,) = (item.note for item in world.inventory if item.note)
    assert "1 of 3 objects are refused when they are written next" in note


async def test_where_all_objects_fit_it_is_replaced_at_once(world: DeployWorld) -> None:
    await world.deploy(definition(OPEN))
    world.workload.served.serve(deploy_world.HOST_RULES)
    world.workload.seed(rule("good", fqdn="a.example.com"))
    report = await world.deploy(definition())
    assert report.verdicts == {}
    assert stored(world) == SPEC


async def test_the_count_is_bounded(world: DeployWorld) -> None:
    await world.deploy(definition(OPEN))
    world.workload.served.serve(deploy_world.HOST_RULES)
    for number in range(501):
        world.workload.seed(rule(f"bad{number:03}"))
    report = await world.deploy(definition())
    verdict = report.verdicts["ako"]
    assert isinstance(verdict, api.Wait)
    assert "500 of the first 500 objects will be refused" in verdict.message
    assert "and 495 more" in verdict.message
    assert len(verdict.message) < 600


async def test_all_that_is_in_the_way_is_named_before_the_first_write(world: DeployWorld) -> None:
    world.workload.seed(deploy_world.stateful_set())
    world.workload.seed(deploy_world.config_map("b"))
    report = await world.deploy(
        deploy_world.NAMESPACE,
        definition(),
        deploy_world.config_map("a"),
        deploy_world.config_map("b"),
        deploy_world.stateful_set(),
        secrets=(deploy_world.SECRET,),
    )
    verdict = report.verdicts["ako"]
    assert isinstance(verdict, api.Blocked)
    assert verdict.reason == "ForeignObject"
    for name in ("ConfigMap avi-system/b", "StatefulSet avi-system/ako"):
        assert f"{name} exists in the workload cluster" in verdict.message
    assert world.writes == []
    assert world.inventory == (), "nothing is there, so nothing is said to be"


async def test_so_when_what_we_had_was_replaced_by_somebody(world: DeployWorld) -> None:
    wanted = (deploy_world.config_map(), deploy_world.stateful_set())
    await world.deploy(*wanted, secrets=(deploy_world.SECRET,))
    server = world.workload.client(field_manager="helm")
    await server.delete(resources.SECRETS, "avi-secret", "avi-system")
    secret = {"apiVersion": "v1", "kind": "Secret"}
    metadata = {"name": "avi-secret", "namespace": "avi-system"}
    await server.create(resources.SECRETS, {**secret, "metadata": metadata}, "avi-system")
    changed = deploy_world.config_map(logLevel="DEBUG")
    report = await world.deploy(
        changed, deploy_world.stateful_set(), secrets=(deploy_world.SECRET,)
    )
    assert "Secret avi-system/avi-secret" in report.verdicts["ako"].message
    assert world.writes == []
    assert len(world.inventory) == 3


def test_a_message_names_ten_and_counts_the_rest() -> None:
    assert "and 7 more" in definitions.unfit_text(
        "x", definitions.Unfit(12, refused=tuple(f"a{n}" for n in range(12))), before=True
    )
