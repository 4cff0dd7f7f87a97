"""AviIPPools on a real API server: what it refuses, and a life there."""

from __future__ import annotations

import pathlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from akoo_avi.spec import resources
from akoo_avi.testing.pool_world import CONTROLLER, PoolWorld, pool
from akoo_testbed import definitions, kubeapi, running

from akoo_core import external
from akoo_core.kube import client, errors, transport
from akoo_core.kube.access import config
from akoo_core.plugin import api
from akoo_core.plugin_host import context, controllers
from akoo_core.testing import verbs

CRDS = pathlib.Path(__file__).parents[3] / "deploy" / "crds"
POOLS = resources.AVI_IP_POOLS
Object = dict[str, Any]


@pytest.fixture
async def kube(
    apiserver: running.RunningServer, tmp_path: pathlib.Path
) -> AsyncIterator[client.KubeClient]:
    """A client of a server that has our CRDs and an AviController."""
    async with kubeapi.KubeApi(apiserver.kubeconfig) as installer:
        await definitions.install(installer, CRDS)
    file = tmp_path / "admin.kubeconfig"
    file.write_text(apiserver.kubeconfig)
    endpoint = await config.endpoint_of(str(file))
    made = transport.HttpClient(endpoint, external=external.External())
    await made.apply(resources.AVI_CONTROLLERS, CONTROLLER)
    yield made
    await made.delete(resources.AVI_CONTROLLERS, "main")
    await made.close()


def subnets(*ranges: tuple[str, str], cidr: str = "10.70.0.0/24") -> list[Object]:
    listed = [{"begin": begin, "end": end} for begin, end in ranges]
    return [{"cidr": cidr, "ranges": listed}]


REFUSED: dict[str, tuple[Object, str]] = {
    "two ways": ({"address": "avi"}, "either controller, or address"),
    "no way": ({"controller": None}, "either controller, or address"),
    "half a way": ({"controller": None, "address": "avi"}, "go together"),
    "a URL": (
        {
            "controller": None,
            "address": "https://avi",
            "credentialRef": {"namespace": "a", "name": "b"},
        },
        "a host or host:port",
    ),
    "no network": ({"network": {}}, "exactly one of name, moref and portGroupRef"),
    "a network and a port group": (
        {"network": {"name": "a", "portGroupRef": "b"}},
        "exactly one of name, moref and portGroupRef",
    ),
    "two networks": (
        {"network": {"name": "a", "moref": "b"}},
        "exactly one of name, moref and portGroupRef",
    ),
    "no CIDR": ({"subnets": [{"cidr": "10.70.0.0"}]}, "must be a CIDR"),
    "no address": ({"subnets": subnets(("10.70.0.1", "ten"))}, "must be an address"),
    "outside": (
        {"subnets": subnets(("10.70.0.1", "10.70.1.1"))},
        "every range must lie inside 10.70.0.0/24",
    ),
    "another family": ({"subnets": subnets(("fd00::1", "fd00::2"))}, "every range must lie inside"),
    "another use": (
        {"subnets": [{"cidr": "10.0.0.0/8", "ranges": [{"begin": "10.0.0.1", "use": "vip"}]}]},
        "Unsupported value",
    ),
    "another policy": ({"driftPolicy": "Ignore"}, "Unsupported value"),
}


async def test_what_is_refused(kube: client.KubeClient) -> None:
    for name, (changes, message) in REFUSED.items():
        with pytest.raises(errors.InvalidError) as caught:
            await kube.create(POOLS, pool("refused", **changes))
        assert message in caught.value.message, name


async def test_a_pool_does_not_move(kube: client.KubeClient) -> None:
    await kube.create(POOLS, pool("fixed"))
    try:
        for changes in ({"cloud": "other"}, {"network": {"name": "other"}}):
            with pytest.raises(errors.InvalidError) as caught:
                await kube.merge_patch(POOLS, "fixed", {"spec": changes})
            assert "is immutable" in caught.value.message
    finally:
        await kube.delete(POOLS, "fixed")


async def test_a_life(kube: client.KubeClient) -> None:
    there = PoolWorld()

    async def attempt() -> api.Result:
        (registered,) = controllers.collect(verbs.plugin_set(there.plugin()))
        ctx = context.build_controller_context(registered, verbs.means_of(there), kube, key="edge")
        return await registered.registration.reconcile(api.Request(key="edge", attempt=1), ctx)

    await kube.create(POOLS, pool("edge", "10.70.0.10-10.70.0.19"))
    assert isinstance(await attempt(), api.Done)
    stored = await kube.get(POOLS, "edge")
    assert stored["spec"]["subnets"][0]["ranges"][0]["use"] == "Both"
    assert (stored["status"]["free"], stored["status"]["total"]) == (10, 10)
    assert stored["status"]["conditions"][0]["status"] == "True"
    assert stored["status"]["subnets"][0]["made"] is True
    version = stored["metadata"]["resourceVersion"]
    await attempt()
    assert (await kube.get(POOLS, "edge"))["metadata"]["resourceVersion"] == version
    vip = there.take("shop-vip", "10.70.0.12")
    await kube.merge_patch(POOLS, "edge", {"spec": {"subnets": subnets()}})
    await kube.delete(POOLS, "edge")
    answer = await attempt()
    assert isinstance(answer, api.Wait)
    assert answer.reason == "AddressesInUse"
    there.give_back(vip)
    assert isinstance(await attempt(), api.Done)
    with pytest.raises(errors.NotFoundError):
        await kube.get(POOLS, "edge")
    assert not there.ranges
    assert not there.usable()
