"""Installs and their owners: who deployed an AKO, and whether it can be adopted."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from akoo_ako import names, options
from akoo_ako.installs import owners, recognise, report, verdict
from akoo_ako.installs.seen import Seen
from akoo_ako.rendering import objects
from akoo_ako.settings import Settings

from akoo_core.plugin import structs

Obj = dict[str, Any]
RELEASE = {
    "meta.helm.sh/release-name": "ako",
    "meta.helm.sh/release-namespace": "avi-system",
}
KUBECONFIG: Obj = {"kubeConfig": {"secretRef": {"name": "shop-kubeconfig"}}}


def made(kind: str, name: str, namespace: str = "", **fields: Any) -> Obj:
    """An object. ``labels``, ``annotations`` and ``owners`` (kind, name) go into its metadata."""
    metadata: Obj = {"name": name, "namespace": namespace} if namespace else {"name": name}
    for key in ("labels", "annotations"):
        if key in fields:
            metadata[key] = fields.pop(key)
    if "owner" in fields:
        owner_kind, owner_name = fields.pop("owner")
        metadata["ownerReferences"] = [{"kind": owner_kind, "name": owner_name}]
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, **fields}


class Shop:
    """Workload and management cluster of team-a/shop, with an AKO of plain YAML."""

    def __init__(self, build: Any, version: str = "1.13.4") -> None:
        wanted = build.desired({}, options.Options(version=version))
        self.own: list[Obj] = json.loads(json.dumps(objects.render(wanted)))
        self.workload: list[Obj] = []
        self.management: list[Obj] = []
        self.labels: dict[str, str] = {}
        self.unseen: tuple[str, ...] = ()
        self.cluster = build.cluster()

    def of(self, kind: str) -> Obj:
        return next(obj for obj in self.own if obj["kind"] == kind)

    def mark(self, *, labels: Obj | None = None, annotations: Obj | None = None) -> None:
        """The marks, on every object of AKO."""
        for obj in self.own:
            obj["metadata"].setdefault("labels", {}).update(labels or {})
            obj["metadata"].setdefault("annotations", {}).update(annotations or {})

    def seen(self) -> Seen:
        return Seen(
            namespace="team-a",
            name="shop",
            labels=self.labels,
            own=tuple(self.own),
            workload=tuple(self.workload),
            management=tuple(self.management),
            unseen=self.unseen,
        )

    def inspected(self) -> report.Inspected:
        (only,) = report.inspect(self.seen(), self.cluster, Settings())
        return only

    def judged(self) -> tuple[str, str, list[str]]:
        """Kind, reason, and the chain of owners of the StatefulSet."""
        each = self.inspected()
        chain = next(obj for obj in each.install.objects if obj.kind == "StatefulSet").owners
        return each.install.kind, each.verdict.reason, [str(owner) for owner in chain]


@pytest.fixture
def shop(build: Any) -> Shop:
    return Shop(build)


def test_plain_yaml(shop: Shop) -> None:
    each = shop.inspected()
    assert (each.install.kind, each.install.version, each.install.primary) == (
        "YAML",
        "1.13.4",
        True,
    )
    assert each.verdict == verdict.Verdict(adoptable=True)
    assert each.suggestion is not None
    assert each.suggestion.equal
    assert {obj.kind for obj in each.install.objects} >= {
        "ConfigMap",
        "ClusterRole",
        "IngressClass",
    }


def helm(shop: Shop) -> None:
    shop.mark(labels={"app.kubernetes.io/managed-by": "Helm"}, annotations=RELEASE)
    labels = {"owner": "helm", "name": "ako"}
    shop.workload.append(made("Secret", "sh.helm.release.v1.ako.v1", "avi-system", labels=labels))


HELM = "Helm release avi-system/ako"
PROXY_SPEC = {
    "clusterRef": {"name": "shop"},
    "releaseName": "ako",
    "namespace": "avi-system",
}


def test_a_helm_release_that_nobody_reconciles(shop: Shop) -> None:
    helm(shop)
    assert shop.judged() == ("Helm", "", [HELM])


@pytest.mark.parametrize(
    ("here", "owner", "chain"),
    [
        (
            True,
            made(
                "HelmReleaseProxy",
                "ako-x",
                "team-a",
                spec=PROXY_SPEC,
                owner=("HelmChartProxy", "ako"),
            ),
            [
                "HelmReleaseProxy team-a/ako-x (management cluster)",
                "HelmChartProxy team-a/ako (management cluster)",
            ],
        ),
        (
            True,
            made(
                "HelmRelease",
                "ako",
                "team-a",
                spec={"targetNamespace": "avi-system", "releaseName": "ako", **KUBECONFIG},
            ),
            ["HelmRelease team-a/ako (management cluster)"],
        ),
        (
            False,
            made("HelmRelease", "ako", "avi-system", spec={}),
            ["HelmRelease avi-system/ako"],
        ),
        (
            True,
            made(
                "ClusterSummary",
                "ako-shop",
                "team-a",
                spec={"clusterNamespace": "team-a", "clusterName": "shop"},
                status={
                    "helmReleaseSummaries": [
                        {"releaseName": "ako", "releaseNamespace": "avi-system"}
                    ]
                },
            ),
            ["ClusterSummary team-a/ako-shop (management cluster)"],
        ),
        (
            True,
            made(
                "BundleDeployment",
                "ako",
                "cluster-team-a-shop-1f2e",
                status={"release": "avi-system/ako:3"},
            ),
            ["BundleDeployment cluster-team-a-shop-1f2e/ako (management cluster)"],
        ),
    ],
)
def test_a_helm_release_that_somebody_reconciles(
    shop: Shop, here: bool, owner: Obj, chain: list[str]
) -> None:
    helm(shop)
    (shop.management if here else shop.workload).append(owner)
    assert shop.judged() == ("Helm", "ManagedByOther", [HELM, *chain])
    assert shop.inspected().verdict.detach == chain[-1]


@pytest.mark.parametrize(
    "owner",
    [
        made("HelmReleaseProxy", "x", "team-a", spec={**PROXY_SPEC, "releaseName": "other"}),
        made(
            "HelmReleaseProxy", "x", "team-a", spec={**PROXY_SPEC, "clusterRef": {"name": "other"}}
        ),
        made("HelmRelease", "ako", "avi-system", spec={"releaseName": "ako"}),
        made(
            "HelmRelease",
            "ako",
            "team-b",
            spec={"targetNamespace": "avi-system", "releaseName": "ako", **KUBECONFIG},
        ),
        made(
            "ClusterSummary",
            "x",
            "team-a",
            spec={"clusterNamespace": "team-a", "clusterName": "other"},
            status={
                "helmReleaseSummaries": [{"releaseName": "ako", "releaseNamespace": "avi-system"}]
            },
        ),
        made(
            "BundleDeployment",
            "ako",
            "cluster-team-a-other-1f2e",
            status={"release": "avi-system/ako:3"},
        ),
        made(
            "Application",
            "ako",
            "argocd",
            spec={"destination": {"server": "https://kubernetes.default.svc"}},
            status={
                "resources": [{"kind": "StatefulSet", "namespace": "avi-system", "name": "ako"}]
            },
        ),
    ],
)
def test_owners_of_other_clusters_own_nothing_here(shop: Shop, owner: Obj) -> None:
    """Management clusters deploy AKO into many clusters, under the same names."""
    helm(shop)
    shop.management.append(owner)
    assert shop.judged() == ("Helm", "", [HELM])


@pytest.mark.parametrize(
    ("labels", "annotations", "owner"),
    [
        (
            {"helm.toolkit.fluxcd.io/name": "ako", "helm.toolkit.fluxcd.io/namespace": "flux"},
            {},
            "HelmRelease flux/ako",
        ),
        (
            {
                "kustomize.toolkit.fluxcd.io/name": "apps",
                "kustomize.toolkit.fluxcd.io/namespace": "flux",
            },
            {},
            "Kustomization flux/apps",
        ),
        ({"argocd.argoproj.io/instance": "ako"}, {}, "Application ako"),
        (
            {},
            {"argocd.argoproj.io/tracking-id": "argo_ako:apps/StatefulSet:avi-system/ako"},
            "Application argo/ako",
        ),
        ({"projectsveltos.io/reference-kind": "ConfigMap"}, {}, "ClusterSummary of this Cluster"),
        (
            {},
            {"objectset.rio.cattle.io/id": "default-fleet-ako"},
            "BundleDeployment default-fleet-ako",
        ),
    ],
)
def test_a_mark_counts_although_its_owner_is_in_a_third_cluster(
    shop: Shop, labels: Obj, annotations: Obj, owner: str
) -> None:
    shop.mark(labels=labels, annotations=annotations)
    kind, reason, chain = shop.judged()
    assert (kind, reason) == ("YAML", "ManagedByOther")
    assert chain == [f"{owner} (found in neither cluster)"]


def test_argo_cd_with_the_label_that_charts_set(shop: Shop) -> None:
    """The label alone says nothing: every chart sets it."""
    shop.mark(labels={"app.kubernetes.io/instance": "ako"})
    assert shop.judged()[1] == ""
    mine = {"kind": "StatefulSet", "namespace": "avi-system", "name": "ako"}
    application = made(
        "Application",
        "ako",
        "argocd",
        spec={"destination": {"name": "shop"}},
        status={"resources": [mine]},
        owner=("ApplicationSet", "all"),
    )
    shop.management.append(application)
    assert shop.judged() == (
        "YAML",
        "ManagedByOther",
        [
            "Application argocd/ako (management cluster)",
            "ApplicationSet argocd/all (management cluster)",
        ],
    )


def kapp(shop: Shop, package: str, name: str = "shop-ako", app: str = "shop-ako-ctrl") -> None:
    """A PackageInstall, its App, and the app of kapp with its objects."""
    shop.mark(labels={"kapp.k14s.io/app": "1650"})
    spec = {"packageRef": {"refName": package}}
    shop.workload += [
        made(
            "ConfigMap",
            app,
            "tkg-system",
            data={"spec": '{"labelKey":"kapp.k14s.io/app","labelValue":"1650"}'},
        ),
        made("App", name, "tkg-system", owner=("PackageInstall", name)),
        made("PackageInstall", name, "tkg-system", spec=spec),
    ]


CHAIN = ["kapp app tkg-system/shop-ako-ctrl", "App tkg-system/shop-ako"]
INSTALL = "PackageInstall tkg-system/shop-ako"


def test_the_ancestors_package_by_its_add_on_secret(shop: Shop) -> None:
    kapp(shop, "load-balancer-and-ingress-service.tanzu.vmware.com")
    secret = "shop-load-balancer-and-ingress-service-addon"
    shop.management.append(made("Secret", secret, "team-a"))
    top = f"Secret team-a/{secret} (management cluster)"
    assert shop.judged() == ("Ancestor", "", [*CHAIN, INSTALL, top])


def test_the_ancestors_package_by_a_cluster_bootstrap(shop: Shop) -> None:
    package = "load-balancer-and-ingress-service.tanzu.vmware.com"
    kapp(shop, package, app="shop-ako.app")
    entry = {"refName": f"{package}.1.13.4+vmware.1"}
    shop.management.append(
        made("ClusterBootstrap", "shop", "team-a", spec={"additionalPackages": [entry]})
    )
    top = "ClusterBootstrap team-a/shop (management cluster)"
    app = "kapp app tkg-system/shop-ako.app"
    assert shop.judged() == ("Ancestor", "", [app, CHAIN[1], INSTALL, top])


def test_the_vendors_package(shop: Shop) -> None:
    """It is adopted where nobody asks the vendor for it."""
    kapp(shop, "ako.kubernetes.vmware.com")
    assert shop.judged() == ("Vendor", "", [*CHAIN, INSTALL])
    shop.labels = {"ako.kubernetes.vmware.com/install": "true"}
    assert shop.judged()[1] == "ManagedByVendor"
    assert shop.inspected().verdict.detach == (
        "label ako.kubernetes.vmware.com/install of Cluster team-a/shop"
    )
    shop.labels = {}
    labels = {"managed-by": "ako-infra"}
    shop.management.append(made("Secret", "shop-avi-secret", "team-a", labels=labels))
    assert shop.judged()[1] == "ManagedByVendor"
    assert shop.inspected().verdict.detach == "Secret team-a/shop-avi-secret"


def remote(
    kind: str, namespace: str = "team-a", secret: str = "shop-kubeconfig", **more: Any
) -> Obj:
    """A package or an App in the management cluster that deploys into another cluster."""
    spec = {
        "cluster": {"kubeconfigSecretRef": {"name": secret}},
        "packageRef": {"refName": "load-balancer-and-ingress-service.tanzu.vmware.com"},
    }
    return made(kind, "shop-ako", namespace, spec=spec, **more)


REMOTE_APP = "App team-a/shop-ako (management cluster)"
REMOTE_INSTALL = "PackageInstall team-a/shop-ako (management cluster)"


@pytest.mark.parametrize(
    ("above", "chain"),
    [
        ([remote("App")], [REMOTE_APP]),
        ([remote("PackageInstall")], [REMOTE_INSTALL]),
        (
            [
                remote("App", owner=("PackageInstall", "shop-ako")),
                remote("PackageInstall", owner=("Cluster", "shop")),
            ],
            [REMOTE_APP, REMOTE_INSTALL],
        ),
        (
            [remote("App", "ops", "prod"), remote("App")],
            [REMOTE_APP],
        ),
        (
            [remote("App", "ops", "prod")],
            ["App ops/shop-ako (management cluster)"],
        ),
    ],
)
def test_a_kapp_controller_in_the_management_cluster(
    shop: Shop, above: list[Obj], chain: list[str]
) -> None:
    """Also with the ancestor's package: nothing of it is paused there, since it is shared."""
    kapp(shop, "")
    del shop.workload[1:]
    shop.management += above
    assert shop.judged() == ("Package", "ManagedByOther", [CHAIN[0], *chain])
    judged = shop.inspected().verdict
    assert judged.detach == chain[-1]
    assert judged.message.endswith("Set its spec.noopDelete to true, and delete it.")


