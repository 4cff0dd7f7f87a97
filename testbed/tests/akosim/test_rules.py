"""AKO's rules on plain values: settings, names, routes, labels, versions, backends."""

import json
import uuid

import hypothesis
import hypothesis.strategies as st
import pytest
from akoo_testbed.akosim import avi, config, versions
from akoo_testbed.akosim.config import Network
from akoo_testbed.akosim.objects import maker as makers
from akoo_testbed.akosim.objects import model, names, routes
from akoo_testbed.akosim.world import (
    INGRESS_CLASS,
    NAMESPACE,
    NODE,
    SERVICE,
    SLICE,
    Backend,
    World,
)
from akoo_testbed.kubeapi import Object
from akoo_testbed.kubelet.options import AkoFault, AkoFaults, KubeletOptions, switched

VIPS = json.dumps([{"networkName": "vips", "cidr": "10.9.0.0/24"}])
BASE = {"clusterName": "shop", "vipNetworkList": VIPS}


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ({}, None),
        ({"clusterName": ""}, "clusterName"),
        ({"clusterName": "a--b_C-"}, None),
        ({"vipNetworkList": ""}, "not a list"),
        ({"vipNetworkList": '["x"]'}, "not a list"),
        ({"vipNetworkList": "[{}, {}]"}, "2 entries"),
        ({"ipFamily": "V5"}, "ipFamily"),
        ({"ipFamily": "V4_V6"}, None),
        ({"serviceType": "NodePortLocal"}, "antrea"),
        ({"serviceType": "NodePortLocal", "cniPlugin": "antrea"}, None),
    ],
)
def test_inputs(data: dict[str, str], problem: str | None) -> None:
    trouble = config.problem(config.parse(BASE | data, "avi-system"))
    assert trouble is None if problem is None else problem in (trouble or "")


@pytest.mark.parametrize(
    ("text", "seconds"), [("", 1800), ("60", 60), ("0", 0), ("soon", 0), ("1.5", 0)]
)
def test_the_frequency_of_full_syncs(text: str, seconds: float) -> None:
    assert config.parse({"fullSyncFrequency": text}, "n").full_sync_seconds == seconds


@hypothesis.given(st.dictionaries(st.sampled_from(["vipNetworkList", "bgpPeerLabels"]), st.text()))
def test_no_settings_raise(data: dict[str, str]) -> None:
    config.problem(config.parse(data, "avi-system"))


def test_only_the_word_true_asks_for_the_deletion() -> None:
    for text, asked in {"true": True, "True": False, "yes": False, "false": False}.items():
        assert config.delete_config({"data": {"deleteConfig": text}}) is asked
    assert not config.delete_config(None)


def test_marks_of_a_secondary_instance_name_its_namespace() -> None:
    own = config.parse(BASE | {"primaryInstance": "false"}, "red")
    assert own.user == "ako-shop-red"
    assert own.shared_prefix == "shop--red-"
    assert not own.routes


def test_names() -> None:
    assert names.hashed("shop", "shop--a.example.com") == (
        "shop--f67f8f359cf0375d6d73ccfc512db4a63a9805a6"
    )
    assert names.string_group("ako-shop", "x").startswith("ako-shop-")
    assert [names.bucket(host, 8) for host in ("", "a", "foobar")] == [5, 4, 0]
    assert all(names.bucket(f"h{n}.example.com", 8) in range(8) for n in range(50))


@pytest.mark.parametrize(
    ("real", "spoken"),
    [("22.1.7", "22.1.7"), ("30.2.2", "30.2.1"), ("31.2.2", "30.2.1"), ("", "30.2.1")],
)
def test_the_version_it_speaks(real: str, spoken: str) -> None:
    assert avi.version(real) == spoken


@pytest.mark.parametrize(
    ("status", "text", "again"),
    [
        (500, "", True),
        (408, "", True),
        (409, "already exists", True),
        (404, "object not found", True),
        (412, "Concurrent Update Error", False),
        (400, "No available free IPs in network", True),
        (400, "other", False),
        (403, "Configuration is disallowed during upgrade", True),
        (403, "Tenant 'x' does not exist!", True),
        (403, "Cannot delete, object is referred by: ['Pool a']", False),
    ],
)
def test_what_is_worth_another_try(status: int, text: str, again: bool) -> None:
    assert avi.AviError(status, text).is_worth_retrying is again


