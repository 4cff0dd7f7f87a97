"""The registry of /metrics, and the metrics of plugins that the core declares."""

from akoo_core.telemetry.metrics import (
    CREDENTIAL_AGE,
    POOL_ADDRESSES,
    PORT_GROUPS,
    PORT_GROUPS_NOT_READY,
    REGISTRY,
    ROTATION_AGE,
    ROTATIONS,
    STORE_LOGINS,
)

__all__ = [
    "CREDENTIAL_AGE",
    "POOL_ADDRESSES",
    "PORT_GROUPS",
    "PORT_GROUPS_NOT_READY",
    "REGISTRY",
    "ROTATIONS",
    "ROTATION_AGE",
    "STORE_LOGINS",
]
