"""The deploy executor against an API server in memory; its journal is the witness."""

from __future__ import annotations

import base64
from typing import Any

import builders
import pytest

from akoo_core import clock
from akoo_core.api import names
from akoo_core.kube import errors
from akoo_core.kube import resource as resources
from akoo_core.kube.request import Request
from akoo_core.plugins import api
from akoo_core.plugins.errors import SecretNamespaceNotAllowedError
from akoo_core.reconcile import deploy, drift, inventory, kindorder, secret_reader, secrets
from akoo_core.testing import memory

CANARY = b"canary-password-1"
NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "avi-system"}}
CRD: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "hostrules.ako.vmware.com"},
    "spec": {
        "group": "ako.vmware.com",
        "names": {"plural": "hostrules", "kind": "HostRule"},
        "scope": "Namespaced",
        "versions": [{"name": "v1", "served": True}],
    },
}
HOST_RULES = resources.Resource("ako.vmware.com", "v1", "hostrules", "HostRule")
STATEFUL_SETS = resources.STATEFUL_SETS


def config_map(name: str = "avi-k8s-config", **data: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "avi-system"},
        "data": data or {"logLevel": "INFO"},
    }


def stateful_set() -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "ako", "namespace": "avi-system"},
        "spec": {"replicas": 1},
    }


SECRET = api.SecretObject(
    namespace="avi-system",
    name="avi-secret",
    data={
        "password": api.SecretSource(namespace="akoo", name="avi", key="password"),
        "ca": api.SecretSource(namespace="akoo", name="avi", key="ca", optional=True),
    },
)


class NoPlugins:
    ordered: tuple[api.Plugin, ...] = ()
    reverse: tuple[api.Plugin, ...] = ()

    def get(self, name: str) -> api.Plugin | None:
        return None


class Bench:
    """A management server with one Secret, a workload server, and an inventory that is kept."""

    def __init__(self) -> None:
        self.clock = clock.ManualClock()
        self.management = memory.MemoryServer(name="management", clock=self.clock)
        self.management.seed(self.source(CANARY))
        self.workload = memory.MemoryServer(name="workload", clock=self.clock)
        self.inventory: deploy.Inventory = ()
        self.stored: list[deploy.Inventory] = []
        self.restart()

    def source(self, password: bytes, **more: bytes) -> dict[str, Any]:
        values = {"password": password} | more
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "avi", "namespace": "akoo"},
            "data": {key: base64.b64encode(value).decode() for key, value in values.items()},
        }

    def restart(self) -> None:
        reader = secret_reader.ManagementSecretReader(
            self.management.client(), allowed_namespaces=("akoo",)
        )
        self.deployer = deploy.Deployer(
            clock=self.clock, opener=secrets.SecretOpener(reader, NoPlugins()), pause=self.pause
        )

    async def pause(self, seconds: float) -> None:
        """What the apiextensions controller does meanwhile."""
        for crd in self.workload.objects(resources.CUSTOM_RESOURCE_DEFINITIONS):
            condition = {"type": "Established", "status": "True"}
            await self.workload.client().merge_patch(
                resources.CUSTOM_RESOURCE_DEFINITIONS,
                crd["metadata"]["name"],
                {"status": {"conditions": [condition]}},
                subresource="status",
            )

    async def store(self, items: deploy.Inventory) -> None:
        self.inventory = items
        self.stored.append(items)

    async def deploy(
        self, *objects: dict[str, Any], secrets: tuple[api.SecretObject, ...] = (), **more: Any
    ) -> deploy.Report:
        one = api.Contribution(objects=objects, secrets=secrets)
        return await self.run({"ako": one} | more)

    async def run(self, contributions: dict[str, api.Contribution]) -> deploy.Report:
        self.workload.faults.calls.clear()
        job = deploy.Job(
            record_name=builders.RECORD, inventory=self.inventory, contributions=contributions
        )
        return await self.deployer.deploy(job, self.workload.client(), self.store)

    @property
    def calls(self) -> list[str]:
        return [f"{one.operation} {one.target}" for one in self.workload.faults.calls]

    @property
    def writes(self) -> list[Request]:
        return [one for one in self.workload.faults.calls if one.write]

    def get(self, resource: resources.Resource, name: str) -> dict[str, Any] | None:
        found = [one for one in self.workload.objects(resource) if one["metadata"]["name"] == name]
        return found[0] if found else None


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_objects_arrive_in_kind_order_with_our_labels(bench: Bench) -> None:
    report = await bench.deploy(stateful_set(), config_map(), NAMESPACE, CRD, secrets=(SECRET,))
    assert report == deploy.Report(applied=5)
    applied = [one.resource.kind for one in bench.writes if one.verb == "apply"]
    assert applied == [
        "Namespace",
        "CustomResourceDefinition",
        "Secret",
        "ConfigMap",
        "StatefulSet",
    ]
    found = bench.get(resources.CONFIG_MAPS, "avi-k8s-config")
    assert found is not None
    assert found["metadata"]["labels"] == {
        names.MANAGED_BY_LABEL: "akoo-core",
        names.RECORD_LABEL: builders.RECORD,
    }


