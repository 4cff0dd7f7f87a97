"""Decisions of the provider, without any API server."""

import copy
import datetime
import typing

import hypothesis
import hypothesis.strategies as st
import pytest
from akoo_testbed.kubeapi import Object, kind_of
from akoo_testbed.provider import actions, manifests, world
from akoo_testbed.provider.options import DELETE_SECONDS_ANNOTATION, ProviderOptions
from akoo_testbed.provider.plan import plan, plan_without
from akoo_testbed.provider.world import World
from akoo_testbed.workload.workloads import WorkloadApi

NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
API = WorkloadApi(host="127.0.0.1", port=6443, kubeconfig="secret text", ca_pem="")


def known(kind: str, name: str, **parts: typing.Any) -> Object:
    """An object as the API server returns it, with our finalizer."""
    api_version, _, short = kind.rpartition("/")
    metadata: Object = {
        "name": name,
        "namespace": "ns",
        "uid": f"uid-{name}",
        "resourceVersion": "7",
        "generation": 1,
        "labels": {world.CLUSTER_NAME_LABEL: "shop"},
        "finalizers": [world.FINALIZER],
    }
    metadata |= parts.pop("metadata", {})
    return {"apiVersion": api_version, "kind": short, "metadata": metadata, "spec": {}} | parts


def leaving(obj: Object, **annotations: str) -> Object:
    made = copy.deepcopy(obj)
    made["metadata"] |= {"deletionTimestamp": "2026-01-01T00:00:00Z", "annotations": annotations}
    return made


def seen(*objects: Object, cluster: Object | None = None, **fields: typing.Any) -> World:
    by_kind: dict[str, list[Object]] = {}
    for obj in objects:
        by_kind.setdefault(kind_of(obj), []).append(obj)
    return World(now=NOW, cluster=cluster, objects=by_kind, **fields)


NEW = known(world.CLUSTER, "shop")
PROVISIONED = NEW | {"status": {"initialization": {"infrastructureProvisioned": True}}}
CONTROL_PLANE = known(world.FAKE_CONTROL_PLANE, "shop", spec={"version": "v1.34.4"})
SECRET = known(world.SECRET, "shop-kubeconfig")
FAKE_CLUSTER = known(world.FAKE_CLUSTER, "shop")
WORKER = known(world.MACHINE, "w1", spec={"bootstrap": {"dataSecretName": "s"}})
OWNED = {"ownerReferences": [{"kind": "Machine", "name": "w1"}]}
FAKE_WORKER = known(world.FAKE_MACHINE, "w1", metadata=OWNED)


def patched(todo: list[actions.Action]) -> Object:
    """The object after the patches among the actions."""
    body: Object = {}
    for action in todo:
        if isinstance(action, actions.Patch):
            body |= action.body
    return body


def of_type(todo: list[actions.Action], *kinds: type) -> list[actions.Action]:
    return [action for action in todo if isinstance(action, kinds)]


def test_our_finalizer_comes_first_and_spares_those_of_others() -> None:
    bare = copy.deepcopy(FAKE_CLUSTER)
    bare["metadata"]["finalizers"] = ["theirs"]
    (action,) = plan(bare, seen(cluster=NEW))
    assert isinstance(action, actions.Patch)
    wanted = {"finalizers": ["theirs", world.FINALIZER], "resourceVersion": "7"}
    assert action.body == {"metadata": wanted}


@pytest.mark.parametrize("obj", [FAKE_CLUSTER, CONTROL_PLANE, FAKE_WORKER])
def test_nothing_is_done_before_the_cluster_is_known(obj: Object) -> None:
    assert plan(obj, seen(WORKER, api=API)) == []


ALL = [FAKE_CLUSTER, CONTROL_PLANE, FAKE_WORKER, known(world.FAKE_MACHINE_POOL, "p")]
PAUSED_BY_SPEC = PROVISIONED | {"spec": {"paused": True}}
PAUSED_BY_ANNOTATION = known(
    world.CLUSTER, "shop", metadata={"annotations": {world.PAUSED_ANNOTATION: ""}}
)