@pytest.mark.parametrize(
    "above",
    [
        remote("App", "team-b"),
        remote("App", secret="other-kubeconfig"),
        made("App", "shop-ako", "team-a", spec={}),
        made("App", "other", "team-a", spec=remote("App")["spec"]),
    ],
)
def test_apps_of_other_clusters_own_nothing_here(shop: Shop, above: Obj) -> None:
    kapp(shop, "")
    del shop.workload[1:]
    shop.management.append(above)
    assert shop.judged() == ("YAML", "", [CHAIN[0]])


def test_an_app_of_the_workload_cluster_comes_first(shop: Shop) -> None:
    kapp(shop, "load-balancer-and-ingress-service.tanzu.vmware.com")
    shop.management.append(remote("App"))
    assert shop.judged() == ("Ancestor", "", [*CHAIN, INSTALL])


def flux(kind: str, name: str, of: str = "", spec: Obj | None = None) -> Obj:
    """An object of Flux, which a Kustomization may deploy."""
    prefix = "kustomize.toolkit.fluxcd.io"
    labels = {f"{prefix}/name": of, f"{prefix}/namespace": "flux"} if of else {}
    return made(kind, name, "flux", labels=labels, spec=spec or {})


def test_flux_up_to_the_kustomization_that_deploys_itself(shop: Shop) -> None:
    """The object to detach is the one that was made for AKO; the message names what restores it."""
    prefix = "helm.toolkit.fluxcd.io"
    shop.mark(labels={f"{prefix}/name": "ako", f"{prefix}/namespace": "flux"})
    shop.management += [
        flux("HelmRelease", "ako", "apps", KUBECONFIG),
        flux("Kustomization", "apps", "root"),
        flux("Kustomization", "root", "root"),
    ]
    names_of = ["HelmRelease flux/ako", "Kustomization flux/apps", "Kustomization flux/root"]
    chain = [f"{name} (management cluster)" for name in names_of]
    assert shop.judged() == ("YAML", "ManagedByOther", chain)
    judged = shop.inspected().verdict
    assert judged.detach == chain[0]
    assert judged.message.endswith(f" {chain[1]} deploys it: take it out there first.")


