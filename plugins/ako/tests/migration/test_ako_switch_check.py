"""`akoo-core migrate-akoo check` over a management cluster in memory."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest
from akoo_ako import settings
from akoo_ako.installs import kinds
from akoo_ako.migration import ancestor, command, read, report
from akoo_ako.migration.steps import adoption

from akoo_core import clock, external, structs
from akoo_core.plugin import commands, names
from akoo_core.plugin.kube import (
    AKO_DEPLOYMENT_CONFIGS,
    CLUSTERS,
    MACHINES,
    NAMESPACES,
    SECRETS,
    KubeClient,
    Page,
    Resource,
)
from akoo_core.testing import builders, memory

READ_ONLY = external.External(guard=external.ReadOnly())
METADATA_ALONE = {"secrets", "services", "machines", "clusterbootstraps", "aviinfrasettings"}


LATER = () if adoption.possible() else (report.LATER,)


class Place:
    """A management cluster of the ancestor, and the command over it."""

    def __init__(self) -> None:
        self.server = memory.MemoryServer()
        for kind in (
            *ancestor.WEBHOOK_KINDS,
            *kinds.PACKAGE_INSTALLS,
            *kinds.CLUSTER_BOOTSTRAPS,
            ancestor.INFRA_SETTINGS[0],
        ):
            self.server.served.serve(kind)
        self.problems: dict[str, tuple[str, ...]] = {}
        self.unreached: dict[str, commands.Reachability] = {}
        self.called: list[str] = []
        self.records: tuple[Any, ...] = ()

    def add(self, kind: Resource, key: str, metadata: Any = None, **fields: Any) -> None:
        """Seed an object; ``key`` is namespace/name, or a name."""
        namespace, _, name = key.rpartition("/")
        where = {"namespace": namespace} if namespace else {}
        head = {"apiVersion": kind.api_version, "kind": kind.kind}
        self.server.seed(
            {**head, "metadata": {"name": name, **where, **(metadata or {})}, **fields}
        )

    def delete(self, kind: Resource, key: str) -> None:
        """Begin the deletion of an object that has finalizers."""
        namespace, _, name = key.rpartition("/")
        asyncio.run(self.server.client().delete(kind, name, namespace or None))

    def operator(self, replicas: int = 1, serves_vips: str = "False") -> None:
        env = [{"name": ancestor.VIP_ENVIRONMENT, "value": serves_vips}]
        spec = {
            "replicas": replicas,
            "template": {"spec": {"containers": [{"name": "manager", "env": env}]}},
        }
        self.add(ancestor.DEPLOYMENTS, f"tkg-system-networking/{ancestor.OPERATOR}", spec=spec)

    def config(self, name: str = "shops", **metadata: Any) -> None:
        metadata.setdefault("finalizers", [ancestor.FINALIZER])
        self.add(AKO_DEPLOYMENT_CONFIGS, name, metadata, spec={})

    def cluster(self, key: str = "team-a/shop", **fields: Any) -> None:
        """A Cluster as the ancestor leaves it."""
        metadata = {
            "labels": {ancestor.CONFIG_LABEL: "shops"},
            "finalizers": [ancestor.FINALIZER],
            **fields.pop("metadata", {}),
        }
        self.add(CLUSTERS, key, metadata, **fields)

    def bare(self, key: str, **fields: Any) -> None:
        """A Cluster without a mark of the ancestor."""
        self.add(CLUSTERS, key, None, **fields)

    def context(self) -> commands.CommandContext:
        async def reach(cluster: Mapping[str, Any]) -> commands.Reachability:
            key = f"{cluster['metadata']['namespace']}/{cluster['metadata']['name']}"
            self.called.append(key)
            return self.unreached.get(key, commands.Reachability())

        return commands.CommandContext(
            kube=self.server.client(external=READ_ONLY),
            clock=clock.ManualClock(),
            settings=settings.Settings(),
            management_id="m-1",
            records=self.records,
            configs=tuple(self.server.objects(AKO_DEPLOYMENT_CONFIGS)),
            config_problems=self.problems,
            reach=reach,
        )

    def check(self) -> commands.CommandAnswer:
        return asyncio.run(command.check(self.context()))

    def blocked(self) -> set[tuple[str, str]]:
        """Reason and object of each blocker; the exit code agrees."""
        answer = self.check()
        pairs = {(each["reason"], each["object"]) for each in answer.data["blockers"]}
        assert answer.exit_code == (1 if pairs else 0)
        assert answer.data["free"] is not bool(pairs)
        return pairs


@pytest.fixture
def place() -> Place:
    return Place()


def test_a_management_cluster_without_the_ancestor(place: Place) -> None:
    place.bare("team-a/shop")
    answer = place.check()
    assert answer.exit_code == 0
    assert answer.lines == (
        "The ancestor: nothing of it is deployed",
        "Configs: none",
        "Clusters: 0 with marks of the ancestor, 1 without",
        "Nothing blocks a switch.",
        *LATER,
    )
    assert place.called == []


def test_everything_is_shown_with_what_would_change(place: Place) -> None:
    place.operator()
    place.add(
        kinds.PACKAGE_INSTALLS[0],
        "tkg-system/akoo",
        spec={"packageRef": {"refName": "ako-operator.tanzu.vmware.com"}},
    )
    place.add(
        kinds.PACKAGE_INSTALLS[0],
        "tkg-system/ako",
        spec={"packageRef": {"refName": "load-balancer-and-ingress-service.tanzu.vmware.com"}},
    )
    for kind, name in zip(ancestor.WEBHOOK_KINDS, ancestor.WEBHOOKS, strict=True):
        rules = [{"resources": ["akodeploymentconfigs"]}]
        place.add(kind, name, webhooks=[{"name": "judge", "rules": rules}])
        place.add(kind, f"other-{name}")
    place.config()
    place.add(ancestor.INFRA_SETTINGS[0], "shops-ais")
    conditions = [{"type": "AviUserCleanupSucceeded", "status": "False"}, {"type": "Ready"}]
    place.cluster(status={"deprecated": {"v1beta1": {"conditions": conditions}}})
    place.bare("team-a/plain")
    for index in range(3):
        hook = {ancestor.HOOK: "ako-operator"} if index else {}
        labels = {ancestor.CLUSTER_LABEL: "shop"}
        machine = {"labels": labels, "annotations": hook}
        place.add(MACHINES, f"team-a/m-{index}", machine)
    place.add(SECRETS, "team-a/shop-avi-credentials", type=ancestor.ACCOUNT_TYPE)
    place.add(
        SECRETS,
        "team-a/shop-load-balancer-and-ingress-service-addon",
        {"labels": {ancestor.ADDON_LABEL: ancestor.ADDON}},
    )
    place.add(SECRETS, "team-a/gone-avi-credentials", type=ancestor.ACCOUNT_TYPE)
    place.add(kinds.CLUSTER_BOOTSTRAPS[0], "team-a/shop")
    answer = place.check()
    assert answer.exit_code == 0
    assert list(answer.lines) == [*EVERYTHING.splitlines(), *(LATER or (report.NEXT,))]
    (cluster,) = answer.data["clusters"]
    assert {change["step"] for change in cluster["changes"]} == {
        *("finalizers", "account", "workload")
    }


EVERYTHING = f"""\
The ancestor
  Deployment tkg-system-networking/ako-operator-controller-manager
    has         1 replica wanted
    stop        to 0 replicas
  PackageInstall tkg-system/akoo
    stop        paused
  MutatingWebhookConfiguration ako-operator-mutating-webhook-configuration
    has         refuses every write of a config while no server answers
    stop        stored, then deleted
  ValidatingWebhookConfiguration ako-operator-validating-webhook-configuration
    has         refuses every write of a config while no server answers
    stop        stored, then deleted
