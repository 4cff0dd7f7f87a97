"""SE groups that AviInfraSettings name: labelled as AKO meets them, and never unlabelled."""

import asyncio
import typing

import pytest
from akoo_testbed import kubeapi
from akoo_testbed.akosim import avi, boot, config, infra
from akoo_testbed.akosim.ako_bed import CLUSTER
from akoo_testbed.akosim.syncing import Hands
from akoo_testbed.avisim import client

NETWORKS = '[{"networkName": "vips"}]'
OWN = [{"key": "clustername", "value": CLUSTER}]
FOREIGN = [{"key": "clustername", "value": "other"}]


def settings(**changes: str) -> config.Config:
    data = {"clusterName": CLUSTER, "vipNetworkList": NETWORKS, "cniPlugin": "antrea"}
    return config.parse(data | changes, "avi-system")


@pytest.fixture
def admin(admin: client.Client) -> client.Client:
    """With a second SE group, blue."""
    admin.post("serviceenginegroup", {"name": "blue"})
    return admin


def labels(admin: client.Client, name: str) -> object:
    group = admin.get(f"serviceenginegroup?name={name}")["results"][0]
    return group.get("labels", [])


async def test_done_leaves_their_labels(session: avi.Avi, admin: client.Client) -> None:
    uuids = await boot.validate(session, settings(), ["blue", "nowhere"])
    assert labels(admin, "blue") == labels(admin, "Default-Group") == OWN
    await Hands(session, settings()).take_label(uuids.se_group)
    assert labels(admin, "Default-Group") == []
    assert labels(admin, "blue") == OWN


@pytest.mark.parametrize(
    "changes", [{"serviceType": "NodePort"}, {"disableStaticRouteSync": "true"}]
)
async def test_without_routes_there_are_no_labels(
    session: avi.Avi, admin: client.Client, changes: dict[str, str]
) -> None:
    await boot.validate(session, settings(**changes), ["blue"])
    assert labels(admin, "blue") == []


async def test_the_group_of_another_cluster_ends_the_next_start_only(
    session: avi.Avi, admin: client.Client
) -> None:
    uuid = admin.get("serviceenginegroup?name=blue")["results"][0]["uuid"]
    admin.patch(f"serviceenginegroup/{uuid}", {"add": {"labels": FOREIGN}})
    await infra.label(session, settings(), "blue")
    assert labels(admin, "blue") == FOREIGN
    with pytest.raises(boot.KilledError, match="SE group blue"):
        await boot.validate(session, settings(), ["blue"])


@pytest.mark.parametrize(
    ("answer", "groups"),
    [
        ([{"spec": {"seGroup": {"name": "blue"}}}, {"spec": {}}, {}], {"blue"}),
        ([], set()),
        (kubeapi.ApiError(404, "NotFound", "no such kind"), set()),
        (ConnectionRefusedError(), set()),
    ],
)
def test_the_groups_that_settings_name(answer: object, groups: set[str]) -> None:
    class Api:
        async def list(self, kind: str) -> object:
            assert kind == infra.AVI_INFRA_SETTING
            if isinstance(answer, Exception):
                raise answer
            return answer

    api = typing.cast("kubeapi.KubeApi", Api())
    assert asyncio.run(infra.se_groups(api)) == groups
