"""Ingresses that pass TLS through: names, marks, and what hangs on what."""

import pytest
from akoo_testbed.akosim import avi, boot, config
from akoo_testbed.akosim.objects import model, planning
from akoo_testbed.akosim.objects.desired import desired, served
from akoo_testbed.akosim.objects.maker import BootUuids, Maker
from akoo_testbed.akosim.objects.model import Existing, Wanted
from akoo_testbed.akosim.syncing import Hands
from akoo_testbed.akosim.world import INGRESS, World
from akoo_testbed.kubeapi import Object

SITE = BootUuids(cloud="cloud-1", vrf="vrf-1", se_group="seg-1", network="net-1", controller="c")
HOST = "pass.example.com"
CLUSTER = [{"key": "clustername", "values": ["shop"]}]


def settings(**changes: str) -> config.Config:
    return config.parse({"clusterName": "shop"} | changes, "avi-system")


def world(enabled: str = "true", *services: str) -> World:
    paths = [
        {
            "path": f"/{name}",
            "pathType": "Prefix",
            "backend": {"service": {"name": name, "port": {"number": 443}}},
        }
        for name in services or ("web",)
    ]
    annotations = {"passthrough.ako.vmware.com/enabled": enabled}
    seen = World()
    metadata = {"namespace": "red", "name": "i", "annotations": annotations}
    rules = [{"host": HOST, "http": {"paths": paths}}]
    tls = [{"hosts": [HOST], "secretName": "not-there"}]
    seen.put(INGRESS, {"metadata": metadata, "spec": {"rules": rules, "tls": tls}})
    return seen


def by_name(wanted: list[Wanted]) -> dict[str, Object]:
    return {f"{each.key.kind}/{each.key.name}": each.body for each in wanted}


@pytest.mark.parametrize("evh", ["false", "true"])
@pytest.mark.parametrize(
    ("primary", "shared"),
    [("true", "shop--Shared-Passthrough-0"), ("false", "shop--avi-system-Shared-Passthrough-0")],
)
def test_names(evh: str, primary: str, shared: str) -> None:
    own = settings(enableEVH=evh, primaryInstance=primary)
    assert set(by_name(desired(own, SITE, world("true", "web", "api")))) == {
        f"virtualservice/{shared}",
        f"virtualservice/{shared}-insecure",
        f"vsvip/{shared}",
        f"vsdatascriptset/{shared}",
        f"httppolicyset/{shared}-insecure",
        f"poolgroup/shop--{HOST}",
        f"pool/shop--{HOST}-web",
        f"pool/shop--{HOST}-api",
    }


def test_marks() -> None:
    bodies = by_name(desired(settings(), SITE, world()))
    host = [{"key": "Host", "values": [HOST]}]
    service = [{"key": "ServiceName", "values": ["web"]}]
    assert bodies[f"poolgroup/shop--{HOST}"]["markers"] == host + CLUSTER
    assert bodies[f"pool/shop--{HOST}-web"]["markers"] == host + service + CLUSTER
    assert bodies["virtualservice/shop--Shared-Passthrough-0"]["markers"] == CLUSTER


def test_the_companion_goes_before_the_vip_that_both_use() -> None:
    observed = {
        each.key: Existing(each.key, each.key.name, each.body)
        for each in desired(settings(), SITE, world())
    }
    (tree,) = planning.trees(observed)
    kinds = [(each.key.kind, each.key.name.endswith("-insecure")) for each in tree.objects]
    assert kinds[0] == ("virtualservice", True)
    assert kinds.index(("virtualservice", False)) < kinds.index(("vsvip", False))
    assert len(tree.objects) == len(observed)


def test_the_status_names_the_shared_virtual_service() -> None:
    (host,) = served(Maker(settings(), SITE), world())[("red", "i")]
    assert (host.name, host.virtual_service) == (HOST, "shop--Shared-Passthrough-0")


def test_without_the_word_true_a_host_without_its_secret_is_not_served() -> None:
    assert desired(settings(), SITE, world("yes")) == []


@pytest.mark.parametrize(
    ("name", "parent"),
    [
        ("shop--Shared-Passthrough-0-insecure", "shop--Shared-Passthrough-0"),
        ("shop--Shared-Passthrough-0", ""),
        ("shop--default-web-insecure", ""),
    ],
)
def test_what_is_a_companion(name: str, parent: str) -> None:
    assert model.passed_parent(name) == parent


async def test_a_strict_controller_takes_it_all_and_lets_it_all_go(session: avi.Avi) -> None:
    networks = '[{"networkName": "vips", "cidr": "10.9.0.0/24"}]'
    own = settings(vipNetworkList=networks, serviceType="NodePort")
    uuids = await boot.validate(session, own)
    hands = Hands(session, own)
    wanted = desired(own, uuids, world())
    for operation in planning.plan(wanted, hands.observed):
        assert await hands.attempt(operation) is None
    await hands.observe()
    assert set(hands.observed) == {each.key for each in wanted}
    (tree,) = planning.trees(hands.observed)
    for operation in tree.deletes:
        assert await hands.attempt(operation) is None
    await hands.observe()
    assert hands.observed == {}