Configs
  AKODeploymentConfig shops
    has         label {ancestor.CONFIG_LABEL} of 1 Cluster names it
    has         finalizer {ancestor.FINALIZER}
    has         AviInfraSetting shops-ais
    definitions kept, with akoo-core's definition
    finalizers  finalizer akoo.io/cleanup on, {ancestor.FINALIZER} off, in one patch
    management  AviInfraSetting shops-ais managed by akoo-core
Clusters: 1 with marks of the ancestor, 1 without
  Cluster team-a/shop
    has         label {ancestor.CONFIG_LABEL} names AKODeploymentConfig shops
    has         finalizer {ancestor.FINALIZER}
    has         Secret shop-avi-credentials has the account of its AKO
    has         Secret shop-load-balancer-and-ingress-service-addon has the values of its AKO
    has         a ClusterBootstrap of its name
    has         hook {ancestor.HOOK} on 2 Machines
    has         conditions AviUserCleanupSucceeded
    finalizers  finalizer akoo.io/cleanup on, {ancestor.FINALIZER} off, in one patch
    finalizers  hook off 2 Machines
    finalizers  conditions AviUserCleanupSucceeded removed
    account     Secret shop-avi-credentials stays the source of the account
    workload    AKO adopted with clusterName team-a-shop
    workload    Secret shop-load-balancer-and-ingress-service-addon stays, and nothing reads it
Left over
  Secret team-a/gone-avi-credentials belongs to no Cluster