def test_a_kustomization_of_the_management_cluster(shop: Shop) -> None:
    prefix = "kustomize.toolkit.fluxcd.io"
    shop.mark(labels={f"{prefix}/name": "ako", f"{prefix}/namespace": "flux"})
    shop.management.append(flux("Kustomization", "ako", spec=KUBECONFIG))
    assert shop.judged() == (
        "YAML",
        "ManagedByOther",
        ["Kustomization flux/ako (management cluster)"],
    )


def test_argo_cd_up_to_the_application_of_applications(shop: Shop) -> None:
    """The lower one deploys into the workload cluster, the higher one beside itself."""
    tracking = "argocd.argoproj.io/tracking-id"
    shop.mark(annotations={tracking: "ako:apps/StatefulSet:avi-system/ako"})
    root = made(
        "Application",
        "root",
        "argocd",
        annotations={tracking: "root:argoproj.io/Application:argocd/root"},
        spec={"destination": {"name": "in-cluster"}},
    )
    below = made(
        "Application",
        "ako",
        "argocd",
        annotations={tracking: "root:argoproj.io/Application:argocd/ako"},
        spec={"destination": {"server": "https://shop.example.com:6443"}},
    )
    shop.management += [root, below]
    assert shop.judged()[2] == [
        "Application argocd/ako (management cluster)",
        "Application argocd/root (management cluster)",
    ]
    assert shop.inspected().verdict.detach == "Application argocd/ako (management cluster)"


