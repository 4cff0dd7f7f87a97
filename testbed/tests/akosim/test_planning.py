"""From what a cluster wants to calls, in orders that Avi accepts: for all clusters and changes."""

import base64
import itertools

import hypothesis
import hypothesis.strategies as st
from akoo_testbed.akosim import config
from akoo_testbed.akosim.config import Config
from akoo_testbed.akosim.objects import model, planning
from akoo_testbed.akosim.objects.desired import desired
from akoo_testbed.akosim.objects.maker import BootUuids
from akoo_testbed.akosim.objects.model import Existing, Key
from akoo_testbed.akosim.objects.planning import Operation, Verb
from akoo_testbed.akosim.world import INGRESS, NODE, SECRET, SERVICE, World
from akoo_testbed.kubeapi import Object

SITE = BootUuids(cloud="cloud-1", vrf="vrf-1", se_group="seg-1", network="net-1", controller="c")
PREFIX = "shop--"
MODES: list[dict[str, str]] = [
    {},
    {"enableEVH": "true"},
    {"enableEVH": "true", "vipPerNamespace": "true"},
    {"shardVSSize": "DEDICATED"},
    {"shardVSSize": "DEDICATED", "enableEVH": "true"},
    {"passthroughShardSize": "LARGE", "primaryInstance": "false"},
]


def settings(**data: str) -> Config:
    networks = '[{"networkName": "vips", "cidr": "10.9.0.0/24"}]'
    base = {"clusterName": "shop", "vipNetworkList": networks, "serviceType": "NodePort"}
    return config.parse(base | data, "avi-system")


def service(namespace: str, name: str, ports: list[int], kind: str = "LoadBalancer") -> Object:
    entries = [{"port": port, "nodePort": 30000 + port, "name": f"p{port}"} for port in ports]
    metadata = {"namespace": namespace, "name": name, "uid": f"{namespace}/{name}"}
    return {"metadata": metadata, "spec": {"type": kind, "ports": entries}}


def ingress(
    namespace: str,
    name: str,
    hosts: list[str],
    paths: list[str],
    *,
    tls: bool,
    passed: bool = False,
) -> Object:
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    entries = [{"path": p, "pathType": "ImplementationSpecific", "backend": backend} for p in paths]
    rules = [{"host": host, "http": {"paths": entries}} for host in hosts]
    spec: Object = {"rules": rules}
    if tls:
        spec["tls"] = [{"hosts": hosts, "secretName": "tls"}]
    metadata: Object = {"namespace": namespace, "name": name, "uid": name}
    if passed:
        metadata["annotations"] = {"passthrough.ako.vmware.com/enabled": "true"}
    return {"metadata": metadata, "spec": spec}


NAMESPACES = st.sampled_from(["red", "blue"])
SERVICES = st.builds(
    service,
    NAMESPACES,
    st.sampled_from(["web", "api"]),
    st.lists(st.sampled_from([80, 443, 8080]), min_size=1, max_size=2, unique=True),
    st.sampled_from(["LoadBalancer", "ClusterIP"]),
)
INGRESSES = st.builds(
    ingress,
    NAMESPACES,
    st.sampled_from(["i1", "i2", "i3"]),
    st.lists(st.sampled_from(["a.example.com", "b.example.com", "c.example.com"]), max_size=2),
    st.lists(st.sampled_from(["/", "/a", "/b/c", "/x[0-9]+"]), max_size=2, unique=True),
    tls=st.booleans(),
    passed=st.booleans(),
)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    world = World()
    node_status = {"addresses": [{"type": "InternalIP", "address": "10.1.1.1"}]}
    world.put(NODE, {"metadata": {"name": "n1"}, "status": node_status})
    data = {key: base64.b64encode(b"PEM").decode() for key in ("tls.crt", "tls.key")}
    for namespace in ("red", "blue"):
        world.put(SECRET, {"metadata": {"namespace": namespace, "name": "tls"}, "data": data})
    for each in draw(st.lists(SERVICES, max_size=3)):
        world.put(SERVICE, each)
    for each in draw(st.lists(INGRESSES, max_size=3)):
        world.put(INGRESS, each)
    return world