Nothing blocks a switch."""


@pytest.mark.parametrize(
    ("key", "metadata"),
    [
        ("team-a/team-a-shop-control-plane", {}),
        (
            "elsewhere/some-control-plane",
            {
                "annotations": {
                    ancestor.VIP_OF_NAME: "shop",
                    ancestor.VIP_OF_NAMESPACE: "elsewhere",
                }
            },
        ),
        ("tkg-system/whatever", {"finalizers": [ancestor.VIP_FINALIZER]}),
    ],
)
def test_a_vip_of_the_ancestor_blocks_the_whole_switch(
    place: Place, key: str, metadata: dict[str, Any]
) -> None:
    place.bare("team-a/shop")
    place.add(ancestor.SERVICES, "team-a/shop-control-plane")
    assert place.blocked() == set()
    place.add(ancestor.SERVICES, key, metadata)
    (blocker,) = place.check().data["blockers"]
    assert (blocker["reason"], blocker["whole"]) == ("HandOverNeeded", True)
    assert key in blocker["message"]


@pytest.mark.parametrize(
    ("environment", "value", "blocks"),
    [
        ("True", None, True),
        ("True", False, False),
        ("False", None, False),
        ("true", None, False),
        ("False", True, True),
    ],
)
def test_a_vip_that_the_ancestor_has_yet_to_make_blocks_too(
    place: Place, environment: str, value: bool | None, blocks: bool
) -> None:
    place.operator(serves_vips=environment)
    chosen = [] if value is None else [{"name": ancestor.VIP_VARIABLE, "value": value}]
    place.bare("team-a/shop", spec={"topology": {"variables": chosen}})
    expected = {("HandOverNeeded", "Cluster team-a/shop")} if blocks else set()
    assert place.blocked() == expected


def test_two_clusters_with_one_cluster_name(place: Place) -> None:
    place.cluster("a-b/c")
    place.bare("a/b-c")
    assert place.blocked() == set()
    place.add(SECRETS, "a/b-c-avi-credentials", type=ancestor.ACCOUNT_TYPE)
    assert place.blocked() == {
        ("SharedClusterName", "Cluster a-b/c"),
        ("SharedClusterName", "Cluster a/b-c"),
    }


def test_kubeconfigs_that_cannot_be_used(place: Place) -> None:
    for name in ("none", "refused", "silent"):
        place.cluster(f"team-a/{name}")
    place.bare("team-a/other")
    place.cluster("team-a/going", metadata={"finalizers": [ancestor.FINALIZER, "x"]})
    place.delete(CLUSTERS, "team-a/going")
    for name, reason in (
        ("none", "KubeconfigMissing"),
        ("refused", "KubeconfigExecRefused"),
        ("silent", "WorkloadUnreachable"),
    ):
        place.unreached[f"team-a/{name}"] = commands.Reachability(reason=reason, message="Why.")
    assert place.blocked() == {
        ("KubeconfigMissing", "Cluster team-a/none"),
        ("KubeconfigExecRefused", "Cluster team-a/refused"),
    }
    assert "    has         not reached: Why." in place.check().lines
    assert set(place.called) == {f"team-a/{name}" for name in ("none", "refused", "silent")}


def test_configs_that_are_refused(place: Place) -> None:
    place.config("good")
    place.config("schema")
    place.problems = {"schema": ("spec.a: is required", "b", "c", "d")}
    place.add(AKO_DEPLOYMENT_CONFIGS, "types", spec={"extraConfigs": {"enableEVH": "true"}})
    blockers = {each["object"]: each["message"] for each in place.check().data["blockers"]}
    assert set(blockers) == {"AKODeploymentConfig schema", "AKODeploymentConfig types"}
    listed = blockers["AKODeploymentConfig schema"]
    assert listed.startswith("akoo-core refuses it: spec.a: is required; b; c; and 1 more. ")
    assert "enableEVH" in blockers["AKODeploymentConfig types"]


@pytest.mark.parametrize("replicas", [0, 1])
def test_objects_in_deletion(place: Place, replicas: int) -> None:
    place.operator(replicas)
    place.config("shops")
    place.cluster("team-a/going")
    place.cluster("team-a/held", metadata={"finalizers": ["x"]})
    assert place.blocked() == set()
    place.delete(AKO_DEPLOYMENT_CONFIGS, "shops")
    for name in ("going", "held"):
        place.delete(CLUSTERS, f"team-a/{name}")
    held = {
        ("AncestorFinalizer", "Cluster team-a/going"),
        ("AncestorFinalizer", "AKODeploymentConfig shops"),
    }
    assert place.blocked() == (held if replicas else set())
    changes = [line for line in place.check().lines if "once stopped, akoo-core does" in line]
    assert len(changes) == 2


def test_two_operators(place: Place) -> None:
    both = {"finalizers": [ancestor.FINALIZER, names.FINALIZER]}
    place.cluster("team-a/both", metadata=both)
    place.cluster("team-a/going", metadata=both)
    place.delete(CLUSTERS, "team-a/going")
    place.cluster("team-a/recorded", metadata={"uid": builders.CLUSTER_UID})
    recorded = place.server.objects(CLUSTERS, "team-a")
    uid = next(c["metadata"]["uid"] for c in recorded if c["metadata"]["name"] == "recorded")
    record = structs.replace(builders.record(), finalizers=("akoo.io/record",))
    ref = builders.record_spec().cluster_ref
    spec = structs.replace(record.spec, cluster_ref=structs.replace(ref, uid=uid))
    place.records = (structs.replace(record, spec=spec),)
    expected = {
        ("TwoOperators", f"Cluster team-a/{name}") for name in ("both", "going", "recorded")
    }
    assert place.blocked() == expected
    freed = structs.replace(record, spec=spec, finalizers=())
    observed = structs.replace(record, spec=structs.replace(spec, observed=True))
    for harmless in (freed, observed):
        place.records = (harmless,)
        assert place.blocked() == expected - {("TwoOperators", "Cluster team-a/recorded")}


def test_an_ako_that_deletes_its_objects(place: Place) -> None:
    labels = {ancestor.CONFIG_LABEL: "shops", ancestor.CLEAN_LABEL: "true"}
    place.cluster("team-a/shop", metadata={"labels": labels})
    place.cluster("tkg-system/mgmt", metadata={"labels": labels, "finalizers": []})
    assert place.blocked() == {("DeleteConfigSet", "Cluster team-a/shop")}


def test_no_value_of_a_secret_is_read(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    listed: dict[str, list[bool]] = {}
    real = KubeClient.list

    async def listing(self: KubeClient, kind: Resource, *args: Any, **query: Any) -> Page:
        listed.setdefault(kind.plural, []).append(query.get("metadata_only", False))
        return await real(self, kind, *args, **query)

    async def getting(self: KubeClient, kind: Resource, *args: Any) -> Any:
        raise AssertionError(f"a {kind.kind} was read")

    monkeypatch.setattr(KubeClient, "list", listing)
    monkeypatch.setattr(KubeClient, "get", getting)
    secret = {"password": "aHVudGVyMg=="}
    place.add(SECRETS, "team-a/shop-avi-credentials", type=ancestor.ACCOUNT_TYPE, data=secret)
    place.cluster()
    answer = place.check()
    assert len(listed["secrets"]) == 2
    assert {kind for kind, alone in listed.items() if all(alone)} == METADATA_ALONE
    everything = [*answer.lines, json.dumps(answer.data)]
    assert not any("hunter2" in text or "aHVudGVyMg" in text for text in everything)


def test_a_kind_that_may_not_be_listed_leaves_the_answer_open(place: Place) -> None:
    place.server.served.deny("list", ancestor.SERVICES.qualified)
    answer = place.check()
    assert (answer.exit_code, answer.data["notLookedAt"]) == (1, ["services may not be listed"])
    assert "Not everything was looked at, so that more may block." in answer.lines


def test_more_than_is_looked_at_leaves_the_answer_open(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read, "PAGES", 1)
    place.server.list_limit = 1
    place.bare("team-a/a")
    assert place.check().exit_code == 0
    place.bare("team-a/b")
    answer = place.check()
    assert answer.exit_code == 1
    assert answer.data["notLookedAt"] == ["there are more than 1 clusters.cluster.x-k8s.io"]


def test_without_a_way_to_workload_clusters_the_answer_is_open(place: Place) -> None:
    place.cluster()
    ctx = structs.replace(place.context(), reach=None)
    answer = asyncio.run(command.check(ctx))
    assert answer.exit_code == 1
    assert answer.data["notLookedAt"] == ["the workload clusters were not called"]


def test_an_older_cluster_api(place: Place) -> None:
    place.server = memory.MemoryServer(
        resources=(ancestor.CLUSTERS[1], SECRETS, NAMESPACES, AKO_DEPLOYMENT_CONFIGS)
    )
    place.add(ancestor.CLUSTERS[1], "team-a/shop", {"labels": {ancestor.CONFIG_LABEL: "shops"}})
    (cluster,) = place.check().data["clusters"]
    assert cluster["object"] == "Cluster team-a/shop"


def test_hostile_names_are_text(place: Place) -> None:
    evil = "\x1b[2J\r\nNothing blocks a switch.\u202e"
    place.cluster(metadata={"labels": {ancestor.CONFIG_LABEL: evil}})
    place.problems = {"shops": (evil,)}
    answer = place.check()
    assert all(line.isprintable() for line in answer.lines)
    assert "Nothing blocks a switch." not in answer.lines
    assert answer.exit_code == 1
