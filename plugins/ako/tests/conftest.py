"""Builders: an AKODeploymentConfig, a view of one cluster, a context of one verb."""

from __future__ import annotations

import base64
import copy
import datetime
import logging
from collections.abc import Callable
from typing import Any

import pytest
from akoo_ako import desired, names, options, settings
from akoo_ako.rendering import objects
from opentelemetry import trace

from akoo_core import clock, external
from akoo_core.kube import client
from akoo_core.objects import cluster, record
from akoo_core.objects import names as core_names
from akoo_core.plugin import api

RECORD = "akoo-7c1f03b2a9d4"
MINIMAL: dict[str, Any] = {
    "controller": "avi.example.com",
    "cloudName": "vc-01",
    "serviceEngineGroup": "seg",
    "dataNetwork": {"name": "vip", "cidr": "10.0.0.0/24"},
    "adminCredentialRef": {"name": "admin", "namespace": "avi"},
    "certificateAuthorityRef": {"name": "ca", "namespace": "avi"},
    "workloadCredentialRef": {"name": "shop-avi", "namespace": "avi"},
}


def adc(changes: dict[str, Any] | None = None) -> dict[str, Any]:
    """A minimal config; ``changes`` are dotted paths below spec. None removes."""
    spec = copy.deepcopy(MINIMAL)
    for path, value in (changes or {}).items():
        *parents, last = path.split(".")
        target = spec
        for name in parents:
            target = target.setdefault(name, {})
        if value is None:
            target.pop(last, None)
        else:
            target[last] = value
    return {"metadata": {"name": "default"}, "spec": spec}


def capi_cluster(**changes: Any) -> cluster.Cluster:
    """A Cluster; ``spec`` and ``labels`` can be given."""
    obj = {
        "metadata": {
            "namespace": changes.get("namespace", "team-a"),
            "name": "shop",
            "uid": "u-1",
            "labels": changes.get("labels", {}),
        },
        "spec": changes.get("spec", {}),
    }
    return cluster.from_object(obj)


def view(
    config: dict[str, Any] | None = None, ako_options: options.Options | None = None, **more: Any
) -> api.View:
    """One cluster. ``more``: cluster, and fields of the record's spec."""
    subject = more.pop("cluster", capi_cluster())
    reference = record.ClusterRef(
        namespace=subject.namespace if subject else "team-a", name="shop", uid="u-1"
    )
    spec = record.RecordSpec(
        ako_cluster_name=RECORD,
        management_id="m-1",
        cluster_ref=more.pop("cluster_ref", reference),
        config_ref=record.ConfigRef(name="default", uid="u-2"),
        **more,
    )
    return api.View(
        record_name=RECORD,
        spec=spec,
        cluster=subject,
        config=adc() if config is None else config,
        plugin_config=ako_options,
    )


class NoSecrets:
    """A SecretReader for verbs that read none."""

    async def read(self, source: api.SecretSource) -> bytes | None:
        raise AssertionError(f"no verb of this plugin opens secrets, but one asked for {source}")

    async def version(self, namespace: str, name: str, *, of_ancestor: bool = False) -> str:
        raise AssertionError(f"no verb of this plugin opens secrets, but one asked for {name}")


