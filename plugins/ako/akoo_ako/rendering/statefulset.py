"""StatefulSet ako; pure.

What is immutable in a StatefulSet (selector, serviceName, podManagementPolicy, no claim templates)
is the same for every release, so that any of them can follow any other in place.
"""

from __future__ import annotations

from typing import Final

from akoo_ako import images, names, options
from akoo_ako.chart import kubernetes, typed
from akoo_ako.desired import Desired
from akoo_ako.rendering import environment
from akoo_core.plugin import structs

_USER = 1000
_SECURITY: Final = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
_GRACE_SECONDS = 70
"""AKO waits up to 60 s for its workers when it is stopped."""


def render(desired: Desired, config_hash: str) -> structs.JSON:
    """The manifest. ``config_hash`` on the Pod template makes AKO start anew when it changes."""
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {
            "name": names.STATEFUL_SET,
            "namespace": names.NAMESPACE,
            "labels": {**names.SELECTOR, "app.kubernetes.io/version": desired.release.version},
        },
        "spec": {
            "replicas": desired.replicas,
            "serviceName": names.STATEFUL_SET,
            # With OrderedReady a Pod that never got ready (a wrong image) is not replaced when the
            # template is mended: somebody would have to delete it by hand.
            "podManagementPolicy": "Parallel",
            "selector": {"matchLabels": dict(names.SELECTOR)},
            "template": {
                "metadata": {
                    "labels": dict(names.SELECTOR),
                    "annotations": _annotations(desired, config_hash),
                },
                "spec": _pod(desired),
            },
        },
    }


def _annotations(desired: Desired, config_hash: str) -> dict[str, str]:
    annotations = {names.CONFIG_HASH_ANNOTATION: config_hash}
    if desired.extra.istio_enabled:
        annotations |= {
            "sidecar.istio.io/inject": "true",
            "traffic.sidecar.istio.io/includeInboundPorts": "",
            "traffic.sidecar.istio.io/includeOutboundIPRanges": "",
            "proxy.istio.io/config": f"proxyMetadata:\n  OUTPUT_CERTS: {names.ISTIO_PATH}\n",
            "sidecar.istio.io/userVolumeMount": structs.encode_json(
                [{"name": names.ISTIO_VOLUME, "mountPath": names.ISTIO_PATH}]
            ).decode(),
        }
    if desired.options.enable_prometheus:
        annotations |= {
            "prometheus.io/scrape": "true",
            "prometheus.io/port": str(desired.port),
            "prometheus.io/path": "/metrics",
        }
    return annotations


def _pod(desired: Desired) -> structs.JSON:
    ako_options = desired.options
    restricted = ako_options.pod_security == "Restricted"
    optional = {
        "volumes": _volumes(desired),
        "imagePullSecrets": [{"name": name} for name in _pull_secrets(desired)],
        "nodeSelector": dict(ako_options.node_selector),
        "tolerations": list(ako_options.tolerations),
        "priorityClassName": desired.values.pod.get("priorityClassName"),
        "securityContext": _pod_security() if restricted else None,
    }
    return {
        "serviceAccountName": names.SERVICE_ACCOUNT,
        "terminationGracePeriodSeconds": _GRACE_SECONDS,
        "affinity": _apart(),
        "containers": [
            _ako(desired),
            *([_gateway(desired)] if desired.gateway_api else []),
            *_extra_containers(desired),
        ],
        **{key: value for key, value in optional.items() if value},
    }


def _pull_secrets(desired: Desired) -> tuple[str, ...]:
    named = desired.options.image_pull_secrets or desired.settings.image_pull_secrets
    return tuple(dict.fromkeys((*named, *(copy.name for copy in desired.pull_secret_copies))))


