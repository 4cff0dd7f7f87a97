"""The deploy executor takes over objects of others: only those, and only where nothing changes."""

from __future__ import annotations

import base64
import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akoo_core.kube import errors
from akoo_core.kube import resource as resources
from akoo_core.objects import names
from akoo_core.plugin import api
from akoo_core.reconcile.deploy import adoption, deployer
from tests.unit.reconcile import deploy_world
from tests.unit.reconcile import reconcile_builders as builders
from tests.unit.reconcile.deploy_world import CANARY, DeployWorld

TEMPLATE: dict[str, Any] = {
    "metadata": {"labels": {"app.kubernetes.io/instance": "ako-1593523840"}},
    "spec": {"containers": [{"name": "ako", "image": "ako:1.13.4", "args": ["x"]}]},
}
SECRET = api.SecretObject(
    namespace="avi-system",
    name="avi-secret",
    data={"password": api.SecretSource(namespace="akoo", name="avi", key="password")},
)
KINDS = (resources.STATEFUL_SETS, resources.CONFIG_MAPS, resources.SECRETS)


def stateful_set(**changes: Any) -> dict[str, Any]:
    obj = deploy_world.stateful_set()
    template = copy.deepcopy(TEMPLATE)
    template["spec"]["containers"][0] |= changes
    obj["spec"] |= {"template": template}
    return obj


def secret(password: bytes = CANARY, **more: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "avi-secret", "namespace": "avi-system"},
        "type": "Opaque",
        "data": {"password": base64.b64encode(password).decode()} | more,
    }


async def installed(world: DeployWorld, *objects: dict[str, Any]) -> tuple[api.AdoptedObject, ...]:
    """Objects that Helm made, as they are to be adopted."""
    helm = world.workload.client(field_manager="helm")
    adopts = []
    for obj in objects or (stateful_set(), deploy_world.config_map(), secret()):
        marked = copy.deepcopy(obj)
        marked["metadata"]["annotations"] = {"meta.helm.sh/release-name": "ako"}
        kind = next(kind for kind in KINDS if kind.kind == obj["kind"])
        made = await helm.create(kind, marked)
        adopts.append(
            api.AdoptedObject(
                api_version=obj["apiVersion"],
                kind=obj["kind"],
                name=obj["metadata"]["name"],
                namespace="avi-system",
                uid=made["metadata"]["uid"],
            )
        )
    world.workload.faults.calls.clear()
    return tuple(adopts)


async def adopt(
    world: DeployWorld, adopts: tuple[api.AdoptedObject, ...], *objects: dict[str, Any]
) -> deployer.DeployReport:
    contribution = api.Contribution(
        objects=objects or (stateful_set(), deploy_world.config_map()),
        secrets=(SECRET,),
        adopts=adopts,
    )
    return await world.run({"ako": contribution})


async def test_objects_of_helm_become_ours(world: DeployWorld) -> None:
    adopts = await installed(world)
    before = {kind.kind: world.workload.objects(kind)[0]["metadata"]["uid"] for kind in KINDS}
    report = await adopt(world, adopts)
    assert report.verdicts == {}
    assert report.applied == 3
    for kind in KINDS:
        (obj,) = world.workload.objects(kind)
        metadata = obj["metadata"]
        assert metadata["uid"] == before[kind.kind]
        assert metadata["labels"][names.RECORD_LABEL] == builders.RECORD
        assert metadata["annotations"] == {"meta.helm.sh/release-name": "ako"}
        assert "helm" not in {entry["manager"] for entry in metadata["managedFields"]}
    (applied,) = world.workload.objects(resources.STATEFUL_SETS)
    assert applied["spec"]["template"] == TEMPLATE
    assert applied["metadata"]["generation"] == 1, "no rollout"
    await adopt(world, adopts)
    assert world.writes == [], "nothing is left to do"


async def test_a_later_removal_works(world: DeployWorld) -> None:
    """A field of the former owner that is not wanted any more goes."""
    adopts = await installed(world)
    await adopt(world, adopts)
    smaller = stateful_set()
    del smaller["spec"]["template"]["spec"]["containers"][0]["args"]
    await adopt(world, adopts, smaller, deploy_world.config_map())
    (obj,) = world.workload.objects(resources.STATEFUL_SETS)
    assert "args" not in obj["spec"]["template"]["spec"]["containers"][0]