def test_an_application_by_name_of_the_management_cluster_owns_nothing_here(shop: Shop) -> None:
    shop.mark(labels={"app.kubernetes.io/instance": "ako"})
    mine = {"kind": "StatefulSet", "namespace": "avi-system", "name": "ako"}
    shop.management.append(
        made(
            "Application",
            "ako",
            "argocd",
            spec={"destination": {"name": "in-cluster"}},
            status={"resources": [mine]},
        )
    )
    assert shop.judged() == ("YAML", "", [])


@pytest.mark.parametrize(
    ("strategy", "bound", "manager", "reason"),
    [
        ("Reconcile", "ako", "manager", "ManagedByOther"),
        ("ApplyOnce", "ako", "manager", ""),
        ("Reconcile", "other", "manager", ""),
        ("Reconcile", "ako", "kubectl", ""),
    ],
)
def test_a_cluster_resource_set_that_writes_again(
    shop: Shop, strategy: str, bound: str, manager: str, reason: str
) -> None:
    for obj in shop.own:
        obj["metadata"]["managedFields"] = [{"manager": manager, "operation": "Update"}]
    bindings = [{"clusterResourceSetName": bound}]
    shop.management += [
        made("ClusterResourceSet", "ako", "team-a", spec={"strategy": strategy}),
        made("ClusterResourceSetBinding", "shop", "team-a", spec={"bindings": bindings}),
    ]
    chain = ["ClusterResourceSet team-a/ako (management cluster)"] if reason else []
    assert shop.judged() == ("YAML", reason, chain)


