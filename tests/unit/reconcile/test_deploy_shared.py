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
from tests.unit.reconcile import reconcile_bench
from tests.unit.reconcile import reconcile_builders as builders
from tests.unit.reconcile.reconcile_bench import Bench

NAME = reconcile_bench.CRD["metadata"]["name"]
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
    made = copy.deepcopy(reconcile_bench.CRD)
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


def stored(bench: Bench) -> dict[str, Any]:
    definition = bench.get(resources.CUSTOM_RESOURCE_DEFINITIONS, NAME)
    assert definition is not None
    schema: dict[str, Any] = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    spec: dict[str, Any] = schema["properties"]["spec"]
    return spec


async def overwritten(bench: Bench, labels: dict[str, str] | None = None) -> None:
    """A definition of somebody else whose schema an earlier release of ours took away."""
    crds = resources.CUSTOM_RESOURCE_DEFINITIONS
    await bench.workload.client(field_manager="helm").create(crds, definition())
    bare = definition(OPEN)
    if labels:
        bare["metadata"]["labels"] = labels
    ours = bench.workload.client(field_manager=FIELD_MANAGER)
    await ours.apply(crds, bare, force=True)


async def test_a_definition_of_somebody_else_is_left_and_its_gaps_are_told(
    bench: Bench,
) -> None:
    theirs = copy.deepcopy(SPEC)
    del theirs["properties"]["kind"], theirs["required"]
    bench.workload.seed(definition(theirs))
    report = await bench.deploy(definition(), reconcile_bench.config_map())
    assert report.verdicts == {}
    assert stored(bench) == theirs
    (note,) = (item.note for item in bench.inventory if item.note)
    assert NAME in note
    assert "spec.fqdn: required, spec.kind" in note


async def test_one_that_has_all_is_left_without_a_word(bench: Bench) -> None:
    theirs = copy.deepcopy(SPEC)
    theirs["properties"]["more"] = {"type": "string"}
    bench.workload.seed(definition(theirs))
    await bench.deploy(definition())
    assert stored(bench) == theirs
    assert [item.note for item in bench.inventory] == [""]


async def test_a_gap_that_was_mended_is_told_no_longer(bench: Bench) -> None:
    bench.workload.seed(definition(OPEN))
    await bench.deploy(definition())
    assert bench.inventory[0].note
    crds = resources.CUSTOM_RESOURCE_DEFINITIONS
    await bench.workload.client(field_manager="helm").apply(crds, definition(), force=True)
    bench.clock.advance(deployer.DRIFT_SECONDS)
    await bench.deploy(definition())
    assert bench.inventory[0].note == ""
    assert [write.verb for write in bench.writes] == []


@pytest.mark.parametrize("scope", ["Namespaced", "Cluster"])
async def test_one_that_does_not_serve_what_is_needed_blocks(bench: Bench, scope: str) -> None:
    theirs = definition(version="v1" if scope == "Cluster" else "v0")
    theirs["spec"]["scope"] = scope
    bench.workload.seed(theirs)
    report = await bench.deploy(
        reconcile_bench.NAMESPACE, definition(), reconcile_bench.config_map()
    )
    verdict = report.verdicts["ako"]
    assert isinstance(verdict, api.Blocked)
    assert verdict.reason == "DefinitionOutdated"
    assert NAME in verdict.message
    assert bench.writes == []


@pytest.mark.parametrize("labels", [None, {names.RECORD_LABEL: "akoo-of-another"}])
async def test_what_we_overwrote_gets_its_schema_again(
    bench: Bench, labels: dict[str, str] | None
) -> None:
    await overwritten(bench, labels)
    report = await bench.deploy(definition())
    assert report.verdicts == {}
    assert stored(bench) == SPEC
    deployed = bench.get(resources.CUSTOM_RESOURCE_DEFINITIONS, NAME)
    assert deployed is not None
    assert deployed["metadata"].get("labels") == labels, "it does not become ours by that"


async def test_one_of_another_record_with_a_schema_is_left(bench: Bench) -> None:
    theirs = definition({"type": "object", "properties": {"fqdn": {"type": "string"}}})
    theirs["metadata"]["labels"] = {names.RECORD_LABEL: "akoo-of-another"}
    ours = bench.workload.client(field_manager=FIELD_MANAGER)
    await ours.apply(resources.CUSTOM_RESOURCE_DEFINITIONS, theirs)
    await bench.deploy(definition())
    assert "required" not in stored(bench)
    assert bench.inventory[0].note