@pytest.mark.parametrize("cluster", [PAUSED_BY_SPEC, PAUSED_BY_ANNOTATION])
@pytest.mark.parametrize("obj", [*ALL, *map(leaving, ALL)])
def test_a_paused_cluster_freezes_everything(obj: Object, cluster: Object) -> None:
    assert plan(obj, seen(cluster=cluster, api=API)) == []


@pytest.mark.parametrize("obj", ALL)
def test_a_paused_object_is_left_alone(obj: Object) -> None:
    paused = leaving(obj, **{world.PAUSED_ANNOTATION: "true"})
    assert plan(paused, seen(cluster=PROVISIONED, api=API)) == []


def test_infrastructure_opens_the_api_then_names_its_address() -> None:
    assert plan(FAKE_CLUSTER, seen(cluster=NEW)) == [actions.OpenApi()]
    body = patched(plan(FAKE_CLUSTER, seen(cluster=NEW, api=API)))
    assert body["spec"] == {"controlPlaneEndpoint": {"host": "127.0.0.1", "port": 6443}}
    assert body["status"]["initialization"] == {"provisioned": True}


def test_the_kubeconfig_is_there_before_the_infrastructure() -> None:
    (action,) = plan(CONTROL_PLANE, seen(cluster=NEW, api=API))
    assert isinstance(action, actions.Create)
    metadata = action.object["metadata"]
    assert metadata["name"] == "shop-kubeconfig"
    assert metadata["labels"] == {world.CLUSTER_NAME_LABEL: "shop"}
    (owner,) = metadata["ownerReferences"]
    assert (owner["kind"], owner["uid"], owner["controller"]) == (
        "FakeControlPlane", "uid-shop", True,
    )  # fmt: skip
    assert action.object["type"] == world.SECRET_TYPE


def test_the_control_plane_reports_once_the_infrastructure_is_there() -> None:
    assert plan(CONTROL_PLANE, seen(SECRET, cluster=NEW, api=API)) == []
    status = patched(plan(CONTROL_PLANE, seen(SECRET, cluster=PROVISIONED, api=API)))["status"]
    assert status["initialization"] == {"controlPlaneInitialized": True}
    assert status["externalManagedControlPlane"] is True
    assert status["version"] == "v1.34.4"


@pytest.mark.parametrize("obj", [CONTROL_PLANE, FAKE_CLUSTER])
def test_nothing_is_made_in_a_terminating_namespace(obj: Object) -> None:
    for api in (None, API):
        todo = plan(obj, seen(cluster=PROVISIONED, api=api, namespace_terminating=True))
        assert of_type(todo, actions.Create, actions.OpenApi) == []


def test_control_plane_machines_are_made_and_the_surplus_goes() -> None:
    two = CONTROL_PLANE | {"spec": {"replicas": 2}}
    made = of_type(plan(two, seen(SECRET, cluster=NEW, api=API)), actions.Create)
    names = [(a.object["kind"], a.object["metadata"]["name"]) for a in made if hasattr(a, "object")]
    assert names == [
        ("Secret", "shop-bootstrap"),
        ("FakeMachine", "shop-0"),
        ("Machine", "shop-0"),
        ("FakeMachine", "shop-1"),
        ("Machine", "shop-1"),
    ]
    owner = {"ownerReferences": [{"kind": "FakeControlPlane", "name": "shop"}]}
    surplus = known(world.MACHINE, "shop-7", metadata=owner)
    todo = plan(two, seen(SECRET, surplus, cluster=NEW, api=API))
    assert actions.Delete(world.MACHINE, "ns", "shop-7") in todo


