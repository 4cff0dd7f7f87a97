"""The values that a chart is rendered with; pure.

Only what changes the shape of the objects is passed on. The ConfigMap's texts and the parts of the
Pod that a config says are put in after that, so that one rendering serves all clusters of a config.
"""

from __future__ import annotations

from typing import Any

from akoo_ako.desired import Desired
from akoo_core.plugin import ako_values, structs


def of(desired: Desired) -> dict[str, Any]:
    """The values of the config, with ours in them."""
    extra, release = desired.extra, desired.release
    log = extra.log
    ako, gateway = release.images.ako, release.images.gateway
    ours: dict[str, Any] = {
        "AKOSettings.primaryInstance": desired.primary,
        "AKOSettings.istioEnabled": bool(extra.istio_enabled),
        "AKOSettings.apiServerPort": desired.port,
        "L7Settings.serviceType": desired.service_type,
        "NetworkSettings.nsxtT1LR": desired.networks.tier1 or "",
        "featureGates.GatewayAPI": desired.gateway_api,
        "featureGates.EnablePrometheus": desired.options.enable_prometheus,
        "persistentVolumeClaim": log.persistent_volume_claim or "",
        "mountPath": log.mount_path or "/log",
        "logFile": log.log_file or "avi.log",
        "akoGatewayLogFile": log.ako_gateway_log_file or "avi-gw.log",
        "image.repository": ako.repository or desired.settings.image_repository,
        "GatewayAPI.image.repository": (
            gateway.repository or desired.settings.gateway_image_repository
        ),
        "ako-crd-operator.enabled": False,
        "rbac.pspEnable": False,
        "replicaCount": 1,
    }
    return ako_values.placed(structs.without_empty(desired.options.values), ours)