async def test_the_inventory_is_stored_before_anything_is_applied(bench: Bench) -> None:
    bench.workload.faults.before("apply configmaps", errors.UnreachableError("gone"))
    with pytest.raises(errors.UnreachableError):
        await bench.deploy(NAMESPACE, config_map(), stateful_set())
    first, last = bench.stored
    assert [(one.kind, one.digest) for one in first] == [
        ("ConfigMap", ""),
        ("Namespace", ""),
        ("StatefulSet", ""),
    ]
    assert [one.kind for one in last if one.digest] == ["Namespace"], "what was reached is kept"


async def test_nothing_is_called_when_nothing_differs(bench: Bench) -> None:
    await bench.deploy(NAMESPACE, config_map(), stateful_set())
    bench.stored.clear()
    report = await bench.deploy(NAMESPACE, config_map(), stateful_set())
    assert report == deploy.Report()
    assert bench.calls == []
    assert bench.stored == []


async def test_a_change_applies_that_object_only(bench: Bench) -> None:
    await bench.deploy(config_map(), stateful_set())
    report = await bench.deploy(config_map(logLevel="DEBUG"), stateful_set())
    assert report.applied == 1
    assert [one.operation for one in bench.writes] == ["apply configmaps"]
    found = bench.get(resources.CONFIG_MAPS, "avi-k8s-config")
    assert found is not None
    assert found["data"] == {"logLevel": "DEBUG"}


async def test_what_is_not_wanted_any_more_is_pruned_backwards(bench: Bench) -> None:
    await bench.deploy(NAMESPACE, config_map("a"), config_map("b"), stateful_set())
    report = await bench.deploy(NAMESPACE, config_map("a"))
    assert report.pruned == 2
    assert [one.operation for one in bench.writes] == ["delete statefulsets", "delete configmaps"]
    assert [one.name for one in bench.inventory] == ["a", "avi-system"]


async def test_pruning_leaves_what_does_not_carry_our_label(bench: Bench) -> None:
    await bench.deploy(config_map("a"), config_map("b"))
    await bench.workload.client().merge_patch(
        resources.CONFIG_MAPS,
        "b",
        {"metadata": {"labels": {names.RECORD_LABEL: "akoo-other"}}},
        "avi-system",
    )
    report = await bench.deploy(config_map("a"))
    assert report.left == ("ConfigMap avi-system/b is left: it does not carry our label",)
    assert bench.get(resources.CONFIG_MAPS, "b") is not None
    assert [one.name for one in bench.inventory] == ["a"]