def test_fleet_up_to_the_bundle(shop: Shop) -> None:
    shop.mark(annotations={"objectset.rio.cattle.io/id": "default-ako"})
    labels = {"fleet.cattle.io/bundle-name": "ako", "fleet.cattle.io/bundle-namespace": "fleet"}
    shop.management.append(made("BundleDeployment", "ako", "cluster-1", labels=labels))
    assert shop.judged()[2] == [
        "BundleDeployment cluster-1/ako (management cluster)",
        "Bundle fleet/ako (management cluster)",
    ]
    assert shop.inspected().verdict.detach == "Bundle fleet/ako (management cluster)"


def test_owners_in_a_circle_end(shop: Shop) -> None:
    """A workload cluster may answer anything."""
    shop.of("StatefulSet")["metadata"]["ownerReferences"] = [{"kind": "App", "name": "a"}]
    for name, above in (("a", "b"), ("b", "a")):
        shop.workload.append(made("App", name, "avi-system", owner=("App", above)))
    assert shop.judged()[2] == ["App avi-system/a", "App avi-system/b"]


def test_a_chain_without_an_end_is_cut(shop: Shop) -> None:
    shop.of("StatefulSet")["metadata"]["ownerReferences"] = [{"kind": "App", "name": "0"}]
    for place in range(100):
        shop.workload.append(made("App", str(place), "avi-system", owner=("App", str(place + 1))))
    assert len(shop.judged()[2]) == owners.LONGEST