def _ako(desired: Desired) -> structs.JSON:
    mounts = _log_mounts(desired)
    if desired.extra.istio_enabled:
        mounts.append({"name": names.ISTIO_VOLUME, "mountPath": names.ISTIO_PATH})
    status = {"httpGet": {"path": "/api/status", "port": desired.port}}
    port = {"name": "prometheus-port", "containerPort": desired.port, "protocol": "TCP"}
    return {
        "name": names.CONTAINER,
        **_container(desired, _image(desired, gateway=False)),
        "env": environment.of_container(desired, gateway=False),
        "lifecycle": {"preStop": {"exec": {"command": ["/bin/sh", "/var/pre_stop_hook.sh"]}}},
        # AKO closes /api/status to be started anew; the vendor has no readiness probe.
        "livenessProbe": {**status, "initialDelaySeconds": 5, "periodSeconds": 10},
        "readinessProbe": {**status, "periodSeconds": 5},
        **({"ports": [port]} if desired.options.enable_prometheus else {}),
        **({"volumeMounts": mounts} if mounts else {}),
    }


def _gateway(desired: Desired) -> structs.JSON:
    mounts = _log_mounts(desired)
    return {
        "name": names.GATEWAY_CONTAINER,
        **_container(desired, _image(desired, gateway=True)),
        "env": environment.of_container(desired, gateway=True),
        **({"volumeMounts": mounts} if mounts else {}),
    }


def _extra_containers(desired: Desired) -> list[structs.JSON]:
    """Containers of the config beside AKO's. Where a Pod has to be restricted, so are they."""
    containers: list[structs.JSON] = [
        {**container, "image": images.rewritten(str(image), desired.image_registry)}
        if (image := container.get("image"))
        else container
        for added in desired.values.pod.get("extraContainers", [])
        for container in [typed.canonical(added, kubernetes.CONTAINER)]
    ]
    if desired.options.pod_security != "Restricted":
        return containers
    return [
        {**container, "securityContext": _SECURITY | (container.get("securityContext") or {})}
        for container in containers
    ]


def _image(desired: Desired, *, gateway: bool) -> str:
    """The image of AKO's container, or of the Gateway API one."""
    ako_options, settings, release = desired.options, desired.settings, desired.release
    chosen = ako_options.gateway_image if gateway else ako_options.image
    of_release = release.images.gateway if gateway else release.images.ako
    repository = settings.gateway_image_repository if gateway else settings.image_repository
    image = images.reference(chosen, of_release, repository=repository, version=release.version)
    return images.rewritten(image, desired.image_registry)


def _container(desired: Desired, image: str) -> structs.JSON:
    restricted = desired.options.pod_security == "Restricted"
    return {
        "image": image,
        "imagePullPolicy": desired.options.image_pull_policy or desired.settings.image_pull_policy,
        "resources": desired.options.resources or options.RESOURCES,
        **({"securityContext": dict(_SECURITY)} if restricted else {}),
    }


def _volumes(desired: Desired) -> list[structs.JSON]:
    claim, spec = desired.extra.log.persistent_volume_claim, desired.log_volume
    return [
        *(
            [{"name": names.LOG_VOLUME, "persistentVolumeClaim": {"claimName": claim}}]
            if claim
            else []
        ),
        *(
            [{"name": names.LOG_VOLUME, "ephemeral": {"volumeClaimTemplate": {"spec": spec}}}]
            if spec
            else []
        ),
        *(
            [{"name": names.ISTIO_VOLUME, "emptyDir": {"medium": "Memory"}}]
            if desired.extra.istio_enabled
            else []
        ),
    ]


def _log_mounts(desired: Desired) -> list[structs.JSON]:
    if not desired.logs_to_volume:
        return []
    return [{"name": names.LOG_VOLUME, "mountPath": environment.mount_path(desired)}]


def _pod_security() -> structs.JSON:
    # The image names no user, so runAsNonRoot alone would keep it from starting; the group lets
    # it write to a volume.
    ids = {"runAsUser": _USER, "runAsGroup": _USER, "fsGroup": _USER}
    return {"runAsNonRoot": True, **ids, "seccompProfile": {"type": "RuntimeDefault"}}


def _apart() -> structs.JSON:
    name = "app.kubernetes.io/name"
    expression = {"key": name, "operator": "In", "values": [names.SELECTOR[name]]}
    term = {
        "labelSelector": {"matchExpressions": [expression]},
        "topologyKey": "kubernetes.io/hostname",
    }
    return {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