async def test_a_foreign_object_blocks_its_plugin_and_no_other(bench: Bench) -> None:
    bench.workload.seed(config_map(logLevel="WARN"))
    other = api.Contribution(objects=(config_map("of-avi"),))
    report = await bench.deploy(config_map(), stateful_set(), avi=other)
    verdict = report.verdicts["ako"]
    assert isinstance(verdict, api.Blocked)
    assert verdict.reason == "ForeignObject"
    assert "ConfigMap avi-system/avi-k8s-config exists" in verdict.message
    found = bench.get(resources.CONFIG_MAPS, "avi-k8s-config")
    assert found is not None
    assert found["data"] == {"logLevel": "WARN"}
    assert bench.get(resources.CONFIG_MAPS, "of-avi") is not None
    assert bench.get(STATEFUL_SETS, "ako") is None, "what comes later waits for the user"


async def test_an_object_made_while_we_looked_is_not_overwritten(bench: Bench) -> None:
    client = bench.workload.client()
    place_live = client.get

    async def late(*args: Any, **kwargs: Any) -> Any:
        try:
            return await place_live(*args, **kwargs)
        except errors.NotFoundError:
            await bench.workload.client(field_manager="helm").create(
                resources.CONFIG_MAPS, config_map(logLevel="WARN"), "avi-system"
            )
            raise

    client.get = late  # type: ignore[method-assign]
    job = deploy.Job(
        record_name=builders.RECORD,
        inventory=(),
        contributions={"ako": api.Contribution(objects=(config_map(),))},
    )
    with pytest.raises(errors.ConflictError):
        await bench.deployer.deploy(job, client, bench.store)


async def test_a_shared_namespace_is_used_and_never_ours(bench: Bench) -> None:
    bench.workload.seed(NAMESPACE)
    await bench.deploy(NAMESPACE, config_map())
    found = bench.get(resources.NAMESPACES, "avi-system")
    assert found is not None
    assert names.RECORD_LABEL not in found["metadata"].get("labels", {})


async def test_two_plugins_may_not_want_one_object(bench: Bench) -> None:
    other = api.Contribution(objects=(config_map(),))
    report = await bench.deploy(config_map(), avi=other)
    verdict = report.verdicts["avi"]
    assert isinstance(verdict, api.Blocked)
    assert verdict.reason == "ObjectConflict"
    assert bench.calls == []


async def test_a_plugin_that_does_not_act_keeps_its_objects(bench: Bench) -> None:
    other = api.Contribution(objects=(config_map("of-avi"),))
    await bench.deploy(config_map(), avi=other)
    report = await bench.deploy(config_map())
    assert report == deploy.Report()
    assert bench.get(resources.CONFIG_MAPS, "of-avi") is not None


async def test_drift_is_looked_for_once_per_interval_and_put_right(bench: Bench) -> None:
    await bench.deploy(config_map(), stateful_set())
    client = bench.workload.client(field_manager="kubectl")
    change = {"data": {"logLevel": "TRACE", "extra": "kept"}}
    await client.merge_patch(resources.CONFIG_MAPS, "avi-k8s-config", change, "avi-system")
    await client.delete(STATEFUL_SETS, "ako", "avi-system")
    assert await bench.deploy(config_map(), stateful_set()) == deploy.Report()
    bench.clock.advance(deploy.DRIFT_SECONDS)
    report = await bench.deploy(config_map(), stateful_set())
    assert report.drifted == (
        "ConfigMap avi-system/avi-k8s-config",
        "StatefulSet avi-system/ako",
    )
    found = bench.get(resources.CONFIG_MAPS, "avi-k8s-config")
    assert found is not None
    assert found["data"] == {"logLevel": "INFO", "extra": "kept"}
    assert bench.get(STATEFUL_SETS, "ako") is not None
    assert await bench.deploy(config_map(), stateful_set()) == deploy.Report()
    assert bench.calls == []


