"""`akoo-core ako inspect` over a workload and a management cluster in memory."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from akoo_ako import commands as ako_commands
from akoo_ako import names, options, settings
from akoo_ako.adoption import again, former, harmless, look, render, shape
from akoo_ako.installs import checked, command, kinds, read, report
from akoo_ako.installs.seen import Seen
from akoo_ako.rendering import objects
from akoo_ako.running import workload

from akoo_core import clock, external
from akoo_core.plugin import commands, errors
from akoo_core.plugin.kube import (
    CONFIG_MAPS,
    SECRETS,
    STATEFUL_SETS,
    KubeClient,
    Page,
    Resource,
    ServerError,
)
from akoo_core.testing import memory

READ_ONLY = external.External(guard=external.ReadOnly())
OTHERS = (
    *(kinds.PACKAGE_INSTALLS, kinds.APPS, kinds.HELM_RELEASES, kinds.APPLICATIONS),
    *(kinds.HELM_RELEASE_PROXIES, kinds.CLUSTER_SUMMARIES, kinds.BUNDLE_DEPLOYMENTS),
    *(kinds.CLUSTER_BOOTSTRAPS, kinds.AKO_CONFIGS, kinds.KUSTOMIZATIONS, kinds.HELM_CHART_PROXIES),
    *(kinds.CLUSTER_RESOURCE_SETS, kinds.CLUSTER_RESOURCE_SET_BINDINGS),
)


@pytest.fixture
def shop(build: Any) -> memory.MemoryServer:
    """A workload cluster with AKO by Helm, and its account."""
    server = memory.MemoryServer()
    for kind in kinds.OWN:
        server.served.serve(kind)
    for obj in objects.render(build.desired({}, options.Options(version="1.13.4"))):
        metadata = {
            **obj["metadata"],
            "annotations": {
                "meta.helm.sh/release-name": "ako",
                "meta.helm.sh/release-namespace": names.NAMESPACE,
            },
        }
        server.seed({**json.loads(json.dumps(obj)), "metadata": metadata})
    for name, labels in (
        (names.SECRET, {}),
        ("sh.helm.release.v1.ako.v1", {"owner": "helm", "name": "ako"}),
    ):
        server.seed(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": name, "namespace": names.NAMESPACE, "labels": labels},
                "data": {"password": "aHVudGVyMg=="},
            }
        )
    return server


def inspected(
    build: Any,
    workload: memory.MemoryServer | None,
    management: memory.MemoryServer,
    ours: settings.Settings | None = None,
) -> commands.CommandAnswer:
    """The answer, by clients that cannot write."""
    ctx = commands.CommandContext(
        kube=management.client(external=READ_ONLY),
        clock=clock.ManualClock(),
        settings=ours or settings.Settings(),
        management_id="m-1",
        cluster=build.cluster(),
        workload=workload.client(external=READ_ONLY) if workload else None,
        unreached="" if workload else "The workload cluster does not answer.",
    )
    return asyncio.run(command.inspect(ctx))


def test_a_helm_release_is_shown_with_all_its_objects(
    build: Any, shop: memory.MemoryServer
) -> None:
    answer = inspected(build, shop, memory.MemoryServer())
    (install,) = answer.data["installs"]
    assert (install["kind"], install["adoptable"], install["equal"]) == ("Helm", True, True)
    assert (install["version"], install["clusterName"]) == ("1.13.4", build.record)
    owned = {obj["kind"]: [owner["kind"] for owner in obj["owners"]] for obj in install["objects"]}
    for kind in (
        *("StatefulSet", "ConfigMap", "ServiceAccount", "ClusterRole", "ClusterRoleBinding"),
        *("IngressClass", "CustomResourceDefinition"),
    ):
        assert owned[kind] == ["Helm release"], kind
    assert owned["Secret"] == []
    assert answer.data["notLookedAt"] == []
    assert answer.lines[0] == "team-a/shop: AKO 1.13.4 in namespace avi-system, by Helm"


def test_no_secret_is_read(
    build: Any, shop: memory.MemoryServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed: list[bool] = []
    real = KubeClient.list

    async def listing(self: KubeClient, kind: Resource, *args: Any, **query: Any) -> Page:
        if kind == SECRETS:
            listed.append(query.get("metadata_only", False))
        return await real(self, kind, *args, **query)

    async def getting(self: KubeClient, kind: Resource, *args: Any) -> Any:
        raise AssertionError(f"a {kind.kind} was read")

    monkeypatch.setattr(KubeClient, "list", listing)
    monkeypatch.setattr(KubeClient, "get", getting)
    answer = inspected(build, shop, memory.MemoryServer())
    assert len(listed) > 2
    assert all(listed)
    everything = [*answer.lines, json.dumps(answer.data)]
    assert not any("hunter2" in text or "aHVudGVyMg" in text for text in everything)


def test_owners_are_read_in_both_clusters(build: Any, shop: memory.MemoryServer) -> None:
    management = memory.MemoryServer()
    for server in (shop, management):
        for versions in OTHERS:
            server.served.serve(versions[-1])
    kind = kinds.HELM_RELEASES[-1]
    management.seed(
        {
            "apiVersion": kind.api_version,
            "kind": kind.kind,
            "metadata": {"name": "ako", "namespace": "team-a"},
            "spec": {
                "targetNamespace": names.NAMESPACE,
                "releaseName": "ako",
                "kubeConfig": {"secretRef": {"name": "shop-kubeconfig"}},
            },
        }
    )
    answer = inspected(build, shop, management)
    (install,) = answer.data["installs"]
    assert (install["reason"], install["detach"]) == (
        "ManagedByOther",
        "HelmRelease team-a/ako (management cluster)",
    )


@pytest.mark.parametrize("versions", [kinds.APPS, kinds.PACKAGE_INSTALLS])
def test_a_kapp_controller_in_the_management_cluster_is_read(
    build: Any, shop: memory.MemoryServer, versions: tuple[Resource, ...]
) -> None:
    management = memory.MemoryServer()
    management.served.serve(versions[0])
    reference = {"kubeconfigSecretRef": {"name": "shop-kubeconfig"}}
    management.seed(
        {
            "apiVersion": versions[0].api_version,
            "kind": versions[0].kind,
            "metadata": {"name": "ako", "namespace": "team-a"},
            "spec": {"cluster": reference},
        }
    )
    stateful_set = shop.objects(STATEFUL_SETS, names.NAMESPACE)[0]
    stateful_set["metadata"]["labels"]["kapp.k14s.io/app"] = "1650"
    stateful_set["metadata"]["annotations"] = {}
    key = memory.store.key_of(STATEFUL_SETS, names.NAMESPACE, names.STATEFUL_SET)
    shop.store.put(key, stateful_set)
    labels = {"kapp.k14s.io/is-app": ""}
    shop.seed(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "ako.app", "namespace": "default", "labels": labels},
            "data": {"spec": '{"labelValue":"1650"}'},
        }
    )
    (install,) = inspected(build, shop, management).data["installs"]
    assert (install["reason"], install["detach"]) == (
        "ManagedByOther",
        f"{versions[0].kind} team-a/ako (management cluster)",
    )


def test_a_helm_chart_proxy_is_read_and_what_deploys_it(
    build: Any, shop: memory.MemoryServer
) -> None:
    management = memory.MemoryServer()
    prefix = "kustomize.toolkit.fluxcd.io"
    labels = {f"{prefix}/name": "apps", f"{prefix}/namespace": "team-a"}
    release = {"releaseName": "ako", "namespace": names.NAMESPACE, "clusterRef": {"name": "shop"}}
    reference = {"kind": "HelmChartProxy", "name": "ako", "uid": "u", "apiVersion": "v1"}
    for versions, metadata, spec in (
        (kinds.HELM_RELEASE_PROXIES, {"name": "x", "ownerReferences": [reference]}, release),
        (kinds.HELM_CHART_PROXIES, {"name": "ako", "labels": labels}, {}),
        (kinds.KUSTOMIZATIONS, {"name": "apps"}, {}),
    ):
        management.served.serve(versions[0])
        management.seed(
            {
                "apiVersion": versions[0].api_version,
                "kind": versions[0].kind,
                "metadata": {"namespace": "team-a", **metadata},
                "spec": spec,
            }
        )
    (install,) = inspected(build, shop, management).data["installs"]
    (chain,) = (obj["owners"] for obj in install["objects"] if obj["kind"] == "StatefulSet")
    assert [(owner["kind"], owner["where"]) for owner in chain[1:]] == [
        ("HelmReleaseProxy", "management"),
        ("HelmChartProxy", "management"),
        ("Kustomization", "management"),
    ]
    assert install["detach"] == "HelmChartProxy team-a/ako (management cluster)"


@pytest.mark.parametrize("place", [0, -1])
def test_a_cluster_resource_set_is_read(build: Any, shop: memory.MemoryServer, place: int) -> None:
    """At each version of Cluster API."""
    management = memory.MemoryServer()
    for versions, name, spec in (
        (kinds.CLUSTER_RESOURCE_SETS, "ako", {"strategy": "Reconcile"}),
        (
            kinds.CLUSTER_RESOURCE_SET_BINDINGS,
            "shop",
            {"bindings": [{"clusterResourceSetName": "ako"}]},
        ),
    ):
        management.served.serve(versions[place])
        management.seed(
            {
                "apiVersion": versions[place].api_version,
                "kind": versions[place].kind,
                "metadata": {"name": name, "namespace": "team-a"},
                "spec": spec,
            }
        )
    stateful_set = shop.objects(STATEFUL_SETS, names.NAMESPACE)[0]
    stateful_set["metadata"] |= {"annotations": {}, "managedFields": [{"manager": "manager"}]}
    key = memory.store.key_of(STATEFUL_SETS, names.NAMESPACE, names.STATEFUL_SET)
    shop.store.put(key, stateful_set)
    (install,) = inspected(build, shop, management).data["installs"]
    assert install["detach"] == "ClusterResourceSet team-a/ako (management cluster)"


def test_a_kind_that_may_not_be_listed_leaves_the_answer_open(
    build: Any, shop: memory.MemoryServer
) -> None:
    management = memory.MemoryServer()
    management.served.serve(kinds.APPLICATIONS[0])
    management.served.deny("list", kinds.APPLICATIONS[0].qualified)
    answer = inspected(build, shop, management)
    assert answer.data["notLookedAt"] == ["applications.argoproj.io here may not be listed"]
    assert answer.data["installs"][0]["reason"] == "OwnersUnseen"


def test_more_than_is_looked_at_leaves_the_answer_open(
    build: Any, shop: memory.MemoryServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read, "LIMIT", 1)
    answer = inspected(build, shop, memory.MemoryServer())
    assert any(
        sentence.startswith("there are more than 1 customresourcedefinitions")
        for sentence in answer.data["notLookedAt"]
    )
    assert answer.data["installs"][0]["reason"] == "OwnersUnseen"


def test_a_release_of_the_config_map_that_the_operator_follows(
    build: Any, shop: memory.MemoryServer
) -> None:
    """Rows of the ConfigMap count as those of the settings do."""
    (stateful_set,) = shop.objects(STATEFUL_SETS, names.NAMESPACE)
    (container,) = stateful_set["spec"]["template"]["spec"]["containers"]
    container["image"] = container["image"].replace("1.13.4", "1.13.9")
    stateful_set["metadata"]["labels"]["app.kubernetes.io/version"] = "1.13.9"
    key = memory.store.key_of(STATEFUL_SETS, names.NAMESPACE, names.STATEFUL_SET)
    shop.store.put(key, stateful_set)
    ours, management = settings.Settings(releases_config_map="rows"), memory.MemoryServer()
    without = inspected(build, shop, management, ours)
    assert without.lines[-1].startswith("ConfigMap akoo-system/rows is left out: ")
    assert without.data["problem"] == without.lines[-1]
    assert "AKO 1.13.9 is not a supported release." in str(without.lines)
    assert "version" not in section(without)
    ranges = {"kubernetes": {"min": "1.27", "max": "1.34"}, "avi": {"min": "22.1", "max": "31.1"}}
    rows = [{"version": "1.13.9", "like": "1.13.4", "definitions": "Like", **ranges}]
    management.seed(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "rows", "namespace": "akoo-system"},
            "data": {"releases": json.dumps(rows)},
        }
    )
    known = inspected(build, shop, management, ours)
    assert "problem" not in known.data
    assert "is not a supported release" not in str(known.lines)
    assert section(known)["version"] == "1.13.9"
    assert known.data["installs"][0]["equal"]


def section(answer: commands.CommandAnswer) -> dict[str, Any]:
    """``spec.plugins.ako`` of the config that is suggested."""
    (install,) = answer.data["installs"]
    options_of: dict[str, Any] = install["config"]["spec"]["plugins"]["ako"]
    return options_of


def test_a_cluster_without_ako(build: Any) -> None:
    answer = inspected(build, memory.MemoryServer(), memory.MemoryServer())
    assert answer.lines == ("team-a/shop: no AKO",)
    assert answer.data["installs"] == []


def test_a_cluster_that_does_not_answer(build: Any) -> None:
    with pytest.raises(errors.AkooError, match="does not answer"):
        inspected(build, None, memory.MemoryServer())


def test_ako_in_any_namespace(build: Any) -> None:
    server = memory.MemoryServer()
    server.seed(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": names.CONFIG_MAP, "namespace": "balancers"},
            "data": {"clusterName": "my-cluster"},
        }
    )
    assert server.objects(CONFIG_MAPS, "balancers")
    (install,) = inspected(build, server, memory.MemoryServer()).data["installs"]
    assert (install["namespace"], install["reason"]) == ("balancers", "NothingToAdopt")


def test_the_group_names_its_commands() -> None:
    assert command.INSPECT in ako_commands.GROUP.commands
    assert all(isinstance(kind, Resource) for versions in OTHERS for kind in versions)


# Answers of a workload cluster whose administrator means ill.

NAMED = ("apiVersion", "kind")
"""Filled in by the read."""
CALLS = 40
"""More calls than a look makes at both clusters."""
Answer = Callable[[Resource, Page], Page]


def _wrong(kind: Resource, page: Page) -> Page:
    return Page([{"metadata": {"name": 7}}, *page.items], page.resource_version, page.token)


def _without_metadata(kind: Resource, page: Page) -> Page:
    return Page([{"spec": "x"}], page.resource_version, page.token)


def _endless(kind: Resource, page: Page) -> Page:
    return Page(page.items, page.resource_version, "more")


def _too_large(kind: Resource, page: Page) -> Page:
    raise ServerError("the answer is larger than 4194304 bytes")


def hostile(monkeypatch: pytest.MonkeyPatch, answer: Answer, number: int = -1) -> list[str]:
    """Answer the call of that number so, or every call. Returns the list of calls."""
    made: list[str] = []
    real = KubeClient.list

    async def listing(self: KubeClient, kind: Resource, *args: Any, **query: Any) -> Page:
        made.append(kind.qualified)
        assert 0 < query["limit"] <= read.LIMIT, "each list is bounded"
        assert not query.get("token"), "and has one page"
        page = await real(self, kind, *args, **query)
        return answer(kind, page) if number in (-1, len(made) - 1) else page

    monkeypatch.setattr(KubeClient, "list", listing)
    return made


def everything(shop: memory.MemoryServer) -> memory.MemoryServer:
    """A management cluster; both serve all kinds, and the install has all marks."""
    (stateful_set,) = shop.objects(STATEFUL_SETS, names.NAMESPACE)
    stateful_set["metadata"]["labels"]["kapp.k14s.io/app"] = "1650"
    stateful_set["metadata"]["managedFields"] = [{"manager": "manager"}]
    key = memory.store.key_of(STATEFUL_SETS, names.NAMESPACE, names.STATEFUL_SET)
    shop.store.put(key, stateful_set)
    management = memory.MemoryServer()
    for server in (shop, management):
        for versions in OTHERS:
            server.served.serve(versions[0])
    return management


@pytest.mark.parametrize("answer", [_wrong, _without_metadata, _too_large])
def test_a_bad_answer_to_any_read_is_a_typed_error(
    build: Any, shop: memory.MemoryServer, monkeypatch: pytest.MonkeyPatch, answer: Answer
) -> None:
    management = everything(shop)
    with monkeypatch.context() as patched:
        reads = hostile(patched, lambda kind, page: page)
        inspected(build, shop, management)
    assert 25 < len(reads) < CALLS
    for number, kind in enumerate(reads):
        with monkeypatch.context() as patched:
            hostile(patched, answer, number)
            with pytest.raises(errors.AkooError) as caught:
                inspected(build, shop, management)
            assert isinstance(caught.value, ServerError), kind


def test_lists_without_an_end(
    build: Any, shop: memory.MemoryServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is read once; then not every owner was looked at."""
    management = everything(shop)
    reads = hostile(monkeypatch, _endless)
    answer = inspected(build, shop, management)
    assert len(reads) < CALLS
    assert len(answer.data["notLookedAt"]) == len(reads)
    assert answer.data["installs"][0]["reason"] == "OwnersUnseen"