def test_a_package_that_nobody_knows(shop: Shop) -> None:
    kapp(shop, "my-ako.example.com")
    assert shop.judged()[:2] == ("Package", "ManagedByOther")
    assert shop.inspected().verdict.detach == INSTALL


def test_an_app_of_kapp_without_a_controller_is_adopted_as_yaml(shop: Shop) -> None:
    kapp(shop, "")
    del shop.workload[1:]
    assert shop.judged() == ("YAML", "", [CHAIN[0]])
    shop.workload.clear()
    assert shop.judged() == ("YAML", "", ["kapp app 1650 (found in neither cluster)"])


def test_openshift(shop: Shop) -> None:
    shop.workload.append(made("AKOConfig", "ako-sample", "avi-system"))
    assert shop.judged()[:2] == ("AKOConfig", "ManagedByOther")
    assert shop.inspected().verdict.detach == "AKOConfig ako-sample"


def test_an_owner_of_any_other_kind_keeps_it(shop: Shop) -> None:
    shop.of("ConfigMap")["metadata"]["ownerReferences"] = [{"kind": "Platform", "name": "p"}]
    assert shop.judged()[:2] == ("YAML", "ManagedByOther")
    assert shop.inspected().verdict.detach == ("Platform avi-system/p (found in neither cluster)")


def test_definitions_of_others_keep_nothing(shop: Shop) -> None:
    labels = {"argocd.argoproj.io/instance": "crds"}
    shop.own.append(made("CustomResourceDefinition", "l4rules.ako.vmware.com", labels=labels))
    assert shop.judged()[1] == ""


def test_our_own(shop: Shop) -> None:
    shop.mark(labels={"akoo.io/record": "akoo-1"})
    assert shop.judged() == ("AkooCore", "AlreadyOurs", [])
    assert shop.inspected().suggestion is None


def second(shop: Shop, namespace: str = "blue") -> None:
    """A secondary instance in a namespace of its own."""
    for kind in ("StatefulSet", "ConfigMap"):
        obj = copy.deepcopy(shop.of(kind))
        obj["metadata"]["namespace"] = namespace
        if kind == "ConfigMap":
            obj["data"]["primaryInstance"] = "false"
        shop.own.append(obj)
    shop.own.append(made("ClusterRoleBinding", f"ako-crb-{namespace}"))


def test_a_second_instance_is_told_apart_and_neither_is_adopted(shop: Shop) -> None:
    second(shop, "a-namespace-before")
    both = report.inspect(shop.seen(), shop.cluster, Settings())
    assert [(each.install.namespace, each.install.primary) for each in both] == [
        ("avi-system", True),
        ("a-namespace-before", False),
    ]
    assert [each.verdict.reason for each in both] == ["SecondAko", "SecondAko"]
    assert both[0].verdict.detach == "StatefulSet a-namespace-before/ako"
    listed = [{str(obj) for obj in each.install.objects} for each in both]
    assert listed[0] & listed[1] == set()
    assert "ClusterRoleBinding ako-crb-a-namespace-before" in listed[1]
    assert "ClusterRole ako-cr" in listed[0]


def test_a_secondary_instance_alone(shop: Shop) -> None:
    shop.of("ConfigMap")["data"]["primaryInstance"] = "false"
    each = shop.inspected()
    assert not each.install.primary
    assert each.notes == ("It is a secondary instance, and the cluster has no primary one.",)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"clusterName": ""}, "ClusterNameInvalid"),
        ({"clusterName": "a b"}, "ClusterNameInvalid"),
        ({"deleteConfig": "true"}, "DeleteConfigSet"),
    ],
)
def test_values_that_forbid_it(shop: Shop, changes: dict[str, str], reason: str) -> None:
    shop.of("ConfigMap")["data"] |= changes
    assert shop.judged()[1] == reason