class NoThreads:
    """A ThreadPool for verbs that need none."""

    async def run(self, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        raise AssertionError("no verb of this plugin needs a thread")


def context(
    kube: client.KubeClient | None, *, now: clock.Clock | None = None, of: api.View | None = None
) -> api.VerbContext:
    """The context of one call of an async verb."""
    return api.VerbContext(
        view=of or view(),
        plugin="ako",
        clock=now or clock.ManualClock(),
        external=external.External(),
        workload=kube,
        workload_silent_seconds=0.0 if kube else 60.0,
        secrets=NoSecrets(),
        threads=NoThreads(),
        tracer=trace.get_tracer("test"),
        log=logging.LoggerAdapter(logging.getLogger("test")),
    )


def deployed(of: api.View | None = None) -> list[dict[str, Any]]:
    """AKO's namespaced objects as the deploy executor leaves them in the cluster."""
    wanted = desired.decide(of or view(), settings.Settings())
    labels = {core_names.MANAGED_BY_LABEL: core_names.MANAGED_BY, core_names.RECORD_LABEL: RECORD}
    rendered = [copy.deepcopy(obj) for obj in objects.render(wanted)]
    kept = [obj for obj in rendered if obj["kind"] in {"ConfigMap", "StatefulSet"}]
    for obj in kept:
        obj["metadata"].setdefault("labels", {}).update(labels)
    return kept


def helm_install(
    namespace: str, cluster_name: str, selector: dict[str, str], values: dict[str, str]
) -> list[dict[str, Any]]:
    """The objects of AKO 1.13.4 as the vendor's chart makes them; avi-secret has ``values``."""
    old = options.Options(version="1.13.4", pod_security="Vendor")
    made = []
    for rendered in objects.render(desired.decide(view(ako_options=old), settings.Settings())):
        if rendered["kind"] in ("Namespace", "CustomResourceDefinition"):
            continue
        obj: dict[str, Any] = copy.deepcopy(rendered)
        metadata = obj["metadata"]
        if "namespace" in metadata:
            metadata["namespace"] = namespace
        metadata["labels"] = {"app.kubernetes.io/managed-by": "Helm", "helm.sh/chart": "ako-1.13.4"}
        metadata["annotations"] = metadata.get("annotations", {}) | {
            "meta.helm.sh/release-name": "ako",
            "meta.helm.sh/release-namespace": namespace,
        }
        if obj["kind"] == "ClusterRoleBinding":
            obj["subjects"][0]["namespace"] = namespace
        if obj["kind"] == "ConfigMap":
            obj["data"] |= {"clusterName": cluster_name}
        if obj["kind"] == "StatefulSet":
            _as_chart(obj["spec"], cluster_name, selector)
        made.append(obj)
    data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    metadata = {"name": names.SECRET, "namespace": namespace}
    secret = {"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": metadata}
    return [*made, {**secret, "data": data}]


def _as_chart(spec: dict[str, Any], cluster_name: str, selector: dict[str, str]) -> None:
    """No hash and no readiness probe, the selector of a release, a container of another name."""
    spec |= {"selector": {"matchLabels": dict(selector)}, "podManagementPolicy": "OrderedReady"}
    spec["template"]["metadata"] = {"labels": dict(selector)}
    container = spec["template"]["spec"]["containers"][0]
    del container["readinessProbe"]
    container["name"] = f"ako-{cluster_name}"


def pod(name: str = "ako-0", **changes: Any) -> dict[str, Any]:
    """A running, ready Pod of AKO. ``status`` and ``metadata`` are merged in."""
    state = {"running": {"startedAt": "2026-01-01T00:00:00Z"}}
    container = {"name": names.CONTAINER, "state": state, "ready": True, "restartCount": 0}
    image = "projects.packages.broadcom.com/ako/ako:2.1.1"
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": names.NAMESPACE,
            "labels": dict(names.SELECTOR),
            "uid": f"uid-of-{name}",
            "creationTimestamp": "2026-01-01T00:00:00Z",
            **changes.get("metadata", {}),
        },
        "spec": {"containers": [{"name": names.CONTAINER, "image": image}], "nodeName": "node-1"},
        "status": {
            "phase": "Running",
            "containerStatuses": [container],
            **changes.get("status", {}),
        },
    }


def event(
    reason: str = "AKOReady", at: str = "2026-01-01T00:00:05Z", pod_name: str = "ako-0"
) -> dict[str, Any]:
    """An Event of AKO on its Pod."""
    involved = {"kind": "Pod", "name": pod_name, "namespace": names.NAMESPACE}
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{pod_name}.{reason}.{at}".lower(), "namespace": names.NAMESPACE},
        "involvedObject": {**involved, "uid": f"uid-of-{pod_name}"},
        "reason": reason,
        "lastTimestamp": at,
        "source": {"component": "avi-kubernetes-operator"},
    }


NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


class Builders:
    """All of the above, for tests (this folder is no package)."""

    record = RECORD
    minimal = MINIMAL
    now = NOW
    adc = staticmethod(adc)
    view = staticmethod(view)
    cluster = staticmethod(capi_cluster)
    context = staticmethod(context)
    deployed = staticmethod(deployed)
    helm_install = staticmethod(helm_install)
    pod = staticmethod(pod)
    event = staticmethod(event)

    @staticmethod
    def desired(
        changes: dict[str, Any] | None = None, ako_options: options.Options | None = None
    ) -> desired.Desired:
        """Decided from a minimal config with ``changes``."""
        return desired.decide(view(adc(changes), ako_options), settings.Settings())


@pytest.fixture(scope="session")
def build() -> type[Builders]:
    return Builders


@pytest.fixture(scope="session")
def data(build: type[Builders]) -> Callable[..., dict[str, str]]:
    """The ConfigMap's data of a minimal config with changes."""
    from akoo_ako.rendering import values

    def of(
        changes: dict[str, Any] | None = None, ako_options: options.Options | None = None
    ) -> dict[str, str]:
        return values.render(build.desired(changes, ako_options))

    return of
