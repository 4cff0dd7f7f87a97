"""AKO in a real cluster, with the test bed's stand-in for it: arrives or is adopted, is changed,
leaves."""

from __future__ import annotations

import asyncio
import base64
import copy
import pathlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from akoo_ako import desired, drain, fence, names, options, plugin, settings
from akoo_ako.rendering import objects
from akoo_ako.running import observe
from akoo_testbed import kubeapi, running

from akoo_core import clock, external, structs
from akoo_core.kube import client, resource, transport
from akoo_core.kube.access import config
from akoo_core.objects import names as core_names
from akoo_core.objects import record
from akoo_core.plugin import api
from akoo_core.plugin.kube import NotFoundError
from akoo_core.plugin_host import context, registry
from akoo_core.reconcile.decide import facts
from akoo_core.reconcile.deploy import deployer, kinds, secrets
from akoo_core.reconcile.read import secret_reader
from akoo_core.testing import calls

Verb = Callable[[api.VerbContext], Awaitable[object]]


@pytest.fixture
async def kube(
    bed: running.RunningBed, namespace: str, tmp_path: pathlib.Path
) -> AsyncIterator[client.KubeClient]:
    """A workload cluster with one Node, reached by its kubeconfig Secret."""
    await bed.call(bed.bed.new_cluster(namespace, "shop", workers=1))
    await bed.call(bed.bed.available(namespace, "shop"))
    async with kubeapi.KubeApi(bed.kubeconfig) as management:
        secret = await management.get("v1/Secret", namespace, "shop-kubeconfig")
    file = tmp_path / "shop.kubeconfig"
    file.write_bytes(base64.b64decode(secret["data"]["value"]))
    endpoint = await config.endpoint_of(str(file))
    connected = transport.HttpClient(endpoint, external=external.External(), system="workload")
    yield connected
    await connected.close()
    await bed.call(bed.bed.delete_cluster(namespace, "shop"))


async def deploy(kube: client.KubeClient, view: api.View) -> None:
    """The work of the deploy executor, without its care."""
    catalog = kinds.Kinds(kube)
    for manifest in objects.render(desired.decide(view, settings.Settings())):
        obj = copy.deepcopy(manifest)
        obj["metadata"].setdefault("labels", {})[core_names.RECORD_LABEL] = view.record_name
        await kube.apply(await catalog.find(obj["apiVersion"], obj["kind"]), obj)
    await kube.apply(
        resource.SECRETS,
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": names.SECRET, "namespace": names.NAMESPACE},
            "stringData": {"username": "ako", "password": "not-a-secret"},
        },
    )


async def until(verb: Verb, ctx: api.VerbContext, kind: type[Any]) -> Any:
    """Call a verb as the engine does, until it answers with ``kind``."""
    async with asyncio.timeout(30):
        while True:
            answer = await verb(ctx)
            if isinstance(answer, kind):
                return answer
            assert isinstance(answer, api.Wait), answer
            await asyncio.sleep(min(answer.after, 0.3))


async def test_ako_arrives_is_changed_and_leaves(kube: client.KubeClient, build: Any) -> None:
    ctx = build.context(kube, now=clock.SystemClock())
    await deploy(kube, build.view(ako_options=options.Options(version="1.13.4")))
    done = await until(observe.observe, ctx, api.Done)
    assert done.version == "1.13.4"
    first = await pod_uid(kube)

    await deploy(kube, build.view(build.adc({"extraConfigs.log.logLevel": "DEBUG"}), OLD))
    await until(observe.observe, ctx, api.Done)
    assert await pod_uid(kube) == first

    await deploy(kube, build.view(build.adc({"extraConfigs.layer7Only": True}), OLD))
    await until(observe.observe, ctx, api.Done)
    second = await pod_uid(kube)
    assert second != first

    await deploy(kube, build.view(ako_options=options.Options(version="2.1.1")))
    done = await until(observe.observe, ctx, api.Done)
    assert done.version == "2.1.1"
    assert await pod_uid(kube) != second

    done = await until(drain.drain, ctx, api.Done)
    assert done.message == "AKO says Done."
    fenced = await until(fence.fence, ctx, api.Fenced)
    assert fenced.grade == "Stopped"


OLD = options.Options(version="1.13.4")


async def pod_uid(kube: client.KubeClient) -> str:
    pod = await kube.get(resource.PODS, "ako-0", names.NAMESPACE)
    return str(pod["metadata"]["uid"])


# An AKO of Helm, adopted.

SELECTOR = {"app.kubernetes.io/name": "ako", "app.kubernetes.io/instance": "ako-1593523840"}
VALUES = {"username": "shop", "password": "not-a-secret", "certificateAuthorityData": "a-ca"}
ADOPT = options.Options(existing="Adopt", version="1.13.4", pod_security="Vendor")
NAME = "my-cluster"


async def helm_installs(kube: client.KubeClient, build: Any) -> list[client.Object]:
    """AKO as Helm leaves it, and the Secrets in the management cluster, which is the same here."""
    for name in (names.NAMESPACE, "avi"):
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        await kube.apply(resource.NAMESPACES, namespace)
    sources = [
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name, "namespace": "avi"},
            "stringData": VALUES,
        }
        for name in ("shop-avi", "ca")
    ]
    catalog = kinds.Kinds(kube)
    made = build.helm_install(names.NAMESPACE, NAME, SELECTOR, VALUES)
    listed = [obj for obj in made if obj["kind"] != "GatewayClass"]
    helm = client.KubeClient(kube.transport, field_manager="helm")
    for obj in [*listed, *sources]:
        await helm.create(await catalog.find(obj["apiVersion"], obj["kind"]), obj)
    return listed