def test_nothing_runs(shop: Shop) -> None:
    shop.own = [obj for obj in shop.own if obj["kind"] != "StatefulSet"]
    each = shop.inspected()
    assert (each.verdict.reason, each.suggestion) == ("NothingToAdopt", None)
    shop.own = [obj for obj in shop.own if obj["kind"] != "ConfigMap"]
    assert report.inspect(shop.seen(), shop.cluster, Settings()) == ()
    assert list(report.lines("team-a/shop", (), ())) == ["team-a/shop: no AKO"]


def test_an_owner_that_could_not_be_looked_for(shop: Shop) -> None:
    shop.unseen = ("helmreleases.helm.toolkit.fluxcd.io here may not be listed",)
    assert shop.judged()[1] == "OwnersUnseen"
    assert "not looked at: helmreleases" in "\n".join(
        report.lines("team-a/shop", [shop.inspected()], shop.unseen)
    )


@pytest.mark.parametrize(
    ("image", "labelled", "version"),
    [
        ("r/ako:1.13.4", "", "1.13.4"),
        ("r/ako:1.13.4-acme.2", "", "1.13.4"),
        ("r/ako:stable", "2.1.1", "2.1.1"),
        ("r/ako:1.9.3", "", "1.9.3"),
        ("r/ako@sha256:ab", "", ""),
        ("r/ako:stable", "", ""),
    ],
)
def test_the_release_of_an_image(image: str, labelled: str, version: str) -> None:
    stateful_set = made("StatefulSet", "ako", labels={"app.kubernetes.io/version": labelled})
    assert recognise.version_of(image, stateful_set, Settings().table) == version


def test_a_release_outside_of_the_table(shop: Shop) -> None:
    """It can be adopted as it stands. The config names no version, and keeps the image."""
    shop.of("StatefulSet")["metadata"]["labels"] = {}
    pods = shop.of("StatefulSet")["spec"]["template"]["spec"]
    pods["containers"][0]["image"] = "r/ako:1.9.3"
    each = shop.inspected()
    assert each.verdict.adoptable
    assert each.notes == ("AKO 1.9.3 is not a supported release.",)
    assert each.suggestion is not None
    section = each.suggestion.config["spec"]["plugins"]["ako"]
    assert section == {"image": {"repository": "r/ako", "tag": "1.9.3"}}


def test_a_config_that_would_be_refused_says_why(shop: Shop) -> None:
    shop.of("ConfigMap")["data"]["cloudName"] = ""
    each = shop.inspected()
    assert each.suggestion is not None
    assert not each.suggestion.equal
    assert each.suggestion.problem.startswith("spec.cloudName: ")
    text = "\n".join(report.lines("team-a/shop", [each], ()))
    assert "A config for it would be refused: spec.cloudName" in text


def test_the_class_that_is_not_there_is_disabled(shop: Shop) -> None:
    shop.own = [obj for obj in shop.own if obj["kind"] != "IngressClass"]
    each = shop.inspected()
    assert each.suggestion is not None
    assert each.suggestion.config["spec"]["extraConfigs"] == {
        "ingress": {"disableIngressClass": True}
    }


def test_json_and_text_say_the_same(shop: Shop) -> None:
    helm(shop)
    shop.of("ConfigMap")["data"]["somethingNewer"] = "on"
    each = shop.inspected()
    (answer,) = structs.decode_json(structs.encode_json(report.plain("team-a/shop", [each], ())))[
        "installs"
    ]
    text = "\n".join(report.lines("team-a/shop", [each], ()))
    assert (answer["equal"], answer["adoptable"], answer["kind"]) == (False, True, "Helm")
    assert answer["differences"] == [
        {"where": "ConfigMap key somethingNewer", "installed": "on", "rendered": ""}
    ]
    assert "ConfigMap key somethingNewer: on is there, nothing is rendered" in text
    assert f"StatefulSet avi-system/{names.STATEFUL_SET}" in text
    assert HELM in text
    assert json.dumps(answer["config"]["spec"]["cloudName"]) in text