def places(node: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all values in an object."""
    children = node.items() if isinstance(node, dict) else enumerate(node)
    for key, child in children:
        yield (*above, key)
        if isinstance(child, dict | list):
            yield from places(child, (*above, key))


@pytest.mark.parametrize("wrong", ["x", 7, [7], {"a": 7}])
@pytest.mark.parametrize("kind", ["StatefulSet", "ConfigMap"])
def test_a_value_of_another_type_anywhere_is_a_typed_error(
    build: Any, kind: str, wrong: Any
) -> None:
    """Recognised, judged, reported and remembered, or refused as a whole."""
    own = json.loads(json.dumps(objects.render(build.desired({}, options.Options()))))
    (obj,) = (each for each in own if each["kind"] == kind)
    fields: dict[str, Any] = {"f:spec": {"f:selector": {}}}
    entry = {"manager": "helm", "time": "2026-01-01T00:00:00Z", "fieldsV1": fields}
    obj["metadata"] |= {"uid": "u", "annotations": {"a": "b"}, "managedFields": [entry]}
    others = [each for each in own if each["kind"] in ("StatefulSet", "ConfigMap")]
    refused = 0
    for *above, last in [path for path in places(obj) if path[0] not in NAMED]:
        holder: Any = obj
        for key in above:
            holder = holder[key]
        before, holder[last] = holder[last], wrong
        try:
            checked.check(next(each for each in kinds.OWN if each.kind == kind), obj)
            seen = Seen(namespace="team-a", name="shop", own=tuple(others))
            for each in report.inspect(seen, build.cluster(), settings.Settings()):
                report.plain("team-a/shop", [each], ())
                assert list(report.lines("team-a/shop", [each], ()))
                former.of(each.install, seen, None)
                shape.problem(shape.of(each.install, seen))
        except errors.AkooError:
            refused += 1
        holder[last] = before
    assert refused > 5


@pytest.mark.parametrize("time", ["x", "", 7, "2026-01-01T00:00:00"])
def test_the_time_of_a_write_has_a_zone(time: Any) -> None:
    (kind,) = (each for each in kinds.OWN if each.kind == "StatefulSet")
    with pytest.raises(ServerError, match="time"):
        checked.check(kind, {"metadata": {"managedFields": [{"manager": "helm", "time": time}]}})


@pytest.mark.parametrize("obj", [{"metadata": {"name": 7}}, {"metadata": {"managedFields": "x"}}])
@pytest.mark.parametrize("verb", ["package", "release", "own objects", "made harmless", "Pods"])
def test_the_other_reads_of_an_adoption(
    build: Any, monkeypatch: pytest.MonkeyPatch, verb: str, obj: dict[str, Any]
) -> None:
    async def answers(*_: Any, **__: Any) -> Any:
        return Page([] if verb == "own objects" else [obj], "1", "")

    async def one_object(*_: Any, **__: Any) -> Any:
        return obj

    async def pods(*_: Any, **__: Any) -> Any:
        return workload.Deployed(None, [obj])

    monkeypatch.setattr(KubeClient, "list", answers)
    monkeypatch.setattr(KubeClient, "get", one_object)
    monkeypatch.setattr(workload, "find", pods)
    monkeypatch.setattr(render, "written", lambda _: True)
    kind: former.FormerKind = "Secret" if verb == "release" else "PackageInstall"
    name = "sh.helm.release.v1.ako.v1"
    owner = former.FormerObject(kind=kind, namespace="a", name=name, uid="u")
    fact = former.AkoFormerOwner(objects=(owner,))
    kube = memory.MemoryServer().client()
    view = build.view()
    monkeypatch.setattr(
        type(view), "fact", lambda _, kind: fact if kind is former.AkoFormerOwner else None
    )
    ctx = build.context(kube, of=view)
    made: dict[str, Callable[[], Coroutine[Any, Any, object]]] = {
        **dict.fromkeys(("package", "release", "own objects"), lambda: again.look(ctx)),
        "made harmless": lambda: harmless.make(ctx, fact),
        "Pods": lambda: look.running_pods(ctx, "avi-system", {}),
    }
    with pytest.raises(ServerError, match="none of Kubernetes"):
        asyncio.run(made[verb]())