def test_a_machine_runs_when_bootstrap_data_and_infrastructure_are_there() -> None:
    assert plan(FAKE_WORKER, seen(WORKER, cluster=NEW, api=API)) == []
    assert plan(FAKE_WORKER, seen(WORKER | {"spec": {}}, cluster=PROVISIONED, api=API)) == []
    assert plan(FAKE_WORKER, seen(cluster=PROVISIONED, api=API)) == []
    todo = plan(FAKE_WORKER, seen(WORKER, cluster=PROVISIONED, api=API))
    assert isinstance(todo[0], actions.RunNode)
    assert todo[0].node.provider_id == "fake://ns/w1"
    assert patched(todo)["spec"] == {"providerID": "fake://ns/w1"}
    assert patched(todo)["status"]["initialization"] == {"provisioned": True}


def test_a_restarted_provider_runs_the_nodes_again() -> None:
    done = _settled(FAKE_WORKER, seen(WORKER, cluster=PROVISIONED, api=API))
    todo = plan(done, seen(WORKER, cluster=PROVISIONED, api=API))
    assert [type(action) for action in todo] == [actions.RunNode]


def test_a_pool_follows_its_replicas() -> None:
    template = {"spec": {"bootstrap": {"dataSecretName": "s"}}}
    owner = known(world.MACHINE_POOL, "p", spec={"replicas": 2, "template": template})
    owned = {"ownerReferences": [{"kind": "MachinePool", "name": "p"}]}
    pool = known(world.FAKE_MACHINE_POOL, "p", metadata=owned)
    nodes = frozenset({"p-1", "p-2", "p-other-0"})
    todo = plan(pool, seen(owner, cluster=PROVISIONED, api=API, nodes=nodes))
    assert [a.node.name for a in todo if isinstance(a, actions.RunNode)] == ["p-0"]
    assert of_type(todo, actions.LoseNode) == [actions.LoseNode("p-2")]
    assert patched(todo)["spec"] == {"providerIDList": ["fake://ns/p-0", "fake://ns/p-1"]}
    gone = plan(leaving(pool), seen(owner, cluster=PROVISIONED, nodes=nodes))
    assert of_type(gone, actions.LoseNode) == [actions.LoseNode("p-1"), actions.LoseNode("p-2")]


def test_bootstrap_data_waits_for_the_infrastructure() -> None:
    config = known(world.FAKE_CONFIG, "c")
    assert plan(config, seen(cluster=NEW)) == []
    todo = plan(config, seen(cluster=PROVISIONED))
    assert patched(todo)["status"]["dataSecretName"] == "c-bootstrap"
    (made,) = of_type(todo, actions.Create)
    assert isinstance(made, actions.Create)
    assert made.object["metadata"]["name"] == "c-bootstrap"


def test_a_machine_takes_the_time_it_is_told_to_go() -> None:
    options = ProviderOptions(machine_delete_seconds=3.0)
    begin = plan(leaving(FAKE_WORKER), seen(options=options))
    assert patched(begin) == {"status": {"deletion": {"startedAt": NOW.isoformat()}}}
    earlier = (NOW - datetime.timedelta(seconds=1)).isoformat()
    started = leaving(FAKE_WORKER) | {"status": {"deletion": {"startedAt": earlier}}}
    assert plan(started, seen(options=options)) == [actions.Again(2.0)]
    # Three seconds by the option, one by the annotation: the annotation counts.
    started["metadata"]["annotations"] = {DELETE_SECONDS_ANNOTATION: "1"}
    todo = plan(started, seen(options=options))
    assert todo[0] == actions.LoseNode("w1")
    assert patched(todo)["metadata"]["finalizers"] == []


def test_the_control_plane_outlives_workers_and_takes_its_api_along() -> None:
    going = leaving(CONTROL_PLANE)
    own = known(world.MACHINE, "shop-0", metadata={"labels": {world.CONTROL_PLANE_LABEL: ""}})
    pool = known(world.MACHINE_POOL, "p")
    assert plan(going, seen(WORKER, own, api=API)) == []
    assert plan(going, seen(pool, api=API)) == []
    assert plan(going, seen(own, api=API)) == [actions.Delete(world.MACHINE, "ns", "shop-0")]
    assert plan(going, seen(leaving(own), api=API)) == []
    close, drop, _ = plan(going, seen(api=API))
    assert close == actions.CloseApi()
    assert isinstance(drop, actions.Patch)
    assert drop.body["metadata"]["finalizers"] == []