class Store:
    """Avi as far as references go: refuses what would dangle, and a second object of a name."""

    def __init__(self) -> None:
        self.objects: dict[Key, Existing] = {}
        self._numbers = itertools.count()

    def do(self, operation: Operation) -> None:
        key = operation.key
        if operation.verb is Verb.DELETE:
            users = [f.key for f in self.objects.values() if key in self._needs(f.key, f.body)]
            assert not users, f"{key} is deleted, and used by {users}"
            del self.objects[key]
            return
        assert (key in self.objects) is (operation.verb is Verb.UPDATE)
        assert operation.body is not None
        missing = [need for need in self._needs(key, operation.body) if need not in self.objects]
        assert not missing, f"{key} refers to {missing}"
        uuid = f"{key.kind}-{next(self._numbers)}"
        self.objects[key] = Existing(key, uuid, _read_back(operation.body))

    def _needs(self, key: Key, body: Object) -> list[Key]:
        needs = [Key(kind, key.tenant, name) for kind, name in model.references(body)]
        return [need for need in needs if need.name.startswith((PREFIX, "ako-shop-"))]


def _read_back(value: object) -> Object:
    """A body as it is read with include_name: references are addresses with names."""

    def turned(part: object) -> object:
        if isinstance(part, dict):
            return {
                k: turned(v) for k, v in part.items() if k != "key" or "certificate" not in part
            }
        if isinstance(part, list):
            return [turned(each) for each in part]
        if isinstance(part, str) and part.startswith("/api/") and "?name=" in part:
            kind = part.split("/")[2]
            return f"https://avi/api/{kind}/{kind}-x#{model.target(part)}"
        return part

    answer = turned(value)
    assert isinstance(answer, dict)
    return answer


@hypothesis.settings(max_examples=30, deadline=None)
@hypothesis.given(st.sampled_from(MODES), worlds(), worlds())
def test_every_change_of_a_cluster_is_followed(
    mode: dict[str, str], before: World, after: World
) -> None:
    store, own = Store(), settings(**mode)
    for world in (before, after):
        wanted = desired(own, SITE, world)
        for operation in planning.plan(wanted, store.objects):
            store.do(operation)
        assert set(store.objects) == {each.key for each in wanted}
        assert planning.plan(wanted, store.objects) == []
    for tree in planning.trees(store.objects):
        for operation in tree.deletes:
            store.do(operation)
    assert not store.objects


@hypothesis.settings(max_examples=15, deadline=None)
@hypothesis.given(st.sampled_from(MODES), worlds())
def test_all_objects_carry_the_marks(mode: dict[str, str], world: World) -> None:
    for each in desired(settings(**mode), SITE, world):
        assert {"key": "clustername", "values": ["shop"]} in each.body["markers"]
        assert each.body.get("created_by", "ako-shop") == "ako-shop"
        assert ("created_by" in each.body) is (each.key.kind in model.CREATED_BY)
        if each.key.kind == "stringgroup":
            assert {"key": "created_by", "values": ["ako-shop"]} in each.body["markers"]
            assert each.key.name.startswith("ako-shop-")
        else:
            assert each.key.name.startswith("shop--")


def test_the_vip_of_a_shared_parent_is_kept_without_its_names() -> None:
    own, world = settings(), World()
    world.put(INGRESS, ingress("red", "i1", ["a.example.com"], ["/"], tls=False))
    store = Store()
    for operation in planning.plan(desired(own, SITE, world), store.objects):
        store.do(operation)
    keep = f"{own.shared_prefix}Shared-L7-"
    for operation in planning.plan([], store.objects, keep=keep):
        store.do(operation)
    (left,) = store.objects.values()
    assert left.key.kind == "vsvip"
    assert left.body["dns_info"] == []
    assert planning.plan([], store.objects, keep=keep) == []