@pytest.mark.parametrize(
    ("image", "minor", "fits"),
    [
        ("r.example.com:5000/ako:2.1.1", "34", True),
        ("r.example.com/ako:2.1.1", "35", False),
        ("r.example.com/ako:1.12.1", "24", False),
        ("r.example.com/ako:1.12.3", "24", True),
        ("r.example.com/ako:2.1.1", "35+", True),
        ("r.example.com/ako:nightly", "35", True),
        ("r.example.com/ako@sha256:00", "35", True),
    ],
)
def test_the_range_of_kubernetes(image: str, minor: str, *, fits: bool) -> None:
    assert (versions.kubernetes_problem(image, minor) is None) is fits


def test_access_shows_no_password() -> None:
    access = avi.Access(controller="c", username="u", password="canary", token="canary")
    assert "canary" not in repr(access)


def test_placement_of_vips() -> None:
    uuids = makers.BootUuids(cloud="c", vrf="v", se_group="s", network="n", controller="x")
    both = makers.placement(Network(cidr="10.9.0.0/24", v6cidr="2002::/64"), uuids)
    assert both["auto_allocate_ip_type"] == "V4_V6"
    assert both["ipam_network_subnet"]["subnet6"]["mask"] == 64
    assert (
        makers.placement(Network(v6cidr="2002::/64"), uuids)["auto_allocate_ip_type"] == "V6_ONLY"
    )
    assert makers.placement(Network(name="n"), uuids)["ipam_network_subnet"] == {
        "network_ref": "/api/network/n"
    }


OWN, OTHER = {"key": "clustername", "value": "shop"}, {"key": "clustername", "value": "shop-2"}


def route(route_id: str, *labels: Object, cidr: str = "10.1.0.0", hop: str = "10.0.0.1") -> Object:
    prefix = {"ip_addr": {"addr": cidr, "type": "V4"}, "mask": 24}
    made: Object = {"route_id": route_id, "prefix": prefix, "next_hop": {"addr": hop}}
    return made | ({"labels": list(labels)} if labels else {})


def test_routes_of_others_stay_unless_they_have_another_label() -> None:
    foreign = [route("1"), route("shop-1", OTHER)]
    dropped = route("2", {"key": "team", "value": "red"})
    merged = routes.merged([*foreign, dropped, route("x", OWN)], [], "shop")
    assert merged == foreign


@hypothesis.given(st.sets(st.tuples(st.integers(0, 9), st.integers(1, 9))))
def test_routes_converge_and_keep_their_ids(ways: set[tuple[int, int]]) -> None:
    wanted = sorted((f"10.{a}.0.0/24", f"10.0.0.{b}") for a, b in ways)
    first = routes.merged([], wanted, "shop")
    assert routes.merged(first, wanted, "shop") == first
    assert len({each["route_id"] for each in first}) == len(wanted)
    assert routes.merged(first, [], "shop") == []


def test_route_ids_hold_cluster_uuid_and_index() -> None:
    fixed = uuid.UUID(int=7)
    (made,) = routes.merged([], [("10.1.0.0/24", "10.0.0.1")], "shop", lambda: fixed)
    assert made["route_id"] == f"shop-{fixed}-0"


@pytest.mark.parametrize(
    ("labels", "written"), [([], [OWN]), ([OWN], None)], ids=["unlabelled", "ours"]
)
def test_labels_of_the_se_group(labels: list[Object], written: list[Object] | None) -> None:
    assert routes.labelled(labels, "shop") == written


@pytest.mark.parametrize("labels", [[OTHER], [OWN, OTHER], [{"key": "team", "value": "red"}]])
def test_foreign_labels(labels: list[Object]) -> None:
    with pytest.raises(routes.ForeignLabelError):
        routes.labelled(labels, "shop")


def test_pod_networks_come_from_an_annotation_only_without_a_cni() -> None:
    world = World()
    annotations = {routes.CIDRS_ANNOTATION: "10.5.0.0/24, 10.6.0.0/24"}
    status = {"addresses": [{"type": "InternalIP", "address": "10.0.0.1"}]}
    metadata = {"name": "n", "annotations": annotations}
    world.put(NODE, {"metadata": metadata, "spec": {"podCIDR": "10.1.0.0/24"}, "status": status})
    for cni, expected in {
        "": [("10.5.0.0/24", "10.0.0.1"), ("10.6.0.0/24", "10.0.0.1")],
        "antrea": [("10.1.0.0/24", "10.0.0.1")],
        "ncp": [],
    }.items():
        own = config.parse(BASE | {"cniPlugin": cni}, "avi-system")
        assert routes.wanted(own, world) == expected
    off = config.parse(BASE | {"disableStaticRouteSync": "true"}, "avi-system")
    assert routes.wanted(off, world) == []