async def test_objects_that_do_not_fit_are_counted_before_the_schema_is_replaced(
    bench: Bench,
) -> None:
    await bench.deploy(definition(OPEN), reconcile_bench.config_map())
    bench.workload.served.serve(reconcile_bench.HOST_RULES)
    bench.workload.seed(rule("good", fqdn="a.example.com"))
    bench.workload.seed(rule("bad", kind="Exact"))
    bench.workload.seed(rule("typo", fqdn="a.example.com", knd="Exact"))
    report = await bench.deploy(definition(), reconcile_bench.config_map(logLevel="DEBUG"))
    verdict = report.verdicts["ako"]
    assert isinstance(verdict, api.Wait)
    assert verdict.reason == deployer.ANNOUNCED
    assert "1 of 3 objects will be refused" in verdict.message
    assert "shop/bad (spec.fqdn: is required)" in verdict.message
    assert "1 of 3 objects will lose fields: shop/typo (spec.knd)" in verdict.message
    assert bench.writes == [], "nothing is written before it is told"

    announced = deployer.Job(
        record_name=builders.RECORD,
        inventory=bench.inventory,
        contributions={"ako": api.Contribution(objects=(definition(),))},
        announced=frozenset({"ako"}),
    )
    report = await bench.deployer.deploy(announced, bench.workload.client(), bench.store)
    assert report.verdicts == {}
    assert stored(bench) == SPEC
    (note,) = (item.note for item in bench.inventory if item.note)
    assert "1 of 3 objects are refused when they are written next" in note


async def test_where_all_objects_fit_it_is_replaced_at_once(bench: Bench) -> None:
    await bench.deploy(definition(OPEN))
    bench.workload.served.serve(reconcile_bench.HOST_RULES)
    bench.workload.seed(rule("good", fqdn="a.example.com"))
    report = await bench.deploy(definition())
    assert report.verdicts == {}
    assert stored(bench) == SPEC


async def test_the_count_is_bounded(bench: Bench) -> None:
    await bench.deploy(definition(OPEN))
    bench.workload.served.serve(reconcile_bench.HOST_RULES)
    for number in range(501):
        bench.workload.seed(rule(f"bad{number:03}"))
    report = await bench.deploy(definition())
    verdict = report.verdicts["ako"]
    assert isinstance(verdict, api.Wait)
    assert "500 of the first 500 objects will be refused" in verdict.message
    assert "and 495 more" in verdict.message
    assert len(verdict.message) < 600


async def test_all_that_is_in_the_way_is_named_before_the_first_write(bench: Bench) -> None:
    bench.workload.seed(reconcile_bench.stateful_set())
    bench.workload.seed(reconcile_bench.config_map("b"))
    report = await bench.deploy(
        reconcile_bench.NAMESPACE,
        definition(),
        reconcile_bench.config_map("a"),
        reconcile_bench.config_map("b"),
        reconcile_bench.stateful_set(),
        secrets=(reconcile_bench.SECRET,),
    )
    verdict = report.verdicts["ako"]
    assert isinstance(verdict, api.Blocked)
    assert verdict.reason == "ForeignObject"
    for name in ("ConfigMap avi-system/b", "StatefulSet avi-system/ako"):
        assert f"{name} exists in the workload cluster" in verdict.message
    assert bench.writes == []
    assert bench.inventory == (), "nothing is there, so nothing is said to be"


async def test_so_when_what_we_had_was_replaced_by_somebody(bench: Bench) -> None:
    wanted = (reconcile_bench.config_map(), reconcile_bench.stateful_set())
    await bench.deploy(*wanted, secrets=(reconcile_bench.SECRET,))
    server = bench.workload.client(field_manager="helm")
    await server.delete(resources.SECRETS, "avi-secret", "avi-system")
    secret = {"apiVersion": "v1", "kind": "Secret"}
    metadata = {"name": "avi-secret", "namespace": "avi-system"}
    await server.create(resources.SECRETS, {**secret, "metadata": metadata}, "avi-system")
    changed = reconcile_bench.config_map(logLevel="DEBUG")
    report = await bench.deploy(
        changed, reconcile_bench.stateful_set(), secrets=(reconcile_bench.SECRET,)
    )
    assert "Secret avi-system/avi-secret" in report.verdicts["ako"].message
    assert bench.writes == []
    assert len(bench.inventory) == 3


def test_a_message_names_ten_and_counts_the_rest() -> None:
    assert "and 7 more" in definitions.unfit_text(
        "x", definitions.Unfit(12, refused=tuple(f"a{n}" for n in range(12))), before=True
    )