@pytest.mark.parametrize(
    ("objects", "path"),
    [
        ((stateful_set(image="ako:2.1.1"),), "spec.template.spec.containers[0].image"),
        ((stateful_set(stdin=True),), "spec.template.spec.containers[0].stdin"),
        ((stateful_set(), deploy_world.config_map(logLevel="DEBUG")), "data.logLevel"),
    ],
)
async def test_nothing_is_written_where_something_would_change(
    world: DeployWorld, objects: tuple[dict[str, Any], ...], path: str
) -> None:
    adopts = await installed(world)
    before = [world.workload.objects(kind) for kind in KINDS]
    report = await adopt(world, adopts, *objects)
    verdict = report.verdicts["ako"]
    assert verdict.reason == "AdoptionWouldRestart"
    assert path in verdict.message
    assert world.inventory == ()
    assert [world.workload.objects(kind) for kind in KINDS] == before


@pytest.mark.parametrize("there", [secret(b"another"), secret(authtoken="eA==")])
async def test_no_value_of_a_secret_is_shown(world: DeployWorld, there: dict[str, Any]) -> None:
    adopts = await installed(world, stateful_set(), deploy_world.config_map(), there)
    before = [world.workload.objects(kind) for kind in KINDS]
    report = await adopt(world, adopts)
    message = report.verdicts["ako"].message
    assert "Secret avi-system/avi-secret: data." in message
    for value in ("another", CANARY.decode(), there["data"]["password"]):
        assert value not in message
    assert [world.workload.objects(kind) for kind in KINDS] == before


async def test_a_field_that_would_go_with_its_former_owner(world: DeployWorld) -> None:
    """The first dry run leaves the field: it is Helm's. The second, before the apply, shows it."""
    adopts = await installed(world)
    smaller = stateful_set()
    del smaller["spec"]["template"]["spec"]["containers"][0]["args"]
    report = await adopt(world, adopts, smaller, deploy_world.config_map())
    assert report.verdicts["ako"].reason == "AdoptionWouldRestart"
    (obj,) = world.workload.objects(resources.STATEFUL_SETS)
    assert obj["spec"]["template"] == TEMPLATE


async def test_only_the_object_of_that_uid(world: DeployWorld) -> None:
    adopts = await installed(world)
    user = world.workload.client(field_manager="helm")
    await user.delete(resources.STATEFUL_SETS, "ako", "avi-system")
    await user.create(resources.STATEFUL_SETS, stateful_set())
    report = await adopt(world, adopts)
    assert report.verdicts["ako"].reason == "ForeignObject"
    assert world.inventory == ()


async def test_no_object_of_another_record(world: DeployWorld) -> None:
    adopts = await installed(world)
    label = {"metadata": {"labels": {names.RECORD_LABEL: "akoo-other"}}}
    await world.workload.client().merge_patch(
        resources.CONFIG_MAPS, "avi-k8s-config", label, "avi-system"
    )
    report = await adopt(world, adopts)
    assert report.verdicts["ako"].reason == "ForeignObject"
    assert "akoo-other" in report.verdicts["ako"].message


async def test_a_change_after_the_look_is_noticed(world: DeployWorld) -> None:
    """The object that is marked is the version that was looked at."""
    adopts = await installed(world)
    conflict = errors.ConflictError("the object has been modified")
    world.workload.faults.before("patch statefulsets", conflict)
    with pytest.raises(errors.WorkloadConflictError):
        await adopt(world, adopts)
    (obj,) = world.workload.objects(resources.STATEFUL_SETS)
    assert names.RECORD_LABEL not in (obj["metadata"].get("labels") or {})


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("kind", ["secrets", "configmaps", "statefulsets"])
@pytest.mark.parametrize("verb", ["patch", "apply"])
async def test_it_goes_on_after_a_crash(
    world: DeployWorld, moment: str, kind: str, verb: str
) -> None:
    adopts = await installed(world)
    getattr(world.workload.faults, moment)(f"{verb} {kind}", errors.UnreachableError("cut"))
    with pytest.raises(errors.UnreachableError):
        await adopt(world, adopts)
    world.restart()
    report = await adopt(world, adopts)
    assert report.verdicts == {}
    (obj,) = world.workload.objects(resources.STATEFUL_SETS)
    assert obj["metadata"]["generation"] == 1
    assert all(item.digest for item in world.inventory)
    for each in KINDS:
        (obj,) = world.workload.objects(each)
        assert "helm" not in {entry["manager"] for entry in obj["metadata"]["managedFields"]}