def load_balancer(**spec: object) -> Object:
    ports = [{"port": 80, "name": "http", "nodePort": 30080}]
    metadata = {"namespace": "red", "name": "web"}
    return {"metadata": metadata, "spec": {"type": "LoadBalancer", "ports": ports, **spec}}


@pytest.mark.parametrize(
    ("data", "spec", "ours"),
    [
        ({}, {}, True),
        ({"layer7Only": "true"}, {}, False),
        ({"defaultLBController": "false"}, {}, False),
        ({"defaultLBController": "false"}, {"loadBalancerClass": config.LB_CLASS}, True),
        ({}, {"loadBalancerClass": "other/class"}, False),
        ({}, {"type": "NodePort"}, False),
        ({"blockedNamespaceList": '["red"]'}, {}, False),
        ({"nsSyncLabelKey": "app", "nsSyncLabelValue": "shop"}, {}, True),
        ({"nsSyncLabelKey": "app", "nsSyncLabelValue": "other"}, {}, False),
    ],
)
def test_whose_services_are_ours(data: dict[str, str], spec: Object, *, ours: bool) -> None:
    world = World()
    world.put(NAMESPACE, {"metadata": {"name": "red", "labels": {"app": "shop"}}})
    world.put(SERVICE, load_balancer(**spec))
    served = world.load_balancers(config.parse(BASE | data, "avi-system"))
    assert bool(served) is ours


def test_backends_of_cluster_ip_are_ready_endpoints() -> None:
    world, own = World(), config.parse(BASE, "avi-system")
    labels = {"kubernetes.io/service-name": "web"}
    metadata = {"namespace": "red", "name": "web-1", "labels": labels}
    endpoints = [
        {"addresses": ["10.244.0.5"]},
        {"addresses": ["10.244.0.6"], "conditions": {"ready": False}},
    ]
    ports = [{"name": "http", "port": 8080}, {"name": "other", "port": 1}]
    world.put(SLICE, {"metadata": metadata, "endpoints": endpoints, "ports": ports})
    service = load_balancer()
    port = service["spec"]["ports"][0]
    assert world.backends(own, service, port) == [Backend("10.244.0.5", 8080)]


def test_a_heartbeat_of_a_node_changes_nothing() -> None:
    world = World()
    node: Object = {"metadata": {"name": "n", "resourceVersion": "1"}, "status": {}}
    assert world.put(NODE, node)
    assert not world.put(NODE, node | {"metadata": {"name": "n", "resourceVersion": "2"}})
    status = {"addresses": [{"type": "InternalIP", "address": "10.0.0.1"}]}
    assert world.put(NODE, node | {"status": status})


@pytest.mark.parametrize(
    ("data", "class_name", "controller", "ours"),
    [
        ({}, None, None, True),
        ({"defaultIngController": "false"}, None, None, False),
        ({}, "avi", config.LB_CLASS, True),
        ({}, "nginx", "k8s.io/nginx", False),
        ({}, "gone", None, False),
    ],
)
def test_whose_ingresses_are_ours(
    data: dict[str, str], class_name: str | None, controller: str | None, *, ours: bool
) -> None:
    world = World()
    if controller:
        spec = {"controller": controller}
        world.put(INGRESS_CLASS, {"metadata": {"name": class_name}, "spec": spec})
    spec = {"ingressClassName": class_name} if class_name else {}
    metadata = {"namespace": "red", "name": "i"}
    world.put("networking.k8s.io/v1/Ingress", {"metadata": metadata, "spec": spec})
    assert bool(world.ingresses(config.parse(BASE | data, "avi-system"))) is ours


def test_references_are_read_in_both_forms() -> None:
    body = {
        "pool_ref": "https://avi/api/pool/pool-1#a b",
        "rules": [{"pool_group_refs": ["/api/poolgroup/?name=x%20y"]}],
        "name": "/api/pool/?name=none",
    }
    assert set(model.references(body)) == {("pool", "a b"), ("poolgroup", "x y")}


def test_faults_are_read_from_switches() -> None:
    data = {"ako-faults": "cut-off, restart-storm", "ako-program": "akosim"}
    options = switched(KubeletOptions(), {"data": data})
    assert set(options.ako_faults) == {AkoFault.CUT_OFF, AkoFault.RESTART_STORM}
    assert switched(options, {"data": {"ako-faults": "cut-off, nonsense"}}) == options
    assert switched(options, {"data": {"ako-faults": ""}}).ako_faults == AkoFaults()
