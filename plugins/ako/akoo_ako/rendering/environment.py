"""The environment of AKO's containers; pure. AKO reads it once, at the start of its Pod."""

from __future__ import annotations

from akoo_ako import names
from akoo_ako.desired import Desired
from akoo_ako.rendering import mapping
from akoo_core.plugin import structs

_DEFAULT_MOUNT = "/log"


def of_container(desired: Desired, *, gateway: bool) -> list[structs.JSON]:
    """``env`` of AKO's container, or of the Gateway API one."""
    return [
        *(
            {
                "name": variable,
                "valueFrom": {"configMapKeyRef": {"name": names.CONFIG_MAP, "key": row.key}},
            }
            for row in mapping.rows(desired.release)
            if (variable := row.variable(desired, gateway=gateway))
        ),
        *_log(desired, gateway=gateway),
        _field("POD_NAME", "metadata.name"),
        _field("POD_NAMESPACE", "metadata.namespace"),
    ]


def mount_path(desired: Desired) -> str:
    """The path at which the volume for log files is mounted."""
    return desired.extra.log.mount_path or _DEFAULT_MOUNT


def _log(desired: Desired, *, gateway: bool) -> list[structs.JSON]:
    log = desired.extra.log
    file = (log.ako_gateway_log_file or "avi-gw.log") if gateway else (log.log_file or "avi.log")
    return [
        *([{"name": "USE_PVC", "value": "true"}] if desired.logs_to_volume else []),
        {"name": "LOG_FILE_PATH", "value": mount_path(desired)},
        {"name": "LOG_FILE_NAME", "value": file},
    ]


def _field(name: str, path: str) -> structs.JSON:
    return {"name": name, "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": path}}}