# The transfer, as a function.

STEPS = st.sampled_from(["f:a", "f:b", 'k:{"name":"ako"}', "."])
TREES: st.SearchStrategy[dict[str, Any]] = st.recursive(
    st.just({}), lambda inner: st.dictionaries(STEPS, inner, max_size=3), max_leaves=8
)
ENTRIES = st.lists(
    st.builds(
        lambda manager, operation, subresource, tree: {
            "manager": manager,
            "operation": operation,
            "fieldsType": "FieldsV1",
            "fieldsV1": {"f:spec": tree} if tree else {},
            **({"subresource": subresource} if subresource else {}),
        },
        st.sampled_from(["helm", "kapp", "kubectl", "kube-controller-manager", "akc", "akoo-core"]),
        st.sampled_from(["Apply", "Update"]),
        st.sampled_from(["", "", "status", "scale"]),
        TREES,
    ),
    max_size=5,
)


def leaves(tree: dict[str, Any], prefix: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    """Every path of a tree, inner ones too."""
    paths = {prefix} if prefix else set()
    for step, inner in tree.items():
        paths |= leaves(inner, (*prefix, step))
    return paths


@given(entries=ENTRIES)
def test_every_field_keeps_an_owner(entries: list[dict[str, Any]]) -> None:
    existing = {
        "apiVersion": "apps/v1",
        "metadata": {"uid": "u", "resourceVersion": "1", "managedFields": entries},
    }
    manifest: dict[str, Any] = {"metadata": {"labels": {}}}
    after = adoption.fields_as_ours(existing, manifest)
    had = set[tuple[str, ...]]().union(*(leaves(entry["fieldsV1"]) for entry in entries))
    has = set[tuple[str, ...]]().union(*(leaves(entry["fieldsV1"]) for entry in after))
    assert had == has
    kept = [entry for entry in entries if entry.get("subresource")]
    assert [entry for entry in after if entry.get("subresource")] == kept
    ours = [entry for entry in after if entry["operation"] == "Apply" and entry not in kept]
    former = {entry["manager"] for entry in after if not entry.get("subresource")}
    assert former <= {"akoo-core", "kube-controller-manager", "akc"}
    assert len([entry for entry in ours if entry["manager"] == "akoo-core"]) <= 1
    metadata = {"uid": "u", "resourceVersion": "1", "managedFields": after}
    again = {"apiVersion": "apps/v1", "metadata": metadata}
    assert adoption.fields_as_ours(again, manifest) == after, "twice is once"


HELD = api.Wait(reason="OwnerAwaited", message="Its owner first.", after=30.0)


async def test_a_held_contribution_is_looked_at_and_not_written(world: DeployWorld) -> None:
    adopts = await installed(world)
    contribution = api.Contribution(
        objects=(stateful_set(), deploy_world.config_map()),
        secrets=(SECRET,),
        adopts=adopts,
        held=HELD,
    )
    report = await world.run({"ako": contribution})
    assert report.verdicts == {"ako": HELD}
    assert report.applied == 0
    assert world.inventory == ()
    dry = [call for call in world.workload.faults.calls if call.verb == "apply"]
    assert dry, "the dry run"
    objects = [obj for kind in KINDS for obj in world.workload.objects(kind)]
    assert not any(names.RECORD_LABEL in (obj["metadata"].get("labels") or {}) for obj in objects)


async def test_an_obstacle_counts_more_than_the_hold(world: DeployWorld) -> None:
    adopts = await installed(world)
    contribution = api.Contribution(
        objects=(stateful_set(image="ako:2.1.1"), deploy_world.config_map()),
        adopts=adopts,
        held=HELD,
    )
    report = await world.run({"ako": contribution})
    assert report.verdicts["ako"].reason == "AdoptionWouldRestart"