def test_infrastructure_goes_when_no_machine_stands_on_it() -> None:
    assert plan(leaving(FAKE_CLUSTER), seen(FAKE_WORKER)) == []
    assert patched(plan(leaving(FAKE_CLUSTER), seen()))["metadata"]["finalizers"] == []


def test_what_is_no_longer_ours_is_left_alone() -> None:
    free = leaving(CONTROL_PLANE)
    free["metadata"]["finalizers"] = ["theirs"]
    assert plan(free, seen(api=API)) == []


def test_a_cluster_that_was_made_again_is_not_ours() -> None:
    assert plan(NEW, seen(NEW, cluster=NEW)) == []


def test_an_api_that_nobody_answers_for_is_closed() -> None:
    assert plan_without(seen(api=API)) == [actions.CloseApi()]
    assert plan_without(seen(leaving(FAKE_CLUSTER), api=API)) == [actions.CloseApi()]
    assert plan_without(seen(FAKE_CLUSTER, api=API)) == []
    assert plan_without(seen(leaving(CONTROL_PLANE), api=API)) == []
    assert plan_without(seen()) == []


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("ab"), inner, max_size=2),
    max_leaves=6,
)
json_objects = st.dictionaries(st.text("abc", min_size=1, max_size=1), json_values, max_size=3)


def _without_none(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without_none(inner) for key, inner in value.items() if inner is not None}
    return value


def _merge(have: object, want: object) -> object:
    """A merge patch as RFC 7386 defines it."""
    if not isinstance(want, dict):
        return want
    merged = dict(have) if isinstance(have, dict) else {}
    for key, value in want.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merge(merged.get(key), value)
    return merged


@hypothesis.given(json_objects, json_objects)
def test_contains_says_that_a_merge_patch_would_change_nothing(have: Object, want: Object) -> None:
    have, want = (typing.cast("Object", _without_none(each)) for each in (have, want))
    assert actions.contains(_merge(have, want), want)
    if actions.contains(have, want):
        assert _merge(have, want) == have


def _settled(obj: Object, view: World) -> Object:
    """The object after its patches."""
    done = copy.deepcopy(obj)
    for action in plan(obj, view):
        if isinstance(action, actions.Patch):
            done = typing.cast("Object", _merge(done, action.body))
    return done


@pytest.mark.parametrize(
    "obj", [FAKE_CLUSTER, CONTROL_PLANE, FAKE_WORKER, known(world.FAKE_CONFIG, "shop")]
)
def test_plans_come_to_rest(obj: Object) -> None:
    bootstrap = known(world.SECRET, "shop-bootstrap")
    view = seen(SECRET, bootstrap, WORKER, cluster=PROVISIONED, api=API, nodes=frozenset({"w1"}))
    settled = _settled(obj, view)
    assert settled != obj
    assert plan(settled, view) == []


def test_manifests_are_complete_without_webhooks() -> None:
    made = manifests.cluster(
        "ns", "shop", labels={"a": "b"}, workers=2, control_plane_machines=1, paused=True
    )
    kinds = [obj["kind"] for obj in made]
    # Cluster API that meets the Cluster before what it refers to looks again after 30 s only.
    assert kinds == [
        "FakeCluster", "FakeControlPlane", "Cluster",
        "Secret", "FakeMachineTemplate", "MachineDeployment",
    ]  # fmt: skip
    cluster, deployment = made[2], made[-1]
    assert cluster["metadata"]["labels"] == {"a": "b", world.CLUSTER_NAME_LABEL: "shop"}
    assert cluster["spec"]["paused"] is True
    template = deployment["spec"]["template"]
    assert template["metadata"]["labels"] == deployment["spec"]["selector"]["matchLabels"]
    assert deployment["spec"]["rollout"]["strategy"]["type"] == "RollingUpdate"
    assert all(obj["metadata"]["namespace"] == "ns" for obj in made)