class Adopting:
    """The work of the core for one record: facts, contributions, the deploy executor."""

    def __init__(self, kube: client.KubeClient, build: Any) -> None:
        self.kube, self.build = kube, build
        self.plugin = plugin.AkoPlugin()
        self.inventory: deployer.Inventory = ()
        self.facts: facts.Facts = {}
        reader = secret_reader.ManagementSecretReader(kube, allowed_namespaces=("avi",))
        means = context.Means(
            clock=clock.SystemClock(),
            external=external.External(),
            secrets=reader.once,
            threads=lambda _: calls.InlineThreads(),
            management_id="m-1",
        )
        self.deployer = deployer.Deployer(
            clock=clock.SystemClock(),
            opener=secrets.SecretOpener(reader, registry.PluginSet(()), means),
        )

    def view(self, changes: dict[str, Any] | None = None, **more: Any) -> api.View:
        adoption = record.Adoption(started_at=self.build.now)
        view: api.View = self.build.view(
            self.build.adc(changes), ADOPT, facts=self.facts, inventory=self.inventory, **more
        )
        spec = structs.replace(view.spec, adoption=adoption, ako_cluster_name=NAME)
        return structs.replace(view, spec=spec)

    async def looked(self) -> api.Done:
        """The install, once its AKO works; its facts are stored."""
        ctx = self.build.context(self.kube, now=clock.SystemClock(), of=self.view())
        ctx = structs.replace(ctx, shared=self.kube)
        done: api.Done = await until(self.plugin.observe, ctx, api.Done)
        self.facts = facts.stored("ako", done.facts)
        return done

    async def deploy(self, changes: dict[str, Any] | None = None) -> deployer.DeployReport:
        contribution = self.plugin.contribute(self.view(changes))
        assert isinstance(contribution, api.Contribution), contribution
        job = deployer.Job(
            record_name=self.build.record,
            inventory=self.inventory,
            contributions={"ako": contribution},
        )
        return await self.deployer.deploy(job, self.kube, self.keep)

    async def keep(self, items: deployer.Inventory) -> None:
        self.inventory = items


async def settled(kube: client.KubeClient) -> client.Object:
    """The StatefulSet, once its controller has seen it and its Pods are as it says."""
    async with asyncio.timeout(60):
        while True:
            obj = await kube.get(resource.STATEFUL_SETS, names.STATEFUL_SET, names.NAMESPACE)
            status = obj.get("status") or {}
            seen = status.get("observedGeneration") == obj["metadata"]["generation"]
            if seen and status.get("readyReplicas") == status.get("updatedReplicas") == 1:
                return obj
            await asyncio.sleep(0.2)


async def test_an_ako_of_helm_is_adopted_changed_and_leaves(
    kube: client.KubeClient, build: Any
) -> None:
    listed = await helm_installs(kube, build)
    core = Adopting(kube, build)
    await core.looked()
    before, pod = await settled(kube), await pod_uid(kube)

    report = await core.deploy()
    assert report.verdicts == {}
    assert report.applied == len(listed)
    catalog = kinds.Kinds(kube)
    for obj in listed:
        kind = await catalog.find(obj["apiVersion"], obj["kind"])
        metadata = obj["metadata"]
        there = await kube.get(kind, metadata["name"], metadata.get("namespace"))
        assert there["metadata"]["labels"][core_names.RECORD_LABEL] == build.record
        managers = {entry["manager"] for entry in there["metadata"]["managedFields"]}
        assert "helm" not in managers, obj["kind"]
    after = await settled(kube)
    for part in ("currentRevision", "updateRevision"):
        assert after["status"][part] == before["status"][part]
    assert after["spec"] == before["spec"]
    assert await pod_uid(kube) == pod
    assert (await core.deploy()).applied == 0

    await core.deploy({"extraConfigs.layer7Only": True})
    changed = await settled(kube)
    assert changed["status"]["updateRevision"] != before["status"]["updateRevision"]
    assert changed["spec"]["selector"] == {"matchLabels": SELECTOR}
    containers = changed["spec"]["template"]["spec"]["containers"]
    assert [container["name"] for container in containers] == [names.CONTAINER]
    assert "readinessProbe" in containers[0], "our shape"
    assert await pod_uid(kube) != pod

    await core.deployer.undeploy(build.record, core.inventory, kube, core.keep)
    for obj in listed:
        kind = await catalog.find(obj["apiVersion"], obj["kind"])
        with pytest.raises(NotFoundError):
            await kube.get(kind, obj["metadata"]["name"], obj["metadata"].get("namespace"))


async def test_a_real_server_shows_what_an_adoption_would_change(
    kube: client.KubeClient, build: Any
) -> None:
    await helm_installs(kube, build)
    core = Adopting(kube, build)
    await core.looked()
    resources = {"limits": {"cpu": "1"}}
    template = {"spec": {"containers": [{"name": f"ako-{NAME}", "resources": resources}]}}
    await kube.apply(
        resource.STATEFUL_SETS,
        {
            "apiVersion": "apps/v1",
            "kind": "StatefulSet",
            "metadata": {"name": names.STATEFUL_SET, "namespace": names.NAMESPACE},
            "spec": {"template": template},
        },
        field_manager="somebody",
    )
    report = await core.deploy()
    verdict = report.verdicts["ako"]
    assert verdict.reason == "AdoptionWouldRestart"
    assert "spec.template.spec.containers[0].resources.limits.cpu" in verdict.message
    assert core.inventory == ()