async def test_a_crd_is_waited_for(bench: Bench) -> None:
    bench.pause = never  # type: ignore[method-assign]
    bench.restart()
    report = await bench.deploy(CRD, config_map())
    verdict = report.verdicts["ako"]
    assert isinstance(verdict, api.Wait)
    assert verdict.reason == "CRDNotEstablished"
    assert bench.get(resources.CONFIG_MAPS, "avi-k8s-config") is None


async def never(seconds: float) -> None:
    """Nothing happens meanwhile."""


async def test_a_kind_that_is_not_served_says_so(bench: Bench) -> None:
    rule = {
        "apiVersion": "ako.vmware.com/v1",
        "kind": "HostRule",
        "metadata": {"name": "one", "namespace": "avi-system"},
    }
    report = await bench.deploy(rule)
    verdict = report.verdicts["ako"]
    assert isinstance(verdict, api.Blocked)
    assert verdict.reason == "KindNotServed"
    bench.workload.served.serve(HOST_RULES)
    assert (await bench.deploy(rule)).applied == 1


# Undeploy.


async def test_undeploy_takes_everything_that_is_ours_but_namespaces(bench: Bench) -> None:
    bench.workload.served.serve(HOST_RULES)
    await bench.deploy(NAMESPACE, CRD, config_map(), stateful_set(), secrets=(SECRET,))
    bench.workload.faults.calls.clear()
    report = await bench.deployer.undeploy(
        builders.RECORD, bench.inventory, bench.workload.client(), bench.store
    )
    assert [one.resource.kind for one in bench.writes] == [
        "StatefulSet",
        "ConfigMap",
        "Secret",
        "CustomResourceDefinition",
    ]
    assert report.left == ("Namespace avi-system is left: other things may be in it",)
    assert bench.inventory == ()


async def test_a_crd_with_objects_is_left(bench: Bench) -> None:
    bench.workload.served.serve(HOST_RULES)
    await bench.deploy(CRD)
    bench.workload.seed(
        {
            "apiVersion": "ako.vmware.com/v1",
            "kind": "HostRule",
            "metadata": {"name": "of-a-user", "namespace": "shop"},
        }
    )
    report = await bench.deployer.undeploy(
        builders.RECORD, bench.inventory, bench.workload.client(), bench.store
    )
    assert "objects of that kind exist" in report.left[0]
    assert bench.get(resources.CUSTOM_RESOURCE_DEFINITIONS, CRD["metadata"]["name"]) is not None


async def test_undeploy_goes_on_where_it_stopped(bench: Bench) -> None:
    await bench.deploy(config_map(), stateful_set())
    bench.workload.faults.before("delete configmaps", errors.UnreachableError("gone"))
    client = bench.workload.client()
    with pytest.raises(errors.UnreachableError):
        await bench.deployer.undeploy(builders.RECORD, bench.inventory, client, bench.store)
    assert [one.kind for one in bench.inventory] == ["ConfigMap"]
    await bench.deployer.undeploy(builders.RECORD, bench.inventory, client, bench.store)
    assert bench.get(resources.CONFIG_MAPS, "avi-k8s-config") is None


# Secrets.


async def test_a_secret_value_is_nowhere_but_in_the_secret(bench: Bench) -> None:
    await bench.deploy(secrets=(SECRET,))
    found = bench.get(resources.SECRETS, "avi-secret")
    assert found is not None
    assert found["data"] == {"password": base64.b64encode(CANARY).decode()}
    assert CANARY.decode() not in repr(bench.stored)
    assert found["data"]["password"] not in repr(bench.stored)


async def test_a_changed_value_is_applied_and_an_equal_one_is_not(bench: Bench) -> None:
    await bench.deploy(secrets=(SECRET,))
    assert await bench.deploy(secrets=(SECRET,)) == deploy.Report()
    assert bench.calls == []
    await change_source(bench, bench.source(b"new", ca=b"pem"))
    assert (await bench.deploy(secrets=(SECRET,))).applied == 1
    await change_source(bench, bench.source(b"new"))
    assert (await bench.deploy(secrets=(SECRET,))).applied == 1
    found = bench.get(resources.SECRETS, "avi-secret")
    assert found is not None
    assert list(found["data"]) == ["password"], "a source that went takes its key along"


