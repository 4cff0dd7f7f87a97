"""Installs of AKO as others leave them in a workload cluster: Helm, kubectl, and packages of kapp.

The packages are recorded objects: no program of kapp runs here.
"""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Callable, Sequence
from typing import Any, Final

from akoo_ako import settings
from akoo_ako.installs import differences
from akoo_ako.rendering import objects
from akoo_testbed import definitions as established
from akoo_testbed import kubeapi, waiting

from akoo_core.objects import cluster as clusters

Object = dict[str, Any]

VERSION: Final = "1.13.4"
PACKAGES: Final = "tkg-system"
"""The namespace of PackageInstalls."""
_APP: Final = "1733011200000000000"
"""kapp's mark of an app."""
_DEFINITIONS: Final = (
    ("packaging.carvel.dev", "PackageInstall", "packageinstalls"),
    ("kappctrl.k14s.io", "App", "apps"),
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Install:
    """One AKO, and the objects by which its owner knows it."""

    program: str
    """The field manager of AKO's objects."""
    namespace: str
    cluster_name: str
    parts: Sequence[Object]
    """AKO's objects, in the order in which they are created."""
    owner: Sequence[Object] = ()
    """The owner's own objects. They are created first."""
    package: str = ""
    """The name of the PackageInstall; "" for none."""

    async def create(self, api: kubeapi.KubeApi) -> None:
        """Create everything in the workload cluster."""
        defined = [obj for obj in self.owner if obj["kind"] == "CustomResourceDefinition"]
        await define(api, defined)
        for obj in self.owner:
            if obj not in defined:
                await api.create(obj)
        for obj in self.parts:
            await api.create(obj, manager=self.program)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    """The input of an install."""

    config: Object
    """An AKODeploymentConfig that means the same."""
    cluster: Object
    cluster_name: str
    account: dict[str, str]
    """The values of avi-secret."""
    version: str = VERSION
    """Of AKO, whatever the config names."""


def by_helm(plan: Plan) -> Install:
    """A release of Helm, under a name that Helm made up."""
    namespace, release = "balancers", "ako-1593523840"
    pods = {"app.kubernetes.io/name": "ako", "app.kubernetes.io/instance": release}
    parts = _parts(plan, namespace, pods)
    for obj in parts:
        _mark(
            obj,
            labels={
                **pods,
                "app.kubernetes.io/managed-by": "Helm",
                "helm.sh/chart": f"ako-{plan.version}",
            },
            annotations={
                "meta.helm.sh/release-name": release,
                "meta.helm.sh/release-namespace": namespace,
            },
        )
    labels = {"owner": "helm", "name": release, "status": "deployed", "version": "1"}
    name = f"sh.helm.release.v1.{release}.v1"
    secret = made("v1", "Secret", name, namespace, labels=labels, type="helm.sh/release.v1")
    secret["stringData"] = {"release": "a release"}
    space = made("v1", "Namespace", namespace)
    return Install(
        program="helm",
        namespace=namespace,
        cluster_name=plan.cluster_name,
        parts=parts,
        owner=(space, secret),
    )


def by_kubectl(plan: Plan) -> Install:
    """Plain YAML that somebody applied, as ``kubectl apply`` leaves it."""
    namespace = "load-balancing"
    parts = _parts(plan, namespace, {"app.kubernetes.io/name": "ako"})
    for obj in parts:
        if obj["kind"] != "Secret":
            applied = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(obj)}
            _mark(obj, annotations=applied)
    return Install(
        program="kubectl-client-side-apply",
        namespace=namespace,
        cluster_name=plan.cluster_name,
        parts=parts,
        owner=(made("v1", "Namespace", namespace),),
    )


def by_ancestor(plan: Plan) -> Install:
    """The add-on of the Go ancestor: its container and Pods are called after the cluster."""
    metadata = plan.cluster["metadata"]
    package = f"{metadata['name']}-load-balancer-and-ingress-service"
    name = f"ako-{metadata['namespace']}-{metadata['name']}"
    refers_to = "load-balancer-and-ingress-service.tanzu.vmware.com"
    parts = _parts(plan, "avi-system", {"app.kubernetes.io/name": name}, container=name)
    by_kind = {obj["kind"]: obj for obj in parts}
    template = by_kind["StatefulSet"]["spec"]["template"]
    _leave_out_empty(by_kind["ConfigMap"], template["spec"]["containers"][0])
    _mark(template, annotations={"ako.tanzu.vmware.com/avi-controller-version": "v-30.2.2"})
    return _packaged(plan, package, refers_to, "avi-system", parts)


def _leave_out_empty(config_map: Object, container: Object) -> None:
    """The package leaves out keys without a value, and the variables that are made of them."""
    config_map["data"] = {key: value for key, value in config_map["data"].items() if value}

    def has_value(variable: Object) -> bool:
        of_key = (variable.get("valueFrom") or {}).get("configMapKeyRef")
        return of_key is None or of_key["key"] in config_map["data"]

    container["env"] = [variable for variable in container["env"] if has_value(variable)]


def by_vendor(plan: Plan) -> Install:
    """The package of AKO's vendor, which renders AKO's own chart."""
    pods = {"app.kubernetes.io/name": "ako", "app.kubernetes.io/instance": "ako"}
    parts = _parts(plan, "avi-system", pods)
    for obj in parts:
        _mark(obj, labels={"helm.sh/chart": f"ako-{plan.version}", **pods})
    return _packaged(plan, "ako", "ako.kubernetes.vmware.com", "avi-system", parts)