async def change_source(bench: Bench, source: dict[str, Any]) -> None:
    client = bench.management.client()
    await client.delete(resources.SECRETS, "avi", "akoo")
    await client.create(resources.SECRETS, source, "akoo")


async def test_after_a_restart_the_live_secret_is_compared_once(bench: Bench) -> None:
    await bench.deploy(secrets=(SECRET,))
    bench.restart()
    assert await bench.deploy(secrets=(SECRET,)) == deploy.Report()
    assert bench.calls == ["get secrets avi-system/avi-secret"]
    await bench.deploy(secrets=(SECRET,))
    assert bench.calls == []
    bench.restart()
    await change_source(bench, bench.source(b"changed while we were away"))
    assert (await bench.deploy(secrets=(SECRET,))).applied == 1


async def test_secrets_come_from_allowed_namespaces_only(bench: Bench) -> None:
    reader = secret_reader.ManagementSecretReader(
        bench.management.client(), allowed_namespaces=("akoo",)
    )
    with pytest.raises(SecretNamespaceNotAllowedError, match="allowedSecretNamespaces"):
        await reader.read(api.SecretSource(namespace="kube-system", name="x", key="y"))
    assert not [one for one in bench.management.faults.calls if one.namespace == "kube-system"]


@pytest.mark.parametrize(
    ("source", "part"),
    [
        (api.SecretSource(namespace="akoo", name="none", key="x"), "akoo/none does not exist"),
        (api.SecretSource(namespace="akoo", name="avi", key="x"), "has no key 'x'"),
    ],
)
async def test_a_missing_secret_blocks_and_names_it(
    bench: Bench, source: api.SecretSource, part: str
) -> None:
    secret = api.SecretObject(namespace="avi-system", name="s", data={"x": source})
    verdict = (await bench.deploy(secrets=(secret,))).verdicts["ako"]
    assert isinstance(verdict, api.Blocked)
    assert verdict.reason == "SecretMissing"
    assert part in verdict.message


# The pure parts.


def test_kind_order() -> None:
    order = ["Namespace", "CustomResourceDefinition", "ServiceAccount", "ClusterRole"]
    groups = ["v1", "apiextensions.k8s.io/v1", "v1", "rbac.authorization.k8s.io/v1"]
    ranks = [kindorder.rank(*one) for one in zip(groups, order, strict=True)]
    assert ranks == sorted(set(ranks))
    unknown = kindorder.rank("example.com/v1", "Namespace")
    assert unknown > kindorder.rank("apps/v1", "StatefulSet"), "only by name a Namespace"


@pytest.mark.parametrize(
    ("wanted", "live", "expected"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, []),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, ["a.b[1]"]),
        ({"a": [1]}, {"a": [1, 2]}, ["a"]),
        ({"a": {}}, {}, []),
        ({"a": ""}, {}, []),
        ({"a": False}, {}, ["a"]),
        ({"a": 1}, {"a": True}, ["a"]),
        ({"a": 1}, None, ["."]),
    ],
)
def test_differences(wanted: Any, live: Any, expected: list[str]) -> None:
    assert drift.differences(wanted, live) == expected


def test_a_digest_tells_sources_apart_and_holds_no_value() -> None:
    other = api.SecretObject(
        namespace="avi-system",
        name="avi-secret",
        data={"password": api.SecretSource(namespace="akoo", name="other", key="password")},
    )
    first, second = (
        inventory.wanted("r", {"ako": api.Contribution(secrets=(one,))})[0]
        for one in (SECRET, other)
    )
    assert first.digest != second.digest
    assert "data" not in first.manifest