Make = Callable[[Plan], Install]


def _packaged(
    plan: Plan, package: str, refers_to: str, namespace: str, parts: list[Object]
) -> Install:
    """A package of kapp-controller: a PackageInstall, its App, and the app of kapp."""
    for obj in parts:
        place = f"{obj['metadata'].get('namespace', '')}/{obj['kind']}/{obj['metadata']['name']}"
        _mark(
            obj,
            labels={"kapp.k14s.io/app": _APP, "kapp.k14s.io/association": "v1.5e1a"},
            annotations={"kapp.k14s.io/identity": f"v1;{place};{obj['apiVersion']}"},
        )
    spec = json.dumps({"labelKey": "kapp.k14s.io/app", "labelValue": _APP})
    is_app = {"kapp.k14s.io/is-app": ""}
    reference = {"refName": refers_to, "versionSelection": {"constraints": plan.version}}
    return Install(
        program="kapp",
        namespace=namespace,
        cluster_name=plan.cluster_name,
        parts=parts,
        owner=(
            *definitions(),
            made("v1", "Namespace", PACKAGES),
            made("v1", "Namespace", namespace),
            made("v1", "ConfigMap", f"{package}.app", PACKAGES, labels=is_app, data={"spec": spec}),
            made("kappctrl.k14s.io/v1alpha1", "App", package, PACKAGES, spec={}),
            made(
                "packaging.carvel.dev/v1alpha1",
                "PackageInstall",
                package,
                PACKAGES,
                spec={"serviceAccountName": f"{package}-sa", "packageRef": reference},
            ),
        ),
        package=package,
    )


def _parts(
    plan: Plan, namespace: str, pods: dict[str, str], *, container: str = "ako"
) -> list[Object]:
    """AKO's objects in a namespace, its Pods with these labels, and without anything that only
    akoo-core's have: hash, readiness probe, an own policy for Pods."""
    cluster = clusters.from_object(plan.cluster)
    plugins = plan.config["spec"]["plugins"]
    plugins = {**plugins, "ako": {**plugins["ako"], "version": plan.version}}
    spec = {**plan.config["spec"], "plugins": plugins}
    wanted = differences.decided(spec, plan.cluster_name, settings.Settings(), cluster)
    parts = [
        copy.deepcopy(obj)
        for obj in objects.render(wanted)
        if obj["kind"] not in ("Namespace", "CustomResourceDefinition")
    ]
    for obj in parts:
        obj["metadata"].pop("labels", None)
        if "namespace" in obj["metadata"]:
            obj["metadata"]["namespace"] = namespace
        for subject in obj.get("subjects", ()):
            subject["namespace"] = namespace
        if obj["kind"] == "StatefulSet":
            _shape(obj["spec"], pods, container)
    secret = made("v1", "Secret", "avi-secret", namespace, type="Opaque")
    return [*_without_gateway(parts), {**secret, "stringData": dict(plan.account)}]


def _without_gateway(parts: list[Object]) -> list[Object]:
    """The API servers of the bed serve no kinds of the Gateway API."""
    return [obj for obj in parts if obj["kind"] != "GatewayClass"]


def _shape(spec: Object, pods: dict[str, str], name: str) -> None:
    spec |= {"selector": {"matchLabels": dict(pods)}, "podManagementPolicy": "OrderedReady"}
    spec["template"]["metadata"] = {"labels": dict(pods)}
    container = spec["template"]["spec"]["containers"][0]
    container.pop("readinessProbe")
    container["name"] = name


def _mark(
    obj: Object,
    *,
    labels: dict[str, str] | None = None,
    annotations: dict[str, str] | None = None,
) -> None:
    for key, marks in (("labels", labels), ("annotations", annotations)):
        if marks:
            obj["metadata"].setdefault(key, {}).update(marks)


async def define(api: kubeapi.KubeApi, defined: Sequence[Object]) -> None:
    """Create definitions, and wait until their kinds can be used."""
    for obj in defined:
        await api.create(obj)
    await established.wait_established(api, [obj["metadata"]["name"] for obj in defined])

    async def served() -> bool:
        try:
            for obj in defined:
                spec = obj["spec"]
                version = f"{spec['group']}/{spec['versions'][0]['name']}"
                await api.path(f"{version}/{spec['names']['kind']}")
        except kubeapi.ApiError as error:
            if error.status != 404:
                raise
            return False
        return True

    await waiting.until(served, title="definitions in use", seconds=60.0, every=0.05)


def definitions() -> list[Object]:
    """Those of kapp-controller."""
    return [_definition(*each) for each in _DEFINITIONS]


def _definition(group: str, kind: str, plural: str) -> Object:
    """A definition of kapp-controller, shortened to its names and an open schema."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1alpha1", "served": True, "storage": True}
    spec = {
        "group": group,
        "scope": "Namespaced",
        "names": {
            "kind": kind,
            "listKind": f"{kind}List",
            "plural": plural,
            "singular": kind.lower(),
        },
        "versions": [{**version, "schema": {"openAPIV3Schema": schema}}],
    }
    return made(
        "apiextensions.k8s.io/v1", "CustomResourceDefinition", f"{plural}.{group}", spec=spec
    )


def made(
    version: str,
    kind: str,
    name: str,
    namespace: str = "",
    *,
    labels: dict[str, str] | None = None,
    **parts: Any,
) -> Object:
    """An object."""
    metadata: Object = {"name": name} | ({"namespace": namespace} if namespace else {})
    metadata |= {"labels": labels} if labels else {}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **parts}
